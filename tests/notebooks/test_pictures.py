"""A Value and a model in a notebook: their drawings, at a size that can be read."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tinygrad_edu import MLP, Module, Value
from tinygrad_edu.drawing.layout import Drawing
from tinygrad_edu.notebooks.pictures import fitting


class Drawn(Module):
    """A model whose diagram is a single box, or a failure."""

    def __init__(self, failure: Exception | None = None) -> None:
        self._failure = failure

    def diagram(self, example: Any = None) -> Drawing:
        if self._failure is not None:
            raise self._failure
        drawing = Drawing()
        drawing.node("the model")
        return drawing


def test_a_value_is_its_graph() -> None:
    picture = ET.fromstring(Value(2.0, "a").exp()._repr_svg_())
    assert "a" in [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert picture.get("style").startswith("max-width:100%;min-width:")


def test_a_model_is_its_diagram() -> None:
    picture = ET.fromstring(Drawn()._repr_svg_())
    assert "the model" in [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]


def test_a_model_that_cannot_be_drawn_is_left_to_its_text() -> None:
    assert Drawn(ValueError("it is too large to draw"))._repr_svg_() is None
    with pytest.raises(ZeroDivisionError):
        Drawn(ZeroDivisionError())._repr_svg_()


def test_every_model_shows_itself_or_its_text() -> None:
    svg = MLP(2, [3, 1])._repr_svg_()
    assert svg is None or ET.fromstring(svg).get("style")


def test_a_picture_keeps_three_quarters_of_its_width() -> None:
    picture = ET.fromstring(
        fitting('<?xml version="1.0"?>\n<svg width="800.5pt" height="10pt"><svg width="3pt"/></svg>')
    )
    assert picture.get("style") == "max-width:100%;min-width:600.375pt;height:auto"
    assert picture[0].get("style") is None
    assert fitting(None) is None
    assert fitting("<svg/>") == "<svg/>"
