"""Which module each node of a graph belongs to: as the node knows, or as its parameters let one conclude."""

import copy
import pickle

import pytest
from pictures import parts

from tinygrad_edu import MLP, Neuron, Value, dot, fsum, topological_order, trace_sources
from tinygrad_edu.drawing import expanded, graph_svg, module_paths, node_names
from tinygrad_edu.drawing.modules import is_parameter, module_places
from tinygrad_edu.modes import changed_mode
from tinygrad_edu.nn import Layer, Module
from tinygrad_edu.nn.losses import mean_squared_error

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]


def neuron_of(weights, inputs, bias):
    """A neuron written in scalars."""
    return sum((w * x for w, x in zip(weights, inputs, strict=True)), bias).tanh()


class Scalars(Module):
    """Neurons written in scalars, and a way to put them together."""

    def __init__(self, count=3):
        self.neurons = [Neuron(1, seed=k) for k in range(count)]
        self.label_parameters()


# Parameters -----------------------------------------------------------------------------------------------


def test_a_parameter_is_what_a_module_says_it_is():
    model = MLP(2, [3, 1])
    assert all(is_parameter(p) for p in model.parameters())
    assert not any(is_parameter(Value(1.0, label)) for label in ("bias", "weights.0", "layers.0.neurons.3.bias"))
    assert not is_parameter(model.parameters()[0] * 2.0)


def test_a_parameter_keeps_its_module_under_another_label():
    neuron = Neuron(1)
    neuron.bias.label = "threshold"
    assert is_parameter(neuron.bias)
    with trace_sources():
        neuron([1.0])
    assert is_parameter(neuron.bias)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_the_parameters_of_a_copy_belong_to_the_copy(copied):
    model = MLP(1, [2, 1], seed=0)
    twin = copied(model)
    for original, parameter in zip(model.parameters(), twin.parameters(), strict=True):
        assert is_parameter(parameter)
        assert parameter.module.path == original.module.path
        assert parameter.module != original.module
    outermost = {parameter.module.chain[0] for parameter in twin.parameters()}
    assert len(outermost) == 1


def test_a_parameter_made_under_trace_sources_keeps_its_line():
    with trace_sources():
        neuron = Neuron(1)
    assert "Neuron(1)" in neuron.bias.source.text
    assert neuron.weights[0].module == neuron.bias.module


# Without a trace ------------------------------------------------------------------------------------------


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
    (neuron,) = Scalars(1).neurons
    x = Value(3.0, "x")
    out = neuron_of(neuron.weights, [x], neuron.bias)
    paths = module_paths(topological_order(out))
    assert set(topological_order(out)) - set(paths) == {x}
    assert set(paths.values()) == {"neurons.0"}


def test_a_dot_written_out_belongs_to_its_module_whole():
    root = expanded(MLP(2, [1], "tanh", seed=0)([Value(1.0, "x1"), Value(2.0, "x2")])[0])
    paths = module_paths(topological_order(root))
    assert {node.label for node in topological_order(root) if node not in paths} == {"x1", "x2"}


def test_an_operation_on_several_modules_belongs_to_the_one_around_them():
    model = MLP(1, [2, 1])
    (a, b), (c,) = ([neuron.bias for neuron in layer.neurons] for layer in model.layers)
    inside, across = a * b, fsum([a, b, c])
    assert module_paths([a, b, inside])[inside] == "layers.0"
    assert across not in module_paths([a, b, c, across])


def test_the_outermost_module_has_no_path():
    neuron = Neuron(2, seed=0)
    assert module_paths(topological_order(neuron([1.0, 2.0]))) == {}


def test_what_is_computed_from_an_activation_is_outside():
    (neuron,) = Scalars(1).neurons
    z = dot(neuron.weights, [2.0])
    activation = z.tanh()
    outside = activation.exp()
    paths = module_paths(topological_order(outside))
    assert (paths[z], paths[activation]) == ("neurons.0", "neurons.0")
    assert outside not in paths


