"""What nodes are called."""

import re

import numpy as np
import pytest

from tinygrad_edu import MLP, Layer, Value, topological_order
from tinygrad_edu.drawing import node_names
from tinygrad_edu.drawing.names import find_by_name, is_constant, name_all
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


def test_a_name_on_paper_gives_way_to_one_that_somebody_gave():
    first, second = Value(1.0, "w₁₁"), Value(2.0, "x₂")
    layer = Layer(2, 1, "tanh", seed=0)
    (output,) = layer([first, second])
    names = node_names(topological_order(output), {})
    assert (names[first], names[second]) == ("w₁₁", "x₂")
    assert names[layer.neurons[0].weights[0]] == "w₁₁′"
    (output,) = layer([3.0, Value(4.0, "x₁")])
    assert sorted(names for names in node_names(topological_order(output), {}).values() if names[0] == "x") == [
        "x₁",
        "x₁′",
    ]


def test_what_is_no_name_is_refused():
    with pytest.raises(TypeError, match=r"names maps names to Values, .* and 3 is no name"):
        node_names([Value(1.0)], {3: Value(1.0)})


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


def test_a_constant_is_a_plain_number_that_nobody_named():
    product = Value(2.0) * 3.0
    leaf, plain = product.inputs
    assert is_constant(plain, "")
    assert not is_constant(plain, "rate")
    assert not is_constant(leaf, "")
    assert not is_constant(product, "")


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [("w12", "w⁽²⁾₁₂ or w⁽¹⁾₁₂"), ("w(1)13", r"w⁽¹⁾₁₁ or w⁽¹⁾₁₂"), ("z11", "z⁽¹⁾₁"), ("lossy", "loss")],
)
def test_a_name_that_is_nearly_right_is_answered_with_those_it_could_mean(wanted, meant):
    (output,) = MLP(2, [2, 1], seed=0)([1.0, 2.0])
    loss = (output - 1.0) ** 2
    loss.label = "loss"
    with pytest.raises(ValueError, match=f"no node is called {re.escape(repr(wanted))}; perhaps {meant}"):
        find_by_name(wanted, name_all(topological_order(loss), {}))
