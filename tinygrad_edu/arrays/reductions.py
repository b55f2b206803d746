"""Reductions: one `Value` made of many, along some of the axes of an array.

A sum is one `fsum` node, a mean one `mean` node, a standard deviation one `norm` node of what is left without the mean.
The largest of many is found by `maximum`, two at a time, so that this can be recorded.

May import: `functions`, `value`; `dispatch` and `value_array` of this folder; NumPy.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import partial, reduce
from itertools import accumulate, compress
from typing import Any

import numpy as np

from tinygrad_edu.arrays.dispatch import meaning_of
from tinygrad_edu.arrays.value_array import Values, array, into, numbers_of, values_of
from tinygrad_edu.functions import fsum, logsumexp, mean, norm
from tinygrad_edu.value import Value, as_value

__all__ = ["along"]

Axis = Any  # None, a whole number, or a tuple of them
_UNSAID: Any = np._NoValue  # what NumPy hands on for an argument that nobody gave


def along(
    axis: Axis,
    of_many: Callable[[list[Value]], Any],
    a: Any,
    *,
    keepdims: bool = False,
    where: Any = True,
    initial: Any = None,
    dtype: Any = None,
    out: Any = None,
    **others: Any,
) -> Any:
    """What `of_many` makes of the Values along some axes: one Value, or an array of one for each place that is left.

    It is given those alone for which `where` holds, and `initial` before them.

    >>> along(1, fsum, [[1.0, 2.0], [3.0, 4.0]])
    ValueArray([3., 7.])
    >>> along(1, fsum, [[1.0, 2.0], [3.0, 4.0]], where=[True, False], initial=10.0)
    ValueArray([11., 13.])
    """
    check_dtype(dtype)
    if others:
        raise TypeError(f"a reduction of Values takes no {', '.join(others)}=; leave it out")
    values = values_of(a)
    axes = tuple(range(values.ndim)) if axis is None else axes_of(axis, values.ndim)
    kept = [k for k in range(values.ndim) if k not in axes]
    shape = tuple([values.shape[k] for k in kept])
    # Both lengths are said, for of no elements at all NumPy could not tell one of them.
    lengths = math.prod(shape), math.prod([values.shape[k] for k in axes])

    def runs_of(elements: Any) -> list[list[Any]]:
        runs: list[list[Any]] = elements.transpose([*kept, *axes]).reshape(lengths).tolist()
        return runs

    runs = runs_of(values)
    if where is not True and where is not _UNSAID:
        masks = runs_of(np.broadcast_to(numbers_of(where, "where=") != 0, values.shape))
        runs = [list(compress(run, mask)) for run, mask in zip(runs, masks, strict=True)]
    if initial is not None and initial is not _UNSAID:
        runs = [[as_value(initial), *run] for run in runs]
    answers = [of_many(run) for run in runs]
    if is_asked(keepdims):
        shape = tuple([1 if k in axes else length for k, length in enumerate(values.shape)])
    result = values_of(np.fromiter(answers, object, len(answers)).reshape(shape)) if shape else answers[0]
    return into(out, result)


def is_asked(setting: Any) -> bool:
    """Whether it was given, and is true.

    >>> is_asked(True), is_asked(1), is_asked(False)
    (True, True, False)
    """
    return setting is not _UNSAID and bool(setting)


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes counted from the front, as a tuple.

    Raises NumPy's AxisError for an axis that there is not, and ValueError for one that is named twice.

    >>> axes_of(-1, 3), axes_of((0, -1), 3)
    ((2,), (0, 2))
    """
    axes = tuple(range(ndim))
    chosen = [axes[_checked_axis(k, ndim)] for k in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"an axis is named twice in axis={axis!r}")
    return tuple(chosen)


def _checked_axis(axis: Any, ndim: int) -> int:
    place = operator.index(axis)
    if not -ndim <= place < ndim:
        raise np.exceptions.AxisError(place, ndim)
    return place


def check_dtype(dtype: Any) -> None:
    """Refuse that the result should be of plain numbers.

    Raises TypeError.

    >>> check_dtype(None), check_dtype(object)
    (None, None)
    """
    if dtype is not None and dtype is not _UNSAID and np.dtype(dtype) != object:
        raise TypeError(f"what is made of Values is a Value, so it takes no dtype={np.dtype(dtype).name}; leave it out")


# Sums and means -------------------------------------------------------------------------------------------


@meaning_of("sum")
def sum_(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **others: Any) -> Any:
    """Σ aᵢ, as one node."""
    return along(axis, fsum, a, keepdims=keepdims, out=out, dtype=dtype, **others)


@meaning_of("trace")
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """The sum along the diagonal, as one node."""
    return sum_(np.diagonal(values_of(a), offset, axis1, axis2), -1, dtype, out)


