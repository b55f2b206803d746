"""What a module finds in its attributes, and how its state is saved, loaded and copied."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_edu import Value
from tinygrad_edu.modes import changed_mode
from tinygrad_edu.nn import MLP, Layer, Module, Neuron


class Norm(Module):
    """A module with buffers, such as batch normalization has."""

    buffer_names = ("running_mean", "count")

    def __init__(self):
        self.scale = [Value(1.0), Value(2.0)]
        self.running_mean = [0.5, 0.25]
        self.count = 3.0


class Tower(Module):
    """A module that keeps things in every place where they are looked for."""

    def __init__(self):
        self.title = "not a parameter"
        self.rate = 0.1
        self.kernel = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
        self.pair = (Value(5.0), [Value(6.0)])
        self.norm = Norm()
        self.blocks = [Neuron(1, seed=0), [Norm()]]
        self.table = {"gain": Value(8.0)}
        self.tied = self.pair[0]
        self.norm_again = self.norm
        self.owner = self
        self.computed = Value(1.0) * 2.0
        self._private = Value(7.0)
        self.data = np.array([1.0, 2.0])


PATHS = [
    "kernel.0.0", "kernel.0.1", "kernel.1.0", "kernel.1.1", "pair.0", "pair.1.0", "norm.scale.0", "norm.scale.1",
    "blocks.0.weights.0", "blocks.0.bias", "blocks.1.0.scale.0", "blocks.1.0.scale.1", "table.gain",
]  # fmt: skip


def test_parameters_are_found_once_each_in_the_order_they_were_defined():
    tower = Tower()
    assert [path for path, _ in tower.named_parameters()] == PATHS
    assert [p.data for p in tower.parameters()[:6]] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert [path for path, _ in tower.named_modules()] == ["", "norm", "blocks.0", "blocks.1.0"]
    assert tower.modules() == [tower, tower.norm, tower.blocks[0], tower.blocks[1][0]]


def test_a_networks_parameters_go_neuron_by_neuron_weights_before_bias_and_are_labeled_so():
    model = MLP(2, [3, 1], seed=0)
    paths = [path for path, _ in model.named_parameters()]
    assert paths[:3] == ["layers.0.neurons.0.weights.0", "layers.0.neurons.0.weights.1", "layers.0.neurons.0.bias"]
    assert paths[-1] == "layers.1.neurons.0.bias"
    assert len(paths) == 3 * 3 + 4
    assert [p.label for p in model.parameters()] == paths
    assert [p.label for p in Neuron(1).parameters()] == ["weights.0", "bias"]
    assert [p.label for p in Layer(1, 1).parameters()] == ["neurons.0.weights.0", "neurons.0.bias"]


def test_forward_is_called_where_there_is_no_call():
    class Scaled(Module):
        def __init__(self):
            self.factor = Value(3.0)

        def forward(self, x, *, plus=0.0):
            return self.factor * x + plus

    class More(Scaled):
        def forward(self, x, *, plus=0.0):
            return super().forward(x, plus=plus) + 1.0

    class Called(Scaled):
        def __call__(self, x):
            return self.forward(x, plus=-1.0)

    assert [model(2.0).data for model in (Scaled(), More(), Called())] == [6.0, 7.0, 5.0]
    assert Scaled()(2.0, plus=0.5).data == 6.5
    heard = []
    with changed_mode(answers=lambda module, answer: heard.append(type(module).__name__)):
        More()(1.0)
    assert heard == ["More"]
    with pytest.raises(TypeError, match="'Module' object is not callable"):
        Module()()


def test_the_arrays_of_parameters_are_those_in_all_attributes():
    model = MLP(1, [1])
    W, b, hidden = (np.array([Value(1.0), Value(2.0)]) for _ in range(3))
    model.more, model._hidden, model.floats = {"W": W, "deeper": [(b,)]}, hidden, np.zeros(2)
    assert all(found is array for found, array in zip(model.parameters().arrays, (W, b), strict=True))
    assert model.parameters()[-4:] == [*W, *b]


def test_the_modules_are_those_that_have_names_in_their_order():
    """Wherever they are, each once, however often it is held, and not those that are hidden or hold each other."""
    model, twice, inside = Tower(), Layer(1, 1), MLP(2, [2, 1])
    grid = np.empty((1, 2), dtype=object)
    grid[0] = [twice, [Neuron(1), Value(1.0)]]
    model.more = {"a": [twice, (inside, 3.0)], "b": grid, "c": {"twice": twice, "layer": inside.layers[1]}}
    model._hidden, inside.back = Layer(1, 1), [model]
    assert model.modules() == [module for _, module in model.named_modules()]
    assert [*map(id, model.parameters())] == [id(parameter) for _, parameter in model.named_parameters()]
    assert len(model.modules()) > 12


def test_zero_grad_and_the_two_modes_reach_everything():
    tower = Tower()
    for parameter in tower.parameters():
        parameter.grad = 3.0
    tower.zero_grad()
    assert [p.grad for p in tower.parameters()] == [0.0] * len(PATHS)
    assert all(module.training for module in tower.modules())
    assert tower.eval() is tower
    assert not any(module.training for module in tower.modules())
    assert tower.train() is tower
    assert all(module.training for module in tower.modules())
    assert Module.training, "the class keeps its default"


def test_state_goes_from_one_module_to_another_built_alike():
    one, other = Tower(), Tower()
    for k, parameter in enumerate(one.parameters()):
        parameter.data = float(k)
    one.norm.running_mean = [8.0, 9.0]
    state = one.state_dict()
    assert list(state) == [
        *PATHS, "norm.running_mean", "norm.count", "blocks.1.0.running_mean", "blocks.1.0.count",
    ]  # fmt: skip
    other.load_state_dict(state)
    assert other.state_dict() == state
    one.norm.running_mean[0] = -1.0
    other.norm.running_mean[1] = -1.0
    assert state["norm.running_mean"] == [8.0, 9.0], "a state is a copy"


def test_a_state_may_hold_numpys_numbers():
    norm = Norm()
    norm.load_state_dict(
        {"scale.0": np.float32(0.5), "scale.1": 2, "running_mean": np.array([3.0, 4.0]), "count": np.float64(5)}
    )
    assert norm.state_dict() == {"scale.0": 0.5, "scale.1": 2.0, "running_mean": [3.0, 4.0], "count": 5.0}
    assert type(norm.running_mean) is list


GOOD = {"scale.0": 9.0, "scale.1": 9.0, "running_mean": [9.0, 9.0], "count": 9.0}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"count": ...}, ValueError, r"does not fit Norm, which has 4 names: 1 missing \(count\); build"),
        ({3: 1.0}, ValueError, r"1 unknown \(3\)"),
        ({"extra": 1.0}, ValueError, r"1 unknown \(extra\); build"),
        ({"scale.1": ..., "x": 1.0}, ValueError, r"1 missing \(scale.1\) and 1 unknown \(x\)"),
        ({"scale.1": "two"}, TypeError, "'scale.1' should be one real number, not str"),
        ({"scale.1": [1.0]}, TypeError, "'scale.1' should be one real number, not list"),
        ({"running_mean": [1.0]}, ValueError, r"'running_mean' has shape \(1,\), but this module's has \(2,\)"),
        ({"running_mean": ["a", "b"]}, TypeError, "'running_mean' should be numbers, not list"),
        ({"running_mean": [[1.0], 2.0]}, TypeError, "'running_mean' should be numbers, not list"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    norm = Norm()
    before = norm.state_dict()
    state = {name: number for name, number in (GOOD | change).items() if number is not ...}
    with pytest.raises(error, match=message):
        norm.load_state_dict(state)
    assert norm.state_dict() == before


def test_a_state_is_a_mapping():
    with pytest.raises(TypeError, match=r"as state_dict\(\) returns it, not \[1.0\]"):
        Norm().load_state_dict([1.0])


def test_a_long_list_of_missing_names_is_cut_short():
    with pytest.raises(ValueError, match=r"9 missing \(neurons.0.weights.0, .*, neurons.0.bias, \.\.\.\); build"):
        Layer(2, 3).load_state_dict({})


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
@pytest.mark.parametrize("activation", ["relu", "linear", np.tanh, Value.sigmoid])
def test_a_network_survives_copying_and_pickling(duplicate, activation):
    model = MLP(2, [4, 2], activation, output_activation="softmax", seed=3).eval()
    model.parameters()[0].grad = 5.0
    twin = duplicate(model)
    assert [p.data for p in twin([0.3, -0.7])] == [p.data for p in model([0.3, -0.7])]
    assert twin.named_parameters()[0][1].label == "layers.0.neurons.0.weights.0"
    assert twin.parameters()[0].grad == 5.0
    assert not twin.layers[1].training
    twin.parameters()[0].data += 1.0
    assert twin.parameters()[0].data != model.parameters()[0].data


def test_tied_parameters_stay_tied_in_a_copy():
    neuron = Neuron(2)
    neuron.weights[1] = neuron.weights[0]
    twin = copy.deepcopy(neuron)
    assert twin.weights[0] is twin.weights[1]
    assert len(twin.parameters()) == 2


def test_a_module_shows_what_it_is_made_of():
    assert repr(Neuron(1, "relu")) == "Neuron(1 -> 1, relu; 2 parameters)"
    assert repr(Norm()) == "Norm(2 parameters)"

    class Net(Module):
        def __init__(self):
            self.body = MLP(1, [2])
            self.offset = Value(0.0)

    net = Net()
    net.body.owner = net
    assert [path for path, _ in net.named_modules()] == ["", "body", "body.layers.0", "body.layers.0.neurons.0",
                                                         "body.layers.0.neurons.1"]  # fmt: skip
    assert "owner: ..." in repr(net), "modules may know each other"
    assert repr(Net()) == (
        "Net(5 parameters\n  body: MLP(4 parameters\n    layers.0: Layer(1 -> 2, linear; 4 parameters)\n  )\n)"
    )


def test_a_parameter_is_found_by_what_it_is_and_not_by_its_number():
    """All biases are 0.0 at first."""
    parameters = MLP(2, [2, 2], seed=0).parameters()
    biases = [parameter for parameter in parameters if parameter.label.endswith("bias")]
    assert [parameter.data for parameter in biases] == [0.0] * 4
    places = [parameters.index(bias) for bias in biases]
    assert len(set(places)) == 4
    assert all(parameters[place] is bias for place, bias in zip(places, biases, strict=True))
    assert parameters.index(biases[1], -8, 100) == places[1]
    with pytest.raises(ValueError, match="is no parameter in this list"):
        parameters.index(biases[1], places[1] + 1)
    assert biases[0] in parameters
    assert Value(0.0) not in parameters
    assert (parameters.count(biases[0]), parameters.count(Value(0.0))) == (1, 0)
    parameters.remove(biases[2])
    assert [bias in parameters for bias in biases] == [True, True, False, True]
    with pytest.raises(ValueError, match="is no parameter"):
        parameters.remove(Value(0.0))
    assert len(parameters) == 11
