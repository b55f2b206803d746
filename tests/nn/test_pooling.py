"""Pooling against NumPy, and against finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from tinygrad_edu import Value, as_value, fsum, gradcheck
from tinygrad_edu.nn import AvgPool2d, MaxPool2d
from tinygrad_edu.nn.shapes import flatten


def numbers(nested):
    return np.vectorize(lambda number: as_value(number).data)(np.array(nested, dtype=object))


def windows_of(image, size, stride):
    return sliding_window_view(image, (size, size), axis=(1, 2))[:, ::stride, ::stride]


sizes = st.integers(1, 3)


@settings(max_examples=30, deadline=None)
@given(sizes, st.integers(1, 3), sizes, st.integers(3, 6), st.integers(3, 6), st.integers(0, 10**6))
def test_pooling_is_what_numpy_computes(channels, size, stride, height, width, seed):
    image = np.random.default_rng(seed).normal(size=(channels, height, width))
    windows = windows_of(image, size, stride)
    np.testing.assert_array_equal(numbers(MaxPool2d(size, stride)(image)), windows.max(axis=(3, 4)))
    np.testing.assert_allclose(numbers(AvgPool2d(size, stride)(image)), windows.mean(axis=(3, 4)), atol=1e-12)


def test_the_gradient_of_a_maximum_reaches_the_largest_pixel_only():
    pixels = [Value(x) for x in (0.5, -1.0, 3.0, 2.0)]
    MaxPool2d(2)([[pixels[:2], pixels[2:]]])[0][0][0].backward()
    assert [pixel.grad for pixel in pixels] == [0.0, 0.0, 1.0, 0.0]


def test_equal_pixels_share_the_gradient_of_a_maximum():
    pixels = [Value(x) for x in (1.0, 3.0, 2.0, 3.0)]
    MaxPool2d(2)([[pixels[:2], pixels[2:]]])[0][0][0].backward()
    assert [pixel.grad for pixel in pixels] == [0.0, 0.5, 0.0, 0.5]


def test_the_gradient_of_a_mean_is_shared_by_all_pixels():
    pixels = [Value(x) for x in (0.5, -1.0, 3.0, 2.0)]
    AvgPool2d(2)([[pixels[:2], pixels[2:]]])[0][0][0].backward()
    assert [pixel.grad for pixel in pixels] == [0.25] * 4


@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
def test_gradients_pass_the_check(kind):
    def output(*inputs):
        pooled = flatten(kind(2, stride=1)(np.array(inputs).reshape(1, 3, 3)))
        return fsum(k * value for k, value in enumerate(pooled, start=1))

    assert gradcheck(output, np.random.default_rng(0).normal(size=9).tolist())


def test_windows_do_not_overlap_unless_told_and_leave_out_what_fills_none():
    image = np.arange(25.0).reshape(1, 5, 5)
    assert numbers(MaxPool2d(2)(image)).tolist() == [[[6.0, 8.0], [16.0, 18.0]]]
    assert numbers(MaxPool2d(2, stride=3)(image)).tolist() == [[[6.0, 9.0], [21.0, 24.0]]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MaxPool2d(2)([]), r"this pooling takes one example of shape \(channels, height, width\)"),
        (lambda: MaxPool2d(2)(np.ones((1, 1, 4))), "a window of 2 × 2 does not fit into an image of 1 × 4"),
        (lambda: MaxPool2d(0), "kernel_size should be a whole number of at least 1"),
        (lambda: AvgPool2d(2, stride=0), "stride should be a whole number of at least 1"),
    ],
)
def test_errors_say_what_was_given_and_what_is_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_they_have_no_parameters_and_describe_themselves():
    assert MaxPool2d(2).parameters() == []
    assert repr(AvgPool2d(3, 2)) == "AvgPool2d(3 × 3, stride 2; 0 parameters)"
