"""Matrix products."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygrad_edu import (
    Value,
    dot,
    fsum,
    record,
)

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("number", [NAN, INF])
def test_0_times_what_is_not_finite_is_nan_in_a_product_of_one_number_too(number: float) -> None:
    """NumPy's `dot` leaves a factor of one element out where it is 0."""
    w = [Value(number), Value(number)]
    two = record(lambda x: [dot([v], [x]) for v in w], ((),), w)
    np.testing.assert_array_equal(two(np.array([0.0])), [[NAN, NAN]])
    one = record(lambda x: dot([w[0]], [x]), ((),), w)
    one.theta = [0.0, 0.0]
    np.testing.assert_array_equal(one(np.array([number, 1.0])), [NAN, 0.0])
    values = record(lambda x: [dot([w[0], w[1]], x), dot([w[1], w[0]], x)], (2,), w)
    values.theta = [0.0, 0.0]
    np.testing.assert_array_equal(values(np.array([[number, 1.0]])), [[NAN, NAN]])


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_factor_that_is_copied_is_copied_at_every_call(batch: int) -> None:
    """The columns of an example, side by side, are no view of the arrays that the caller gives."""
    w = [Value(0.5), Value(-1.5)]
    values = record(lambda x: [dot(w, column) for column in x.T], ((2, 3),), w, check=(np.ones((1, 2, 3)),))
    squares = record(lambda x: fsum(dot(w, column) ** 2 for column in x.T), ((2, 3),), w, check=(np.ones((1, 2, 3)),))
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(batch, 2, 3))
        y = np.einsum("k,bkp->bp", [0.5, -1.5], x)
        np.testing.assert_allclose(values(x), y, rtol=1e-13)
        by_hand = 2.0 * np.einsum("bp,bkp->k", y, x) / batch
        np.testing.assert_allclose(squares.value_and_grad(x)[1], by_hand, rtol=1e-12)
