"""Numbers that are known while a program is written: constants, and what they make of each other.

May import: `number_systems`.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.number_systems.floats import floats

__all__ = ["Known", "known"]


def _operator(name: str) -> tuple[Any, Any]:
    """An operator of `Known` numbers, and its reflection; beside an array, the array computes."""
    compute = getattr(floats, name)

    def operator_(self: float, other: Any) -> Any:
        return Known(compute(float(self), float(other))) if isinstance(other, (int, float)) else NotImplemented

    def reflected(self: float, other: Any) -> Any:
        return Known(compute(float(other), float(self))) if isinstance(other, (int, float)) else NotImplemented

    return operator_, reflected


class Known(float):
    """A number that is known while the program is written. Where Python's operators raise, it has IEEE's answer.

    >>> 1.0 / Known(0.0), Known(0.0) ** -1.0, Known(-8.0) ** 0.5, 1.0 / (Known(2.0) - 2.0)
    (inf, inf, nan, inf)
    """

    __slots__ = ()

    __add__, __radd__ = _operator("add")
    __sub__, __rsub__ = _operator("subtract")
    __mul__, __rmul__ = _operator("multiply")
    __truediv__, __rtruediv__ = _operator("divide")
    __floordiv__, __rfloordiv__ = _operator("floor_divide")
    __mod__, __rmod__ = _operator("remainder")
    __pow__, __rpow__ = _operator("power")

    def __neg__(self) -> Known:
        return Known(-float(self))

    def __pos__(self) -> Known:
        return self

    def __abs__(self) -> Known:
        return Known(abs(float(self)))


def known(item: Any) -> Any:
    """A plain number as a `Known` one; a truth value and a variable are what they are."""
    return Known(item) if isinstance(item, (int, float)) and not isinstance(item, bool) else item
