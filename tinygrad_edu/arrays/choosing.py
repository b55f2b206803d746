"""Functions that choose elements: by a condition, by their order, by the bin they fall into.

Which element is chosen depends on the numbers and has no derivative; the derivative flows to what was chosen. A
condition that is an array of bools chooses at once. While recording it is an array of nodes, and the choice is a node,
too; an order cannot be recorded, because it is another one for other examples.

May import: `functions`, `value`; `dispatch`, `products`, `reductions` and `value_array` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.arrays.dispatch import meaning_of
from tinygrad_edu.arrays.products import dots
from tinygrad_edu.arrays.reductions import along, ignoring_nan, mean_
from tinygrad_edu.arrays.value_array import Values, array, into, numbers_of, plain, values_of, wrapped
from tinygrad_edu.functions import fsum, where
from tinygrad_edu.value import Value, as_value

__all__: list[str] = []


# By a condition -------------------------------------------------------------------------------------------


@meaning_of("where")
def where_(condition: Any, *branches: Any) -> Any:
    """a where the condition holds, else b; with the condition alone, the places where it does."""
    if not branches:
        return np.nonzero(numbers_of(condition, "np.where of a condition alone"))
    a, b = [np.asarray(plain(branch), dtype=object) for branch in branches]
    decided = np.asarray(condition)
    if decided.dtype != object:
        return wrapped(np.where(decided, a, b)[()])
    return wrapped(_chosen(decided, *[plain(values_of(branch)) for branch in (a, b)]))


_chosen = np.frompyfunc(lambda condition, a, b: where(as_value(condition), a, b), 3, 1)


@meaning_of("select")
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0.0) -> Any:
    """The first choice whose condition holds, else the default."""
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where_(condition, choice, result)
    return result


@meaning_of("choose")
def choose(a: Any, choices: Sequence[Any], out: Any = None, mode: str = "raise") -> Any:
    """For each place the choice of the number that stands there."""
    places: Any = _whole_numbers(a, "np.choose")
    chosen = np.choose(places, list(map(plain, choices)), mode=mode)  # type: ignore[call-overload]  # of Values
    return into(out, values_of(chosen))


def _whole_numbers(x: Any, what: str) -> np.ndarray[Any, Any]:
    numbers = numbers_of(x, what)
    places = numbers.astype(int)
    if (places != numbers).any():
        raise TypeError(f"{what} needs whole numbers, which say a place each")
    return places


@meaning_of("clip")
def clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **named: Any) -> Any:
    """a, moved into [low, high]; its slope is 1 inside, the ends included, and 0 outside."""
    low, high = named.pop("min", a_min), named.pop("max", a_max)
    if named:
        raise TypeError(f"np.clip of Values takes no {', '.join(named)}=; choose with np.where(condition, a, b)")
    return into(out, wrapped(_clipped(plain(a), plain(low), plain(high))))


def _clip_one(a: Any, low: Any, high: Any) -> Value:
    value = as_value(a)
    if not isinstance(low, Value) and not isinstance(high, Value):
        return value.clip(-math.inf if low is None else low, math.inf if high is None else high)
    raised = value if low is None else value.maximum(low)
    return raised if high is None else raised.minimum(high)


_clipped = np.frompyfunc(_clip_one, 3, 1)


@meaning_of("nan_to_num")
def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """0 for nan, and the largest float for an infinity."""
    values, largest = values_of(x), float(np.finfo(float).max)
    result = where_(np.isnan(values), nan, values)
    result = where_(values == math.inf, largest if posinf is None else posinf, result)
    result = where_(values == -math.inf, -largest if neginf is None else neginf, result)
    return into(None if copy else x, result)


@meaning_of("round", "around")
def round_(a: Any, decimals: int = 0, out: Any = None) -> Any:
    """To so many decimals; its slope is 0."""
    values = a if isinstance(a, Value) else values_of(a)
    return into(out, np.rint(values) if decimals == 0 else np.rint(values * 10.0**decimals) / 10.0**decimals)


# By their order -------------------------------------------------------------------------------------------


@meaning_of("sort")
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """The same Values, the smallest first."""
    values = values_of(a).ravel() if axis is None else values_of(a)
    axis = -1 if axis is None else axis
    places = np.argsort(numbers_of(values, "np.sort"), axis=axis, kind="stable")
    return np.take_along_axis(values, places, axis)


@meaning_of("partition")
def partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = None, order: Any = None) -> Any:
    """The same Values, the `kth` smallest in its place, smaller ones before it and larger ones after it."""
    values = values_of(a).ravel() if axis is None else values_of(a)
    axis = -1 if axis is None else axis
    return np.take_along_axis(values, np.argpartition(numbers_of(values, "np.partition"), kth, axis), axis)


@meaning_of("unique")
def unique(ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
           axis: int | None = None, **others: Any) -> Any:  # fmt: skip
    """One Value of each number, the smallest first; of equal ones the first."""
    if axis is not None:
        raise TypeError("np.unique of Values takes no axis=: numbers are compared, not rows of them")
    _, index, inverse, counts = np.unique(
        numbers_of(ar, "np.unique"), return_index=True, return_inverse=True, return_counts=True, **others
    )
    asked = ((return_index, index), (return_inverse, inverse), (return_counts, counts))
    found = (values_of(ar).ravel()[index], *[answer for wanted, answer in asked if wanted])
    return found if len(found) > 1 else found[0]


@meaning_of("quantile")
def quantile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
             method: str = "linear", keepdims: Any = False, **others: Any) -> Any:  # fmt: skip
    """The number below which a share q of the numbers lies, linearly between the two nearest; q may be a Value, too."""
    if method != "linear":
        raise TypeError(f"a quantile of Values is linear between the two nearest numbers, not method={method!r}")
    if any(given is not None for given in others.values()):
        raise TypeError(f"a quantile of Values takes no {', '.join(others)}=; leave it out")
    shares = np.asarray(plain(q), dtype=object)
    if not all(0.0 <= share <= 1.0 for share in np.ravel(numbers_of(shares, "np.quantile")).tolist()):
        raise ValueError("quantiles must lie between 0 and 1, and percentiles between 0 and 100")
    found = [along(axis, partial(_quantile, share), a, keepdims=keepdims) for share in shares.ravel().tolist()]
    together = np.stack(list(map(values_of, found))) if shares.ndim else found[0]
    return into(out, together.reshape(shares.shape + np.shape(found[0])) if shares.ndim else together)


def _quantile(share: Any, run: Sequence[Any]) -> Any:
    numbers: list[float] = numbers_of(run, "a quantile or a median").tolist()
    if not run or any(map(math.isnan, numbers)):
        return as_value(math.nan)
    ranked = [run[k] for k in np.argsort(numbers, kind="stable").tolist()]
    place = share * (len(run) - 1)
    below = math.floor(place.data if isinstance(place, Value) else place)
    if (below == place and not isinstance(place, Value)) or len(run) == 1:
        return ranked[below]
    step = min(below, len(run) - 2)  # the last number has none after it: there the slope is that up to it
    return ranked[below] + (ranked[step + 1] - ranked[step]) * (place - below)


@meaning_of("percentile")
def percentile(a: Any, q: Any, axis: Any = None, **others: Any) -> Any:
    """The quantile for a share of q in a hundred."""
    return quantile(a, _of_a_hundred(q), axis, **others)


def _of_a_hundred(q: Any) -> Any:
    return np.asarray(plain(q), dtype=object) / 100.0


@meaning_of("median")
def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    """The number in the middle; of an even count, the mean of the two in the middle."""
    return quantile(a, 0.5, axis, out, keepdims=keepdims)


meaning_of("nanmedian")(ignoring_nan(median))


@meaning_of("nanquantile")
def nanquantile(a: Any, q: Any, axis: Any = None, **others: Any) -> Any:
    """The quantile of the numbers that are not nan."""
    if np.ndim(q):
        return np.stack([values_of(nanquantile(a, share, axis, **others)) for share in q])
    return ignoring_nan(lambda run, **settings: quantile(run, q, **settings))(a, axis, **others)


@meaning_of("nanpercentile")
def nanpercentile(a: Any, q: Any, axis: Any = None, **others: Any) -> Any:
    """The same for a share of q in a hundred."""
    return nanquantile(a, _of_a_hundred(q), axis, **others)


# By the bin they fall into --------------------------------------------------------------------------------


@meaning_of("bincount")
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """For each whole number the sum of the weights that stand beside it."""
    places = _whole_numbers(x, "np.bincount")
    counts = np.bincount(places, minlength=minlength)
    if weights is None:
        return counts
    values = values_of(weights).tolist()
    if len(values) != len(places):
        raise ValueError(f"bincount needs a weight for each of the {len(places)} numbers, not {len(values)}")
    bins: list[list[Value]] = [[] for _ in counts]
    for place, value in zip(places.tolist(), values, strict=True):
        bins[place].append(value)
    return array([fsum(bin_) for bin_ in bins])


@meaning_of("interp")
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """The broken line through the points (xp, fp), at x; beyond its ends it stays what it is there."""
    if period is not None:
        raise TypeError("np.interp of Values takes no period=; reduce x with x % period first")
    known, heights = numbers_of(xp, "np.interp between points that vary").astype(np.float64), values_of(fp)
    places: list[Any] = [x if isinstance(x, Value) else float(x) for x in np.asarray(xp, dtype=object).ravel()]
    if known.ndim != 1 or known.shape != heights.shape or not len(known):
        raise ValueError(f"xp and fp are points, one number each, not of shapes {known.shape} and {heights.shape}")
    ends = heights[0] if left is None else left, heights[-1] if right is None else right

    def at(position: Any) -> Any:
        number = float(numbers_of(position, "np.interp at a place that varies"))
        if math.isnan(number):
            return as_value(number)
        k = int(np.searchsorted(known, number, side="right")) - 1
        if k < 0 or number > known[-1]:
            return ends[0] if k < 0 else ends[1]
        if k == len(known) - 1:
            return heights[k]
        return heights[k] + (position - places[k]) * ((heights[k + 1] - heights[k]) / (places[k + 1] - places[k]))

    return wrapped(np.frompyfunc(at, 1, 1)(plain(x)))


# Statistics of several variables ---------------------------------------------------------------------------


@meaning_of("cov")
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None, **others: Any) -> Any:
    """Σ (aᵢ - mean)·(bᵢ - mean) / (n - 1), for each pair of rows."""
    if any(given is not None for given in others.values()):
        raise TypeError(f"np.cov of Values takes no {', '.join(others)}=; multiply the numbers by the roots of weights")
    rows = np.atleast_2d(values_of(m))
    rows = rows.T if not rowvar and len(rows) != 1 else rows
    if y is not None:
        more = np.atleast_2d(values_of(y))
        rows = np.concatenate([rows, more.T if not rowvar and len(more) != 1 else more])
    ddof = (0 if bias else 1) if ddof is None else ddof
    centered = rows - mean_(rows, axis=1, keepdims=True)
    return _square(dots(centered[:, None, :], centered[None, :, :]) / float(rows.shape[1] - ddof))


@meaning_of("corrcoef")
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, **others: Any) -> Any:
    """The covariance over both standard deviations, for each pair of rows."""
    covariances = np.atleast_2d(cov(x, y, rowvar, **others))
    deviations = np.sqrt(np.diagonal(covariances))
    return _square(covariances / deviations[:, None] / deviations[None, :])


def _square(matrix: Any) -> Any:
    """As NumPy has it: of one variable a single number."""
    return matrix.item() if matrix.size == 1 else matrix


@meaning_of("gradient")
def gradient(f: Any, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Differences of neighbors over their distance: central inside, one-sided at the ends."""
    values = values_of(f)
    axes = range(values.ndim) if axis is None else np.atleast_1d(axis).tolist()
    steps = list(spacing) * (len(axes) if len(spacing) == 1 else 1) or [1.0] * len(axes)
    if edge_order != 1 or len(steps) != len(axes) or any(np.ndim(step) for step in steps):
        raise TypeError("np.gradient of Values takes one distance for each axis, and edge_order=1")
    slopes = [_slopes(np.moveaxis(values, k, 0), step, k) for k, step in zip(axes, steps, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slopes(values: Values, step: Any, axis: int) -> Any:
    if len(values) < 2:
        raise ValueError("np.gradient needs at least two numbers along each axis")
    ends = (values[1:2] - values[:1]) / step, (values[-1:] - values[-2:-1]) / step
    return np.moveaxis(np.concatenate([ends[0], (values[2:] - values[:-2]) / (2.0 * step), ends[1]]), 0, axis)
