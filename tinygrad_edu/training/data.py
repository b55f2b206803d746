"""Data on its way in: checked once, so that what is wrong is named by row and column before anything changes.

May import: `arguments`; NumPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.arguments import Seed, random_generator

__all__ = [
    "Data",
    "as_numbers",
    "batch_order",
    "batches",
    "checked",
    "first_of_each",
    "in_single",
    "one_hot",
    "refuse_dates",
]

#: Numbers of any shape.
Array: TypeAlias = NDArray[np.float64]

_CURE_OF_DATES = (
    '(d - d.min()).dt.days of a column d of pandas, or (d - d.min()) / np.timedelta64(1, "D") of an array, numbers the '
    "days"
)
_CURE_OF_SPANS = 'd.dt.days of a column d of pandas, or d / np.timedelta64(1, "D") of an array, is the number of days'


@dataclass(frozen=True)
class Data:
    """Examples `X` of shape (n, ...) and their targets `y` of shape (n,) or (n, outputs).

    All are finite, and float64, or float32 where it is trained in single precision.
    """

    X: Array
    y: Array

    def __len__(self) -> int:
        return len(self.X)

    @property
    def is_single(self) -> bool:
        """Whether it is in single precision."""
        return bool(self.X.dtype == np.float32)

    def rounded(self, dtype: Any, name: str = "") -> Data:
        """The same data in single precision, or as it is for float64.

        Raises ValueError for a number that is too large for single precision.

        >>> Data(np.array([[0.1]]), np.array([1e39])).rounded(np.float32)
        Traceback (most recent call last):
            ...
        ValueError: y holds 1e+39 in row 0 (counted from 0), and single precision nothing above 3e38; scale it, or \
leave dtype="float32" out
        """
        if np.dtype(dtype) == np.float64:
            return self
        cure = 'scale it, or leave dtype="float32" out'
        return Data(in_single(self.X, f"{name}X", cure), in_single(self.y, f"{name}y", cure))


def checked(X: Any, y: Any, name: str = "") -> Data:
    """The data as finite arrays of the same length.

    Raises TypeError for what is not numbers, and ValueError for data that is empty, of different lengths, or holds
    nan or inf; the message names the first by row and column, counted from 0.

    >>> checked([[1.0, 2.0], [3.0, float("nan")]], [0, 1])
    Traceback (most recent call last):
        ...
    ValueError: X holds nan in row 1, column 1 (counted from 0); remove that row or fill in a number
    """
    features, targets = as_numbers(X, f"{name}X"), as_numbers(y, f"{name}y")
    if features.ndim == 0 or len(features) == 0:
        raise ValueError(f"{name}X holds no examples; fit needs at least one row")
    if targets.ndim == 0 or len(targets) != len(features):
        raise ValueError(
            f"{name}X has {len(features)} rows and {name}y has {targets.shape[0] if targets.ndim else 'none'}; "
            "each example needs one target"
        )
    for array, what in ((features, f"{name}X"), (targets, f"{name}y")):
        _refuse_non_finite(array, what)
    return Data(features, targets)


def as_numbers(array: Any, name: str) -> Array:
    """A copy as an array of floats.

    Raises TypeError for what is not numbers, with what to do about words, dates, missing entries and sparse matrices.

    >>> as_numbers(["no", "yes"], "y")
    Traceback (most recent call last):
        ...
    TypeError: y holds 'no' in row 0 (counted from 0), which is no number; classes, y = np.unique(y, \
return_inverse=True) numbers the classes
    """
    if hasattr(array, "toarray"):
        raise TypeError(f"{name} is a sparse matrix; write out its zeros, {name}.toarray()")
    refuse_dates(array, name)
    try:
        return np.array(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        found = _first_that_is_no_number(array)
        if found is None:
            said = f"{name} should be an array of numbers with rows of one length, and is not: {error}"
        else:
            index, entry = found
            said = f"{name} holds {entry!r} in {_place(index)}, which is no number; {_cure(entry, name)}"
        raise TypeError(said) from error


def refuse_dates(array: Any, name: str) -> None:
    """Raise TypeError for dates and spans of time, which NumPy takes for numbers of days or nanoseconds.

    >>> refuse_dates(np.array(["2020-01-01"], dtype="datetime64[D]"), "X")
    Traceback (most recent call last):
        ...
    TypeError: X holds dates, which are no numbers, or huge ones since 1970; (d - d.min()).dt.days of a \
