"""A `Program` in a notebook: its listing, with the forward and the backward pass side by side.

May import: `texts`, `drawing`, `replay`; `elements` of this folder.
"""

from __future__ import annotations

from tinygrad_edu.drawing.palette import LINE
from tinygrad_edu.notebooks.elements import Entry, beside, display, note, shortened, table, title
from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.listing import parts, size
from tinygrad_edu.replay.run import Program
from tinygrad_edu.texts import counted

__all__ = ["program_html"]

#: Of a longer pass so many operations are shown, the first and the last ones.
_SHOWN = (15, 5)
_BAR = f"{LINE}40"


def program_html(program: Program) -> str:
    """The operations of a program; behind the number of `Value`s that one stands for is a bar as long.

    >>> from tinygrad_edu import Value, record
    >>> w = Value(2.0)
    >>> program_html(record(lambda x: (w * x).tanh(), ((),), [w])).count("<table>")
    2
    """
    listed = parts(program.instructions.forward, program.instructions.backward)
    count = sum(map(len, listed.values()))
    largest = max((len(var.stands_for) for lines in listed.values() for _, _, var in lines), default=0)
    heading = title(
        "Program",
        f"{counted(program.recorded, 'Value')} a call became {counted(count, 'array operation')} "
        f"on {counted(len(program.params), 'parameter')}",
    )
    tables = [_pass(name, lines, largest) for name, lines in listed.items() if lines]
    hidden = any(len(lines) > sum(_SHOWN) + 1 for lines in listed.values())
    return display(
        f"<p>{heading}</p>",
        beside(*tables),
        note(program.by_line_text),
        note("print(program) lists all operations" if hidden else ""),
    )


def _pass(name: str, lines: list[tuple[str, str, Var]], largest: int) -> str:
    columns: list[Entry | str] = [Entry(), Entry("operation", kind="words"), Entry("shape", kind="words"), "Values"]
    counts = any(var.stands_for for _, _, var in lines)
    rows: list[list[Entry] | str] = []
    for position in shortened(len(lines), *_SHOWN):
        if position is None:
            rows.append(f"… {len(lines) - sum(_SHOWN):,} more …")
        else:
            rows.append(_row(*lines[position], largest)[: 3 + counts])
    return table(f"{name}, {counted(len(lines), 'operation')}", columns[: 3 + counts], rows)


def _row(name: str, text: str, var: Var, largest: int) -> list[Entry]:
    count = len(var.stands_for)
    return [
        Entry(name, kind="words", header=True),
        Entry(text, kind="code", tip=text),
        Entry(size(var), kind="words"),
        Entry(f"{count:,}" if count else "", tint=_BAR if count and largest > 1 else "", share=count / max(largest, 1)),
    ]
