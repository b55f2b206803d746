"""Text fits, everywhere: on no machine does text overlap text, leave its box, or lie on an edge.

Pictures are laid out on one machine and looked at on another, with another font. So each of these pictures is opened
in Chromium in each of the common sans-serif fonts that are here, and each of its texts is measured: see `fonts.py`,
which also says what stands in for Verdana, which is not free, for Arial and for Helvetica.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import fonts
import numpy as np
import pytest
from browser import started_browser
from fonts import installed_fonts, measured
from playwright.sync_api import Browser, Page

from tinygrad_edu import MLP, Layer, Neuron, Value, array, draw, nn, record, save_page
from tinygrad_edu.drawing import graph_svg

LONG = "a name of three hundred letters, " * 10
LABELS = {
    "300 letters": LONG[:300],
    "wide letters": "W" * 300,
    "no spaces": "x_" * 150,
    "spaces": "   ",
    "Arabic": "الخسارة النهائية",
    "Chinese": "损失函数的梯度" * 9,
    "emoji": "🔥🎉👩‍👩‍👧 loss",
    "accents": "naïve Größe čšž",
    "markup": "<b>&amp;\\N\n\ttab",
    "small digits": "w⁽¹²⁾₁₀,₁₂",
    "mathematics": "∑ᵢ αᵢβᵢ ≤ ∞ → ∇θ",
}
NUMBERS = (-1.234e-300, 1.234e300, -0.0001234, 123456.7, -98765.4321, math.inf, -math.inf, math.nan, 1 / 3, 0.0)


# The pictures ---------------------------------------------------------------------------------------------


def formula() -> Value:
    a, b, c = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c")
    e = (a * b + c).tanh() * a + 2 * b**3
    e.label = "e"
    return e


def labeled(label: str) -> Value:
    result = (Value(2.0, label) * Value(-3.0, label + "2")).tanh()
    result.label = label
    return result


def number(number: float) -> Value:
    a, b = Value(number, "a"), Value(-1.234e-300, "b")
    return a * number + b * a


def network(*sizes: int) -> Value:
    n_inputs, *layers = sizes
    inputs = np.linspace(-1.0, 1.0, n_inputs)
    return (MLP(n_inputs, layers, seed=1)(inputs).sum() - 1.0) ** 2  # type: ignore[no-any-return]


def classifier() -> Value:
    return nn.losses.cross_entropy(MLP(4, [8, 8, 3], seed=1)([0.5, -1.0, 0.2, 0.3]), 1)


def regularized(n_inputs: int = 3) -> Value:
    model = Layer(n_inputs, 2, seed=1)
    outputs = model(np.linspace(-1.0, 1.0, n_inputs))
    return outputs.sum() + 0.01 * sum((weight * weight for weight in model.parameters()), Value(0.0))  # type: ignore[no-any-return]


def convolution() -> Value:
    layer = nn.Conv2d(1, 1, 2, seed=0, activation="relu")
    return layer(np.arange(9.0).reshape(1, 3, 3) / 9).sum()  # type: ignore[no-any-return]


def lstm_cell() -> Value:
    hidden, _ = nn.LSTMCell(1, 2, seed=0)([0.5], ([0.1, 0.2], [0.3, 0.4]))
    return hidden.sum()  # type: ignore[no-any-return]


def recurrent() -> Value:
    outputs, _ = nn.RNN(1, 2, seed=0)([[1.0], [0.5], [-1.0]])
    return outputs[-1].sum()  # type: ignore[no-any-return]


def attention() -> Value:
    outputs, _ = nn.MultiheadAttention(2, 1, seed=0)([[0.1, 0.2], [0.3, -0.4]])
    return outputs.sum()  # type: ignore[no-any-return]


def of_arrays() -> Value:
    X, y = np.array([[0.5, -1.0], [2.0, 0.1]]), np.array([1.0, -1.0])
    W, b, V = array(np.linspace(-1.0, 1.0, 6).reshape(2, 3)), array(np.zeros(3)), array([[0.1], [-2.5], [1e-5]])
    return np.mean(((np.tanh(X @ W + b) @ V)[:, 0] - y) ** 2)  # type: ignore[no-any-return]


def batch() -> Value:
    model = MLP(2, [3, 1], seed=1)
    return sum(((model(x)[0] - 1.0) ** 2 for x in ([0.5, -1.0], [2.0, 0.1])), Value(0.0))


def changed_since() -> Value:
    w, b = Value(2.0, "w"), Value(1.0, "b")
    result = (w * 3.0 + b).tanh()
    w.data = 5.0
    return result


GRAPHS: dict[str, Callable[[], Value]] = {
    "a formula": formula,
    "a neuron": lambda: Neuron(3, seed=0)([1.0, 2.0, 3.0]),
    "1 layer": lambda: network(3, 2),
    "2 layers": lambda: network(2, 3, 1),
    "3 layers": lambda: network(2, 4, 4, 1),
    "4 layers": lambda: network(2, 3, 3, 2, 1),
    "12 inputs": lambda: network(12, 3, 2),
    "a classifier": classifier,
    "a regularizer": regularized,
    "a convolution": convolution,
    "an LSTM cell": lstm_cell,
    "a recurrent network": recurrent,
    "attention": attention,
    "arrays": of_arrays,
    "a batch": batch,
    "changed since": changed_since,
}
MODELS: dict[str, tuple[nn.Module, Any]] = {
    "1 layer": (MLP(3, [2], seed=1), [1.0, 0.5, -1.0]),
    "4 layers": (MLP(2, [3, 3, 2, 1], seed=1), [1.0, -1.234e-300]),
    "wide": (MLP(40, [30, 10], "leaky_relu", seed=1), np.linspace(-1e5, 1e5, 40)),
    "CNN": (
        nn.Sequential(
            nn.Conv2d(1, 4, 3, activation="relu", seed=0), nn.MaxPool2d(2), nn.flatten, Layer(36, 10, seed=1)
        ),
        np.linspace(-1.0, 1.0, 64).reshape(1, 8, 8),
    ),
    "LSTM": (nn.LSTM(3, 4, seed=0), [[1.0, 0.5, -1.0], [0.0, 0.25, 1.0]]),
    "attention": (nn.MultiheadAttention(4, 2, seed=0), [[0.1, 0.2, 0.3, -0.4], [0.3, -0.4, 1.0, 0.0]]),
    "transformer": (nn.TransformerEncoderLayer(4, 2, 8, seed=0), [[0.1, 0.2, 0.3, -0.4], [0.3, -0.4, 1.0, 0.0]]),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "expanded": {"expand": True},
    "opened": {"expand": "neurons"},
    **{direction: {"rankdir": direction} for direction in ("RL", "TB", "BT")},
}
SETTINGS_SHOWN_ON = ("a formula", "2 layers", "a regularizer", "a convolution", "an LSTM cell")
BEFORE_THE_SWEEP = ("a formula", "a neuron", "1 layer", "2 layers", "3 layers", "4 layers", "attention")


def pictures() -> Iterator[tuple[str, str]]:
    """The name of each picture, and its SVG."""
    for name, graph in GRAPHS.items():
        root = graph()
        if name in BEFORE_THE_SWEEP:
            yield f"{name}, before the sweep", svg_of(root)
        root.backward()
        yield name, svg_of(root)
        yield f"{name}, with what a script may write", widest_numbers(graph_svg(root, names={}))
    for name, (setting, arguments) in product(SETTINGS_SHOWN_ON, SETTINGS.items()):
        root = GRAPHS[name]()
        root.backward()
        yield f"{name}, {setting}", svg_of(root, **arguments)
    yield "a part", svg_of(swept(network(2, 4, 4, 1)), around="w(2)12", depth=2)
    yield "a regularizer of rows that are not shown", svg_of(swept(regularized(12)), rankdir="RL")
    for name, (model, example) in MODELS.items():
        yield f"a model: {name}", without_declaration(draw(model).pipe("svg", encoding="utf-8"))
        yield (
            f"a model: {name}, with an example",
            without_declaration(draw(model, example).pipe("svg", encoding="utf-8")),
        )
    yield "a program", program()
    for name, label in LABELS.items():
        yield f"a label of {name}", svg_of(swept(labeled(label)))
    for each in NUMBERS:
        yield f"the number {each}", svg_of(swept(number(each)))


def program() -> str:
    model = MLP(2, [4, 1], seed=0)
    recorded = record(lambda x, y: (model(x)[0] - y) ** 2, (2, ()), model.parameters())
    return without_declaration(recorded.draw().pipe("svg", encoding="utf-8"))


def widest_numbers(svg: str) -> str:
    """The picture after a script has changed all its numbers to the widest that it writes."""
    return re.sub(r'(class="(?:value|grad|local|amount)">(?:\S )?)[^<]+</text>', r"\1−1.2e−300</text>", svg)


def swept(root: Value) -> Value:
    root.backward()
    return root


def svg_of(root: Value, **settings: Any) -> str:
    return without_declaration(draw(root, names={}, **settings).pipe("svg", encoding="utf-8"))


def without_declaration(svg: str) -> str:
    """As it may stand in a page."""
    return svg.partition("?>")[2]


# Measuring them -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def show(page: Page, drawn: Mapping[str, str]) -> None:
    page.set_content("".join(f'<figure data-name="{name}">{svg}</figure>' for name, svg in drawn.items()))


def faults(page: Page, svg: str) -> Sequence[str]:
    """What is wrong with one picture, in the first of the fonts."""
    show(page, {"it": svg})
    return measured(page, installed_fonts(page)[0]).faults


def test_in_every_drawing(page: Page) -> None:
    show(page, dict(pictures()))
    for font in installed_fonts(page):
        report = measured(page, font)
        print(f"{font}: {report.texts:,} texts, {report.pairs:,} pairs")
        assert report.texts > 10_000, "something has been left out"
        assert list(report.faults) == []


@pytest.mark.parametrize("name", ["a formula", "2 layers", "12 inputs", "an LSTM cell"])
def test_on_the_page_while_one_steps_through_it(page: Page, tmp_path: Path, name: str) -> None:
    save_page(GRAPHS[name](), tmp_path / "page.html")
    page.emulate_media(reduced_motion="reduce")  # the view would move on, and with it what is in sight
    page.goto((tmp_path / "page.html").as_uri())
    for font in installed_fonts(page):
        for key in ("Home", "ArrowRight", "b", "ArrowRight", "End"):
            page.keyboard.press(key)
            page.evaluate("() => { showParts(parts); drawGraph(); }")  # what is out of sight, too
            report = measured(page, font)
            assert report.texts > 50
            assert list(report.faults) == [], key


@pytest.mark.parametrize("inputs", [[1.0] * 12, [-1.234e-300, 1.234e200]])
def test_in_a_neuron_that_is_opened_on_the_page(page: Page, tmp_path: Path, inputs: list[float]) -> None:
    save_page(MLP(len(inputs), [3, 1], "leaky_relu", seed=1)(inputs)[0], tmp_path / "page.html")
    page.goto((tmp_path / "page.html").as_uri())
    page.keyboard.press("End")
    page.evaluate("openNeuron(nodes[document.querySelector('.neuron').id.split('-')[1]])")
    for font in installed_fonts(page):
        report = measured(page, font)
        assert report.texts > 100
        assert list(report.faults) == []


def test_a_name_that_is_cut_off_is_whole_in_the_tooltip() -> None:
    svg = svg_of(labeled(LONG[:300]))
    assert f">{LONG[:39]}…</text>" in svg
    assert LONG[:300] in svg


# That the measuring measures ------------------------------------------------------------------------------


def node(left: int, top: int, right: int, bottom: int, text: str = "", x: float = 0, y: float = 0) -> str:
    corners = f"{left},{top} {right},{top} {right},{bottom} {left},{bottom} {left},{top}"
    written = f'<text class="value" x="{x}" y="{y}" font-size="11">{text}</text>'
    return f'<g id="node-{left}" class="node"><polygon class="box" fill="none" points="{corners}" />{written}</g>'


def edge(path: str, text: str = "", x: float = 0, y: float = 0) -> str:
    written = f'<text class="local" x="{x}" y="{y}" font-size="11">{text}</text>'
    return f'<g id="edge-1-0" class="edge"><path fill="none" d="{path}" />{written}</g>'


def drawing(*groups: str) -> str:
    graph = f'<g class="graph" transform="translate(10 110)">{"".join(groups)}</g>'
    return f'<svg width="420" height="220" viewBox="0 0 420 220" xmlns="http://www.w3.org/2000/svg">{graph}</svg>'


GOOD = [node(0, 0, 60, 30, "0.5", 10, 20), node(300, 0, 360, 30), edge("M60,15C100,15 200,15 300,15", "∂ 3", 150, 10)]


def test_a_picture_in_which_all_is_well_has_no_faults(page: Page) -> None:
    assert faults(page, drawing(*GOOD)) == []


def test_a_line_behind_a_box_is_hidden_and_one_before_it_is_not(page: Page) -> None:
    box, line = node(200, 50, 260, 80, "0.5", 210, 70), edge("M220,40C220,40 220,60 220,66")
    opaque = box.replace('fill="none"', 'fill="#ffffff"')
    assert faults(page, drawing(*GOOD, line, opaque)) == []
    for groups in ([opaque, line], [line, box.replace('fill="none"', 'fill="#ffffff80"')]):
        assert [each for each in faults(page, drawing(*GOOD, *groups)) if "“0.5” of node-200 lies on" in each]


@pytest.mark.parametrize(
    ("added", "fault"),
    [
        (node(100, 50, 130, 80, "0.123456", 105, 70), "leaves its box"),
        (node(100, 50, 200, 57, "0.1", 105, 57), "leaves its box"),
        (node(100, 50, 200, 80) + edge("M60,15C60,15 60,15 100,60", "∂ 0.25", 190, 70), "lies across node-100"),
        (edge("M60,20C60,20 60,90 100,90", "∂ 0.5", 154, 12), "overlaps “∂ 0.5” of edge-1-0"),
        (edge("M60,20C60,20 60,90 100,90", "0.5", 200, 19), "“0.5” of edge-1-0 lies on edge-1-0"),
        (edge("M160,-40C160,-40 160,90 160,90"), "“∂ 3” of edge-1-0 lies on edge-1-0"),
        (node(200, 5, 230, 25), "edge-1-0 passes over node-200"),
        (edge("M60,20C60,20 60,90 100,90", "∂ 0.123456", 390, 60), "leaves the picture"),
    ],
)
def test_each_fault_is_found(page: Page, added: str, fault: str) -> None:
    found = faults(page, drawing(*GOOD, added))
    assert [each for each in found if fault in each], found


def test_a_text_wider_than_the_font_that_it_was_measured_for_is_found(page: Page) -> None:
    svg = svg_of(swept(formula()))
    assert faults(page, svg) == []
    assert faults(page, svg.replace('font-size="11.00"', 'font-size="16.00"'))


def test_a_font_that_is_missing_is_not_taken_for_one_that_is_here(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed_fonts(page)
    monkeypatch.setattr(fonts, "FONTS", ("No Such Font", "Nor This One"))
    with pytest.raises(AssertionError, match="install the package fonts-dejavu-core"):
        installed_fonts(page)
