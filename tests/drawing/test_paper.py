"""The nodes of neurons are called as on paper."""

from __future__ import annotations

import numpy as np

from tinygrad_edu import MLP, Layer, Neuron, Value, array, topological_order
from tinygrad_edu.drawing.neurons import find_neurons
from tinygrad_edu.drawing.paper import paper_names, plain_digits
from tinygrad_edu.nn import RNN, Module


def names_of(root: Value) -> list[str]:
    return list(paper_names(find_neurons(topological_order(root))).values())


def test_the_first_index_is_the_neuron_s_and_the_second_its_input_s() -> None:
    outputs = Layer(2, 2, "tanh", seed=0)([1.0, 2.0])
    assert names_of(outputs[0] * outputs[1]) == [
        *("x₁", "x₂", "w₁₁", "w₁₂", "b₁", "z₁", "a₁"),
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
    assert names_of(Neuron(2, "tanh", seed=0)([1.0, 2.0])) == ["x₁", "x₂", "w₁", "w₂", "b", "z", "a"]


def test_names_as_people_type_them() -> None:
    assert plain_digits("hidden.w⁽¹²⁾₁,₁₀") == "hidden.w(12)1,10"


def test_the_examples_of_a_batch_are_told_by_their_index():
    model = MLP(2, [2, 1], "tanh", seed=0)
    names = names_of(model([1.0, 2.0])[0] + model([3.0, 4.0])[0])
    assert names[:4] == ["x₁[0]", "x₂[0]", "x₁[1]", "x₂[1]"]
    assert {"z⁽¹⁾₂[0]", "a⁽¹⁾₂[1]", "z⁽²⁾₁[1]"} < set(names)
    assert [name for name in names if name[0] == "w"] == [
        *("w⁽¹⁾₁₁", "w⁽¹⁾₁₂", "w⁽¹⁾₂₁", "w⁽¹⁾₂₂", "w⁽²⁾₁₁", "w⁽²⁾₁₂"),
    ]
    assert len(set(names)) == len(names)


def test_inputs_that_several_calls_share_are_numbered_through():
    x = [Value(float(k)) for k in range(3)]
    layer = Layer(2, 1, "identity", seed=0)
    assert names_of(layer(x[:2])[0] + layer(x[1:])[0])[:3] == ["x₁", "x₂", "x₃"]


def test_the_steps_of_a_recurrence_are_told_by_their_index():
    names = names_of(RNN(1, 1, seed=0)([[1.0], [0.5]])[0][-1].sum())
    assert {"x₁[0]", "x₁[1]", "a₁[0]", "a₁[1]"} < set(names)


def test_layers_of_arrays_are_numbered_as_those_of_a_list():
    W, b, V = array(np.ones((2, 2))), array(np.ones(2)), array(np.ones((2, 1)))
    hidden = np.tanh(np.array([1.0, 2.0]) @ W + b)
    names = names_of((hidden @ V)[0])
    assert {"w⁽¹⁾₂₁", "b⁽¹⁾₂", "z⁽¹⁾₂", "a⁽¹⁾₂", "w⁽²⁾₁₂", "z⁽²⁾₁"} < set(names)
