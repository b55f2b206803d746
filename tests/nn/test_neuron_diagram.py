"""Networks neuron by neuron: what stands where, how wide lines are, and which numbers are in the circles."""

import itertools
import math

import pytest
from nn.diagrams import SVG, groups, svg_of, texts, title

from tinygrad_edu import MLP, Layer, Neuron, Value
from tinygrad_edu.drawing.palette import BROKEN, NEGATIVE, POSITIVE
from tinygrad_edu.drawing.widths import text_width
from tinygrad_edu.nn import Sequential, flatten
from tinygrad_edu.nn.neuron_diagram import fitting_number


def line(group):
    return group.find(f"{SVG}path")


def width(group):
    return float(line(group).get("stroke-width", 1.0))


def circle(group):
    shape = group.find(f"{SVG}ellipse")
    return float(shape.get("cx")), float(shape.get("cy")), float(shape.get("rx"))


def number(text):
    return float(text.replace("−", "-"))


def weights_of(model):
    """By the id of its line: the weight that leads from input i of layer k to neuron j, all counted from 1."""
    return {
        f"weight-{k}-{j}-{i}": weight.data
        for k, layer in enumerate(model.layers, start=1)
        for j, neuron in enumerate(layer.neurons, start=1)
        for i, weight in enumerate(neuron.weights, start=1)
    }


def test_each_neuron_is_a_circle_and_each_weight_a_line():
    svg = svg_of(MLP(3, [4, 5, 2], seed=0))
    assert len(groups(svg, "input")) == 3
    assert len(groups(svg, "neuron")) == 11
    assert len(groups(svg, "weight")) == 3 * 4 + 4 * 5 + 5 * 2


def test_widths_are_proportional_to_weights_and_color_and_dashes_are_their_sign():
    model = MLP(3, [4, 2], seed=3)
    weights, lines = weights_of(model), groups(svg_of(model), "weight")
    largest = max(map(abs, weights.values()))
    assert lines.keys() == weights.keys()
    for key, weight in weights.items():
        assert width(lines[key]) == pytest.approx(max(0.3, 4.0 * abs(weight) / largest), abs=0.01)
        assert line(lines[key]).get("stroke") == (POSITIVE if weight > 0 else NEGATIVE)
        assert (line(lines[key]).get("stroke-dasharray") is not None) == (weight < 0)


def test_a_line_leads_from_its_input_to_its_neuron():
    svg = svg_of(MLP(3, [4, 2], seed=0))
    circles = {**groups(svg, "input"), **groups(svg, "neuron")}
    for key, group in groups(svg, "weight").items():
        _, k, j, i = key.split("-")
        source = circle(circles[f"input-{i}" if k == "1" else f"neuron-{int(k) - 1}-{i}"])
        target = circle(circles[f"neuron-{k}-{j}"])
        points = line(group).get("d").removeprefix("M").replace("C", " ").split()
        for end, (x, y, radius) in ((points[0], source), (points[-1], target)):
            there = [float(c) for c in end.split(",")]
            assert math.dist(there, (x, y)) == pytest.approx(radius, abs=1.5)


def test_columns_are_centered_and_circles_do_not_touch():
    for model in (MLP(2, [4, 1]), MLP(10, [16, 3]), MLP(64, [64, 64, 8])):
        svg = svg_of(model)
        columns = {}
        for group in [*groups(svg, "input").values(), *groups(svg, "neuron").values()]:
            x, y, radius = circle(group)
            columns.setdefault(x, []).append(y)
        middles = [(min(ys) + max(ys)) / 2 for ys in columns.values()]
        assert max(middles) - min(middles) < 0.1
        assert len(columns) == len(model.layers) + 1
        for ys in columns.values():
            ordered = sorted(ys)
            assert all(b - a > 2 * radius for a, b in itertools.pairwise(ordered))


def test_with_an_example_the_circles_hold_what_the_model_computes():
    model = MLP(2, [4, 3, 1], "relu", seed=1)
    example = [0.75, -1.25]
    svg = svg_of(model, example)
    values = example
    for i, value in enumerate(values, start=1):
        assert number(texts(groups(svg, "input")[f"input-{i}"])[0]) == value
    for k, layer in enumerate(model.layers, start=1):
        values = [value.data for value in layer(values)]
        for j, value in enumerate(values, start=1):
            group = groups(svg, "neuron")[f"neuron-{k}-{j}"]
            assert number(texts(group)[0]) == pytest.approx(value, rel=1e-3)
            assert f" = {texts(group)[0]}: {layer.activation}" in title(group)


