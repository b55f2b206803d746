"""The examples of a page: what fits, and what is told of what does not."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, array
from tinygrad_edu.stepping.examples import examples_of

X1, X2, Y = Value(0.0, "x1"), Value(0.0, "x2"), Value(0.0, "y")
NODES = [X1, X2, Y, X1 * X2 - Y]


def test_features_come_first_and_one_target_is_a_column() -> None:
    leaves, rows = examples_of(([X1, X2, Y], [[1, 2], [3, 4]], [5, 6]), NODES)
    assert [leaf is other for leaf, other in zip(leaves, (X1, X2, Y), strict=True)] == [True] * 3
    assert rows == [[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]


def test_arrays_of_leaves_are_taken_in_their_order() -> None:
    x = array([X1, X2])
    assert examples_of(([*x, Y], np.ones((3, 2)), np.zeros((3, 1))), NODES)[1] == [[1.0, 1.0, 0.0]] * 3


@pytest.mark.parametrize(
    ("data", "error", "sentence"),
    [
        ([X1, X2], TypeError, "data is (inputs, X, y)"),
        (([X1, 2.0, Y], [[1, 2]], [3]), TypeError, "leaves of the graph, Values that were not computed, not 2.0"),
        (([X1, NODES[3], Y], [[1, 2]], [3]), TypeError, "leaves of the graph"),
        (([X1, Value(1.0, "z"), Y], [[1, 2]], [3]), ValueError, "not in the graph, so nothing would follow it"),
        (([X1, X1, Y], [[1, 2]], [3]), ValueError, "given twice"),
        (([X1, X2, Y], [[1, 2], [3, 4]], [5]), ValueError, "X has 2 examples and y 1"),
        (([X1, X2], [[1, 2]], [5]), ValueError, "data has 2 inputs, and its examples 2 features and 1 targets; give 3"),
        (([X1, X2, Y], [[1, float("nan")]], [5]), ValueError, "X has numbers that are not finite"),
        (([X1, X2, Y], [["one", 2]], [5]), TypeError, "X should be a table of numbers"),
        (([X1, X2, Y], [], []), ValueError, "X should have one row for each example"),
        (([X1, X2, Y], np.zeros((50_000, 2)), np.zeros(50_000)), ValueError, "150,000 numbers"),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(data: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=re.escape(sentence)):
        examples_of(data, NODES)
