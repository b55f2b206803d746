"""Models as blocks: what stands in them, what takes from what, and which shapes flow."""

import itertools

import numpy as np
import pytest
from nn.diagrams import arrows, groups, svg_of, texts, title

from tinygrad_edu import MLP, Layer, Module, array
from tinygrad_edu.nn import (
    LSTM,
    RNN,
    Conv2d,
    Dropout,
    Embedding,
    LayerNorm,
    MaxPool2d,
    MultiheadAttention,
    Sequential,
    TransformerEncoderLayer,
    flatten,
)

IMAGE = np.random.default_rng(0).normal(size=(1, 8, 8))


class Convolutional(Module):
    """Its attributes are in another order than its calls."""

    def __init__(self):
        self.scores = Layer(32, 10, "softmax", seed=2)
        self.pool = MaxPool2d(2)
        self.first, self.second = Conv2d(1, 4, 3, seed=0), Conv2d(4, 8, 2, seed=1)

    def __call__(self, image):
        return self.scores(flatten(self.second(self.pool(self.first(image)))))


class Twice(Module):
    def __init__(self):
        self.same, self.last = Layer(2, 2, seed=0), LayerNorm(2)

    def __call__(self, x):
        return self.last(self.same(self.same(x)) + x)


def test_a_chain_of_modules_and_functions_is_a_chain_of_blocks():
    model = Sequential(Conv2d(1, 8, 3, padding=1), MaxPool2d(2), flatten, Dropout(0.2), Layer(128, 10))
    chain = [("input", "layers.0"), *[(f"layers.{k}", f"layers.{k + 1}") for k in range(4)], ("layers.4", "output")]
    assert sorted(arrows(model.diagram())) == sorted(chain)
    assert sorted(arrows(model.diagram(IMAGE))) == sorted(chain)
    shown = texts(svg_of(model, IMAGE))
    assert {"Conv2d(1 → 8 channels, 3 × 3, linear)", "80 parameters", "flatten"} <= set(shown)
    assert [shown.count(shape) for shape in ("8 × 8 × 8", "8 × 4 × 4", "128")] == [1, 1, 2]
    assert "input  1 × 8 × 8" in shown
    assert "output  10" in shown


def test_without_an_example_shapes_are_left_out():
    assert not [text for text in texts(svg_of(Sequential(Conv2d(1, 8, 3), flatten, Layer(288, 2)))) if "8 × " in text]


def test_of_a_network_of_layers_the_order_is_known_without_an_example():
    model = MLP(3, [201, 2], seed=0)
    assert set(arrows(model.diagram())) == {("input", "layers.0"), ("layers.0", "layers.1"), ("layers.1", "output")}


def test_with_an_example_the_order_is_that_of_the_calls():
    names = ["input", "first", "pool", "second", "scores", "output"]
    assert sorted(arrows(Convolutional().diagram(IMAGE))) == sorted(itertools.pairwise(names))


def test_without_one_the_blocks_stand_in_the_order_of_definition_and_the_picture_says_so():
    svg = svg_of(Convolutional())
    heights = {}
    for block in groups(svg, "block").values():
        text = next(block.iter("{http://www.w3.org/2000/svg}text"))
        heights[text.text] = float(text.get("y"))
    assert sorted(heights, key=heights.get) == ["scores", "pool", "first", "second"]
    assert arrows(Convolutional().diagram()) == []
    assert "in the order of definition" in texts(svg)
    assert "in the order of definition" in svg[1].text


def test_attention_shows_its_formula():
    expected = [
        ("input", "query"), ("input", "key"), ("input", "value"), ("query", "dot"), ("key", "dot"), ("dot", "×"),
        ("×", "softmax"), ("softmax", "dot"), ("value", "dot"), ("dot", "output"), ("output", "output"),
    ]  # fmt: skip
    example = np.random.default_rng(0).normal(size=(3, 8))
    model = MultiheadAttention(8, 2, seed=0)
    assert sorted(arrows(model.diagram())) == sorted(arrows(model.diagram(example))) == sorted(expected)
    assert sorted(arrows(model.diagram((example, example, example, True)))) == sorted(expected)


