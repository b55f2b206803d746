"""What each layer answered, and how large the gradients of its parameters were, epoch by epoch."""

import numpy as np
import pytest

from tinygrad_edu import MLP, Layer, Neuron, Value
from tinygrad_edu.nn import LSTM, RNN, Conv2d, Embedding, LayerNorm, Module, Sequential, flatten
from tinygrad_edu.plotting.layer_history import layer_activations

X = np.random.default_rng(0).normal(size=(4, 2))


def answers(model, X=X):
    return layer_activations(model, np.asarray(X, dtype=float))


def linear(layer, X):
    """The weighted sums of a layer, by NumPy."""
    weights = np.array([[w.data for w in neuron.weights] for neuron in layer.neurons])
    return X @ weights.T + [neuron.bias.data for neuron in layer.neurons]


def test_layers_answer_with_their_activations():
    model = MLP(2, [3, 1], "tanh", seed=0)
    found = answers(model)
    hidden = np.tanh(linear(model.layers[0], X))
    np.testing.assert_allclose(found["layers.0"], hidden.ravel(), rtol=1e-12)
    np.testing.assert_allclose(found["layers.1"], linear(model.layers[1], hidden).ravel(), rtol=1e-12)
    assert list(found) == ["layers.0", "layers.1"]


def test_a_softmax_layer_answers_probabilities():
    model = MLP(2, [3], output_activation="softmax", seed=0)
    powers = np.exp(linear(model.layers[0], X))
    np.testing.assert_allclose(answers(model)["layers.0"], (powers / powers.sum(axis=1, keepdims=True)).ravel())


def test_a_residual_connection_does_not_count_as_the_layer():
    class Block(Module):
        def __init__(self):
            self.layer = Layer(2, 2, seed=0)

        def __call__(self, x):
            return [a + b for a, b in zip(x, self.layer(x), strict=True)]

    model = Block()
    np.testing.assert_allclose(answers(model)["layer"], np.tanh(linear(model.layer, X)).ravel(), rtol=1e-12)


def test_a_shared_layer_answers_as_often_as_it_is_called():
    shared = Layer(2, 2, "linear", seed=0)
    model = Sequential(shared, lambda x: x, shared)
    once = linear(shared, X)
    both = np.stack([once, linear(shared, once)], axis=1)
    assert list(answers(model)) == ["layers.0"]
    np.testing.assert_allclose(answers(model)["layers.0"], both.ravel(), rtol=1e-12)


@pytest.mark.parametrize(("kind", "layers"), [(RNN, ["rnn.cell.layer"]), (LSTM, None)])
def test_a_cell_answers_at_each_step(kind, layers):
    class Wrapped(Module):
        def __init__(self):
            self.rnn = kind(1, 3, seed=0)

        def __call__(self, sequence):
            return self.rnn([[x] for x in sequence])[0][-1]

    found = answers(Wrapped(), np.ones((4, 5)))
    gates = ["input_gate", "forget_gate", "candidate", "output_gate"]
    assert list(found) == (layers or [f"rnn.cell.{gate}" for gate in gates])
    assert {numbers.shape for numbers in found.values()} == {(4 * 5 * 3,)}


def test_a_convolution_is_one_layer():
    model = Sequential(lambda x: [[x]], Conv2d(1, 2, 1, seed=0), flatten, LayerNorm(4))
    assert {name: len(numbers) for name, numbers in answers(model).items()} == {"layers.1": 16, "layers.3": 16}


def test_a_table_answers_with_its_own_rows():
    class Words(Module):
        def __init__(self):
            self.table = Embedding(3, 2, seed=0)

        def __call__(self, tokens):
            return [value for token in tokens for value in self.table(token)]

    model = Words()
    rows = [[value.data for value in model.table.weights[k]] for k in (2, 0)]
    np.testing.assert_allclose(answers(model, [[2, 0]])["table"], np.ravel(rows))


def test_a_layer_of_ones_own_answers_what_it_returns():
    class Own(Module):
        def __init__(self):
            self.slope = Value(2.0)

        def __call__(self, x):
            return {"all": np.array([value * self.slope for value in x]), "first": (x[0] * 1.0, None, "text")}

    class Model(Module):
        def __init__(self):
            self.own = Own()
            self._hidden = Layer(2, 1)

        def __call__(self, x):
            self._hidden(x)
            return self.own(x)["all"]

    found = answers(Model())
    assert list(found) == ["own"], "a layer that no attribute leads to is no part of the model"
    np.testing.assert_allclose(found["own"], np.column_stack([2.0 * X, X[:, 0]]).ravel())


def test_a_model_that_is_a_layer_goes_by_the_name_of_its_class():
    assert list(answers(Neuron(2, seed=0))) == ["Neuron"]


def test_a_layer_that_is_not_called_has_no_answers():
    model = Sequential(Layer(2, 1, seed=0))
    model.idle = Layer(2, 1, seed=1)
    assert list(answers(model)) == ["layers.0"]
