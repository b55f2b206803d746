"""`draw`: the computation graph as a picture, and a model as the diagram of a textbook.

May import: `arguments`, `elsewhere`, `files`, `value`, `backprop`; `boxes`, `layout`, `names`, `picture`, `sweeps` and
`tidying` of this folder; graphviz.
"""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, overload

import graphviz

from tinygrad_edu.arguments import whole_number
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.drawing.boxes import Neighborhood
from tinygrad_edu.drawing.layout import Drawing, laid_out
from tinygrad_edu.drawing.names import find_by_name, name_all
from tinygrad_edu.drawing.picture import BACKWARD_ARROWS, GraphPicture
from tinygrad_edu.drawing.sweeps import Sweep
from tinygrad_edu.drawing.tidying import tidy
from tinygrad_edu.elsewhere import DRAW_KEYWORDS, says_ours
from tinygrad_edu.files import write_whole
from tinygrad_edu.value import Value

__all__ = ["draw", "draw_sweep", "graph_svg", "notebook_svg"]

ENDINGS = (".svg", ".png", ".dot")
#: Of a larger graph, a notebook shows the part around the value.
NOTEBOOK_NODES = 300


class HasDiagram(Protocol):
    """What draws itself, as every `nn.Module` does."""

    def diagram(self, example: Any = None) -> Drawing:
        """The picture of what it is, with what it computes from an example in it."""


@overload
def draw(
    root: Value,
    file: str | os.PathLike[str] | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    expand: bool | Literal["neurons"] = False,
    around: Value | str | None = None,
    depth: int = 2,
    rankdir: str = "LR",
) -> graphviz.Digraph: ...
@overload
def draw(root: HasDiagram, file: Any = None, example: Any = None) -> graphviz.Digraph: ...
@says_ours(DRAW_KEYWORDS)
def draw(
    root: Value | HasDiagram,
    file: Any = None,
    example: Any = None,
    *,
    names: Mapping[str, Any] | None = None,
    expand: bool | Literal["neurons"] = False,
    around: Value | str | None = None,
    depth: int = 2,
    rankdir: str = "LR",
) -> graphviz.Digraph:
    """Draw the graph that computed a `Value`, or the architecture of a model; with `file`, write it too.

    `file` ends in `.svg`, `.png` (two pixels a point) or `.dot`. `draw(model)` shows layers, sizes and weights;
    `draw(model, example)` what the model computes from an example as well.

    In the drawing of a graph a node shows its label or, failing that, the name of the variable that holds it in the
    calling code; `names`, a mapping from names to `Value`s (or to lists or arrays of them) such as `locals()`, replaces
    that look-up. A plain number that stood beside a `Value`, such as the 2 of `2 * x`, shows no gradient. Of a network
    each neuron is one box, with a row for each weight: eight at most, those of the strongest gradients.
    `expand="neurons"` draws each parameter by itself, and `expand=True` each × and + of a weighted sum. `around`, a
    node or its name, draws only what is at most `depth` edges away from it. `rankdir` is the direction of the forward
    pass: "LR", "TB", "RL" or "BT".

    Gradients are those of the last sweep. The graph counts as swept when the root's own gradient is not zero, since
    every sweep starts by seeding its root with 1; before that gradients read "–".

    Raises ValueError for a graph of more than 2,000 nodes, for one too tangled to lay out, for an unknown name and for
    other file endings; TypeError for a root that is no `Value` and no model, and for settings that the drawing of a
    model does not have; and OSError (FileNotFoundError, PermissionError, ...) where the file cannot be written; a file
    that was there is then as it was.

    >>> a, b = Value(2.0, "a"), Value(-3.0)
    >>> picture = draw(a * b)
    >>> "∂ −3" in picture.source
    True
    """
    if file is not None and not isinstance(file, (str, os.PathLike)):
        file, example = example, file  # draw(model, example), and perhaps a file after it
    if isinstance(root, Value):
        if example is not None:
            raise TypeError(
                f'a graph is written to a file such as "graph.svg", not to {example!r:.80}; an example goes with a '
                "model, draw(model, example)"
            )
        depth = whole_number(depth, "depth", least=0)
        part = None if around is None else Neighborhood(_found(around, root, names), depth)
        drawing = GraphPicture(root, names, _checked_expand(expand), _checked_direction(rankdir), part).drawing()
    elif hasattr(root, "diagram") and not isinstance(root, type):
        if (names, expand, around, rankdir) != (None, False, None, "LR"):
            raise TypeError("names, expand, around and rankdir are for the graph of a Value; a model is drawn as it is")
        drawing = root.diagram(example)
    else:
        kept = "; the network of an estimator is its .model_" if hasattr(type(root), "model_") else ""
        raise TypeError(
            "draw needs the Value at the end of a graph, such as loss or outputs[0], or a model, not "
            f"{root!r:.80} of type {type(root).__name__}{kept}"
        )
    return _written(drawing, file)


