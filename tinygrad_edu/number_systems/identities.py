"""The algebra of 0 and 1: what needs no operation, because the answer is there already, to the last bit.

IEEE arithmetic leaves little of it. x · 1 and x ** 1 are x whatever x is, nan, the infinities and both zeros included;
x · -1 is -x; and x ** 2 is x · x, which is rounded better. But x + 0.0 is not x, because it makes 0.0 of -0.0, and
x · 0.0 is not 0.0 where x is infinite, nan or below 0.

May import: nothing.
"""

from __future__ import annotations

from typing import Any

__all__ = ["keeps", "power", "product"]

#: By the method of an operation, the second operand that leaves every first one as it is.
_NEUTRAL = {"multiply": 1.0, "power": 1.0}


def keeps(method: str, number: float | None) -> bool:
    """Whether the operation with this number is no change, for every x.

    >>> keeps("multiply", 1.0), keeps("power", 1), keeps("add", 0.0)
    (True, True, False)
    """
    return method in _NEUTRAL and number == _NEUTRAL[method]


def product(x: Any, factor: float) -> Any | None:
    """x · factor, where that needs no product; else None.

    >>> product(0.5, -1.0), product(0.5, 2.0)
    (-0.5, None)
    """
    return x if keeps("multiply", factor) else -x if factor == -1.0 else None


def power(x: Any, exponent: float) -> Any | None:
    """x ** exponent, where that needs no power; else None.

    >>> power(0.5, 2.0), power(0.5, 3.0)
    (0.25, None)
    """
    return x if keeps("power", exponent) else x * x if exponent == 2.0 else None
