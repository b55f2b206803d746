"""Sums and largest numbers of runs of rows, and sums over a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.comparing import computes

from tinygrad_edu import fsum, logsumexp, record
from tinygrad_edu.replay.sums import SegmentMax, SegmentSum, SumBatch


def test_runs_of_one_length_and_of_several() -> None:
    def sums(x: Any) -> list[Any]:
        y = [v.exp() for v in x]
        return [fsum(y[:2]), fsum(y[2:5]), fsum(y[5:9]), x[0]]

    assert "sums of 2 to 4 rows of v1, rounded as they go  " in str(record(sums, (9,), []))
    equal = str(record(lambda x: [fsum(v.exp() for v in row) for row in x], ((2, 3),), []))
    assert "sums of 3 rows of v1, rounded as they go  " in equal
    assert "largest of each of 2 runs of x0  " in str(record(lambda x: [*map(logsumexp, x)], ((2, 3),), []))


TERMS = [[1.0, 10.0], [2.0, 20.0], [4.0, 40.0], [8.0, 80.0]]
COLUMN = [[1.0], [2.0], [4.0], [8.0]]


def test_the_sum_over_the_examples_is_one_number_for_each_row() -> None:
    computes(SumBatch(), [[11.0], [22.0], [44.0], [88.0]], TERMS)
    computes(SumBatch(), [[0.0], [0.0]], np.zeros((2, 0)))


def test_sums_of_runs() -> None:
    computes(SegmentSum((4,)), [[15.0, 150.0]], TERMS)
    computes(SegmentSum((2, 2)), [[3.0, 30.0], [12.0, 120.0]], TERMS)
    computes(SegmentSum((1, 3)), [[1.0, 10.0], [14.0, 140.0]], TERMS)
    computes(SegmentSum((3, 1)), [[7.0], [8.0]], COLUMN)
    computes(SegmentSum((2, 2)), [[3.0], [12.0]], COLUMN)
    computes(SegmentSum((1, 1, 1, 1)), TERMS, TERMS)
    computes(SegmentSum((2, 2)), np.zeros((2, 0)), np.zeros((4, 0)))


@pytest.mark.parametrize("columns", [1, 3], ids=["one example", "several"])
def test_what_is_not_finite_stays_in_its_run(columns: int) -> None:
    inf, nan = np.inf, np.nan
    rows = [1.0, 2.0, nan, 0.0, inf, 3.0, inf, -inf]
    sums = [3.0, nan, inf, nan]
    computes(SegmentSum((2, 2, 2, 2)), np.tile(sums, (columns, 1)).T, np.tile(rows, (columns, 1)).T)


def test_sums_of_rows_that_lie_apart() -> None:
    wide = np.arange(48.0).reshape(24, 2)
    for rows in (wide[::2], wide[::2, :1], wide.T[:, ::3].repeat(2, axis=0)):
        out = np.zeros((2, rows.shape[1]))
        SegmentSum((len(rows) // 2,) * 2).run(out, rows)()
        np.testing.assert_array_equal(out, rows.reshape(2, -1, rows.shape[1]).sum(axis=1))


def test_the_largest_of_runs_which_is_nan_where_one_is() -> None:
    computes(SegmentMax((4,)), [[8.0, 80.0]], TERMS)
    computes(SegmentMax((2, 2)), [[2.0], [8.0]], COLUMN)
    computes(SegmentMax((1, 3)), [[1.0, 10.0], [8.0, 80.0]], TERMS)
    inf, nan = np.inf, np.nan
    computes(SegmentMax((1, 2, 3)), [[-inf], [inf], [nan]], [[-inf], [-inf], [inf], [0.0], [nan], [1.0]])
