"""What is seen of a network at work: the neuron of each activation, however the network is put together."""

import numpy as np
import pytest

from tinygrad_edu import MLP, Layer, Neuron, Value, dot
from tinygrad_edu.diagnosis import observation
from tinygrad_edu.diagnosis.observation import always_zero, observe
from tinygrad_edu.nn import RNN, Conv2d, Module, Sequential, flatten
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.training.data import Data
from tinygrad_edu.training.prediction import replayed

X = np.random.default_rng(0).normal(size=(5, 2))
Y = np.linspace(-1.0, 1.0, 5)


def seen(model, X=X, loss=mean_squared_error):
    return observe(model, Data(X, Y), loss)


def answers_of(neuron, X):
    """What a tanh neuron should answer, by NumPy."""
    return np.tanh(X @ [w.data for w in neuron.weights] + neuron.bias.data)


def test_a_shared_layer_is_seen_at_each_of_its_calls():
    class Twice(Module):
        def __init__(self):
            self.layer = Layer(2, 2, seed=0)
            self.head = Layer(2, 1, "linear", seed=1)

        def __call__(self, x):
            return self.head(self.layer(self.layer(x)))

    model = Twice()
    found = seen(model)
    hidden = np.stack([answers_of(neuron, X) for neuron in model.layer.neurons], axis=1)
    again = np.stack([answers_of(neuron, hidden) for neuron in model.layer.neurons], axis=1)
    for k in range(2):
        unit = found.units[f"layer.neurons.{k}"]
        np.testing.assert_allclose(np.sort(unit.outputs), np.sort([*hidden[:, k], *again[:, k]]), rtol=1e-12)
        np.testing.assert_allclose(np.square(unit.outputs) + unit.slopes, 1.0, rtol=1e-12)
    assert {name: len(places) for name, places in found.layers.items()} == {"layer": 6, "head": 3}


def test_a_cell_is_seen_at_each_step():
    class Last(Module):
        def __init__(self):
            self.rnn = RNN(1, 2, seed=0)

        def __call__(self, sequence):
            return self.rnn([[x] for x in sequence])[0][-1][0]

    units = seen(Last()).units
    assert {path: len(unit.outputs) for path, unit in units.items()} == {
        "rnn.cell.layer.neurons.0": 10,
        "rnn.cell.layer.neurons.1": 5,  # what it says last goes into no loss
    }
    assert {unit.layer for unit in units.values()} == {"rnn.cell.layer"}


def test_a_residual_connection_hides_no_activation():
    class Block(Module):
        def __init__(self):
            self.layer = Layer(2, 2, seed=0)

        def __call__(self, x):
            return [a + b for a, b in zip(x, self.layer(x), strict=True)]

    model = Sequential(Block(), Layer(2, 1, "linear", seed=1))
    found = seen(model)
    for k, neuron in enumerate(model.layers[0].layer.neurons):
        unit = found.units[f"layers.0.layer.neurons.{k}"]
        np.testing.assert_allclose(unit.outputs, answers_of(neuron, X), rtol=1e-12)


def test_a_neuron_whose_weights_are_computed_is_seen():
    class Normed(Module):
        def __init__(self):
            self.neuron = Neuron(2, seed=0)
            self.length = Value(3.0)

        def __call__(self, x):
            start = Neuron(2, seed=0).weights
            size = (start[0] ** 2 + start[1] ** 2).sqrt()
            self.neuron.weights = [self.length * w / size for w in start]
            return self.neuron(x)

    model = Normed()
    (unit,) = seen(model).units.values()
    np.testing.assert_allclose(unit.outputs, answers_of(model.neuron, X), rtol=1e-12)


def test_softmax_belongs_to_no_neuron():
    model = MLP(2, [2, 3], output_activation="softmax", seed=0)
    found = seen(model, loss=lambda outputs, y: -outputs[0].log())
    assert list(found.units) == ["layers.0.neurons.0", "layers.0.neurons.1"]


