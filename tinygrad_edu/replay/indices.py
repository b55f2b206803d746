"""Which rows of an array: a slice where they are evenly spaced, a grid where they form a matrix, else their numbers.

A slice and a grid can be views. NumPy does not check whether a grid lies inside its array, so `check_rows` does.

May import: `instruction` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tinygrad_edu.replay.instruction import Array

__all__ = ["Grid", "Index", "check_rows", "grid_of", "index_of", "index_text", "row_numbers", "rows_in_place"]


class Grid(NamedTuple):
    """Rows `start + i * outer_step + j * inner_step`: a matrix inside the parameters.

    >>> Grid(start=1, outer=2, outer_step=3, inner=3, inner_step=1).rows()
    array([[1, 2, 3],
           [4, 5, 6]])
    """

    start: int
    outer: int
    outer_step: int
    inner: int
    inner_step: int

    def view(self, array: Array) -> Array:
        """The matrix (outer, inner) inside a column of rows, without a copy."""
        check_rows(self, len(array))  # NumPy would not: it shows whatever lies behind the array
        column = array[self.start :, 0]
        step = column.strides[0]
        strides = (self.outer_step * step, self.inner_step * step)
        return np.lib.stride_tricks.as_strided(column, (self.outer, self.inner), strides)

    def rows(self) -> Array:
        """The row numbers, as a matrix."""
        return self.start + np.add.outer(
            np.arange(self.outer) * self.outer_step, np.arange(self.inner) * self.inner_step
        )


#: Which rows: a slice, a grid, or row numbers; None means all.
Index: TypeAlias = "slice | Grid | np.ndarray[Any, Any] | None"


def check_rows(index: Index, count: int) -> None:
    """Raises IndexError for rows that an array of `count` rows does not have."""
    if isinstance(index, Grid):
        steps = ((index.outer - 1) * index.outer_step, (index.inner - 1) * index.inner_step)
        first, last = index.start + sum(min(0, step) for step in steps), index.start + sum(max(0, s) for s in steps)
    elif isinstance(index, slice):
        first, last = index.start, index.stop - 1
    elif index is not None and len(index):
        first, last = int(index.min()), int(index.max())
    else:
        return
    if not 0 <= first <= last < count:
        raise IndexError(f"rows {first} to {last} of an array that has {count}")


def index_of(rows: Sequence[int]) -> slice | np.ndarray[Any, Any]:
    """The rows as a slice where they are evenly spaced, else as an array of their numbers.

    >>> index_of([1, 3, 5]), index_of([3, 0])
    (slice(1, 6, 2), array([3, 0]))
    """
    first, step = rows[0], rows[1] - rows[0] if len(rows) > 1 else 1
    if step > 0 and list(rows) == list(range(first, first + step * len(rows), step)):
        return slice(first, first + step * (len(rows) - 1) + 1, step)
    return np.array(rows, dtype=np.intp)


def grid_of(rows: Sequence[int], outer: int) -> Grid | None:
    """The rows as a `Grid` with `outer` rows of its own, if they are one."""
    inner = len(rows) // outer
    outer_step = rows[inner] - rows[0] if outer > 1 else inner
    inner_step = rows[1] - rows[0] if inner > 1 else 1
    grid = Grid(rows[0], outer, outer_step, inner, inner_step)
    return grid if min(outer_step, inner_step) > 0 and np.array_equal(grid.rows().ravel(), rows) else None


def row_numbers(index: Index, count: int) -> np.ndarray[Any, Any]:
    """The row numbers that an index into `count` rows stands for."""
    if isinstance(index, Grid):
        return np.asarray(index.rows().ravel())
    return np.arange(count)[slice(None) if index is None else index]


def rows_in_place(array: Array, index: Index) -> Array | None:
    """The indexed rows as a view, where they can be one; IndexError for rows that are not there."""
    check_rows(index, len(array))
    if isinstance(index, Grid):
        return index.view(array)
    return None if isinstance(index, np.ndarray) else array[slice(None) if index is None else index]


def index_text(name: str, index: Index) -> str:
    """The rows as a listing shows them: `a[2:5]` for a slice, `a[2×3]` for a grid."""
    if isinstance(index, slice):
        return f"{name}[{index.start}:{index.stop}{f':{index.step}' if index.step != 1 else ''}]"
    if isinstance(index, Grid):
        return f"{name}[{index.outer}×{index.inner}]"
    return name if index is None else f"{name}[{len(index)} rows]"
