"""Neurons are found in a graph, and their nodes called as on paper."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_edu import MLP, Neuron, Value, array, dot, ops, topological_order
from tinygrad_edu.drawing.neurons import find_neurons, layers_in_columns
from tinygrad_edu.nn import RNN, LSTMCell, Module


def test_a_neuron_is_a_weighted_sum_of_parameters_and_the_activation_applied_to_it() -> None:
    neuron = Neuron(2, "tanh", seed=0)
    x = [Value(1.0, "x1"), Value(2.0, "x2")]
    output = neuron(x)
    (found,) = find_neurons(topological_order(output))
    assert found.weights == tuple(neuron.weights)
    assert (found.bias, found.inputs) == (neuron.bias, tuple(x))
    assert (found.total, found.output) == (output.inputs[0], output)
    assert found.parameters == (*neuron.weights, neuron.bias)


def test_a_weighted_sum_of_other_values_is_none() -> None:
    a, b = Value(1.0, "a"), Value(2.0, "b")
    root = dot([a * 2.0, b], [b, a * 3.0], 1.0)
    assert find_neurons(topological_order(root)) == []


@pytest.mark.parametrize(
    "use", [lambda total: total * total, lambda total: total.tanh() + total.exp(), lambda total: total + 1.0]
)
def test_what_is_used_otherwise_than_by_one_function_has_no_activation(use) -> None:
    total = Neuron(2, "identity", seed=0)([1.0, 2.0])
    (found,) = find_neurons(topological_order(use(total)))
    assert found.activation is None
    assert found.output is total


@pytest.mark.parametrize(
    "make",
    [
        lambda: RNN(1, 2, seed=0)([[1.0], [0.5]])[0][-1].sum(),
        lambda: LSTMCell(1, 2, seed=0)([0.5], ([0.1, 0.2], [0.3, 0.4]))[0].sum(),
    ],
)
def test_recurrent_cells_are_made_of_neurons(make) -> None:
    neurons = find_neurons(topological_order(make()))
    assert len(neurons) >= 4
    columns = list(layers_in_columns(neurons))
    assert sum(map(len, columns)) == len(neurons)


def test_two_models_are_two_layers_though_their_paths_are_alike() -> None:
    one, other = MLP(1, [1], seed=0)([1.0])[0], MLP(1, [1], seed=1)([1.0])[0]
    layers = list(layers_in_columns(find_neurons(topological_order(one * other))))
    assert [len(layer) for layer in layers] == [1, 1]
    assert [layer[0].layer.title for layer in layers] == ["layers.0", "layers.0"]


# Of arrays ------------------------------------------------------------------------------------------------

X, NUMBERS = np.array([[1.0, 2.0], [3.0, 4.0]]), np.arange(4.0).reshape(2, 2)


@pytest.mark.parametrize("x", [X, array(X), array(X[0]), X[0], array(X) * 1.0])
def test_neurons_of_arrays(x) -> None:
    W, b = array(NUMBERS), array([5.0, 6.0])
    neurons = find_neurons(topological_order(np.tanh(x @ W + b).sum()))
    examples = 2 if x.ndim == 2 else 1
    assert [neuron.numbers for neuron in neurons] == [(1,), (2,)] * examples
    for neuron in neurons:
        column = neuron.numbers[0] - 1
        assert neuron.weights == tuple(W[:, column])
        assert (neuron.bias, neuron.products.inputs[neuron.first_input]) == (b[column], neuron.inputs[0])
        assert neuron.total.inputs == (neuron.products, b[column])
        assert neuron.output.op is ops.tanh


def test_weights_on_the_left() -> None:
    W = array(NUMBERS)
    neurons = find_neurons(topological_order((W @ array(X[0])).tanh().sum()))
    assert [neuron.weights for neuron in neurons] == [tuple(W[0]), tuple(W[1])]


@pytest.mark.parametrize(
    "root",
    [
        (array(X) @ array(NUMBERS)).sum(),  # a product of matrices
        (array(NUMBERS).T @ array(NUMBERS)).sum(),
        dot([Value(1.0)], [Value(2.0)]).tanh(),
        (array(X) * 2.0 @ (array(NUMBERS) * 2.0)).tanh().sum(),
        np.tanh((a := array(NUMBERS)) @ a).sum(),
    ],
)
def test_what_is_no_layer_of_arrays(root) -> None:
    assert find_neurons(topological_order(root)) == []


def test_two_matrices_of_one_module_are_two_layers() -> None:
    class Two(Module):
        def __init__(self) -> None:
            self.W1, self.W2 = array(NUMBERS), array(NUMBERS)
            self.label_parameters()

        def __call__(self, x):
            return np.tanh(x @ self.W1) @ self.W2

    neurons = find_neurons(topological_order(Two()(X[0]).sum()))
    assert [(neuron.layer.title, neuron.numbers) for neuron in neurons] == [
        *(("W1", (1,)), ("W1", (2,)), ("W2", (1,)), ("W2", (2,))),
    ]


def test_a_bias_that_is_added_to_something_else_too_is_not_the_neurons() -> None:
    W, b = array(NUMBERS), Value(1.0)
    total = (X[0] @ W)[0]
    (neuron,) = find_neurons(topological_order((total + b) * total))
    assert neuron.bias is None
    assert neuron.output is total