def test_fills_are_activations_and_without_an_example_biases():
    model = Layer(1, 3, "linear", init="zeros")
    for neuron, bias in zip(model.neurons, (1.0, -0.25, 0.0), strict=True):
        neuron.bias.data = bias
    for example in ([], [[5.0]]):
        neurons = groups(svg_of(model, *example), "neuron")
        shapes = [neurons[f"neuron-1-{j}"].find(f"{SVG}ellipse") for j in (1, 2, 3)]
        assert [shape.get("fill") for shape in shapes] == [POSITIVE, NEGATIVE, "none"]
        assert float(shapes[0].get("fill-opacity")) > float(shapes[1].get("fill-opacity"))


def test_names_are_those_of_paper():
    svg = svg_of(MLP(2, [3, 1], seed=0))
    assert title(groups(svg, "weight")["weight-1-3-2"]).startswith("w⁽¹⁾₃₂ = ")
    assert title(groups(svg, "weight")["weight-2-1-3"]).endswith("from a⁽¹⁾₃ to a⁽²⁾₁")
    assert title(groups(svg, "input")["input-2"]) == "x₂: an input"
    lone = svg_of(Neuron(2, seed=0))
    assert title(groups(lone, "weight")["weight-1-1-2"]).startswith("w₂ = ")
    assert "bias b = 0" in title(groups(lone, "neuron")["neuron-1-1"])


def test_titles_say_size_and_activation():
    shown = texts(svg_of(Sequential(flatten, Layer(2, 3, "relu"), MLP(3, [1]))))
    assert shown[shown.index("layers.1") + 1] == "3 neurons · relu"
    assert shown[shown.index("layers.2.layers.0") + 1] == "1 neuron · linear"


def test_small_pictures_have_the_numbers_of_the_weights_beside_their_lines():
    model = Layer(3, 2, seed=0)
    shown = texts(svg_of(model))
    for neuron in model.neurons:
        for weight in neuron.weights:
            assert f"{weight.data:.3g}".replace("-", "−") in shown


def test_what_is_no_number_is_seen():
    model = Layer(2, 2, init="zeros")
    model.neurons[0].weights[0].data, model.neurons[1].weights[1].data = math.nan, -math.inf
    lines = groups(svg_of(model, [1.0, 1.0]), "weight")
    assert [line(lines[key]).get("stroke") == BROKEN for key in sorted(lines)] == [True, False, False, True]
    assert "nan or infinite" in texts(svg_of(model))
    neurons = groups(svg_of(model, [1.0, 1.0]), "neuron")
    assert neurons["neuron-1-1"].find(f"{SVG}ellipse").get("fill") == BROKEN


def test_of_many_lines_each_neuron_keeps_its_strongest():
    model = MLP(64, [64, 8], seed=0)
    svg = svg_of(model)
    weights, lines = weights_of(model), groups(svg, "weight")
    (said,) = [text for text in texts(svg) if "strongest" in text]
    most = int(said.split()[1])
    assert most == 700 // (64 + 8)
    for k, layer in enumerate(model.layers, start=1):
        for j in range(1, len(layer.neurons) + 1):
            own = {key: abs(w) for key, w in weights.items() if key.startswith(f"weight-{k}-{j}-")}
            strongest = sorted(own, key=own.get)[-most:]
            assert {key for key in lines if key.startswith(f"weight-{k}-{j}-")} == set(strongest)


def test_of_many_inputs_the_first_and_the_last_are_drawn():
    svg = svg_of(MLP(784, [16, 10], seed=0))
    shown = sorted(int(key.removeprefix("input-")) for key in groups(svg, "input"))
    assert shown == [*range(1, 13), *range(773, 785)]
    assert "⋮" in texts(svg)
    assert "784 numbers" in texts(svg)


@pytest.mark.parametrize("value", [-0.84923, 123456.0, 1e-7, -1.2345e-300, math.nan, -math.inf, 0.0])
def test_numbers_in_circles_fit(value):
    text = fitting_number(value, 51.0, 10)
    assert text_width(text, 10) <= 51.0
    assert number(text) == pytest.approx(value, rel=0.5, nan_ok=True)


def test_inputs_are_called_as_the_example_calls_them():
    svg = svg_of(Layer(3, 2, seed=0), [Value(1.0, "age"), 2.0, Value(3.0, "the height of this person")])
    inputs = [groups(svg, "input")[f"input-{k}"] for k in (1, 2, 3)]
    assert [texts(group)[1] for group in inputs] == ["age", "x₂", "x₃"], "a long name is told on hovering"
    assert [title(group) for group in inputs] == [
        *("age = 1: an input", "x₂ = 2: an input", "the height of this person = 3: an input"),
    ]
