"""Neurons, layers and networks against NumPy, their randomness, and what they say to bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import central_difference

from tinygrad_edu import Value, ValueArray, array, no_grad, softmax
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.nn import MLP, RNN, Conv2d, Dropout, Layer, LayerNorm, Module, Neuron, Sequential
from tinygrad_edu.nn.layers import named_layers


def data(values):
    return [v.data for v in values]


def matrices(model):
    """Weights (outputs, inputs) and biases of each layer, as arrays."""
    return [
        (np.array([data(n.weights) for n in layer.neurons]), np.array([n.bias.data for n in layer.neurons]))
        for layer in model.layers
    ]


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=3), st.integers(0, 10_000))
def test_a_network_is_matrices_and_tanh(x, seed):
    model = MLP(3, [4, 5, 2], seed=seed)
    for layer in model.layers:
        for neuron in layer.neurons:
            neuron.bias.data = 0.3
    (A, a), (B, b), (C, c) = matrices(model)
    expected = C @ np.tanh(B @ np.tanh(A @ np.array(x) + a) + b) + c
    assert data(model(x)) == pytest.approx(expected.tolist(), rel=1e-12, abs=1e-12)


def test_every_gradient_of_a_network_agrees_with_differences():
    model = MLP(2, [3, 2], "sigmoid", seed=1)
    parameters = model.parameters()

    def loss(*numbers):
        for parameter, number in zip(parameters, numbers, strict=True):
            parameter.data = number
        first, second = model([0.5, -1.5])
        return first * second

    numbers = data(parameters)
    with no_grad():
        expected = [central_difference(lambda *n: loss(*n).data, numbers, k) for k in range(len(numbers))]
    loss(*numbers).backward()
    assert [p.grad for p in parameters] == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_a_neuron_is_one_dot_and_one_activation():
    neuron = Neuron(5)
    output = neuron([1.0] * 5)
    assert [node.op.name for node in topological_order(output) if node.op] == ["dot", "tanh"]
    assert Neuron(5, "linear")([1.0] * 5).op.name == "dot"


def test_inputs_become_values_once_and_values_stay_themselves():
    model = MLP(2, [8, 1])
    leaves = [node for node in topological_order(model([0.5, -0.5])[0]) if not node.op]
    assert len(leaves) == len(model.parameters()) + 2
    x = [Value(0.5), Value(-0.5)]
    model(x)[0].backward()
    assert all(v.grad != 0.0 for v in x)


@pytest.mark.parametrize("make", [list, tuple, np.array, np.float32, iter, lambda x: np.array(list(map(Value, x)))])
def test_an_example_may_be_any_sequence_of_numbers(make):
    model = MLP(2, [3, 1], seed=0)
    assert data(model(make([0.5, -0.25]))) == data(model([0.5, -0.25]))
    assert data(model.layers[0](make([0.5, -0.25]))) == data(model.layers[0]([0.5, -0.25]))
    neuron = model.layers[0].neurons[0]
    assert neuron(make([0.5, -0.25])).data == neuron([0.5, -0.25]).data


def test_layers_and_networks_always_return_an_array():
    for outputs in (Layer(1, 1)([1.0]), MLP(1, [1])([1.0]), MLP(1, [1])(array([1.0]))):
        assert isinstance(outputs, ValueArray)
        assert outputs.shape == (1,)
    assert isinstance(Neuron(1)([1.0]), Value)


def test_the_last_layer_is_linear_unless_told_otherwise():
    assert [layer.activation for layer in MLP(1, [2, 2, 1], "relu").layers] == ["relu", "relu", "linear"]
    assert [layer.activation for layer in MLP(1, [2, 1], "relu", output_activation="tanh").layers] == ["relu", "tanh"]
    assert [layer.activation for layer in MLP(1, [2, 1], ("relu", "sigmoid")).layers] == ["relu", "sigmoid"]


@pytest.mark.parametrize("activation", ["softmax", softmax])
def test_softmax_works_on_a_whole_layer(activation):
    model = MLP(2, [3], output_activation=activation, seed=0)
    (W, b) = matrices(model)[0]
    e = np.exp(W @ [1.0, 2.0] + b)
    assert data(model([1.0, 2.0])) == pytest.approx((e / e.sum()).tolist())


def test_a_function_may_be_the_activation():
    neuron = Neuron(1, lambda z: z * z + 1.0, init=lambda *_: 3.0)
    assert neuron([2.0]).data == 37.0


def test_a_seed_makes_networks_reproducible_and_layers_differ():
    assert MLP(2, [4, 4], seed=5).state_dict() == MLP(2, [4, 4], seed=5).state_dict()
    assert MLP(2, [4, 4], seed=5).state_dict() != MLP(2, [4, 4], seed=6).state_dict()
    assert MLP(2, [4, 4]).state_dict() != MLP(2, [4, 4]).state_dict()
    generator = np.random.default_rng(5)
    first, second = Neuron(3, seed=generator), Neuron(3, seed=generator)
    assert first.state_dict() != second.state_dict(), "a generator is used further"
    assert MLP(4, [4, 4], seed=np.random.default_rng(5)).state_dict() == MLP(4, [4, 4], seed=5).state_dict()
    one, two = matrices(MLP(4, [4, 4], seed=5))
    assert not np.array_equal(one[0], two[0])


def test_layers_of_ones_own_may_take_the_place_of_others():
    model = MLP(2, [2, 1], seed=0)
    model.layers.insert(1, lambda values: [v * 0.0 for v in values])
    assert data(model([1.0, 2.0])) == [0.0]


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Neuron(0), ValueError, "n_inputs should be a whole number of at least 1, not 0"),
        (lambda: Neuron(-2), ValueError, "not -2"),
        (lambda: Neuron(2.5), ValueError, "not 2.5"),
        (lambda: Neuron(True), ValueError, "not True"),
        (lambda: Neuron("2"), TypeError, "not '2'"),
        (lambda: Neuron(None), TypeError, "not None"),
        (lambda: Layer(2, 0), ValueError, "n_outputs should be a whole number of at least 1, not 0"),
        (lambda: MLP(2, []), ValueError, "at least one layer"),
        (lambda: MLP(2, 3), TypeError, r"a list with the size of each layer, such as \[16, 1\], not 3"),
        (lambda: MLP(2, "16"), TypeError, "not '16'"),
        (lambda: MLP(2, [4, 0]), ValueError, r"sizes\[1\] should be a whole number of at least 1, not 0"),
        (lambda: MLP(2, [4, None]), TypeError, r"sizes\[1\] .* not None"),
        (lambda: MLP(2, [4, 1], ["relu"]), ValueError, "1 activations for 2 layers; give one per layer"),
        (lambda: MLP(2, [1], ["relu"], output_activation="relu"), ValueError, "leave output_activation out"),
        (lambda: MLP(2, [4, 1], "ReLU"), ValueError, "no activation is called 'ReLU'; did you mean 'relu'"),
        (lambda: MLP(2, [4, 1], "Swish"), ValueError, "no activation is called 'Swish': it is 'silu' here"),
        (lambda: MLP(2, [4, 1], "rellu"), ValueError, "no activation is called 'rellu'; did you mean 'relu'"),
        (lambda: MLP(2, [4, 1], output_activation="?"), ValueError, "no activation is called"),
        (lambda: Neuron(2, None), TypeError, "an activation is a name such as 'tanh' or a function"),
        (lambda: Neuron(2, "softmax"), ValueError, "softmax works on a whole layer"),
        (lambda: Neuron(2, init="he_norm"), ValueError, "no initializer is called 'he_norm'; did you mean 'he_normal'"),
        (lambda: Neuron(2, init=3), TypeError, "an initializer is a name"),
        (lambda: Layer(2, 3, init=lambda *_: np.ones((2, 3))), ValueError, r"shape \(2, 3\), where \(3, 2\) is needed"),
    ],
)
def test_a_network_that_cannot_be_built_says_why(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize("model", [Neuron(3), Layer(3, 2), MLP(3, [2, 1])], ids=["neuron", "layer", "network"])
@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        ([1.0, 2.0], ValueError, "takes 3 inputs, not 2"),
        ([1.0] * 4, ValueError, "takes 3 inputs, not 4"),
        ([], ValueError, "takes 3 inputs, not 0"),
        (
            np.ones((5, 3)),
            ValueError,
            r"shape \(3,\), not of shape \(5, 3\); for several examples, call it on each row",
        ),
        (2.0, TypeError, "a sequence of 3 numbers, not 2.0; put a single number in a list"),
        (Value(2.0), TypeError, r"a sequence of 3 numbers, not Value\(2.0\)"),
        (None, TypeError, "a sequence of 3 numbers, not None"),
        ("abc", TypeError, "a sequence of 3 numbers, not 'abc'"),
        ([1.0, 2.0, "c"], TypeError, "one real number"),
        ([1.0, 2.0, [3.0]], TypeError, "one real number"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(model, inputs, error, message):
    with pytest.raises(error, match=message):
        model(inputs)


# The layers of a model ------------------------------------------------------------------------------------


def sizes(model):
    return {layer.name: len(layer.parameters) for layer in named_layers(model)}


def test_a_layer_is_what_has_parameters_of_its_own_or_a_list_of_neurons():
    model = Sequential(Layer(2, 3), lambda x: x, LayerNorm(3), RNN(3, 2), Dropout())
    assert sizes(model) == {"layers.0": 9, "layers.2": 6, "layers.3.cell.layer": 12}
    assert [layer.module for layer in named_layers(model)] == [
        model.layers[0], model.layers[2], model.layers[3].cell.layer,
    ]  # fmt: skip
    assert sizes(Conv2d(1, 2, 1)) == {"Conv2d": 4}
    assert sizes(Dropout()) == {}


def test_every_parameter_belongs_to_one_layer():
    class Model(Module):
        def __init__(self):
            self.slope = Value(1.0)
            self.layer = Layer(1, 1)
            self.single = Neuron(1)
            self.tied = self.layer.neurons[0].bias
            self.again = self.layer

    model = Model()
    assert sizes(model) == {"Model": 1, "layer": 2, "single": 2}
    assert sorted(id(p) for layer in named_layers(model) for p in layer.parameters) == sorted(
        map(id, model.parameters())
    )


def test_several_examples_at_once_are_told_how_they_are_given():
    for make in (MLP(2, [3, 1]), Layer(2, 3), Neuron(2)):
        for examples in ([[1.0, 2.0], [3.0, 4.0]], [(1.0, 2.0)], [np.ones(2), np.ones(2)]):
            with pytest.raises(TypeError, match=r"takes one example of 2 numbers.*\[model\(x\) for x in X\]"):
                make(examples)
    with pytest.raises(TypeError, match="not 'a' of type str"):
        MLP(2, [1])(["a", "b"])