def test_what_takes_numbers_of_two_models_belongs_to_neither():
    one, other = Scalars(), Scalars()
    both = one.neurons[0].bias * other.neurons[0].bias
    assert both not in module_paths(topological_order(both))


# With one -------------------------------------------------------------------------------------------------


def xor_loss(model):
    outputs = [model(x) for x in XOR[:2]]
    return mean_squared_error(outputs, [0.0, 1.0])


@pytest.mark.parametrize("expand", [False, True])
def test_the_picture_of_a_network_is_the_same_with_a_trace_and_without(expand):
    model = MLP(2, [3, 1], output_activation="sigmoid", seed=0)
    untraced = xor_loss(model)
    with changed_mode(modules=True):  # which is `trace_sources` without the lines, that tooltips show
        traced = xor_loss(model)
    one, other = (list(module_places(topological_order(root)).values()) for root in (untraced, traced))
    assert one == other
    one, other = (graph_svg(root, names={}, expand=expand) for root in (untraced, traced))
    assert one == other


def test_nothing_is_concluded_about_what_was_traced():
    model = MLP(1, [1], seed=0)
    with trace_sources():
        (output,) = model([2.0])
        outside = output.exp()  # a function of one number, like an activation
    assert output in module_paths(topological_order(outside))
    assert outside not in module_paths(topological_order(outside))
    assert outside.module.path == ""


class Custom(Module):
    """A module that says nothing to its parameters."""

    def __init__(self):
        self.first, self.second = Layer(1, 2, seed=0), Layer(2, 1, seed=1)

    def __call__(self, x):
        return self.second(self.first(x))


def test_a_module_that_labels_nothing_is_seen_where_it_was_traced():
    model = Custom()
    with trace_sources():
        (output,) = model([Value(1.0, "x")])
    paths = module_paths(topological_order(output))
    assert set(paths.values()) == {"first.neurons.0", "first.neurons.1", "second.neurons.0"}
    assert paths[model.first.neurons[1].bias] == "first.neurons.1", "where it is called"
    (untraced,) = model([1.0])
    assert set(module_paths(topological_order(untraced)).values()) == {"neurons.0", "neurons.1"}
    titles = [part.texts["module"] for part in parts(graph_svg(output, names={}), "title").values()]
    assert sorted(titles) == ["first", "second"], "layers"
    assert sorted(node_names(topological_order(output), {}).values())[:3] == ["first.a₁", "first.a₂", "first.b₁"]


@pytest.mark.parametrize("asked", [False, True])
def test_two_models_in_one_graph_keep_their_layers_apart(asked):
    models = MLP(1, [1], seed=0), MLP(1, [1], seed=1)
    if asked:
        with trace_sources():
            outputs = [model([1.0])[0] for model in models]
            root = outputs[0] * outputs[1]
    else:
        outputs = [model([1.0])[0] for model in models]
        root = outputs[0] * outputs[1]
    places = module_places(topological_order(root))
    assert [places[output].path for output in outputs] == ["layers.0.neurons.0"] * 2
    assert places[outputs[0]] != places[outputs[1]]
    assert places[models[0].layers[0].neurons[0].bias] == places[outputs[0]]
    titles = [part.texts["module"] for part in parts(graph_svg(root, names={}), "title").values()]
    assert titles == ["layers.0", "layers.0"]


def test_a_function_as_activation_belongs_to_its_neuron_where_it_was_traced():
    model = MLP(1, [1], [lambda x: (x.tanh() + 1.0).log()], seed=0)
    with trace_sources():
        (output,) = model([Value(1.0, "x")])
    nodes = topological_order(output)
    paths = module_paths(nodes)
    assert [node.label for node in nodes if node not in paths] == ["x"]
    assert set(paths.values()) == {"layers.0.neurons.0"}
    (untraced,) = model([Value(1.0, "x")])
    assert untraced not in module_paths(topological_order(untraced)), "parameters do not say so much"
