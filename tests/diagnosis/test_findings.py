"""For each pathology a network that has it; and healthy networks, about which nothing is said."""

import math
import warnings
from functools import cache

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris, make_moons

from tinygrad_edu.diagnosis import Watch, diagnose
from tinygrad_edu.diagnosis.observation import observe
from tinygrad_edu.diagnosis.pathologies import PATHOLOGIES
from tinygrad_edu.nn import MLP, BatchNorm, Layer, Sequential
from tinygrad_edu.nn.losses import binary_cross_entropy, cross_entropy, mean_squared_error
from tinygrad_edu.optim import SGD, Adam
from tinygrad_edu.training import EarlyStopping, fit, predict
from tinygrad_edu.training.data import Data

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


# The sick -------------------------------------------------------------------------------------------------


def with_a_number_that_is_not():
    model = MLP(2, [4, 1], seed=0)
    model.layers[1].neurons[0].bias.data = math.nan
    return model, MOONS_X, MOONS_Y, mean_squared_error, None


def overflowing():
    model = MLP(2, [4, 1], "exp", seed=0)
    return model, 1e4 * MOONS_X, MOONS_Y, mean_squared_error, None


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
    held = {"validation": (NOISE_X[20:], NOISE_Y[20:])}
    return trained(model, NOISE_X[:20], NOISE_Y[:20], rate=0.02, epochs=150, optimizer=Adam, **held)


def leaping():
    return trained(MLP(1, [1], seed=0), LINE_X, LINE_Y, rate=2.0, epochs=20)


def diverging():
    return trained(MLP(1, [1], seed=0), 100.0 * LINE_X, LINE_Y, rate=1.0, epochs=200)


def jumping():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return trained(MLP(2, [4, 1], seed=1), X, [0.0, 1.0, 1.0, 0.0], rate=0.5, epochs=40, batch_size=2)


def creeping():
    return trained(MLP(1, [1], seed=0), LINE_X, LINE_Y, rate=1e-5, epochs=20)


SICK = {
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
    diverging: "learning rate too large",
    jumping: "learning rate too large",
    creeping: "learning rate too small",
}


@cache
def diagnosis_of(make):
    model, X, y, loss, history = make()
    return diagnose(model, X, y, loss, history=history)


@pytest.mark.parametrize("make", SICK, ids=lambda make: make.__name__)
def test_each_sickness_is_found_and_no_other_is_named(make):
    diagnosis = diagnosis_of(make)
    found = set(diagnosis.pathologies)
    assert SICK[make] in found
    assert found <= {SICK[make], *ALSO_TRUE.get(make, ())}
    assert not diagnosis.healthy


#: What the same networks have besides, truly: flat units let gradients vanish, and so on.
ALSO_TRUE = {
    saturated: {"vanishing gradients"},
    saturated_by_large_weights: {"vanishing gradients"},
    deep_with_large_weights: {"dead units"},
    diverging: {"non-finite numbers"},
}


