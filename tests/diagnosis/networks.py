"""For each pathology networks that have it; and healthy networks, about which nothing is to be said.

Each function gives (model, X, y, loss, history), as `diagnose` takes them; the history is None for a network that was
not trained for it.
"""

import math
import warnings

import numpy as np
from sklearn.datasets import load_digits, load_iris, make_moons

from tinygrad_edu.nn import MLP, BatchNorm, Layer, Sequential
from tinygrad_edu.nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    mean_squared_error,
)
from tinygrad_edu.optim import SGD, Adam
from tinygrad_edu.training import EarlyStopping, fit, predict

MOONS_X, MOONS_Y = make_moons(60, noise=0.1, random_state=0)
RNG = np.random.default_rng(0)
NOISE_X, NOISE_Y = RNG.normal(size=(40, 2)), RNG.normal(size=40)
LINE_X = np.linspace(-1, 1, 40)[:, None]
LINE_Y = LINE_X[:, 0] + 0.5


def trained(model, X, y, loss=mean_squared_error, rate=0.01, epochs=30, optimizer=SGD, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the runs that are meant to diverge
        history = fit(model, X, y, loss, optimizer(model.parameters(), rate), epochs, **options)
    return model, X, y, loss, history


def with_a_number_that_is_not():
    model = MLP(2, [4, 1], seed=0)
    model.layers[1].neurons[0].bias.data = math.nan
    return model, MOONS_X, MOONS_Y, mean_squared_error, None


def overflowing():
    model = MLP(2, [4, 1], "exp", seed=0)
    return model, 1e4 * MOONS_X, MOONS_Y, mean_squared_error, None


def softmax_twice():
    return MLP(2, [4, 2], "tanh", output_activation="softmax", seed=0), MOONS_X, MOONS_Y, cross_entropy, None


def sigmoid_twice():
    model = MLP(2, [4, 1], "tanh", output_activation="sigmoid", seed=0)
    return model, MOONS_X, MOONS_Y, binary_cross_entropy_with_logits, None


def zero_initialized():
    return MLP(2, [4, 3, 1], "tanh", init="zeros"), MOONS_X, MOONS_Y, mean_squared_error, None


def all_alike():
    model = MLP(2, [4, 1], "sigmoid", init=lambda n_inputs, n_outputs, generator: 0.5)
    return (*trained(model, MOONS_X, MOONS_Y)[:4], None)


def with_dead_units():
    model = MLP(2, [6, 1], "relu", seed=0)
    for k in (1, 4):
        model.layers[0].neurons[k].bias.data = -100.0
    return model, MOONS_X, MOONS_Y, mean_squared_error, None


def killed_by_the_learning_rate():
    model = MLP(2, [6, 1], "relu", seed=0)
    return (*trained(model, MOONS_X, 1000.0 * MOONS_Y, rate=0.01, epochs=1, batch_size=4)[:4], None)


def saturated():
    return MLP(2, [6, 1], "tanh", seed=0), 1000.0 * MOONS_X, MOONS_Y, mean_squared_error, None


def saturated_by_large_weights():
    model = MLP(2, [6, 1], "sigmoid", init=lambda n, m, generator: 500.0 * generator.normal(), seed=1)
    return model, MOONS_X, MOONS_Y, mean_squared_error, None


def deep_and_sigmoid():
    return MLP(2, [8] * 8 + [1], "sigmoid", seed=0), MOONS_X, MOONS_Y, mean_squared_error, None


def deep_with_large_weights():
    model = MLP(2, [16] * 6 + [1], "relu", init=lambda n, m, generator: 2.0 * generator.normal(), seed=0)
    return model, MOONS_X, MOONS_Y, mean_squared_error, None


def learning_noise_by_heart():
    model = MLP(2, [32, 1], "tanh", seed=0)
    held = {"validation_data": (NOISE_X[20:], NOISE_Y[20:])}
    return trained(model, NOISE_X[:20], NOISE_Y[:20], rate=0.02, epochs=150, optimizer=Adam, **held)


def leaping():
    return trained(MLP(1, [1], seed=0), LINE_X, LINE_Y, rate=2.0, epochs=20)


def thrown_away():
    """By the first steps, so that the loss falls from then on."""
    model = MLP(2, [8, 1], "relu", seed=0)
    return trained(model, MOONS_X, MOONS_Y, rate=1000.0, epochs=10, optimizer=Adam)


def thrown_away_in_two_epochs():
    model = MLP(64, [16, 10], "relu", seed=0)
    X, y = load_digits(return_X_y=True)
    return trained(model, X[:300] / 16, np.eye(10)[y[:300]], cross_entropy, 1000.0, epochs=2, optimizer=Adam)


def diverging():
    return trained(MLP(1, [1], seed=0), 100.0 * LINE_X, LINE_Y, rate=1.0, epochs=200)


def jumping():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return trained(MLP(2, [4, 1], seed=1), X, [0.0, 1.0, 1.0, 0.0], rate=0.5, epochs=40, batch_size=2)


def creeping():
    return trained(MLP(1, [1], seed=0), LINE_X, LINE_Y, rate=1e-5, epochs=20)


def fresh_relu():
    return MLP(2, [16, 16, 1], "relu", seed=0), MOONS_X, MOONS_Y, mean_squared_error, None


def fresh_tanh():
    return MLP(2, [8] * 5 + [1], "tanh", seed=0), MOONS_X, MOONS_Y, mean_squared_error, None


def fresh_single_layer():
    return MLP(2, [1], seed=0), MOONS_X, MOONS_Y, mean_squared_error, None


def zero_weights_where_they_do_no_harm():
    return MLP(4, [3], init="zeros"), *load_iris(return_X_y=True), cross_entropy, None


def learned_xor():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    model = MLP(2, [4, 1], "tanh", output_activation="sigmoid", seed=1)
    return trained(model, X, [0.0, 1.0, 1.0, 0.0], binary_cross_entropy, 0.1, 400, Adam)


def certain_and_right():
    """Every unit is at the end of its tanh for every example, and there it should be."""
    model = MLP(1, [3, 1], "tanh", init=lambda n, m, generator: generator.uniform(0.5, 0.6), seed=0)
    X = np.array([[-100.0], [-90.0], [80.0], [95.0]])
    outputs = predict(model, X)[:, 0]
    return model, X, outputs + np.array([0.1, -0.1, 0.1, -0.1]), mean_squared_error, None


def learned_moons():
    model = MLP(2, [16, 16, 1], "relu", seed=0)
    held = {"validation_data": make_moons(60, noise=0.1, random_state=1)}
    return trained(model, MOONS_X, MOONS_Y, rate=0.01, epochs=60, optimizer=Adam, **held)


def learned_digits():
    X, y = load_digits(return_X_y=True)
    model = MLP(64, [32, 10], "relu", seed=0)
    held = {"validation_data": (X[1200:] / 16, y[1200:])}
    return trained(model, X[:1200] / 16, y[:1200], cross_entropy, 0.003, 15, Adam, **held)


def learned_line():
    return trained(MLP(1, [1], seed=0), LINE_X, LINE_Y, rate=0.1, epochs=60)


def learned_noisy_line():
    return trained(MLP(2, [1], seed=0), NOISE_X, NOISE_X[:, 0] + NOISE_Y, rate=0.05, epochs=60)


def stopped_in_time():
    model = MLP(2, [32, 1], "tanh", seed=0)
    held = {"validation_data": (NOISE_X[20:], NOISE_Y[20:]), "callbacks": [EarlyStopping(5)]}
    return trained(model, NOISE_X[:20], NOISE_Y[:20], rate=0.02, epochs=150, optimizer=Adam, **held)


def learned_with_batch_norm():
    model = Sequential(Layer(2, 8, "relu", seed=0), BatchNorm(8), Layer(8, 1, "linear", seed=1))
    return trained(model, MOONS_X, MOONS_Y, rate=0.01, epochs=15, optimizer=Adam, batch_size=20)


SICK = {
    softmax_twice: "probabilities for logits",
    sigmoid_twice: "probabilities for logits",
    with_a_number_that_is_not: "non-finite numbers",
    overflowing: "non-finite numbers",
    zero_initialized: "broken symmetry",
    all_alike: "broken symmetry",
    with_dead_units: "dead units",
    killed_by_the_learning_rate: "dead units",
    saturated: "saturated units",
    saturated_by_large_weights: "saturated units",
    deep_and_sigmoid: "vanishing gradients",
    deep_with_large_weights: "exploding gradients",
    learning_noise_by_heart: "overfitting",
    leaping: "learning rate too large",
    thrown_away: "learning rate too large",
    thrown_away_in_two_epochs: "learning rate too large",
    diverging: "learning rate too large",
    jumping: "learning rate too large",
    creeping: "learning rate too small",
}
#: What the same networks have besides, truly: flat units let gradients vanish, and so on.
ALSO_TRUE = {
    saturated: {"vanishing gradients"},
    saturated_by_large_weights: {"vanishing gradients"},
    deep_with_large_weights: {"dead units"},
    thrown_away: {"dead units"},
    thrown_away_in_two_epochs: {"dead units"},
    diverging: {"non-finite numbers"},
}
HEALTHY = [
    fresh_relu,
    fresh_tanh,
    fresh_single_layer,
    zero_weights_where_they_do_no_harm,
    learned_xor,
    certain_and_right,
    learned_moons,
    learned_digits,
    learned_line,
    learned_noisy_line,
    stopped_in_time,
    learned_with_batch_norm,
]
