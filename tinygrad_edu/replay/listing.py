"""The listing of a program: one line for each array operation, and how many `Value`s it stands for.

May import: `builder` and `instruction` of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.instruction import Leaf

__all__ = ["by_line", "by_loop", "by_machine", "by_tangle", "listing", "no_machine", "parts", "size", "with_note"]


def listing(recorded: int, parameters: int, forward: Sequence[Var], backward: Sequence[Var]) -> str:
    """A program as text; a view costs nothing and is shown where it is used."""
    named = parts(forward, backward)
    count = sum(map(len, named.values()))
    head = f"{recorded:,} Values a call became {count} array operations on {parameters:,} parameters"
    return "\n".join([head, *[text for title in named for text in (title, *map(_row, named[title]))]])


def with_note(text: str, note: str) -> str:
    """The listing of a program, with a second line that says how else it is run.

    >>> print(with_note("81 Values a call became 354 array operations on 4 parameters", by_line(167, 12)))
    81 Values a call became 354 array operations on 4 parameters
    for up to 12 examples, 167 lines of Python over floats instead, which are quicker there
    """
    head, *rest = text.split("\n")
    return "\n".join([head, note, *rest])


def by_line(lines: int, examples: int) -> str:
    """What says that straight lines are run for so many examples."""
    return f"for {_few(examples)}, {lines:,} lines of Python over floats instead, which are quicker there"


def by_machine(lines: int, examples: int, seconds: float) -> str:
    """What says that these are compiled, and how long that took.

    >>> print(by_machine(167, 1_000_000_000_000, 0.0625))
    for any number of examples, 167 lines in machine code instead, compiled in 0.06 s
    """
    return f"for {_few(examples)}, {lines:,} lines in machine code instead, {_compiled(seconds)}"


def by_tangle(operations: int, lines: int, examples: int, seconds: float | None = None) -> str:
    """What says that some array operations, which compute few numbers, are run as lines, and what compiling took.

    >>> print(by_tangle(341, 390, 1))
    for a single example, 341 of these as 390 lines of Python over floats, which are quicker there
    >>> print(by_tangle(341, 390, 200, seconds=0.0625))
    for up to 200 examples, 341 of these as 390 lines in machine code, compiled in 0.06 s
    """
    these = f"for {_few(examples)}, {operations:,} of these as {lines:,} lines"
    return (
        f"{these} of Python over floats, which are quicker there"
        if seconds is None
        else (f"{these} in machine code, {_compiled(seconds)}")
    )


def by_loop(operations: int, loops: int, seconds: float) -> str:
    """What says that some array operations are made in fewer passes over the arrays, and what compiling took.

    >>> print(by_loop(32, 5, 0.0625))
    on arrays, 32 of these in 5 loops in machine code, compiled in 0.06 s
    """
    return (
        f"on arrays, {operations:,} of these in {loops:,} loop{'s' * (loops > 1)} in machine code, {_compiled(seconds)}"
    )


def no_machine(is_straight: bool) -> str:
    """What says that nothing is compiled, though that was asked for."""
    if is_straight:
        return "no machine code, for arrays are quicker"
    return "no machine code, for what chooses by an index is computed on arrays, where the index is checked"


def _compiled(seconds: float) -> str:
    return f"compiled in {seconds:.2f} s" if seconds else "compiled at the first call"


def _few(examples: int) -> str:
    if examples >= 1_000_000:
        return "any number of examples"
    return "a single example" if examples == 1 else f"up to {examples:,} examples"


def parts(forward: Sequence[Var], backward: Sequence[Var]) -> dict[str, list[tuple[str, str, Var]]]:
    """The forward and the backward operations, each as its name, its text and its variable."""
    names: dict[Var, str] = {}
    found: dict[str, list[tuple[str, str, Var]]] = {"forward": [], "backward": []}
    for title, written in (("forward", forward), ("backward", backward)):
        for var in written:
            text = var.instruction.text(*[names[operand] for operand in var.operands])
            if isinstance(var.instruction, Leaf) or var.is_view:
                names[var] = text
            else:
                names[var] = f"v{sum(map(len, found.values())) + 1}"
                found[title].append((names[var], text, var))
    return found


def size(var: Var) -> str:
    """Its shape, the batch last: `(16, batch)`."""
    return f"({var.rows}, batch)" if var.batched else f"({var.rows})"


def _row(line: tuple[str, str, Var]) -> str:
    name, text, var = line
    count = len(var.stands_for)
    values = "" if not count else "1 Value" if count == 1 else f"{count:,} Values"
    return f"  {name:>4} = {text:<54} {size(var):<14} {values}".rstrip()