def test_a_transformer_shows_its_residual_connections():
    drawn = arrows(TransformerEncoderLayer(8, 2, seed=0).diagram(np.random.default_rng(0).normal(size=(3, 8))))
    assert {("input", "+"), ("output", "+"), ("+", "norm2"), ("linear2", "+"), ("+", "output")} <= set(drawn)
    assert drawn.count(("+", "+")) == 1, "the second sum takes from the first"


def test_a_recurrent_cell_takes_from_its_call_before():
    drawn = arrows(RNN(3, 4, seed=0).diagram(np.ones((5, 3))))
    assert sorted(drawn) == [("cell.layer", "cell.layer"), ("cell.layer", "output"), ("input", "cell.layer")]
    assert "cell.layer  × 5" in texts(svg_of(RNN(3, 4, seed=0), np.ones((5, 3))))


def test_an_lstm_shows_its_gates():
    for example in ([], [np.ones((5, 3))]):
        drawn = arrows(LSTM(3, 4, seed=0).diagram(*example))
        gates = {"forget_gate", "input_gate", "output_gate", "candidate"}
        assert {target for source, target in drawn if source == "input"} == gates
        assert {target for source, target in drawn if source == "one call before"} == gates
        assert [target for source, target in drawn if source in gates] == ["×"] * 4
        assert {("+", "tanh"), ("tanh", "×"), ("×", "+"), ("+", "×"), ("×", "output")} <= set(drawn)


def test_a_module_used_twice_is_one_block():
    svg = svg_of(Twice(), np.array([1.0, 2.0]))
    assert sorted(texts(block)[0] for block in groups(svg, "block").values()) == ["last", "same  × 2"]


def test_a_tuple_of_numbers_is_one_example_and_of_arrays_the_arguments_of_the_call():
    assert "input  2" in texts(svg_of(Twice(), (1.0, 2.0)))

    class Summed(Twice):
        def __call__(self, x, y):
            return self.same(x) + self.last(y)

    drawn = arrows(Summed().diagram(([1.0, 2.0], [3.0, 4.0])))
    assert sorted(drawn) == [("+", "output"), ("input", "last"), ("input", "same"), ("last", "+"), ("same", "+")]


def test_tokens_lead_into_embeddings():
    class Letters(Module):
        def __init__(self):
            self.letters, self.scores = Embedding(5, 3, seed=0), Layer(3, 5, seed=1)

        def __call__(self, tokens):
            return [self.scores(self.letters(token)) for token in tokens]

    drawn = arrows(Letters().diagram([0, 3]))
    assert sorted(drawn) == [("input", "letters"), ("letters", "scores"), ("scores", "output")]


def test_answers_are_in_the_tooltips_and_the_last_ones_in_the_picture():
    model = Sequential(Layer(2, 3, seed=0), LayerNorm(3))
    svg = svg_of(model, [0.5, 1.0])
    first = model.layers[0]([0.5, 1.0]).data
    shown = [f"{value:.4g}".replace("-", "−") for value in first]
    assert any(", ".join(shown) in title(block) for block in groups(svg, "block").values())
    for value in model([0.5, 1.0]).data:
        assert f"{value:.2g}".replace("-", "−") in texts(svg)


def test_many_blocks_are_not_opened():
    svg = svg_of(Sequential(*[TransformerEncoderLayer(4, 2, seed=0) for _ in range(12)]))
    assert len(groups(svg, "block")) == 12


@pytest.mark.parametrize("model", [Convolutional(), TransformerEncoderLayer(8, 2, seed=0)])
def test_it_is_small(model):
    assert len(model.diagram().pipe("svg")) < 100_000


@pytest.mark.parametrize(
    ("answer", "shown"),
    [(lambda y: y[0] * 2.0 + 0.0 * y[1], ["0.5"]), (lambda y: {"a": y[1], "b": y[0]}, ["−1", "0.25"])],
)
def test_an_answer_of_one_number_or_of_a_dictionary_shows_its_numbers(answer, shown):
    class Whole(Module):
        def __init__(self):
            self.same = LayerNorm(2)

        def __call__(self, x):
            self.same(x)
            return answer(x)

    output = groups(svg_of(Whole(), array([0.25, -1.0])), "output")["output"]
    assert [text for text in texts(output) if text != "output"][-len(shown) :] == shown
