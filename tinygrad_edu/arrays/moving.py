"""Functions that move elements to other places, that make arrays like another, and that look at the numbers.

Those that move are NumPy's own, run on arrays of dtype object; plain numbers that come in on the way become Values.
Those that look see the numbers alone, and their answers have no derivative, as that of an `if` has none.

May import: `value`; `dispatch` and `value_array` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu.arrays.dispatch import meaning_of
from tinygrad_edu.arrays.value_array import (
    ValueArray,
    Values,
    array,
    check_target,
    numbers_of,
    spread,
    values_of,
    write_by_numpy,
)
from tinygrad_edu.value import Value

__all__: list[str] = []


def _declare(names: str, how: Callable[..., Any]) -> None:
    """Give each of these functions of NumPy a meaning; `how` is handed the function, and what it was called with."""
    for name in names.split():
        meaning_of(name)(partial(_named, name, how))


def _named(name: str, how: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return how(attrgetter(name)(np), *given, **named)


# Moving elements ------------------------------------------------------------------------------------------


def _moved(function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """NumPy's own answer for plain arrays of dtype object."""
    check_target(named.get("out"))
    stripped = {name: _stripped(argument) for name, argument in named.items()}
    return _dressed(_own(function)(*map(_stripped, given), **stripped))


def _written_by_numpy(function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """NumPy's own code, which calls other functions that have a meaning here."""
    return _dressed(_own(function)(*given, **named))


def _own(function: Callable[..., Any]) -> Callable[..., Any]:
    own: Callable[..., Any] = getattr(function, "_implementation", function)
    return own


def _stripped(x: Any) -> Any:
    """Arrays of Values, in lists too, as plain arrays of dtype object."""
    if isinstance(x, ValueArray):
        return x.view(np.ndarray)
    if isinstance(x, (list, tuple)) and any(isinstance(part, (np.ndarray, list, tuple)) for part in x):
        return [_stripped(part) for part in x] if isinstance(x, list) else tuple([_stripped(part) for part in x])
    return x


def _dressed(answer: Any) -> Any:
    """Plain arrays of dtype object, in lists too, as arrays of Values."""
    if isinstance(answer, np.ndarray):
        return values_of(answer) if answer.dtype == object else answer
    return type(answer)(map(_dressed, answer)) if type(answer) in (list, tuple) else answer


_declare(
    """append array_split atleast_1d atleast_2d atleast_3d block broadcast_arrays broadcast_to column_stack compress
    concatenate copy delete diag diag_indices_from diagflat diagonal dsplit dstack einsum_path expand_dims extract
    fft.fftshift fft.ifftshift flip fliplr flipud hsplit hstack iscomplexobj isrealobj ix_
    lib.stride_tricks.sliding_window_view linalg.diagonal linalg.matrix_transpose matrix_transpose may_share_memory
    meshgrid moveaxis ndim pad ravel repeat reshape resize roll rollaxis rot90 shape shares_memory size split
    squeeze stack swapaxes take take_along_axis tile transpose tril tril_indices_from triu triu_indices_from unstack
    vsplit vstack""",
    _moved,
)
_declare(
    """apply_along_axis diff fix intersect1d piecewise poly polyadd polyder polyint polymul polysub polyval
    setdiff1d setxor1d sinc trapezoid trapz trim_zeros union1d unwrap vander""",
    _written_by_numpy,
)


@meaning_of("insert")
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """What is given between the elements, before those at these places."""
    return _moved(np.insert, values_of(arr), obj, values, axis)


@meaning_of("ediff1d")
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """The differences of neighbors, in the order of `ravel`, and what is to stand before and after them."""
    flat = values_of(ary).ravel()
    around = [values_of([] if given is None else given).ravel() for given in (to_begin, to_end)]
    return np.concatenate([around[0], flat[1:] - flat[:-1], around[1]])


@meaning_of("linspace")
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, **others: Any) -> Any:
    """Numbers at equal distances from start to stop, which is the last of them unless `endpoint` is False."""
    if any(others.values()):
        raise TypeError(f"np.linspace of Values takes no {', '.join(others)}=; leave it out")
    shares = np.linspace(0.0, 1.0, num, endpoint).reshape((-1,) + (1,) * max(np.ndim(start), np.ndim(stop)))
    return start + shares * (stop - start)


# Looking at numbers ---------------------------------------------------------------------------------------


def _looked(function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """NumPy's own answer for the numbers."""
    what = f"np.{function.__name__}"
    if isinstance(named.get("weights"), ValueArray):
        raise TypeError(f"{what} counts plain numbers; np.bincount(places, weights=a) sums Values")
    numbers = {name: _numbers(argument, what) for name, argument in named.items()}
    return function(*[_numbers(argument, what) for argument in given], **numbers)


def _numbers(x: Any, what: str) -> Any:
    in_a_list = isinstance(x, (list, tuple)) and any(isinstance(part, (Value, ValueArray)) for part in x)
    return numbers_of(x, what) if isinstance(x, (Value, ValueArray)) or in_a_list else x


_declare(
    """allclose argmax argmin argpartition argsort argwhere array2string array_equal array_equiv array_str
    count_nonzero digitize flatnonzero histogram histogram2d histogram_bin_edges in1d isclose isin lexsort
    linalg.matrix_rank nanargmax nanargmin nonzero searchsorted""",
    _looked,
)


@meaning_of("isposinf")
def isposinf(x: Any) -> Any:
    """Whether each number is inf."""
    return values_of(x) == np.inf


@meaning_of("isneginf")
def isneginf(x: Any) -> Any:
    """Whether each number is -inf."""
    return values_of(x) == -np.inf


# Arrays like another --------------------------------------------------------------------------------------


def _like(a: Any, value: Any, dtype: Any, shape: Any) -> Values:
    """An array of one number in the shape of `a`: of Values, or of plain numbers where a dtype of numbers is asked."""
    shape = np.shape(a) if shape is None else shape
    if dtype is not None and np.dtype(dtype) != object:
        return np.full(shape, value, dtype=dtype)
    return array(np.full(shape, value, dtype=object))


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
    dst[...] = spread(src if where is True else np.where(where, src, dst), dst.shape)


#: Where each of them is given what is to be written, after the array, and what it calls that.
_WHAT_IS_WRITTEN = {
    "put": (1, "v"), "place": (1, "vals"), "putmask": (1, "values"), "put_along_axis": (1, "values"),
    "fill_diagonal": (0, "val"),
}  # fmt: skip


def _written_into(function: Callable[..., Any], a: Any, *given: Any, **named: Any) -> None:
    """NumPy's own writing."""
    place, name = _WHAT_IS_WRITTEN[function.__name__]

    def write(target: Any, what: Any) -> None:
        if name in named:
            function(target, *given, **{**named, name: what})
        else:
            function(target, *given[:place], what, *given[place + 1 :], **named)

    write_by_numpy(write, a, named[name] if name in named else given[place])


_declare(" ".join(_WHAT_IS_WRITTEN), _written_into)


# Real numbers are complex ones, too -----------------------------------------------------------------------


@meaning_of("real", "real_if_close")
def real(a: Any, *_: Any, **__: Any) -> Any:
    """The numbers themselves: a Value is real."""
    return a if isinstance(a, Value) else values_of(a)


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


@meaning_of("result_type", "common_type")
def result_type(*_: Any) -> Any:
    """The type of what is made of Values and anything else: Values, which NumPy calls objects."""
    return np.dtype(object)


@meaning_of("array_repr")
def array_repr(arr: Any, *_: Any, **__: Any) -> str:
    """The array as text."""
    return repr(values_of(arr))
