"""Functions that move elements to other places, that make arrays like another, and that look at the numbers.

Those that move are NumPy's own, run on arrays of dtype object; plain numbers that come in on the way become Values.
Those that look see the numbers alone, and their answers have no derivative, as that of an `if` has none.

May import: `value`; `dispatch` and `value_array` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.arrays.dispatch import MEANINGS, meaning_of
from tinygrad_edu.arrays.value_array import ValueArray, array, check_target, numbers_of_array, values_of
from tinygrad_edu.value import Value, as_value

__all__: list[str] = []

_MOVING = """
    append array_split atleast_1d atleast_2d atleast_3d block broadcast_arrays broadcast_to column_stack compress
    concatenate copy delete diag diagflat diagonal dsplit dstack expand_dims extract flip fliplr flipud hsplit hstack
    insert lib.stride_tricks.sliding_window_view linalg.diagonal linalg.matrix_transpose matrix_transpose meshgrid
    moveaxis pad ravel repeat reshape resize roll rollaxis rot90 split squeeze stack swapaxes take take_along_axis tile
    transpose tril triu unstack vsplit vstack ascontiguousarray asfortranarray
""".split()

#: Functions that NumPy writes in terms of others that have a meaning here.
_WRITTEN_BY_NUMPY = """
    apply_along_axis apply_over_axes diff ediff1d fix linspace piecewise polyval sinc trapezoid trapz vander
""".split()

_LOOKING = """
    allclose argpartition argwhere array_equal array_equiv count_nonzero digitize flatnonzero isclose isneginf isposinf
    lexsort nanargmax nanargmin nonzero searchsorted
""".split()

#: Functions that ask about the array, and not about its elements.
_ASKING = "iscomplexobj isrealobj may_share_memory ndim shape shares_memory size".split()


def _stripped(x: Any) -> Any:
    """Arrays of Values, in lists too, as plain arrays of dtype object."""
    if isinstance(x, ValueArray):
        return x.view(np.ndarray)
    if isinstance(x, (list, tuple)) and any(isinstance(part, (np.ndarray, list, tuple)) for part in x):
        return type(x)(map(_stripped, x)) if type(x) in (list, tuple) else list(map(_stripped, x))
    return x


def _dressed(answer: Any) -> Any:
    """Plain arrays of dtype object, in lists too, as arrays of Values."""
    if isinstance(answer, np.ndarray):
        return values_of(answer) if answer.dtype == object else answer
    return type(answer)(map(_dressed, answer)) if type(answer) in (list, tuple) else answer


def _own(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's own code, which asks nobody what it means."""
    own: Callable[..., Any] = getattr(function, "_implementation", function)
    return own


def _moved(function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    if named.get("out") is not None:
        check_target(named["out"])
    stripped = {name: _stripped(argument) for name, argument in named.items()}
    return _dressed(_own(function)(*map(_stripped, given), **stripped))


def _written(function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return _dressed(_own(function)(*given, **named))


def _looked(function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return function(*map(_numbers, given), **{name: _numbers(argument) for name, argument in named.items()})


def _numbers(x: Any) -> Any:
    if isinstance(x, Value):
        return x.data
    holds_values = isinstance(x, ValueArray) or (isinstance(x, (list, tuple)) and any(isinstance(v, Value) for v in x))
    return numbers_of_array(x) if holds_values else x


def _declare(names: list[str], how: Callable[..., Any]) -> None:
    for name in names:
        found = partial(_named, name, how)
        meaning_of(name)(found)


def _named(name: str, how: Callable[..., Any], *given: Any, **named: Any) -> Any:
    function: Any = np
    for part in name.split("."):
        function = getattr(function, part)
    return how(function, *given, **named)


_declare(_MOVING, _moved)
_declare(_WRITTEN_BY_NUMPY, _written)
_declare(_LOOKING, _looked)
_declare(_ASKING, _moved)


@meaning_of("argmax", "argmin")
def _unused(*_: Any, **__: Any) -> Any:  # replaced below, one for each
    raise AssertionError


def _place_of(function: Callable[..., Any]) -> Callable[..., Any]:
    def place(a: Any, axis: int | None = None, out: Any = None, *, keepdims: Any = False) -> Any:
        return function(numbers_of_array(a), axis=axis, out=out, keepdims=keepdims is True)

    return place


MEANINGS[np.argmax], MEANINGS[np.argmin] = _place_of(np.argmax), _place_of(np.argmin)


@meaning_of("argsort")
def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """The places of the numbers in order; equal ones stay in the order they have."""
    return np.argsort(numbers_of_array(a), axis=axis, kind="stable")


# Arrays like another --------------------------------------------------------------------------------------


def _like(a: Any, number: Any, dtype: Any, shape: Any) -> Any:
    shape = np.shape(a) if shape is None else shape
    if dtype is not None and np.dtype(dtype) != object:
        return np.full(shape, number, dtype=dtype)
    return array(np.full(shape, number, dtype=object)) if not isinstance(number, Value) else _filled(number, shape)


def _filled(value: Value, shape: Any) -> ValueArray:
    result = np.empty(shape, dtype=object)
    result[...] = value
    return result.view(ValueArray)


@meaning_of("zeros_like", "empty_like")
def zeros_like(a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, **_: Any) -> Any:
    """Leaves that are 0, as many as a has elements; for a dtype of numbers a plain array."""
    return _like(a, 0.0, dtype, shape)


@meaning_of("ones_like")
def ones_like(a: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, **_: Any) -> Any:
    """Leaves that are 1, as many as a has elements; for a dtype of numbers a plain array."""
    return _like(a, 1.0, dtype, shape)


@meaning_of("full_like")
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, **_: Any
) -> Any:
    """The number, as often as a has elements; for a dtype of numbers a plain array."""
    return _like(a, fill_value, dtype, shape)


# Writing into arrays --------------------------------------------------------------------------------------


@meaning_of("copyto")
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """Write src into dst, where a mask holds."""
    check_target(dst)
    dst[...] = np.where(where, values_of(src), dst)


@meaning_of("put", "place", "putmask", "put_along_axis", "fill_diagonal")
def _writing(a: Any, *_: Any, **__: Any) -> None:
    check_target(a)
    raise TypeError("write into an array of Values by its index, as in a[places] = values or a[mask] = values")


# Parts of complex numbers, which real ones are ------------------------------------------------------------


@meaning_of("real", "real_if_close", "asanyarray")
def real(a: Any, *_: Any, **__: Any) -> Any:
    """The numbers themselves: a Value is real."""
    return a if isinstance(a, Value) else values_of(a)


@meaning_of("result_type", "common_type")
def result_type(*_: Any) -> Any:
    """The type of what is made of Values and anything else: Values, which NumPy calls objects."""
    return np.dtype(object)


@meaning_of("imag")
def imag(a: Any) -> Any:
    """0 for each number."""
    return Value(0.0) if isinstance(a, Value) else zeros_like(a)


@meaning_of("isreal")
def isreal(a: Any) -> Any:
    """True for each number."""
    return np.ones(np.shape(a), dtype=bool)


@meaning_of("iscomplex")
def iscomplex(a: Any) -> Any:
    """False for each number."""
    return np.zeros(np.shape(a), dtype=bool)


@meaning_of("array_repr", "array_str", "array2string")
def as_string(a: Any, *_: Any, **__: Any) -> str:
    """The array as text."""
    return repr(as_value(a) if isinstance(a, Value) else values_of(a))
