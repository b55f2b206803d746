"""What nodes are called, and which module they belong to."""

import numpy as np
import pytest

from tinygrad_edu import MLP, Neuron, Value, dot, fsum, topological_order
from tinygrad_edu.drawing import module_paths, node_names
from tinygrad_edu.drawing.names import is_parameter, module_parts
from tinygrad_edu.texts import drawn_number


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3.0, "3"),
        (-0.0, "0"),
        (-1.5, "−1.5"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "1e−07"),
        (123456.0, "1.235e+05"),
        (float("inf"), "inf"),
        (float("-inf"), "−inf"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_are_short(number, text):
    assert drawn_number(number) == text


def test_names_come_from_the_calling_code_and_labels_go_first():
    x = Value(1.0)
    y = Value(2.0, "label of y")
    items = [Value(3.0), Value(4.0)]
    grid = np.array([[Value(5.0), Value(6.0)]], dtype=object)
    _hidden = Value(7.0)
    found = node_names([x, y, *items, *grid[0], _hidden])
    assert list(found.values()) == ["x", "label of y", "items[0]", "items[1]", "grid[0, 0]", "grid[0, 1]"]


GLOBAL = Value(8.0)


def test_names_of_the_module_are_seen():
    assert node_names([GLOBAL]) == {GLOBAL: "GLOBAL"}


def test_names_that_are_given_replace_those_of_the_calling_code():
    x, y = Value(1.0), Value(2.0)
    assert node_names([x, y], {"rate": y, "text": "x", "number": 1.0}) == {y: "rate"}
    assert node_names([x, y], {"rates[1]": y, "_x": x, "3": x}) == {y: "rates[1]"}, "names start with a letter"
    assert node_names([x, y], {}) == {}


def test_names_that_are_no_mapping_are_refused():
    with pytest.raises(TypeError, match=r"names maps names to Values.*\['x'\] does not"):
        node_names([Value(1.0)], ["x"])


@pytest.mark.parametrize("label", ["layers.0.neurons.3.weights.1", "layers.0.neurons.3.bias", "weights.0", "bias"])
def test_labels_that_modules_give_make_parameters(label):
    assert is_parameter(Value(1.0, label))
    assert not is_parameter(Value(1.0, label) * 2.0)


@pytest.mark.parametrize("label", ["", "x", "w1", "learning rate", "a.b.", "..", "3.5", "<b>.0"])
def test_other_labels_do_not(label):
    assert not is_parameter(Value(1.0, label))


def test_module_parts_keep_an_index_with_its_name():
    assert module_parts("encoder.blocks.2.norm") == ["encoder", "blocks.2", "norm"]
    assert module_parts("") == []


def test_the_nodes_of_a_network_belong_to_its_neurons():
    model = MLP(2, [3, 1], activation="tanh", seed=0)
    (output,) = model([Value(1.0, "x1"), Value(2.0, "x2")])
    loss = (output - 1.0) ** 2
    paths = module_paths(topological_order(loss))
    for name, parameter in model.named_parameters():
        assert paths[parameter] == name.rsplit(".weights", 1)[0].removesuffix(".bias")
    hidden = [node for node in topological_order(loss) if node.op and node.op.name == "tanh"]
    assert [paths[node] for node in hidden] == [f"layers.0.neurons.{k}" for k in range(3)]
    assert [paths[node.inputs[0]] for node in hidden] == [f"layers.0.neurons.{k}" for k in range(3)]
    assert paths[output] == "layers.1.neurons.0"
    assert not {loss, loss.inputs[0]} & set(paths)
    assert not [node for node in paths if node.label in ("x1", "x2")]


def test_a_neuron_written_in_scalars_belongs_to_its_module_whole():
    w = [Value(1.0, "neurons.0.weights.0"), Value(2.0, "neurons.0.weights.1")]
    b = Value(0.5, "neurons.0.bias")
    x = [Value(3.0, "x1"), Value(4.0, "x2")]
    out = (w[0] * x[0] + w[1] * x[1] + b).tanh()
    paths = module_paths(topological_order(out))
    assert set(topological_order(out)) - set(paths) == set(x)
    assert set(paths.values()) == {"neurons.0"}


def test_an_operation_on_several_modules_belongs_to_the_one_around_them():
    a, b = Value(1.0, "layers.0.neurons.1.bias"), Value(1.0, "layers.0.neurons.2.bias")
    c = Value(1.0, "layers.1.neurons.0.bias")
    inside, across = a * b, fsum([a, b, c])
    assert module_paths([a, b, inside])[inside] == "layers.0"
    assert across not in module_paths([a, b, c, across])


def test_the_outermost_module_has_no_path():
    neuron = Neuron(2, seed=0)
    out = neuron([1.0, 2.0])
    assert module_paths(topological_order(out)) == {}


def test_what_is_computed_from_an_activation_is_outside():
    w = Value(1.0, "neurons.0.weights.0")
    z = dot([w], [2.0])
    activation = z.tanh()
    outside = activation.log()
    paths = module_paths(topological_order(outside))
    assert (paths[z], paths[activation]) == ("neurons.0", "neurons.0")
    assert outside not in paths
