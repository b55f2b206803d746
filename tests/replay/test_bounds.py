"""No array is read or written beyond its end: what does not fit is refused before anything looks at it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, dot, record
from tinygrad_edu.replay.indices import Grid, Index, check_rows, row_numbers, rows_in_place
from tinygrad_edu.replay.rows import Matrix, Rows


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


@pytest.mark.parametrize("index", [slice(2, 9, 3), np.array([3, 8]), np.array([-1, 0])], ids=str)
def test_rows_that_are_not_there_are_no_others(index: Any) -> None:
    with pytest.raises(IndexError):
        Rows(index).view(column(8), batch=1)
    with pytest.raises(IndexError):
        Rows(index).run(np.zeros((2, 1)), column(8))


@pytest.mark.parametrize(
    "theta", [np.ones(11), np.ones(13), np.ones((12, 1)), np.ones((3, 4)), np.ones(0), np.ones(())]
)
def test_a_program_looks_at_no_theta_of_another_size(theta: Any) -> None:
    weights = [[Value(0.1 * (i + j)) for j in range(4)] for i in range(3)]
    program = record(lambda x: [dot(row, x) for row in weights], (4,), [w for row in weights for w in row])
    program._theta = theta
    with pytest.raises(ValueError, match=r"theta has one number for each parameter, shape \(12,\)"):
        program(np.ones((2, 4)))