class Scalars(Neuron):
    """A neuron that makes no `dot`, and does more after its activation."""

    def respond(self, inputs):
        total = self.bias
        for weight, x in zip(self.weights, inputs, strict=True):
            total = total + weight * x
        return total.tanh().exp() * 3.0


def test_a_neuron_of_another_kind_is_seen_at_its_activation():
    model = Sequential(Scalars(2, seed=0))
    (unit,) = seen(model).units.values()
    np.testing.assert_allclose(unit.outputs, answers_of(model.layers[0], X), rtol=1e-12)
    np.testing.assert_allclose(unit.slopes, 1.0 - np.square(unit.outputs), rtol=1e-12)


def test_what_is_computed_with_the_weights_of_a_neuron_is_not_the_neuron():
    class Borrows(Module):
        def __init__(self):
            self.neuron = Neuron(2, seed=0)

        def __call__(self, x):
            return self.neuron(x) + dot(self.neuron.weights, x).tanh()

    (unit,) = seen(Borrows()).units.values()
    assert len(unit.outputs) == len(X)


def test_modules_that_no_attribute_leads_to_are_no_part_of_the_model():
    class Private(Module):
        def __init__(self):
            self.layer = Layer(2, 2, seed=0)
            self._head = Layer(2, 1, seed=1)

        def __call__(self, x):
            return self._head(self.layer(x))

    found = seen(Private())
    assert list(found.units) == ["layer.neurons.0", "layer.neurons.1"]
    assert list(found.layers) == ["layer"]


def test_a_neuron_belongs_to_the_layer_around_it():
    class Images(Module):
        def __init__(self):
            self.conv = Conv2d(1, 2, 1, activation="tanh", seed=0)
            self.head = Neuron(4, seed=1)

        def __call__(self, x):
            return self.head(flatten(self.conv([[x]])))

    found = seen(Images())
    assert {name: len(places) for name, places in found.layers.items()} == {"conv": 4, "head": 5}
    assert {unit.layer for path, unit in found.units.items() if path.startswith("conv")} == {"conv"}
    assert list(seen(Neuron(2, seed=0)).layers) == ["Neuron"], "a model that is a layer itself"


@pytest.mark.parametrize("recordable", [True, False])
def test_a_unit_is_silent_that_answers_zero_at_every_call(recordable, monkeypatch):
    replays = []
    monkeypatch.setattr(observation, "replayed", lambda *given: replays.append(replayed(*given)) or replays[-1])

    class Twice(Module):
        def __init__(self):
            self.layer = Layer(1, 3, "relu", init="zeros")
            for neuron, bias in zip(self.layer.neurons, (-1.0, 0.0, 1.0), strict=True):
                neuron.weights[0].data, neuron.bias.data = 1.0, bias

        def __call__(self, x):
            if not recordable:
                float(x[0].data if hasattr(x[0], "data") else x[0])
            return [a + b for a, b in zip(self.layer(x), self.layer([x[0] - 1.0]), strict=True)]

    units = [f"layer.neurons.{k}" for k in range(3)]
    assert always_zero(Twice(), np.array([[-3.0], [0.5]]), units) == units[:1]
    assert always_zero(Twice(), np.array([[-3.0], [-4.0]]), units) == units
    assert always_zero(Twice(), np.array([[-3.0], [1.5]]), units) == []
    assert len(replays) == (3 if recordable else 0)


def test_the_first_number_that_is_none_is_named_by_its_neuron():
    model = MLP(2, [2, 1], "relu", seed=0)
    model.layers[0].neurons[1].weights[0].data = 1e308
    found = seen(model, X=np.full((5, 2), 100.0))
    assert found.first_non_finite == "the weighted sum of layers.0.neurons.1 is inf"

    class Borrows(Module):
        def __init__(self):
            self.neuron = Neuron(2, seed=0)

        def __call__(self, x):
            return dot([1e308, 1e308], [w * w + 100.0 for w in self.neuron.weights])

    assert seen(Borrows()).first_non_finite.startswith("dot(1e+308, 1e+308, 10")
