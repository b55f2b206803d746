"""Neurons are found in a graph, and their nodes called as on paper."""

from __future__ import annotations

import pytest

from tinygrad_edu import MLP, Layer, Neuron, Value, dot, topological_order
from tinygrad_edu.drawing.neurons import find_neurons, layer_title, layers_in_columns, paper_names, plain_digits
from tinygrad_edu.nn import RNN, LSTMCell, Module


def names_of(root: Value) -> list[str]:
    return list(paper_names(find_neurons(topological_order(root))).values())


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
    root = dot([Value(1.0, "w1"), Value(2.0, "w2")], [3.0, 4.0], 1.0)
    assert find_neurons(topological_order(root)) == []


@pytest.mark.parametrize(
    "use", [lambda total: total * total, lambda total: total.tanh() + total.exp(), lambda total: total + 1.0]
)
def test_what_is_used_otherwise_than_by_one_function_has_no_activation(use) -> None:
    total = Neuron(2, "identity", seed=0)([1.0, 2.0])
    (found,) = find_neurons(topological_order(use(total)))
    assert found.activation is None
    assert found.output is total


def test_the_first_index_is_the_neuron_s_and_the_second_its_input_s() -> None:
    outputs = Layer(2, 2, "tanh", seed=0)([1.0, 2.0])
    assert names_of(outputs[0] * outputs[1]) == [
        *("w₁₁", "w₁₂", "b₁", "z₁", "a₁", "x₁", "x₂"),
        *("w₂₁", "w₂₂", "b₂", "z₂", "a₂"),
    ]


def test_layers_of_one_list_are_numbered_above() -> None:
    names = names_of(MLP(1, [1, 1, 1], "tanh", seed=0)([1.0])[0])
    assert [name for name in names if name[0] == "w"] == ["w⁽¹⁾₁₁", "w⁽²⁾₁₁", "w⁽³⁾₁₁"]


def test_layers_with_names_of_their_own_keep_them() -> None:
    class Two(Module):
        def __init__(self) -> None:
            self.hidden, self.output = Layer(1, 1, "tanh", seed=0), Layer(1, 1, "identity", seed=1)
            self.label_parameters()

        def __call__(self, x):
            return self.output(self.hidden(x))

    names = names_of(Two()([1.0])[0])
    assert {"hidden.w₁₁", "hidden.a₁", "output.w₁₁", "output.b₁"} < set(names)


def test_an_index_of_two_digits_is_set_off_by_a_comma() -> None:
    names = names_of(Layer(11, 1, "identity", seed=0)([1.0] * 11)[0])
    assert {"w₁₁", "w₁,₁₀", "w₁,₁₁", "x₁₁"} < set(names)


def test_one_neuron_by_itself_has_no_number() -> None:
    assert names_of(Neuron(2, "tanh", seed=0)([1.0, 2.0])) == ["w₁", "w₂", "b", "z", "a", "x₁", "x₂"]


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
    assert [layer_title(layer[0]) for layer in layers] == ["layers.0", "layers.0"]


def test_names_as_people_type_them() -> None:
    assert plain_digits("hidden.w⁽¹²⁾₁,₁₀") == "hidden.w(12)1,10"
