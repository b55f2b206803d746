"""The listing of a program: one line for each array operation, and how many `Value`s it stands for.

May import: the arrays of this folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinygrad_edu.replay.arrays import Leaf, Var

if TYPE_CHECKING:
    from tinygrad_edu.replay.program import Program

__all__ = ["listing"]


def listing(program: Program) -> str:
    """The program as text; a view costs nothing and is shown where it is used."""
    names: dict[Var, str] = {}
    lines: dict[str, list[str]] = {"forward": [], "backward": []}
    for title, part in (("forward", program.forward_instructions), ("backward", program.backward_instructions)):
        for var in part:
            text = var.instruction.text(*[names[operand] for operand in var.operands])
            if isinstance(var.instruction, Leaf) or var.is_view:
                names[var] = text
            else:
                names[var] = f"v{sum(map(len, lines.values())) + 1}"
                lines[title].append(_line(names[var], text, var))
    count = sum(map(len, lines.values()))
    head = f"{program.recorded:,} Values a call became {count} array operations on {len(program.params):,} parameters"
    return "\n".join([head, *[line for title in lines for line in (title, *lines[title])]])


def _line(name: str, text: str, var: Var) -> str:
    shape = f"({var.rows}, batch)" if var.batched else f"({var.rows})"
    stands_for = "" if not var.stands_for else "1 Value" if var.stands_for == 1 else f"{var.stands_for:,} Values"
    return f"  {name:>4} = {text:<54} {shape:<14} {stands_for}".rstrip()