column d of pandas, or (d - d.min()) / np.timedelta64(1, "D") of an array, numbers the days
    """
    kinds = {getattr(dtype, "kind", "") for dtype in _dtypes_of(array)}
    if "M" in kinds:
        raise TypeError(f"{name} holds dates, which are no numbers, or huge ones since 1970; {_CURE_OF_DATES}")
    if "m" in kinds:
        raise TypeError(f"{name} holds spans of time, which are numbers in some unit only; {_CURE_OF_SPANS}")


def _dtypes_of(array: Any) -> Iterable[Any]:
    """The kind of number of an array, or of each column of a data frame."""
    if hasattr(array, "dtypes"):
        return np.ravel(np.array(array.dtypes, dtype=object)).tolist()
    try:
        return [array.dtype if hasattr(array, "dtype") else np.asarray(array).dtype]
    except (TypeError, ValueError):  # rows of several shapes, or no array at all, of which others tell
        return []


def _first_that_is_no_number(array: Any) -> tuple[tuple[int, ...], Any] | None:
    """The place and the entry; None where the rows do not make an array, or one entry is as good as another."""
    try:
        entries = np.array(array, dtype=object)
    except ValueError:  # rows of several shapes
        return None
    for index in np.ndindex(entries.shape):
        try:
            float(entries[index])
        except ValueError:  # a word
            return index, entries[index]
        except TypeError:  # a missing entry of pandas, a date; or a row shorter or longer than others
            return None if isinstance(entries[index], Iterable) else (index, entries[index])
    return None


def _cure(entry: Any, name: str) -> str:
    if isinstance(entry, (date, np.datetime64)):
        return _CURE_OF_DATES
    if isinstance(entry, (timedelta, np.timedelta64)):
        return _CURE_OF_SPANS
    if not isinstance(entry, str):
        return "remove that row or fill in a number"
    if name.endswith("y"):
        return "classes, y = np.unique(y, return_inverse=True) numbers the classes"
    return "scikit-learn's OneHotEncoder(sparse_output=False) makes a column of 0 and 1 of each word"


def _place(index: tuple[int, ...]) -> str:
    """Where an entry is, such as "row 1, column 0 (counted from 0)"."""
    named = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column", "then"), index, strict=False))
    return f"{named} (counted from 0)" if named else "it"


def _refuse_non_finite(array: Array, name: str) -> None:
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        index = tuple(int(i) for i in bad[0])
        raise ValueError(f"{name} holds {array[index]:g} in {_place(index)}; remove that row or fill in a number")


def in_single(array: Array, name: str, cure: str) -> Any:
    """The array rounded to single precision.

    Raises ValueError, with the cure, for a number that is too large for it.
    """
    with np.errstate(over="ignore"):
        single = array.astype(np.float32)
    too_large = np.argwhere(np.isinf(single) & np.isfinite(array))
    if len(too_large):
        index = tuple(int(i) for i in too_large[0])
        raise ValueError(
            f"{name} holds {array[index]:g} in {_place(index)}, and single precision nothing above 3e38; {cure}"
        )
    return single


def one_hot(labels: Any, classes: int) -> Array:
    """Rows with a 1 in the column of the label and 0 elsewhere, shape (n, classes).

    Raises ValueError for a label that is not a whole number from 0 to classes - 1, named by its row.

    >>> one_hot([1, 0], 3)
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """
    array = np.asarray(labels, dtype=np.float64)
    outside = np.flatnonzero((array != np.floor(array)) | (array < 0) | (array >= classes))
    if len(outside):
        row = int(outside[0])
        raise ValueError(
            f"the label {array[row]:g} in row {row} of y (counted from 0) is no class from 0 to {classes - 1}; "
            f"the model has {classes} outputs, one per class; for one number per example, no class, let its last layer "
            "have one neuron"
        )
    rows: Array = np.eye(classes)[array.astype(int)]
    return rows


def first_of_each(y: Array) -> list[int]:
    """The first row of each target that there is, in order.

    >>> first_of_each(np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))
    [0, 1]
    """
    first: dict[Any, int] = {}
    for row, target in enumerate(y.tolist() if y.ndim == 1 else map(bytes, np.ascontiguousarray(y))):
        first.setdefault(target, row)
    return list(first.values())


def batch_order(n: int, batch_size: int, generator: np.random.Generator | None) -> list[NDArray[np.intp]]:
    """The rows of each batch of one epoch: every row once, the last batch smaller if it must be.

    Shuffled by the generator, or in order without one. Raises ValueError when the batch size does not fit.

    >>> batch_order(5, 2, None)
    [array([0, 1]), array([2, 3]), array([4])]
    """
    if not 1 <= batch_size <= n:
        raise ValueError(f"batch_size must be from 1 to the number of examples, {n}, not {batch_size}")
    order = np.arange(n) if generator is None else generator.permutation(n)
    return [order[start : start + batch_size] for start in range(0, n, batch_size)]


def batches(X: Any, y: Any, batch_size: int, *, seed: Seed = None, shuffle: bool = True) -> Iterator[tuple[Any, Any]]:
    """One epoch of mini-batches (X_batch, y_batch): every example once, in shuffled order.

    1000 examples in batches of 100 are 10 iterations; 1001 are 11, the last with one example. Raises ValueError for
    lengths that differ and a batch size that does not fit.

    >>> [len(y) for X, y in batches(np.zeros((5, 2)), np.zeros(5), 2, seed=0)]
    [2, 2, 1]
    """
    X, y = np.asarray(X), np.asarray(y)
    if len(X) != len(y):
        raise ValueError(f"X has {len(X)} rows and y has {len(y)}; each example needs one target")
    order = batch_order(len(X), batch_size, random_generator(seed) if shuffle else None)
    return ((X[rows], y[rows]) for rows in order)
