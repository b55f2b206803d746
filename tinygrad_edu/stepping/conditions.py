"""Where to stop, as people type it: a place such as `tanh`, a condition such as `abs(upstream) > 10`, or both.

Formulas are read, and never evaluated as Python.

May import: `backprop`; `expression` and `stepper` of this folder.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from tinygrad_edu.backprop import Step
from tinygrad_edu.stepping.expression import parse_expression
from tinygrad_edu.stepping.stepper import NON_FINITE, AnyStep, Stepper, Where

__all__ = ["place", "place_or_condition"]

_COMPARISON = re.compile(r"^(.*?)(<=|>=|==|!=|<|>)(.*)$")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def place(text: str) -> str:
    """A place to stop; there are several words for the first number that is not finite.

    >>> place("nan"), place("tanh")
    ('non-finite', 'tanh')
    """
    return NON_FINITE if text in ("nonfinite", "nan", "inf") else text


def place_or_condition(text: str, stepper: Stepper) -> Where:
    """What `WHERE`, `CONDITION` or `WHERE, CONDITION` means to this stepper.

    Raises ValueError for a condition that cannot be read, and for a place before it that is not in the graph.

    >>> from tinygrad_edu.value import Value
    >>> stepper = Stepper((Value(2.0, "a") * 3.0).tanh())
    >>> place_or_condition("tanh", stepper), place_or_condition("tanh, upstream > 0.5", stepper).__name__
    ('tanh', 'tanh, upstream > 0.5')
    """
    if _COMPARISON.match(text) is None:
        return place(text)
    where, comma, _ = text.rpartition(",")
    if comma and "(" not in where:
        return _condition(text, text[len(where) + 1 :], stepper.stops_at(place(where.strip())))
    return _condition(text, text, lambda step: True)


def _condition(text: str, comparison: str, also: Callable[[AnyStep], bool]) -> Callable[[Step], bool]:
    """The condition on backward steps that a comparison of formulas in `upstream` and `data` stands for."""
    match = _COMPARISON.match(comparison)
    if match is None:
        raise ValueError(f"a condition compares, as in upstream > 10, which {comparison.strip()!r} does not")
    left, compare, right = match[1], _COMPARE[match[2]], match[3]

    def side(formula: str, step: Step | None) -> float:
        names = {"upstream": step.upstream if step else 0.0, "data": step.node.data if step else 0.0}
        return parse_expression(formula, names).data

    for formula in (left, right):
        side(formula, None)  # raises now rather than at the first step

    def condition(step: Step) -> bool:
        return also(step) and compare(side(left, step), side(right, step))

    condition.__name__ = text
    return condition
