"""`draw(model)`: neuron by neuron or in blocks, written to every kind of file, the same each time."""

import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from nn.diagrams import groups, svg_of, texts

from tinygrad_edu import MLP, Layer, Module, Neuron, Value, draw
from tinygrad_edu.drawing.palette import DARK
from tinygrad_edu.nn import LSTM, Conv2d, Dropout, LayerNorm, Sequential


class Unchanged(Module):
    def __call__(self, x):
        return x


class Two(Module):
    def __init__(self):
        self.first, self.second = Layer(2, 3, seed=0), LayerNorm(3)

    def __call__(self, x):
        return self.second(self.first(x))


@pytest.mark.parametrize(
    ("model", "neurons", "blocks"),
    [
        (Neuron(3), 1, 0),
        (Layer(2, 5), 5, 0),
        (MLP(4, [100, 100]), 200, 0),
        (MLP(4, [100, 101]), 0, 2),
        (Sequential(Layer(2, 3), Dropout(0.5), Layer(3, 1)), 4, 0),
        (Sequential(Layer(2, 3), LayerNorm(3)), 0, 2),
        (Conv2d(1, 2, 3), 0, 1),
        (Unchanged(), 0, 1),
    ],
)
def test_small_networks_are_drawn_as_neurons_and_all_else_as_blocks(model, neurons, blocks):
    svg = svg_of(model)
    assert (len(groups(svg, "neuron")), len(groups(svg, "block"))) == (neurons, blocks)


def test_every_kind_of_file_is_written(tmp_path):
    model = MLP(2, [3, 1], seed=0)
    for ending, start in {"svg": b"<?xml", "png": b"\x89PNG", "dot": b"digraph"}.items():
        draw(model, tmp_path / f"model.{ending}", [1.0, 2.0])
        assert (tmp_path / f"model.{ending}").read_bytes().startswith(start)


def test_an_example_may_come_before_the_file(tmp_path):
    model = Layer(2, 1, seed=0)
    assert draw(model, [1.0, 2.0]).source == draw(model, example=[1.0, 2.0]).source
    assert draw(model, [1.0, 2.0], tmp_path / "model.dot").source == (tmp_path / "model.dot").read_text("utf-8")


@pytest.mark.parametrize("build", [lambda: MLP(3, [4, 2], seed=1), lambda: LSTM(2, 3, seed=1), Two])
def test_the_same_model_gives_the_same_bytes(build):
    example = [[0.5, 1.0]] if isinstance(build(), LSTM) else [0.5, 1.0, 0.2][: 2 if build is Two else 3]
    assert build().diagram(example).pipe("svg") == build().diagram(example).pipe("svg")


@pytest.mark.parametrize("model", [MLP(3, [4, 2]), Two(), Conv2d(1, 2, 3), LSTM(2, 3)])
def test_an_example_of_the_wrong_shape_is_the_models_own_error(model):
    wrong = [[1.0] * 7]
    with pytest.raises(Exception) as own:  # noqa: PT011 - whatever it is
        model(wrong)
    with pytest.raises(type(own.value)) as drawn:
        draw(model, wrong)
    assert str(drawn.value) == str(own.value)


def test_drawing_changes_nothing_of_the_model():
    model = Sequential(Layer(2, 8, seed=0), Dropout(0.5, seed=1), Layer(8, 1, seed=2))
    before = model.state_dict()
    draw(model, [1.0, 2.0])
    assert model.state_dict() == before
    assert model.training
    assert all(parameter.grad == 0.0 for parameter in model.parameters())
    again = Sequential(Layer(2, 8, seed=0), Dropout(0.5, seed=1), Layer(8, 1, seed=2))
    assert model([1.0, 2.0])[0].data == again([1.0, 2.0])[0].data, "and its dropout draws the numbers that come next"


@pytest.mark.parametrize("model", [MLP(2, [3, 1], seed=0), Two()])
def test_pictures_say_what_they_are_and_have_colors_for_the_dark(model):
    svg = svg_of(model, [1.0, 2.0])
    name, description, style = svg[0], svg[1], svg[2]
    assert name.text == f"The architecture of {type(model).__name__}"
    assert f"{len(model.parameters())} parameters" in description.text
    assert "prefers-color-scheme: dark" in style.text
    colors = {g.get(key) for g in svg.iter() for key in ("fill", "stroke") if g.get(key)}
    assert colors <= {*DARK, "none", "transparent"}


def test_a_value_is_still_drawn_as_a_graph():
    assert "graph" in draw(Value(1.0, "a") * 2.0).source


def test_graphviz_is_not_loaded_by_making_a_model():
    code = "import sys, tinygrad_edu.nn as nn; nn.MLP(1, [1]); print('graphviz' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize("name", ["a:b\\N<b>&\"'", "عربي", "中文😀", "x" * 300, "\x00\ud800", "", " ", "\n"])
def test_names_of_any_letters_are_drawn(name):
    class Named(Module):
        def __init__(self):
            self.inside = {name: Layer(2, 3, seed=0), "norm": LayerNorm(3)}

        def __call__(self, x):
            for module in self.inside.values():
                x = module(x)
            return x

    for example in ([], [np.array([0.5, 1.0])]):
        svg = ET.fromstring(Named().diagram(*example).pipe("svg"))
        assert len(groups(svg, "block")) == 2
        assert any(text.startswith("inside.") for text in texts(svg))


def test_what_cannot_be_called_is_drawn_without_an_example_alone():
    class Constants(Module):
        def __init__(self):
            self.w = Value(1.0)

    assert len(svg_of(Constants()))
    with pytest.raises(TypeError, match=r"draw\(model, example\) calls the model, and Constants has no __call__"):
        draw(Constants(), [1.0])
