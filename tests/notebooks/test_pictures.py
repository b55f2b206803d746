"""A Value and a model in a notebook: their drawings, at a size that can be read."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import graphviz
import pytest

from tinygrad_edu import MLP, Value
from tinygrad_edu.drawing import layout, limits
from tinygrad_edu.notebooks.pictures import fitting


def test_a_value_is_its_graph() -> None:
    picture = ET.fromstring(Value(2.0, "a").exp()._repr_svg_())
    assert "a" in [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert picture.get("style").startswith("max-width:100%;min-width:")


def test_a_model_is_its_diagram() -> None:
    picture = ET.fromstring(MLP(2, [3, 1])._repr_svg_())
    texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"layers.0", "3 neurons · tanh"} < set(texts)
    assert picture.get("style").startswith("max-width:100%;min-width:")


def test_where_there_is_nothing_to_draw_with_text_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise graphviz.ExecutableNotFound(["dot"])

    monkeypatch.setattr(layout, "find_graphviz", missing)
    assert MLP(2, [3, 1])._repr_svg_() is None
    assert Value(2.0).exp()._repr_svg_() is None


def test_a_graph_too_tangled_to_draw_is_left_to_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CROSSED", 1)
    x = Value(2.0)
    assert (x.exp().exp().exp() * x)._repr_svg_() is None


def test_a_picture_keeps_three_quarters_of_its_width() -> None:
    picture = ET.fromstring(
        fitting('<?xml version="1.0"?>\n<svg width="800.5pt" height="10pt"><svg width="3pt"/></svg>')
    )
    assert picture.get("style") == "max-width:100%;min-width:600.375pt;height:auto"
    assert picture[0].get("style") is None
    assert fitting("<svg/>") == "<svg/>"
