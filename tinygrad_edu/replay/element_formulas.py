"""Instructions on elements as formulas of one element: what a line, or a loop over an array, computes.

May import: `number_systems`; `cases`, `elementwise`, `formulas` and `instruction` of this folder.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.number_systems import OPERATORS, PRIMITIVES, Symbol
from tinygrad_edu.replay.cases import Cases
from tinygrad_edu.replay.elementwise import Elementwise
from tinygrad_edu.replay.formulas import Rules
from tinygrad_edu.replay.instruction import filled

__all__ = ["formula_of", "has_formula", "placeholders"]

_METHODS = {primitive.numpy or name: name for name, primitive in PRIMITIVES.items()}
_SIGNS = {name: sign for sign, name in OPERATORS.items()}


def has_formula(function: str) -> bool:
    """Whether an instruction of this function can be written as a formula."""
    return function in _METHODS or function in _SIGNS


def formula_of(instruction: Elementwise | Cases) -> Any:
    """The formula of one element, of the operands {0}, {1}, ...

    >>> from tinygrad_edu.number_systems.printing import python
    >>> python(formula_of(Elementwise("subtract", (1.0, None))))
    '(1.0 - {0})'
    """
    m: Any = Rules()
    if isinstance(instruction, Cases):
        return instruction.written(m, placeholders(len(instruction.numbers) - 1))
    arguments = filled(instruction.arguments, placeholders(instruction.arguments.count(None)))
    if instruction.function in _SIGNS:
        return Symbol(_SIGNS[instruction.function], tuple(arguments))
    return getattr(m, _METHODS[instruction.function])(*arguments)


def placeholders(count: int) -> list[Symbol]:
    """The operands {0}, {1}, ..."""
    return [Symbol(f"{{{k}}}") for k in range(count)]
