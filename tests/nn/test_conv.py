"""Convolution against NumPy, written with strides and einsum, and against finite differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from tinygrad_edu import Value, as_value, fsum, gradcheck
from tinygrad_edu.nn import AvgPool2d, Conv2d
from tinygrad_edu.nn.shapes import flatten


def numbers(nested):
    return np.vectorize(lambda number: as_value(number).data)(np.array(nested, dtype=object))


def windows_of(image, size, stride):
    return sliding_window_view(image, (size, size), axis=(1, 2))[:, ::stride, ::stride]


def numpy_convolution(image, conv):
    """(out, in, k, k) weights with (in, h', w', k, k) windows."""
    padding, size = conv.padding, conv.kernel_size
    weights = numbers([[w.data for w in neuron.weights] for neuron in conv.filters])
    weights = weights.reshape(conv.out_channels, conv.in_channels, size, size)
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    bias = np.array([neuron.bias.data for neuron in conv.filters])
    return np.einsum("ocuv,chwuv->ohw", weights, windows_of(padded, size, conv.stride)) + bias[:, None, None]


sizes = st.integers(1, 3)


@settings(max_examples=30, deadline=None)
@given(sizes, sizes, st.integers(1, 3), sizes, st.integers(0, 2), st.integers(3, 6), st.integers(3, 6), st.integers())
def test_convolution_is_what_numpy_computes(c_in, c_out, size, stride, padding, height, width, seed):
    generator = np.random.default_rng(abs(seed))
    conv = Conv2d(c_in, c_out, size, stride, padding, seed=generator)
    for neuron in conv.filters:
        neuron.bias.data = generator.normal()
    image = generator.normal(size=(c_in, height, width))
    expected = numpy_convolution(image, conv)
    np.testing.assert_allclose(numbers(conv(image)), expected, atol=1e-12)
    np.testing.assert_allclose(numbers(conv(image.tolist())), expected, atol=1e-12)


def test_gradients_of_weights_and_pixels_pass_the_check():
    conv = Conv2d(2, 2, 2, stride=2, padding=1, activation="tanh", seed=1)
    pixels = [Value(x) for x in np.random.default_rng(0).normal(size=18)]

    def output(*inputs):
        image = np.array(inputs[: len(pixels)]).reshape(2, 3, 3)
        for neuron, weights in zip(conv.filters, np.array(inputs[len(pixels) :]).reshape(2, 9), strict=True):
            neuron.weights, neuron.bias = list(weights[:-1]), weights[-1]
        pooled = flatten(AvgPool2d(2)(conv(image)))
        return fsum(k * value for k, value in enumerate(pooled, start=1))

    assert gradcheck(output, [value.data for value in [*pixels, *conv.parameters()]])


def test_a_filter_is_shared_by_all_patches():
    conv = Conv2d(1, 1, 1, init="zeros")
    fsum(flatten(conv(np.ones((1, 4, 5))))).backward()
    assert [parameter.grad for parameter in conv.parameters()] == [20.0, 20.0]


def test_weights_start_as_wide_as_fan_in_and_fan_out_ask():
    conv = Conv2d(4, 8, 3, seed=0)
    weights = numbers([parameter for neuron in conv.filters for parameter in neuron.weights])
    limit = np.sqrt(6 / (4 * 9 + 8 * 9))
    assert 0.95 * limit < np.abs(weights).max() <= limit
    relu = Conv2d(4, 32, 3, activation="relu", seed=0)
    assert numbers([neuron.weights for neuron in relu.filters]).std() == pytest.approx(np.sqrt(2 / 36), rel=0.1)


def test_parameters_are_labeled_by_path():
    conv = Conv2d(1, 2, 1)
    assert [parameter.label for parameter in conv.parameters()] == [
        "filters.0.weights.0", "filters.0.bias", "filters.1.weights.0", "filters.1.bias",
    ]  # fmt: skip
    assert repr(conv) == "Conv2d(1 -> 2 channels, 1 × 1, linear; 4 parameters)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Conv2d(1, 1, 3)(np.ones((2, 5, 5))), r"shape \(1, height, width\), not of shape \(2, 5, 5\)"),
        (lambda: Conv2d(1, 1, 3)(np.ones((5, 5))), r"not of shape \(5, 5\)"),
        (lambda: Conv2d(1, 1, 3)([[[1.0, 2.0], [3.0]]]), r"not of shape \(1, 2\)"),
        (lambda: Conv2d(1, 1, 3)(np.ones((1, 2, 5))), "a window of 3 × 3 does not fit into an image of 2 × 5"),
        (lambda: Conv2d(0, 1, 3), "in_channels should be a whole number of at least 1"),
        (lambda: Conv2d(1, 1, 3, padding=-1), "padding should be a whole number of at least 0, not -1"),
    ],
)
def test_errors_say_what_was_given_and_what_is_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()
