"""Instructions that move rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.comparing import computes

from tinygrad_edu import record
from tinygrad_edu.replay.indices import Grid
from tinygrad_edu.replay.rows import Assemble, Matrix, Repeat, Rows, Spread


def column(count: int) -> Any:
    return np.arange(float(count)).reshape(-1, 1)


@pytest.mark.parametrize("index", [slice(2, 9, 3), np.array([3, 8]), np.array([-1, 0])], ids=str)
def test_rows_that_are_not_there_are_no_others(index: Any) -> None:
    with pytest.raises(IndexError):
        Rows(index).view(column(8), batch=1)
    with pytest.raises(IndexError):
        Rows(index).run(np.zeros((2, 1)), column(8))


@pytest.mark.parametrize("count", [8, 9])
def test_of_many_parts_the_first_eight_are_shown(count: int) -> None:
    def powers(x: Any) -> list[Any]:
        return [x**k for k in (-4, -3, -2, -1, 0.5, 1.5, 3, 4, 5)[:count]]

    text = str(record(powers, ((),), []))
    more = ", ..." if count > 8 else ""
    assert f"{count} parts: v1, v2, v3, v4, v5, v6, v7, v8{more}  " in text


ABC = [[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]


def test_rows_by_slice_are_a_view_and_rows_by_number_a_copy() -> None:
    computes(Rows(slice(0, 3, 2)), [[1.0, 10.0], [3.0, 30.0]], ABC)
    computes(Rows(np.array([2, 0, 2])), [[3.0, 30.0], [1.0, 10.0], [3.0, 30.0]], ABC)
    assert Rows(slice(0, 3, 2)).is_view
    assert not Rows(np.array([2, 0])).is_view


def test_equal_rows_have_equal_keys() -> None:
    assert Rows(slice(0, 3, 2)).key() == Rows(slice(0, 3, 2)).key() != Rows(slice(0, 3, 1)).key()
    assert Rows(np.array([2, 0])).key() == Rows(np.array([2, 0])).key() != Rows(np.array([0, 2])).key()


def test_a_matrix_inside_a_column() -> None:
    parameters = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0]]
    computes(Matrix(Grid(1, 2, 3, 2, 1)), [[1.0, 2.0], [4.0, 5.0]], parameters)
    computes(Matrix(Grid(0, 3, 1, 2, 3)), [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]], parameters)


def test_one_row_many_times_and_one_column_for_each_example() -> None:
    computes(Repeat(3), [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0]])
    computes(Spread(), [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], [[1.0], [2.0]], batch=3)


def test_parts_side_by_side_and_one_behind_the_other() -> None:
    parts = ((slice(0, 3, 2), False), (slice(1, 2, 1), False))
    computes(
        Assemble(3, True, parts, False), [[1.0, 2.0], [5.0, 6.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]
    )
    numbers = ((np.array([2, 0]), False), (np.array([1]), False))
    computes(Assemble(3, False, numbers, False), [[2.0], [3.0], [1.0]], [[1.0], [2.0]], [[3.0]])


def test_parts_are_added_where_something_stands_and_to_zeros_where_nothing_does() -> None:
    added = ((None, False), (slice(1, 3, 1), True), (np.array([2, 0]), True))
    parts = [[1.0], [2.0], [3.0]], [[10.0], [20.0]], [[100.0], [200.0]]
    computes(Assemble(3, False, added, False), [[201.0], [12.0], [123.0]], *parts)
    overlapping = ((slice(0, 2, 1), False), (slice(1, 3, 1), True))
    computes(Assemble(4, False, overlapping, True), [[1.0], [12.0], [20.0], [0.0]], [[1.0], [2.0]], [[10.0], [20.0]])


@pytest.mark.parametrize("rows", [[2, 1, 3], [3, 0, 2], [1, 3, 2, 0]])
@pytest.mark.parametrize("batch", [1, 2])
def test_rows_in_another_order_are_written_and_added_one_by_one(rows: list[int], batch: int) -> None:
    """With gaps between them and without."""
    whole, part = np.arange(4.0 * batch).reshape(4, batch), 10.0 ** np.arange(len(rows) * batch).reshape(-1, batch)
    written, added = np.zeros((4, batch)), whole.copy()
    for row, numbers in zip(rows, part, strict=True):
        written[row] = numbers
        added[row] += numbers
    computes(Assemble(4, True, ((slice(0, 4, 1), False), (np.array(rows), True)), False), added, whole, part)
    if len(rows) == 4:  # other rows would keep what they held
        computes(Assemble(4, True, ((np.array(rows), False),), False), written, part)
    rest = [row for row in range(4) if row not in rows]
    parts = ((np.array(rows), False), *[(slice(row, row + 1, 1), False) for row in rest])
    computes(Assemble(4, True, parts, False), written, part, *[np.zeros((1, batch)) for _ in rest])


def test_a_part_that_is_the_same_for_all_examples_is_written_to_each() -> None:
    rows = np.array([1, 0])
    computes(Assemble(2, True, ((rows, False),), False), [[2.0, 2.0], [1.0, 1.0]], [[1.0], [2.0]], batch=2)


def test_a_matrix_may_be_a_part() -> None:
    parts = ((Grid(1, 2, 2, 2, 1), False), (slice(0, 1, 1), False))
    matrix, first = [[1.0], [2.0], [3.0], [4.0]], [[9.0]]
    computes(Assemble(5, False, parts, False), [[9.0], [1.0], [2.0], [3.0], [4.0]], matrix, first)


def test_a_part_that_was_computed_in_its_place_is_left_there() -> None:
    out = np.array([[1.0], [2.0], [3.0]])
    Assemble(3, False, ((slice(0, 2, 1), False), (slice(2, 3, 1), False)), False).run(out, None, np.array([[7.0]]))()
    np.testing.assert_array_equal(out, [[1.0], [2.0], [7.0]])


def test_how_rows_are_written() -> None:
    assert Rows(slice(2, 5, 1)).text("a") == "a[2:5]"
    assert Matrix(Grid(0, 2, 3, 3, 1)).text("a") == "a[2×3]"
    assert (Repeat(3).text("a"), Spread().text("a")) == ("a", "a")
