"""Initializers: the formulas' limits and variances, and which one is chosen."""

import numpy as np
import pytest

from tinygrad_edu.nn import MLP, Layer, Neuron
from tinygrad_edu.nn.initializers import INITIALIZERS, draw_weights

N_IN, N_OUT = 200, 100

# The variance of each, and the largest weight there can be, by the papers' formulas.
VARIANCES = {
    "uniform": (1 / N_IN / 3, 1 / np.sqrt(N_IN)),
    "xavier_uniform": (2 / (N_IN + N_OUT), np.sqrt(6 / (N_IN + N_OUT))),
    "xavier_normal": (2 / (N_IN + N_OUT), np.inf),
    "he_uniform": (2 / N_IN, np.sqrt(6 / N_IN)),
    "he_normal": (2 / N_IN, np.inf),
    "zeros": (0.0, 0.0),
}


def weights(layer):
    return np.array([[w.data for w in neuron.weights] for neuron in layer.neurons])


def test_every_initializer_is_tested():
    assert set(VARIANCES) == set(INITIALIZERS)


@pytest.mark.parametrize("name", VARIANCES)
def test_an_initializer_has_the_variance_and_the_range_of_its_formula(name):
    variance, limit = VARIANCES[name]
    drawn = weights(Layer(N_IN, N_OUT, init=name, seed=0))
    assert drawn.shape == (N_OUT, N_IN)
    # 20,000 draws: the standard error of the variance is about 1 %, that of the mean σ / 141.
    assert drawn.var() == pytest.approx(variance, rel=0.05)
    assert abs(drawn.mean()) <= 4 * np.sqrt(variance) / np.sqrt(drawn.size)
    assert np.abs(drawn).max() <= limit
    if 0 < limit < np.inf:
        assert np.abs(drawn).max() > 0.99 * limit
    elif limit:
        assert np.abs(drawn).max() > 3 * np.sqrt(variance), "a normal distribution has tails"


@pytest.mark.parametrize(
    ("activation", "chosen"),
    [
        *[(a, "he_normal") for a in ("relu", "leaky_relu", "elu", "silu", "gelu", "softplus")],
        *[(a, "xavier_uniform") for a in ("tanh", "sigmoid", "linear", "softmax", "sin", np.tanh)],
    ],
)
def test_the_activation_chooses_the_initializer(activation, chosen):
    default = weights(Layer(5, 4, activation, seed=9))
    assert np.array_equal(default, weights(Layer(5, 4, activation, init=chosen, seed=9)))
    assert not np.array_equal(default, weights(Layer(5, 4, activation, init="uniform", seed=9)))


def test_a_neuron_alone_has_one_output():
    limit = np.sqrt(6 / (3 + 1))
    drawn = [w.data for seed in range(300) for w in Neuron(3, seed=seed).weights]
    assert 0.99 * limit < max(drawn) <= limit


def test_biases_start_at_zero():
    model = MLP(3, [4, 2], init="he_normal", seed=0)
    assert {neuron.bias.data for layer in model.layers for neuron in layer.neurons} == {0.0}


def test_an_initializer_of_ones_own_is_asked_per_weight_or_once():
    asked = []

    def count_up(n_inputs, n_outputs, generator):
        asked.append((n_inputs, n_outputs))
        return len(asked)

    assert weights(Layer(3, 2, init=count_up)).tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert asked == [(3, 2)] * 6
    assert weights(Layer(3, 2, init=lambda n, m, g: np.arange(n * m).reshape(m, n))).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert weights(Layer(3, 2, init=lambda n, m, g: [7, 8, 9])).tolist() == [[7, 8, 9], [7, 8, 9]]
    drawn = [weights(Layer(3, 2, init=lambda n, m, g: g.random(), seed=1)) for _ in range(2)]
    assert np.array_equal(*drawn), "the generator that is passed makes it reproducible"


def test_weights_of_any_shape_can_be_drawn():
    drawn = draw_weights(INITIALIZERS["he_normal"], 18, 36, np.random.default_rng(0), shape=(4, 2, 3, 3))
    assert drawn.shape == (4, 2, 3, 3)
    assert len(np.unique(drawn)) == drawn.size
