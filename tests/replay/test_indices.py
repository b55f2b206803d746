"""Which rows an index stands for, and which rows are not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu.replay.indices import (
    Grid,
    Index,
    check_rows,
    grid_of,
    index_of,
    index_text,
    row_numbers,
    rows_in_place,
)
from tinygrad_edu.replay.rows import Matrix


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        ([3], slice(3, 4, 1)),
        ([3, 4, 5], slice(3, 6, 1)),
        ([1, 3, 5], slice(1, 6, 2)),
        ([0, 5], slice(0, 6, 5)),
    ],
)
def test_rows_that_are_evenly_spaced_are_a_slice(rows: list[int], index: slice) -> None:
    assert index_of(rows) == index
    np.testing.assert_array_equal(row_numbers(index, 10), rows)


@pytest.mark.parametrize("rows", [[3, 2], [3, 3], [3, 3, 3], [0, 1, 3], [0, 2, 3], [5, 3, 1]])
def test_other_rows_are_row_numbers(rows: list[int]) -> None:
    index = index_of(rows)
    assert isinstance(index, np.ndarray)
    assert index.dtype == np.intp
    np.testing.assert_array_equal(index, rows)


@pytest.mark.parametrize(
    ("rows", "outer", "grid"),
    [
        ([0, 1, 2, 3, 4, 5], 2, Grid(0, 2, 3, 3, 1)),
        ([0, 1, 2, 3, 4, 5], 6, Grid(0, 6, 1, 1, 1)),
        ([0, 1, 2, 3, 4, 5], 1, Grid(0, 1, 6, 6, 1)),
        ([1, 5, 2, 6, 3, 7], 3, Grid(1, 3, 1, 2, 4)),
        ([0, 1, 4, 5], 2, Grid(0, 2, 4, 2, 1)),
        ([4, 6, 8], 3, Grid(4, 3, 2, 1, 1)),
        ([4, 6, 8], 1, Grid(4, 1, 3, 3, 2)),
        ([7], 1, Grid(7, 1, 1, 1, 1)),
        ([0, 1, 3, 4, 7, 8], 3, None),
        ([0, 1, 2, 4], 2, None),
        ([1, 0], 1, None),
        ([1, 0], 2, None),
        ([3, 3], 2, None),
        ([3, 3], 1, None),
        ([2, 3, 0, 1], 2, None),
    ],
)
def test_rows_are_a_matrix_where_both_of_its_steps_lead_on(rows: list[int], outer: int, grid: Grid | None) -> None:
    assert grid_of(rows, outer) == grid


def test_no_rows_are_there_in_any_array() -> None:
    check_rows(np.array([], dtype=int), 0)
    check_rows(None, 0)


def column(count: int) -> Any:
    return np.arange(float(count)).reshape(-1, 1)


GRIDS = [
    Grid(0, 3, 4, 2, 1),
    Grid(2, 2, 1, 3, 3),
    Grid(5, 1, 9, 4, 2),
    Grid(11, 1, 7, 1, 7),
    Grid(0, 2, 1, 2, 1),
    Grid(5, 2, -3, 2, 1),
    Grid(7, 2, 2, 3, -3),
]
INDICES: list[Any] = [*GRIDS, slice(2, 9, 3), slice(0, 1, 1), np.array([3, 0, 3, 7])]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_an_index_fits_arrays_from_a_certain_size_on(index: Index) -> None:
    size = int(row_numbers(index, 100).max()) + 1
    for count in range(16):
        if count >= size:
            check_rows(index, count)
        else:
            with pytest.raises(IndexError, match=f"of an array that has {count}"):
                check_rows(index, count)
            with pytest.raises(IndexError):
                rows_in_place(column(count), index)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_a_view_of_a_matrix_is_refused_where_it_would_not_fit(grid: Grid) -> None:
    rows = grid.rows()
    size = int(rows.max()) + 1
    np.testing.assert_array_equal(grid.view(column(size)), rows)
    np.testing.assert_array_equal(grid.view(column(2 * size)[::2]), 2.0 * rows)
    for view in (grid.view, lambda array: Matrix(grid).view(array, batch=1)):
        with pytest.raises(IndexError, match="of an array"):
            view(column(size - 1))
    with pytest.raises(IndexError):
        Grid(-1, *grid[1:]).view(column(100))
    with pytest.raises(IndexError):
        Grid(0, 2, -1, 1, 1).view(column(100))


INDICES: list[tuple[Index, str]] = [
    (slice(2, 5, 1), "a[2:5]"),
    (slice(2, 7, 2), "a[2:7:2]"),
    (Grid(0, 2, 3, 3, 1), "a[2×3]"),
    (np.array([3, 1]), "a[2 rows]"),
    (None, "a"),
]


@pytest.mark.parametrize(("index", "text"), INDICES, ids=[text for _, text in INDICES])
def test_an_index_is_written_as_in_numpy(index: Index, text: str) -> None:
    assert index_text("a", index) == text