def draw_sweep(
    root: Value, file: str | os.PathLike[str] | None, names: Mapping[str, Any], sweep: Sweep, rankdir: str = "LR"
) -> graphviz.Digraph:
    """The graph with the gradients of a sweep that may be under way; otherwise as `draw` draws it."""
    return _written(GraphPicture(root, names, False, _checked_direction(rankdir), sweep=sweep).drawing(), file)


def _written(drawing: Drawing, file: str | os.PathLike[str] | None) -> Drawing:
    """The drawing, written to the file too if there is one."""
    if file is not None:
        target = _checked_file(file)
        ending = target.suffix.lower()
        write_whole(target, drawing.source if ending == ".dot" else drawing.pipe(ending[1:]))
    return drawing


def _checked_expand(expand: Any) -> bool | str:
    if expand not in (False, True, "neurons"):
        raise ValueError(f'expand is False, "neurons" or True, not {expand!r}')
    return bool(expand) if expand in (False, True) else "neurons"


def _checked_direction(rankdir: str) -> str:
    if rankdir not in BACKWARD_ARROWS:
        raise ValueError(f"rankdir is one of {', '.join(BACKWARD_ARROWS)}, not {rankdir!r}")
    return rankdir


def _found(around: Value | str, root: Value, names: Mapping[str, Any] | None) -> Value:
    """The node that a part is drawn around."""
    nodes = topological_order(root)
    if isinstance(around, Value):
        if around not in set(nodes):
            raise ValueError(f"around should be a node of the graph of {root!r}, which {around!r} is not")
        return around
    return find_by_name(around, name_all(nodes, names))


def graph_svg(
    root: Value,
    *,
    names: Mapping[str, Any] | None = None,
    expand: bool | Literal["neurons"] = False,
    rankdir: str = "LR",
) -> str:
    """The drawing as an `<svg>` element that a program can animate: every part has a stable id and classes.

    Nodes are numbered by their position in `topological_order(root)` (of `expanded(root)` if `expand`):

        <g id="node-12" class="node operation root">      also: input, parameter, constant
            <text class="symbol"> <text class="name">     the name only where there is one
            <text class="value">  <text class="grad">     the numbers; a script may change their text
            <rect class="cell">                           behind the gradient
        <g id="edge-12-0" class="edge">                   from input 0 of node 12 to node 12
            <text class="local">  <text class="amount">   the local derivative; upstream × local
        <g class="cluster">                               a module
        <g id="neuron-12" class="neuron">                 the box of the neuron whose weighted sum is node 12:
            <g id="node-3" class="node parameter row">    a node in it; its edges to the sum are not drawn
            <g class="copy" data-of="node-1">             the name and value of an input, once more

    Room is kept for numbers that appear later. The background is transparent, and colors are attributes, so that CSS
    rules win over them. The same graph gives the same text every time. Raises what `draw` raises.

    >>> svg = graph_svg(Value(2.0, "a").exp())
    >>> 'id="node-0" class="node input"' in svg, 'id="edge-1-0"' in svg
    (True, True)
    """
    if not isinstance(root, Value):
        raise TypeError(f"graph_svg needs the Value at the end of a graph, not {root!r:.80}")
    picture = GraphPicture(root, names, _checked_expand(expand), _checked_direction(rankdir), reserve=True)
    return ET.tostring(tidy(laid_out(picture.drawing().source, "svg"), stands_alone=False), encoding="unicode")


def _checked_file(file: str | os.PathLike[str]) -> Path:
    path = Path(file)
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"a drawing is written to a file ending in .svg, .png or .dot, not to {str(file)!r}")
    return path


# In a notebook --------------------------------------------------------------------------------------------


def notebook_svg(value: Value) -> str:
    """The picture a notebook shows for a `Value`: the graph or, where that is too large, what is around the value.

    Names are those of the notebook: the code that calls this is the notebook's own machinery.
    """
    names = vars(sys.modules["__main__"])
    part: dict[str, Any] = {}
    if len(topological_order(value)) > NOTEBOOK_NODES:
        part = {"around": value, "depth": 2}
    picture: str = draw(value, names=names, **part).pipe("svg", encoding="utf-8")
    return picture
