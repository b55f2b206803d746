"""What each of NumPy's functions of single numbers (its ufuncs) is on `Value`s: an operation of the rule book.

May import: `ops`, `value`, `functions`; NumPy.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.functions import where
from tinygrad_edu.value import Value, as_value

__all__ = ["TRUTH", "elements_of", "on_elements"]

#: Python's own operators, which leave a plain exponent a setting, and which arrays of Values run on in NumPy's loops.
_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "floor_divide": operator.floordiv, "remainder": operator.mod, "power": operator.pow, "negative": operator.neg,
    "positive": operator.pos, "absolute": operator.abs, "greater": operator.gt, "greater_equal": operator.ge,
    "less": operator.lt, "less_equal": operator.le, "equal": operator.eq, "not_equal": operator.ne,
    "bitwise_and": operator.and_, "bitwise_or": operator.or_, "bitwise_xor": operator.xor, "invert": operator.invert,
}  # fmt: skip

#: What else NumPy calls an operation.
_ALSO = {"fabs": "absolute", "float_power": "power", "radians": "deg2rad", "degrees": "rad2deg"}

#: The functions that say whether something holds.
TRUTH = {
    "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "bitwise_and", "bitwise_or", "bitwise_xor",
    "invert", "logical_and", "logical_or", "logical_xor", "logical_not", "isnan", "isinf", "isfinite", "signbit",
}  # fmt: skip

INFINITY = float("inf")


def _fmod(a: Any, b: Any) -> Any:
    """The remainder with the sign of a, as in C."""
    return as_value(a).sign() * (abs(a) % abs(b))


def _ignoring_nan(name: str) -> Callable[[Any, Any], Any]:
    """The larger or the smaller one, and where one is nan, the other."""

    def either(a: Any, b: Any) -> Any:
        chosen = getattr(as_value(a), name)(b)
        return where(a != a, b, where(b != b, a, chosen))

    return either


#: Functions that are several operations.
_COMPOSED: dict[str, Callable[..., Any]] = {
    "conjugate": operator.pos,
    "fmod": _fmod,
    "fmax": _ignoring_nan("maximum"),
    "fmin": _ignoring_nan("minimum"),
    "logaddexp2": lambda a, b: as_value(a * ops.LN2).logaddexp(b * ops.LN2) / ops.LN2,
    "divmod": lambda a, b: (a // b, a % b),
    "modf": lambda a: (a - a.trunc(), a.trunc()),
    "logical_and": lambda a, b: (a != 0.0) & (b != 0.0),
    "logical_or": lambda a, b: (a != 0.0) | (b != 0.0),
    "logical_xor": lambda a, b: (a != 0.0) != (b != 0.0),
    "logical_not": lambda a: a == 0.0,
    "isnan": lambda a: a != a,
    "isinf": lambda a: abs(a) == INFINITY,
    "isfinite": lambda a: abs(a) < INFINITY,
    "signbit": lambda a: bool(np.signbit(a.data)),
}


@cache
def elements_of(ufunc: np.ufunc) -> Callable[..., Any] | None:
    """The function of single `Value`s and numbers that a ufunc is, or None where it is none.

    >>> elements_of(np.exp)(Value(0.0))
    Value(1.0, op='exp')
    """
    name = _ALSO.get(ufunc.__name__, ufunc.__name__)
    if getattr(np, ufunc.__name__, None) is not ufunc:  # made by np.frompyfunc, of any function of Values
        return ufunc if all("O" in kinds for kinds in ufunc.types) else None
    if name in _OPERATORS:
        return _OPERATORS[name]
    if name in _COMPOSED:
        return _COMPOSED[name]
    if name not in ops.RULE_BOOK or not hasattr(Value, name):
        return None
    # Of one input, that is a Value; of two, one may be a plain number.
    method: Callable[..., Any] = getattr(Value, name)
    return method if ufunc.nin == 1 else partial(_by_method, name)


def _by_method(name: str, a: Any, *others: Any) -> Any:
    return getattr(as_value(a), name)(*others)


@cache
def on_elements(ufunc: np.ufunc) -> Callable[..., Any] | None:
    """The same for arrays of dtype object, element by element.

    >>> on_elements(np.tanh)(np.array([Value(0.0)], dtype=object))
    array([Value(0.0, op='tanh')], dtype=object)
    """
    function = elements_of(ufunc)
    if function is None or isinstance(function, np.ufunc):
        return function
    if ufunc.__name__ in _OPERATORS and ufunc.__name__ not in TRUTH:
        return ufunc  # which is Python's operator on arrays of objects, and sooner done
    on_arrays: Callable[..., Any] = np.frompyfunc(function, ufunc.nin, ufunc.nout)
    return on_arrays
