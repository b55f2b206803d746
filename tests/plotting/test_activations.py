"""Activation functions as they are drawn, against their formulas and differences."""

import numpy as np
import pytest
from plotting.reading import draws, lines, title

from tinygrad_edu.plotting import plot_activations


@pytest.mark.parametrize(
    ("name", "function", "derivative"),
    [
        ("tanh", np.tanh, lambda x: 1 / np.cosh(x) ** 2),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
        ("relu", lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
        ("linear", lambda x: x, lambda x: x**0),
    ],
)
def test_activation_curves_are_the_functions_and_their_derivatives(name, function, derivative):
    drawn = lines(plot_activations([name]))
    xs, ys = drawn["activation"]
    assert (xs.min(), xs.max()) == (-5.0, 5.0)
    np.testing.assert_allclose(ys, function(xs), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(drawn["derivative"][1], derivative(xs), rtol=1e-9, atol=1e-15)


def test_all_activations_and_ones_own(tmp_path):
    figure = plot_activations()
    assert {"tanh", "sigmoid", "relu", "leaky_relu", "elu", "silu", "gelu", "softplus"} <= {
        title(figure, k) for k in range(len(figure.axes))
    }
    assert draws(figure, tmp_path)

    def swish(x):
        return x * (2.0 * x).sigmoid()

    xs, slopes = lines(plot_activations([swish], reach=3.0))["derivative"]
    by_differences = np.gradient(xs / (1 + np.exp(-2 * xs)), xs)
    np.testing.assert_allclose(slopes[1:-1], by_differences[1:-1], atol=1e-3)


def test_no_activation_and_an_unknown_one_are_refused():
    with pytest.raises(ValueError, match="no activation to plot"):
        plot_activations([])
    with pytest.raises(ValueError, match="'rellu'"):
        plot_activations(["rellu"])
