"""Each sickness is found with its evidence, nothing is said about the healthy, and nothing is changed."""

import math
from functools import cache

import numpy as np
import pytest
from diagnosis.networks import (
    ALSO_TRUE,
    HEALTHY,
    MOONS_X,
    MOONS_Y,
    SICK,
    all_alike,
    creeping,
    deep_and_sigmoid,
    deep_with_large_weights,
    diverging,
    jumping,
    leaping,
    learned_digits,
    learning_noise_by_heart,
    overflowing,
    saturated,
    softmax_twice,
    with_a_number_that_is_not,
    with_dead_units,
    zero_initialized,
)
from sklearn.datasets import load_digits

from tinygrad_edu.diagnosis import diagnose
from tinygrad_edu.nn import MLP, BatchNorm, Layer, Sequential
from tinygrad_edu.nn.losses import huber


@cache
def diagnosis_of(make):
    model, X, y, loss, history = make()
    return diagnose(model, X, y, loss, history=history)


def test_an_estimator_is_told_where_its_network_is():
    class Estimator:
        model_ = MLP(2, [1])

    with pytest.raises(TypeError, match=r"diagnose examines a Module, .* estimator is its .model_"):
        diagnose(Estimator(), MOONS_X, MOONS_Y)


@pytest.mark.parametrize("make", SICK, ids=lambda make: make.__name__)
def test_each_sickness_is_found_and_no_other_is_named(make):
    diagnosis = diagnosis_of(make)
    found = set(diagnosis.pathologies)
    assert SICK[make] in found
    assert found <= {SICK[make], *ALSO_TRUE.get(make, ())}
    assert not diagnosis.healthy


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
        (softmax_twice, ["the loss: cross_entropy takes logits", "softmax", "let the last layer be linear"]),
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


@pytest.mark.parametrize("make", HEALTHY, ids=lambda make: make.__name__)
def test_nothing_is_said_about_a_healthy_network(make):
    diagnosis = diagnosis_of(make)
    assert list(diagnosis) == []
    assert diagnosis.healthy
    assert "no problem found" in str(diagnosis)


def test_a_few_dead_units_are_noted_by_name_but_are_no_alarm():
    (note,) = diagnosis_of(learned_digits).notes
    X = load_digits().data[:1200] / 16
    neurons = learned_digits()[0].layers[0].neurons
    answers = X @ np.array([[w.data for w in n.weights] for n in neurons]).T + [n.bias.data for n in neurons]
    dead = np.flatnonzero((answers <= 0).all(axis=0))
    assert f"{len(dead)} of 32 units answer 0 to all 1200 examples: layers.0.neurons.{dead[0]} (100%)" in note.evidence
    assert f"worth knowing, but no problem: layers.0, {len(dead)} of 32 units" in str(diagnosis_of(learned_digits))


def test_diagnosing_changes_nothing():
    model = Sequential(Layer(2, 4, seed=0), BatchNorm(4), Layer(4, 1, seed=1))
    before = model.state_dict()
    diagnose(model, MOONS_X, MOONS_Y)
    assert model.state_dict() == before
    assert model.training
    assert all(p.grad == 0.0 for p in model.parameters())


def test_a_loss_may_be_given_by_its_name():
    model = MLP(2, [4, 1], seed=0)
    assert diagnose(model, MOONS_X, MOONS_Y, "huber") == diagnose(model, MOONS_X, MOONS_Y, huber)
    assert diagnose(model, MOONS_X, MOONS_Y, "huber") != diagnose(model, MOONS_X, MOONS_Y)


def test_bad_data_is_refused_as_by_fit():
    with pytest.raises(ValueError, match="X holds nan in row 0, column 1"):
        diagnose(MLP(2, [1]), [[1.0, math.nan]], [1.0])
    with pytest.raises(ValueError, match="X has 1 rows and y has 2"):
        diagnose(MLP(2, [1]), [[1.0, 2.0]], [1.0, 2.0])
