"""What the numbers of a network show: each check at its threshold, and where it has to be silent."""

import math

import numpy as np
import pytest
from diagnosis.networks import certain_and_right

from tinygrad_edu.diagnosis import diagnose
from tinygrad_edu.diagnosis.network_checks import (
    EXPLODED,
    VANISHED,
    broken_symmetry,
    cost_of_zeros,
    dead_units,
    exploding_gradients,
    has_learned,
    non_finite_numbers,
    saturated_units,
    vanishing_gradients,
)
from tinygrad_edu.diagnosis.observation import observe
from tinygrad_edu.nn import MLP
from tinygrad_edu.nn.losses import binary_cross_entropy, cross_entropy, mean_squared_error
from tinygrad_edu.training.data import Data


def test_flat_units_are_no_alarm_only_because_the_network_is_right():
    model, X, y, loss, _ = certain_and_right()
    units = observe(model, Data(X, y), loss).units
    assert all(abs(slope) < 1e-6 for unit in units.values() for slope in unit.slopes)
    assert diagnose(model, X, -y).pathologies == ["saturated units", "vanishing gradients"]


def test_a_unit_that_answers_once_in_a_thousand_is_not_dead():
    model = MLP(1, [2, 1], "relu", init=lambda n, m, generator: generator.uniform(0.5, 1.0), seed=0)
    model.layers[0].neurons[0].bias.data = -100.0
    X = np.linspace(0.0, 1.0, 1000)[:, None]
    assert diagnose(model, X, X[:, 0]).pathologies == ["dead units"]
    X[501] = 300.0
    assert diagnose(model, X, np.zeros(1000)).healthy


def seen_in(model, X, y):
    return observe(model, Data(np.array(X, dtype=float), np.array(y, dtype=float)), mean_squared_error)


@pytest.mark.parametrize("share", [VANISHED * 1.01, 1.0, 1e6])
def test_a_first_layer_that_gets_its_share_is_silent(share):
    assert list(vanishing_gradients({"first": share, "last": 1.0}, explained=False, saturating=True)) == []


def test_a_first_layer_that_gets_next_to_nothing_is_named_with_the_numbers():
    (finding,) = vanishing_gradients({"first": 2e-4, "middle": 0.1, "last": 0.5}, explained=True, saturating=True)
    assert (finding.pathology, finding.where) == ("vanishing gradients", "first")
    assert finding.evidence == "its root mean square gradient is 0.0002, which is 0.0004 of the 0.5 in last"


def test_a_network_of_rectifiers_is_not_told_to_use_them():
    gradients = {"first": 2e-4, "last": 0.5}
    (cured,) = vanishing_gradients(gradients, explained=False, saturating=True)
    assert "instead of sigmoid" in cured.cure
    (other,) = vanishing_gradients(gradients, explained=False, saturating=False)
    assert "smaller learning rate" in str(other)
    assert "relu" not in str(other)


def test_no_answer_at_all_costs_what_the_loss_says_of_zeros():
    data = Data(np.ones((3, 2)), np.array([1.0, 2.0, 3.0]))
    assert cost_of_zeros(MLP(2, [1]), data, mean_squared_error) == pytest.approx(14 / 3)
    labels = Data(np.ones((2, 2)), np.eye(4)[:2])
    assert cost_of_zeros(MLP(2, [4]), labels, cross_entropy) == pytest.approx(math.log(4))
    assert cost_of_zeros(MLP(2, [1], output_activation="sigmoid"), data, binary_cross_entropy) == math.inf


def test_a_gradient_of_nothing_is_left_to_the_finding_that_explains_it():
    gradients = {"first": 0.0, "last": 0.5}
    assert list(vanishing_gradients(gradients, explained=True, saturating=True)) == []
    assert len(list(vanishing_gradients(gradients, explained=False, saturating=True))) == 1


@pytest.mark.parametrize(("factor", "count"), [(0.99, 0), (1.01, 1)])
def test_a_gradient_a_thousand_times_as_long_as_its_weights_explodes(factor, count):
    """One weight w = 3 and bias 0, one example x = 1: the gradient of (w - y)² is 2·(3 - y) by both."""
    model = MLP(1, [1], seed=0)
    weight, bias = model.parameters()
    weight.data, bias.data = 3.0, 0.0
    length = factor * EXPLODED * 3.0
    findings = list(exploding_gradients(model, seen_in(model, [[1.0]], [3.0 + length / 2.0 / math.sqrt(2.0)])))
    assert [(f.pathology, f.where) for f in findings] == [("exploding gradients", "layers.0")] * count


