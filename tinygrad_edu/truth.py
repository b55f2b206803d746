"""`Truth`: what a comparison of `Value`s says, where nothing is recorded.

Python's bool cannot be combined by `&`, `|` and `~` as NumPy's can, and NumPy's cannot be added up. This one can do
both, so that code which compares means the same on numbers, on arrays, and while it is recorded.

May import: NumPy.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["FALSE", "TRUE", "TRUTHS", "Truth"]


class Truth:
    """What a comparison of `Value`s says: a bool for Python and for arithmetic, and as in NumPy for `&`, `|` and `~`.

    >>> holds = Truth(True)
    >>> holds, ~holds, holds & ~holds, holds + holds, np.array([holds])
    (True, False, False, 2, array([ True]))
    """

    __slots__ = ("_holds",)

    def __init__(self, holds: bool) -> None:
        self._holds = holds

    def __bool__(self) -> bool:
        return self._holds

    def __index__(self) -> int:
        return int(self._holds)

    def __repr__(self) -> str:
        return repr(self._holds)

    def __format__(self, spec: str) -> str:
        return format(self._holds, spec)

    def __hash__(self) -> int:
        return hash(self._holds)

    def __reduce__(self) -> tuple[Any, ...]:
        return Truth, (self._holds,)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._holds, dtype=dtype)

    def __invert__(self) -> Truth:
        return FALSE if self._holds else TRUE

    def __and__(self, other: Any) -> Any:
        return (TRUE if self._holds and other else FALSE) if isinstance(other, TRUTHS) else NotImplemented

    def __or__(self, other: Any) -> Any:
        return (TRUE if self._holds or other else FALSE) if isinstance(other, TRUTHS) else NotImplemented

    def __xor__(self, other: Any) -> Any:
        return (TRUE if self._holds != bool(other) else FALSE) if isinstance(other, TRUTHS) else NotImplemented

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__


def _as_a_number(compute: Callable[..., Any], reflected: bool = False) -> Callable[..., Any]:
    """What `int` does."""

    def method(self: Any, *other: Any) -> Any:
        return compute(*other, int(self)) if reflected else compute(int(self), *other)

    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    setattr(Truth, f"__{_name}__", _as_a_number(getattr(operator, f"__{_name}__")))
    setattr(Truth, f"__r{_name}__", _as_a_number(getattr(operator, f"__{_name}__"), reflected=True))
for _name in ("eq", "ne", "lt", "le", "gt", "ge", "neg", "pos", "abs"):
    setattr(Truth, f"__{_name}__", _as_a_number(getattr(operator, f"__{_name}__")))
for _function in (float, round, divmod):
    setattr(Truth, f"__{_function.__name__}__", _as_a_number(_function))
numbers.Integral.register(Truth)
TRUE, FALSE = Truth(True), Truth(False)
#: The types that say whether something holds.
TRUTHS = (bool, np.bool_, Truth)
