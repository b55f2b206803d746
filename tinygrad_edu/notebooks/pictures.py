"""A `Value` and a model in a notebook: their drawings, which keep a size at which they can be read.

May import: `value`, `drawing`, `nn`; graphviz.
"""

from __future__ import annotations

import re

import graphviz

from tinygrad_edu.drawing.graph import draw, notebook_svg
from tinygrad_edu.nn import Module
from tinygrad_edu.value import Value

__all__ = ["fitting", "model_svg", "value_svg"]

#: A picture that is wider than the notebook shrinks to this share of its size, and then scrolls.
_SMALLEST = 0.75
_START = re.compile(r'<svg\b(?=[^>]*?\bwidth="([\d.]+)pt")')


def value_svg(value: Value) -> str | None:
    """The graph of a Value, or where that is large the part around the Value; nothing where neither can be drawn.

    >>> "</svg>" in value_svg(Value(2.0).exp())
    True
    """
    try:
        return fitting(notebook_svg(value))
    except (ValueError, graphviz.ExecutableNotFound):  # too tangled, or nothing to draw with
        return None


def model_svg(model: Module) -> str | None:
    """The diagram of a model; nothing, so that a notebook shows its text, where there is no Graphviz.

    >>> "</svg>" in model_svg(Module())
    True
    """
    try:
        drawn: str = draw(model).pipe("svg", encoding="utf-8")
    except graphviz.ExecutableNotFound:
        return None
    return fitting(drawn)


def fitting(svg: str) -> str:
    """The same picture; where it stands in a page it may shrink a little, and keeps its proportions.

    >>> fitting('<svg width="100pt" height="50pt"/>')
    '<svg style="max-width:100%;min-width:75pt;height:auto" width="100pt" height="50pt"/>'
    """
    return _START.sub(
        lambda found: f'<svg style="max-width:100%;min-width:{float(found[1]) * _SMALLEST:g}pt;height:auto"',
        svg,
        count=1,
    )