def test_every_pathology_has_a_network_that_has_it():
    assert set(SICK.values()) == set(PATHOLOGIES)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (with_a_number_that_is_not, ["the parameter layers.1.neurons.0.bias is nan"]),
        (overflowing, ["the first is that exp(", "is inf"]),
        (zero_initialized, ["layers.0", "its 4 neurons", "all weights are 0"]),
        (all_alike, ["all have the same weights"]),
        (
            with_dead_units,
            [
                "2 of 6 units answer 0 to all 60 examples",
                "layers.0.neurons.1 (100%)",
                "layers.0.neurons.4 (100%)",
                "leaky_relu",
            ],
        ),
        (saturated, ["layers.0", "%)"]),
        (deep_and_sigmoid, ["layers.0", "layers.8", "relu"]),
        (deep_with_large_weights, ["clip"]),
        (learning_noise_by_heart, ["the validation loss was lowest in epoch", "early stopping, dropout"]),
        (diverging, ["the loss is inf", "the first is that square("]),
        (leaping, ["the loss rose from"]),
        (jumping, ["by a tenth and more"]),
        (creeping, ["multiply the learning rate by 10"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_report_gives_place_evidence_and_cure(make, words):
    report = " ".join(str(diagnosis_of(make)).split())
    for word in words:
        assert word in report


# The healthy ----------------------------------------------------------------------------------------------


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
    held = {"validation": make_moons(60, noise=0.1, random_state=1)}
    return trained(model, MOONS_X, MOONS_Y, rate=0.01, epochs=60, optimizer=Adam, **held)


def learned_digits():
    X, y = load_digits(return_X_y=True)
    model = MLP(64, [32, 10], "relu", seed=0)
    held = {"validation": (X[1200:] / 16, y[1200:])}
    return trained(model, X[:1200] / 16, y[:1200], cross_entropy, 0.003, 15, Adam, **held)


def learned_line():
    return trained(MLP(1, [1], seed=0), LINE_X, LINE_Y, rate=0.1, epochs=60)


def learned_noisy_line():
    return trained(MLP(2, [1], seed=0), NOISE_X, NOISE_X[:, 0] + NOISE_Y, rate=0.05, epochs=60)


def stopped_in_time():
    model = MLP(2, [32, 1], "tanh", seed=0)
    held = {"validation": (NOISE_X[20:], NOISE_Y[20:]), "callbacks": [EarlyStopping(5)]}
    return trained(model, NOISE_X[:20], NOISE_Y[:20], rate=0.02, epochs=150, optimizer=Adam, **held)


def learned_with_batch_norm():
    model = Sequential(Layer(2, 8, "relu", seed=0), BatchNorm(8), Layer(8, 1, "linear", seed=1))
    return trained(model, MOONS_X, MOONS_Y, rate=0.01, epochs=15, optimizer=Adam, batch_size=20)


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


@pytest.mark.parametrize("make", HEALTHY, ids=lambda make: make.__name__)
def test_nothing_is_said_about_a_healthy_network(make):
    diagnosis = diagnosis_of(make)
    assert list(diagnosis) == []
    assert diagnosis.healthy
    assert "no problem found" in str(diagnosis)


def test_flat_units_are_no_alarm_only_because_the_network_is_right():
    model, X, y, loss, _ = certain_and_right()
    units = observe(model, Data(X, y), loss).units
    assert all(abs(slope) < 1e-6 for unit in units.values() for slope in unit.slopes)
    assert diagnose(model, X, -y).pathologies == ["saturated units", "vanishing gradients"]


# What is observed -----------------------------------------------------------------------------------------


def test_observation_is_what_numpy_computes():
    model = MLP(2, [3, 1], "tanh", output_activation="sigmoid", seed=0)
    X, y = MOONS_X[:7], MOONS_Y[:7].astype(float)
    seen = observe(model, Data(X, y), mean_squared_error)
    W = np.array([[w.data for w in n.weights] for n in model.layers[0].neurons])
    hidden = np.tanh(X @ W.T)
    for k in range(3):
        np.testing.assert_allclose(seen.units[f"layers.0.neurons.{k}"].outputs, hidden[:, k], rtol=1e-12)
        np.testing.assert_allclose(seen.units[f"layers.0.neurons.{k}"].slopes, 1 - hidden[:, k] ** 2, rtol=1e-12)
    out = predict(model, X)[:, 0]
    np.testing.assert_allclose(seen.units["layers.1.neurons.0"].outputs, out, rtol=1e-12)
    np.testing.assert_allclose(seen.losses, (out - y) ** 2, rtol=1e-9)
    delta = 2 * (out - y) * out * (1 - out)
    last = seen.layers["layers.1"]
    np.testing.assert_allclose(seen.gradient[last[:3]], (delta[:, None] * hidden).mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(seen.spread[last[3]], np.sqrt((delta**2).mean()), rtol=1e-9)
    assert seen.first_non_finite == ""


def test_a_few_dead_units_are_noted_by_name_but_are_no_alarm():
    (note,) = diagnosis_of(learned_digits).notes
    X = load_digits().data[:1200] / 16
    neurons = learned_digits()[0].layers[0].neurons
    answers = X @ np.array([[w.data for w in n.weights] for n in neurons]).T + [n.bias.data for n in neurons]
    dead = np.flatnonzero((answers <= 0).all(axis=0))
    assert f"{len(dead)} of 32 units answer 0 to all 1200 examples: layers.0.neurons.{dead[0]} (100%)" in note.evidence
    assert f"worth knowing, but no problem: layers.0, {len(dead)} of 32 units" in str(diagnosis_of(learned_digits))


def test_a_unit_that_answers_once_in_a_thousand_is_not_dead():
    model = MLP(1, [2, 1], "relu", init=lambda n, m, generator: generator.uniform(0.5, 1.0), seed=0)
    model.layers[0].neurons[0].bias.data = -100.0
    X = np.linspace(0.0, 1.0, 1000)[:, None]
    assert diagnose(model, X, X[:, 0]).pathologies == ["dead units"]
    X[501] = 300.0
    assert diagnose(model, X, np.zeros(1000)).healthy


def test_diagnosing_changes_nothing():
    model = Sequential(Layer(2, 4, seed=0), BatchNorm(4), Layer(4, 1, seed=1))
    before = model.state_dict()
    diagnose(model, MOONS_X, MOONS_Y)
    assert model.state_dict() == before
    assert model.training
    assert all(p.grad == 0.0 for p in model.parameters())


def test_bad_data_is_refused_as_by_fit():
    with pytest.raises(ValueError, match="X holds nan in row 0, column 1"):
        diagnose(MLP(2, [1]), [[1.0, math.nan]], [1.0])
    with pytest.raises(ValueError, match="X has 1 rows and y has 2"):
        diagnose(MLP(2, [1]), [[1.0, 2.0]], [1.0, 2.0])


# Callbacks ------------------------------------------------------------------------------------------------


def test_a_watch_says_in_which_epoch_it_began():
    model, watch = MLP(2, [4, 1], "relu", seed=0), Watch()

    def kill(run):
        if run.epoch == 3:
            model.layers[0].neurons[2].bias.data = -1e6

    fit(model, MOONS_X, MOONS_Y, epochs=5, callbacks=[kill, watch])
    assert [(f.epoch, f.pathology, f.where) for f in watch.findings] == [(3, "dead units", "layers.0")]
    assert watch.diagnosis.pathologies == ["dead units"]
    assert "(since epoch 3)" in str(watch.findings[0])


def test_a_watch_sees_the_end_of_a_run_that_broke_off():
    model, watch = MLP(1, [1], seed=0), Watch()
    with pytest.warns(RuntimeWarning, match="the loss is inf"):
        fit(model, 100 * LINE_X, LINE_Y, optimizer=SGD(model.parameters(), 10.0), epochs=300, callbacks=[watch])
    assert "learning rate too large" in watch.diagnosis.pathologies


def test_a_watch_of_a_healthy_run_is_silent():
    model, watch = MLP(2, [8, 1], seed=0), Watch(every=2)
    fit(model, MOONS_X, MOONS_Y, optimizer=Adam(model.parameters(), 0.02), epochs=8, callbacks=[watch])
    assert watch.findings == []


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="count from 1"):
        Watch(every=0)
