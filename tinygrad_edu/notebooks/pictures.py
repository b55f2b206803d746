"""A `Value` and a model in a notebook: their drawings, which keep a size at which they can be read.

May import: `value`, `drawing`, `nn`; graphviz.
"""

from __future__ import annotations

import re
from typing import Any

import graphviz

from tinygrad_edu.drawing.graph import draw, notebook_svg
from tinygrad_edu.nn import Module
from tinygrad_edu.value import Value

__all__ = ["fitting", "model_svg", "value_svg"]

#: A picture that is wider than the notebook shrinks to this share of its size, and then scrolls.
_SMALLEST = 0.75
_START = re.compile(r'<svg\b(?=[^>]*?\bwidth="([\d.]+)pt")')


def value_svg(value: Value) -> str | None:
    """The graph of a Value, or the part of it that is around the Value, where the graph is large.

    >>> "</svg>" in value_svg(Value(2.0).exp())
    True
    """
    return fitting(notebook_svg(value))


def model_svg(model: Module) -> str | None:
    """The diagram of a model; nothing, so that a notebook shows its text, where it has none or cannot be drawn.

    >>> svg = model_svg(Module())
    >>> svg is None or "</svg>" in svg
    True
    """
    if not hasattr(model, "diagram"):
        return None
    try:
        drawn: Any = draw(model).pipe("svg", encoding="utf-8")
    except (ValueError, graphviz.ExecutableNotFound):
        return None
    return fitting(drawn)


def fitting(svg: str | None) -> str | None:
    """The same picture; where it stands in a page it may shrink a little, and keeps its proportions.

    >>> fitting('<svg width="100pt" height="50pt"/>')
    '<svg style="max-width:100%;min-width:75pt;height:auto" width="100pt" height="50pt"/>'
    """
    return svg and _START.sub(
        lambda found: f'<svg style="max-width:100%;min-width:{float(found[1]) * _SMALLEST:g}pt;height:auto"',
        svg,
        count=1,
    )
