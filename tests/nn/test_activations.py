"""Activations by name, by function, and the names that do not exist."""

import numpy as np
import pytest
from oracles import in_numpy

from tinygrad_edu import Value, record
from tinygrad_edu.nn import MLP
from tinygrad_edu.nn.activations import activation_name, common_activations, resolve_activation
from tinygrad_edu.ops import RULE_BOOK

ACTIVATIONS = [*sorted(set(common_activations()) - {"linear", "softmax", "leaky_relu"}), "sin", "erf"]


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("x", [-1.5, 0.0, 0.7])
def test_a_name_is_the_operation_of_the_rule_book(name, x):
    result = resolve_activation(name)(Value(x))
    assert result.op is RULE_BOOK[name]
    assert result.data == pytest.approx(in_numpy(name, [x]), rel=1e-14)


def test_leaky_relu_has_its_usual_slope():
    assert resolve_activation("leaky_relu")(Value(-2.0)).data == -0.02


@pytest.mark.parametrize("name", sorted(set(common_activations()) - {"linear", "softmax", "leaky_relu"}))
def test_an_activation_can_be_recorded(name):
    program = record(lambda x: resolve_activation(name)(x), shapes=((),), params=[])
    inputs = [-1.5, 0.0, 0.7]
    assert program(inputs) == pytest.approx([in_numpy(name, [x]) for x in inputs], rel=1e-12)


def test_leaky_relu_and_softmax_can_be_recorded():
    program = record(resolve_activation("leaky_relu"), shapes=((),), params=[])
    assert program([-2.0, 3.0]).tolist() == [-0.02, 3.0]
    model = MLP(2, [3, 3], output_activation="softmax", seed=0)
    x = np.array([[0.5, -1.0], [2.0, 1.0]])
    program = record(lambda x: model(x)[0], shapes=(2,), params=model.parameters())
    assert program(x) == pytest.approx([model(row)[0].data for row in x], rel=1e-12)


def test_linear_adds_no_node():
    x = Value(2.0)
    assert resolve_activation("linear")(x) is resolve_activation("identity")(x) is x


def test_a_method_of_value_and_a_function_of_numpy_will_do():
    assert resolve_activation(Value.relu)(Value(-2.0)).op.name == "relu"
    assert resolve_activation(np.tanh)(Value(1.0)).op.name == "tanh"


def test_a_method_of_value_can_be_recorded():
    program = record(resolve_activation(Value.relu), shapes=((),), params=[])
    assert program([-2.0, 3.0]).tolist() == [0.0, 3.0]


@pytest.mark.parametrize("name", ["power_by", "clip", "add", "detach", "fsum", "__neg__", "data", "TANH", ""])
def test_what_is_no_operation_with_one_input_is_refused(name):
    with pytest.raises(ValueError, match=f"no activation is called '{name}'.* linear, tanh, sigmoid, relu"):
        resolve_activation(name)


def test_a_slip_of_the_pen_is_understood():
    with pytest.raises(ValueError, match="did you mean 'leaky_relu'"):
        resolve_activation("leakyrelu")


def test_an_activation_has_a_name_to_show():
    assert [activation_name(a) for a in ("relu", np.tanh, Value.silu)] == ["relu", "tanh", "silu"]