def test_weights_of_0_count_as_1():
    model = MLP(1, [1], init="zeros")
    assert list(exploding_gradients(model, seen_in(model, [[1.0]], [100.0]))) == []


def test_the_first_number_that_is_none_is_the_evidence():
    model = MLP(1, [1], seed=0)
    assert list(non_finite_numbers(seen_in(model, [[1.0]], [1.0]))) == []
    model.parameters()[1].data = math.inf
    with np.errstate(invalid="ignore"):
        (finding,) = non_finite_numbers(seen_in(model, [[1.0]], [1.0]))
    assert finding.evidence.startswith("the first is that the parameter layers.0.neurons.0.bias is inf")


def test_copies_are_no_copies_once_one_weight_differs():
    model = MLP(2, [3, 1], "tanh", init=lambda n_inputs, n_outputs, generator: 0.5)
    X, y = [[1.0, 2.0], [3.0, -1.0]], [0.0, 1.0]
    (finding,) = broken_symmetry(model, seen_in(model, X, y))
    assert (finding.where, "its 3 neurons are copies" in finding.evidence) == ("layers.0", True)
    model.layers[0].neurons[2].bias.data = 1e-3
    assert list(broken_symmetry(model, seen_in(model, X, y))) == []


def test_equal_weights_with_unequal_gradients_part_by_themselves():
    model = MLP(2, [2, 1], "tanh", seed=0)
    for neuron in model.layers[0].neurons:
        for p in neuron.parameters():
            p.data = 0.5  # equal, but the next layer, drawn at random, listens to each differently
    assert list(broken_symmetry(model, seen_in(model, [[1.0, 2.0]], [5.0]))) == []


def test_dead_units_come_with_their_share_of_the_layer():
    model = MLP(1, [4, 1], "relu", init=lambda n_inputs, n_outputs, generator: 1.0)
    for k in (0, 2, 3):
        model.layers[0].neurons[k].bias.data = -100.0
    everything = Data(np.array([[1.0], [2.0]]), np.array([1.0, 2.0]))
    ((finding, share),) = dead_units(model, everything, observe(model, everything, mean_squared_error))
    assert share == 0.75
    assert finding.evidence.startswith("3 of 4 units answer 0 to all 2 examples: layers.0.neurons.0 (100%)")


def test_five_units_are_named_and_the_others_counted():
    model = MLP(1, [7, 1], "relu", init=lambda n_inputs, n_outputs, generator: -1.0)
    everything = Data(np.array([[1.0], [2.0]]), np.array([1.0, 2.0]))
    ((finding, _),) = dead_units(model, everything, observe(model, everything, mean_squared_error))
    assert finding.evidence.startswith("7 of 7 units")
    assert finding.evidence.endswith("layers.0.neurons.4 (100%), ...")


@pytest.mark.parametrize(("x", "count"), [(2.6, 0), (2.7, 1)])
def test_tanh_is_flat_beyond_2_65(x, count):
    """The slope 1 - tanh² is 2 % of the largest, 1, at 2.647."""
    model = MLP(1, [1, 1], "tanh", init=lambda n_inputs, n_outputs, generator: 1.0)
    assert len(list(saturated_units(seen_in(model, [[x]] * 10, [0.0] * 10)))) == count


@pytest.mark.parametrize(("flat", "count"), [(8, 0), (9, 1)])
def test_a_unit_is_saturated_when_nine_examples_of_ten_are_flat(flat, count):
    model = MLP(1, [1, 1], "tanh", init=lambda n_inputs, n_outputs, generator: 1.0)
    X = [[50.0]] * flat + [[0.0]] * (10 - flat)
    assert len(list(saturated_units(seen_in(model, X, [0.0] * 10)))) == count


def test_the_last_layer_may_be_certain():
    model = MLP(1, [1], output_activation="sigmoid", init=lambda n_inputs, n_outputs, generator: 1.0)
    assert list(saturated_units(seen_in(model, [[50.0]] * 10, [0.0] * 10))) == []


def test_a_network_has_learned_when_its_answers_belong_to_their_examples():
    model = MLP(1, [1], seed=0)
    model.parameters()[0].data, model.parameters()[1].data = 1.0, 0.0
    X = np.linspace(-1.0, 1.0, 20)
    right, wrong = Data(X[:, None], X + 0.01), Data(X[:, None], -X)
    assert has_learned(model, right, mean_squared_error, observe(model, right, mean_squared_error))
    assert not has_learned(model, wrong, mean_squared_error, observe(model, wrong, mean_squared_error))
