import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinygrad_edu import Value, array
from tinygrad_edu.optim import clip_grad_norm, clip_grad_value
from tinygrad_edu.optim.clipping import clipped_by_norm, clipped_by_value, norm, norms

vectors = arrays(np.float64, st.integers(1, 6), elements=st.floats(-1e300, 1e300))
limits = st.floats(1e-3, 1e3)


@given(vectors, limits)
def test_norm_is_never_above_the_limit_and_the_direction_stays(gradient, limit):
    clipped = clipped_by_norm(gradient, limit)
    assert norm(clipped) <= max(limit, 0.0) * (1 + 1e-12)
    if norm(gradient) <= limit:
        assert clipped.tolist() == gradient.tolist()
    elif norm(gradient) < math.inf:
        np.testing.assert_allclose(clipped / limit, gradient / norm(gradient), rtol=1e-12, atol=1e-300)


@given(vectors, limits)
def test_values_are_never_outside_the_limit(gradient, limit):
    clipped = clipped_by_value(gradient, limit)
    for before, after in zip(gradient, clipped, strict=True):
        assert after == (before if abs(before) <= limit else math.copysign(limit, before))


def test_parameters_are_clipped_together():
    a, b = Value(0.0), Value(0.0)
    a.grad, b.grad = 6.0, -8.0
    assert clip_grad_norm([a, b], 5.0) == 10.0
    assert (a.grad, b.grad) == (3.0, -4.0)
    assert clip_grad_norm([a, b], 5.0) == 5.0
    assert (a.grad, b.grad) == (3.0, -4.0)
    clip_grad_value([a, b], 3.5)
    assert (a.grad, b.grad) == (3.0, -3.5)


def test_a_gradient_with_nan_is_left_to_be_seen():
    gradient = np.array([1.0, math.nan])
    assert clipped_by_norm(gradient, 0.1)[0] == 1.0


@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan, math.inf])
def test_a_limit_that_is_none_is_refused_and_nothing_changes(limit):
    a = Value(0.0)
    a.grad = 2.0
    with pytest.raises(ValueError, match="max_norm must be"):
        clip_grad_norm([a], limit)
    with pytest.raises(ValueError, match="clip_value must be"):
        clip_grad_value([a], limit)
    assert a.grad == 2.0


def test_arrays_of_values_are_clipped_with_the_others():
    W, c = array([[3.0, 0.0]]), Value(4.0)
    for p, gradient in zip([*W.flat, c], (3.0, 0.0, 4.0), strict=True):
        p.grad = gradient
    assert clip_grad_norm([W, c], 1.0) == 5.0
    assert [*W.grad.ravel(), c.grad] == pytest.approx([0.6, 0.0, 0.8])
    clip_grad_value([W, c], 0.7)
    assert [*W.grad.ravel(), c.grad] == pytest.approx([0.6, 0.0, 0.7])


def test_the_lengths_of_several_vectors_are_those_of_each_whatever_their_sizes():
    vectors = [np.array([3e200, 4e200]), np.array([3e-200, 4e-200]), np.array([3.0, 4.0]), np.array([])]
    assert norms(vectors) == pytest.approx([5e200, 5e-200, 5.0, 0.0], rel=1e-15)


@pytest.mark.parametrize("size", [1e-30, 1e-19, 1e-13, 1.0, 1e17, 1e19, 1e30, 1e37])
def test_lengths_in_single_precision_neither_overflow_nor_vanish(size):
    vector = np.array([3.0 * size, -4.0 * size, 0.0], dtype=np.float32)
    assert norm(vector) == pytest.approx(5.0 * size, rel=1e-6)
    clipped = clipped_by_norm(vector, size)
    assert clipped.dtype == np.float32
    assert clipped.tolist() == pytest.approx([0.6 * size, -0.8 * size, 0.0], rel=1e-6)
    assert clipped_by_value(vector, size).dtype == np.float32