@meaning_of("linalg.trace")
def matrix_trace(x: Any, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sum along the diagonal of the last two axes."""
    return trace(x, offset, -2, -1, dtype)


@meaning_of("prod")
def prod(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **others: Any) -> Any:
    """Π aᵢ; its slopes are right where a factor is 0, too."""
    return along(axis, product_of, a, keepdims=keepdims, out=out, dtype=dtype, **others)


def product_of(factors: Sequence[Value]) -> Value:
    """The product, as a chain of multiplications.

    >>> product_of([Value(2.0), Value(3.0)]).data
    6.0
    """
    product: Value = reduce(operator.mul, factors) if factors else as_value(1.0)
    return product


@meaning_of("mean")
def mean_(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **others: Any) -> Any:
    """Σ aᵢ / n, as one node."""
    return along(axis, mean, a, keepdims=keepdims, out=out, dtype=dtype, **others)


@meaning_of("average")
def average(a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    """The mean, weighted where there are weights: Σ wᵢ·aᵢ / Σ wᵢ."""
    if weights is None:
        total: Any = np.size(a) if axis is None else math.prod([np.shape(a)[k] for k in axes_of(axis, np.ndim(a))])
        average_ = mean_(a, axis, keepdims=keepdims)
        return (average_, total) if returned else average_
    weights = values_of(weights) if np.asarray(weights).dtype == object else np.asarray(weights, dtype=np.float64)
    if weights.shape != np.shape(a):
        if not isinstance(axis, int) or weights.shape != (np.shape(a)[axis],):
            raise ValueError(f"weights have the shape of a, {np.shape(a)}, or of its axis, not {weights.shape}")
        weights = np.moveaxis(weights.reshape((-1,) + (1,) * (np.ndim(a) - 1)), 0, axis)
    weights = np.broadcast_to(weights, np.shape(a))
    total = weights.sum(axis, keepdims=is_asked(keepdims))
    average_ = sum_(values_of(a) * weights, axis, keepdims=keepdims) / total
    return (average_, total) if returned else average_


@meaning_of("var")
def var(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False,
    *, correction: Any = _UNSAID, **others: Any,
) -> Any:  # fmt: skip
    """Σ (aᵢ - mean)² / (n - ddof)."""
    ddof = ddof if correction is _UNSAID else correction
    return along(axis, lambda run: _variance(run, ddof), a, keepdims=keepdims, out=out, dtype=dtype, **others)


@meaning_of("std")
def std(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False,
    *, correction: Any = _UNSAID, **others: Any,
) -> Any:  # fmt: skip
    """√variance; of equal numbers it is 0, and so are its slopes, as those of every norm."""
    ddof = ddof if correction is _UNSAID else correction
    return along(axis, lambda run: _deviation(run, ddof), a, keepdims=keepdims, out=out, dtype=dtype, **others)


def _variance(run: Sequence[Value], ddof: float) -> Value:
    return fsum([difference.square() for difference in _without_mean(run)]) / _degrees(run, ddof)


def _deviation(run: Sequence[Value], ddof: float) -> Value:
    return norm(_without_mean(run)) / math.sqrt(_degrees(run, ddof))


def _degrees(run: Sequence[Value], ddof: float) -> float:
    """n - ddof, as NumPy has it: never below 0."""
    return float(max(len(run) - ddof, 0))


def _without_mean(run: Sequence[Value]) -> list[Value]:
    middle = mean(run)
    return [value - middle for value in run]


# Extremes -------------------------------------------------------------------------------------------------


@meaning_of("max", "amax")
def max_(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, **others: Any) -> Any:
    """The largest; of two equal ones each has half of the slope."""
    return along(axis, partial(_extreme, "maximum"), a, keepdims=keepdims, out=out, **others)


@meaning_of("min", "amin")
def min_(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, **others: Any) -> Any:
    """The smallest; of two equal ones each has half of the slope."""
    return along(axis, partial(_extreme, "minimum"), a, keepdims=keepdims, out=out, **others)


@meaning_of("ptp")
def ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False) -> Any:
    """The largest less the smallest."""
    difference = max_(a, axis, keepdims=keepdims) - min_(a, axis, keepdims=keepdims)
    return into(out, difference)


def _extreme(name: str, run: Sequence[Value]) -> Value:
    """By `maximum` or `minimum`, of neighbors, then of the winners, and so on: the graph is not deep."""
    if not run:
        raise ValueError(f"the {name} of no Values at all does not exist")
    candidates: list[Any] = list(run)
    while len(candidates) > 1:
        winners = [getattr(a, name)(b) for a, b in zip(candidates[::2], candidates[1::2], strict=False)]
        candidates = [*winners, candidates[-1]] if len(candidates) % 2 else winners
    winner: Value = candidates[0]
    return winner


# While ignoring nan ---------------------------------------------------------------------------------------


def ignoring_nan(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of the numbers that are not nan, run by run.

    >>> ignoring_nan(mean_)([1.0, math.nan, 3.0])
    Value(2.0, op='mean')
    """

    def without_nan(
        a: Any, axis: Axis = None, *, out: Any = None, keepdims: Any = False, where: Any = True, **others: Any
    ) -> Any:
        def of_run(run: list[Value]) -> Any:
            left = array(run)[~np.isnan(numbers_of(run, "leaving out what is nan"))]
            return function(left, axis=None, **others) if left.size else as_value(math.nan)

        return along(axis, of_run, a, keepdims=keepdims, where=where, out=out)

    return without_nan


_OF_NUMBERS: dict[str, Callable[..., Any]] = {"mean": mean_, "var": var, "std": std, "max": max_, "min": min_}
for _name, _of_numbers in _OF_NUMBERS.items():
    meaning_of(f"nan{_name}")(ignoring_nan(_of_numbers))


def _replacing_nan(function: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    """The same function, to which a nan is a number that changes nothing."""

    def with_neutral(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, **others: Any) -> Any:
        return function(np.where(np.isnan(values_of(a)), neutral, values_of(a)), axis, dtype, out, **others)

    return with_neutral


# One after the other --------------------------------------------------------------------------------------


def _accumulated(a: Any, axis: int | None, combine: Callable[[Any, Any], Any]) -> Values:
    values = values_of(a)
    values = values.ravel() if axis is None else values
    rows: Values = np.moveaxis(values, 0 if axis is None else axis, -1)
    sums = [list(accumulate(row, combine)) for row in rows.reshape(math.prod(rows.shape[:-1]), rows.shape[-1]).tolist()]
    result = array(sums).reshape(rows.shape) if rows.size else rows
    return np.moveaxis(result, -1, 0 if axis is None else axis)


@meaning_of("cumsum")
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """The sums of the first, the first two, the first three, ..."""
    check_dtype(dtype)
    return into(out, _accumulated(a, axis, operator.add))


@meaning_of("cumprod")
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """The products of the first, the first two, the first three, ..."""
    check_dtype(dtype)
    return into(out, _accumulated(a, axis, operator.mul))


def _cumulative(function: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    """As the array API has it: along the only axis unless one is named, and from `neutral` on if that is asked."""

    def from_the_first(
        x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Any:
        values = values_of(x)
        if axis is None and values.ndim != 1:
            raise ValueError(f"along which axis is said by axis=, for an array of shape {values.shape}")
        axis = 0 if axis is None else axis
        if include_initial:
            values = np.concatenate([np.full_like(values.take([0], axis), neutral), values], axis)
        return function(values, axis, dtype, out)

    return from_the_first


for _name, _sum_or_product, _neutral in (("sum", cumsum, 0.0), ("prod", cumprod, 1.0)):
    meaning_of(f"cumulative_{_name}")(_cumulative(_sum_or_product, _neutral))
    meaning_of(f"nancum{_name}")(_replacing_nan(_sum_or_product, _neutral))
meaning_of("nansum")(_replacing_nan(sum_, 0.0))
meaning_of("nanprod")(_replacing_nan(prod, 1.0))


# What methods of NumPy's functions of two numbers are ------------------------------------------------------


def _reducing(of_run: Callable[[list[Value]], Any]) -> Callable[..., Any]:
    """What `reduce` of a ufunc is: the first axis alone, unless others are named."""

    def reduction(a: Any, axis: Axis = 0, **settings: Any) -> Any:
        return along(axis, of_run, a, **settings)

    return reduction


_REDUCED: dict[str, Callable[[list[Value]], Any]] = {
    "add": fsum, "multiply": product_of, "logaddexp": logsumexp,
    "maximum": partial(_extreme, "maximum"), "minimum": partial(_extreme, "minimum"),
}  # fmt: skip
for _ufunc, _of_run in _REDUCED.items():
    meaning_of(f"{_ufunc}.reduce")(_reducing(_of_run))


# Whether something holds ----------------------------------------------------------------------------------


@meaning_of("any", "logical_or.reduce")
def any_(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, **others: Any) -> Any:
    """Whether one of the numbers is not 0."""
    return np.any(numbers_of(a, "np.any") != 0.0, axis=axis, out=out, keepdims=keepdims, **others)


@meaning_of("all", "logical_and.reduce")
def all_(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False, **others: Any) -> Any:
    """Whether none of the numbers is 0."""
    return np.all(numbers_of(a, "np.all") != 0.0, axis=axis, out=out, keepdims=keepdims, **others)
