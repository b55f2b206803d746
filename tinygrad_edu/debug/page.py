"""The stepper as one offline HTML file: the graph, the numbers of the sweep, and a script that shows them.

Every derivative on the page is computed here, by the engine: the steps are the `Stepper`'s, so no `.grad` is
touched, the words are those of the terminal, and the finite differences run the rule book on arrays. The script
in `assets/page.js` only decides what to show when.

May import: `number_systems`, `value`, `backprop`, `files`, `draw`, `debug.stepper`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from tinygrad_edu.backprop import Step, topological_order
from tinygrad_edu.debug.stepper import Stepper
from tinygrad_edu.draw.graph import MAX_NODES, graph_svg
from tinygrad_edu.files import write_whole
from tinygrad_edu.number_systems import arrays, evaluate
from tinygrad_edu.value import Value

__all__ = ["save_page"]

ENDINGS = (".html", ".htm")


def save_page(root: Value, file: str | os.PathLike[str], *, names: Mapping[str, Any] | None = None) -> None:
    """Write the forward and the backward pass of `root` as one offline HTML file that steps through both.

    Nodes are named as `draw` names them: by label, else by the variable that holds them in the calling code, or in
    `names`. No gradient is touched: the page shows a sweep of its own, from zero.

    Raises ValueError for a root that is a leaf, for a graph of more than 2,000 nodes and for a file that does not
    end in `.html`; TypeError for a root that is no `Value`; OSError where the file cannot be written.

    >>> import pathlib, tempfile
    >>> x = Value(2.0, "x")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_page((3.0 * x).tanh(), pathlib.Path(folder, "backprop.html"))
    ...     [file.name for file in pathlib.Path(folder).iterdir()]
    ['backprop.html']
    """
    if Path(file).suffix.lower() not in ENDINGS:
        raise ValueError(f"a page is HTML, so its file ends in .html, which {os.fspath(file)!r} does not")
    write_whole(file, _page(root, names))


def _page(root: Value, names: Mapping[str, Any] | None) -> str:
    """The HTML of the whole page."""
    _check_size(root)
    stepper = Stepper(root, names)
    called = {name: node for node, name in stepper.names.items()}
    content = {
        "title": escape(f"Backpropagation through {stepper.names[root]}, step by step"),
        "style": _asset("page.css"),
        "svg": graph_svg(root, names=called),
        "data": _embedded(_content(stepper)),
        "script": _asset("page.js"),
    }
    return Template(_asset("page.html")).substitute(content)


def _check_size(root: Value) -> None:
    count = len(topological_order(root)) if isinstance(root, Value) else 0
    if count > MAX_NODES:
        raise ValueError(
            f"this graph has {count:,} nodes and a page can show {MAX_NODES:,}; save the page of a part of it "
            "(any inner Value can be the root), of one example instead of a batch, or of a smaller network"
        )


def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


# The data of the page -------------------------------------------------------------------------------------


def _content(stepper: Stepper) -> dict[str, Any]:
    """All that the script needs; nodes are called by their place in `stepper.nodes`."""
    place = {node: k for k, node in enumerate(stepper.nodes)}
    contents = {node: _node_content(node, stepper, place) for node in stepper.nodes}
    for node, slopes in zip(stepper.nodes, one_sided_slopes(stepper.nodes), strict=True):
        contents[node]["difference"] = slopes
    backward = []
    for step in stepper.steps():
        if isinstance(step, Step):
            texts = stepper.wording.contributions(step)
            contents[step.node]["local_formulas"] = [text.formula for text in texts]
            contributions = [(c.amount, c.before, c.after) for c in step.contributions]
            backward.append({"node": place[step.node], "upstream": step.upstream, "contributions": contributions})
    return {
        "root": place[stepper.root],
        "nodes": list(contents.values()),
        "forward": [place[node] for node in stepper.operations],
        "backward": backward,
        "notice": _staleness([stepper.names[node] for node in stepper.operations if _is_stale(node)]),
    }


def _node_content(node: Value, stepper: Stepper, place: Mapping[Value, int]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "name": stepper.names[node],
        "value": node.data,
        "inputs": [place[value] for value in node.inputs],
        "locals": node.local_derivatives,
    }
    if node.op is not None:
        content["formula"] = stepper.wording.rule(node)
        content["computation"] = stepper.wording.computation(node)
    if node.source is not None:
        content["source"] = node.source._asdict()
    return content


def _is_stale(node: Value) -> bool:
    """Whether the node's number is not what its inputs give now, because `.data` of one was changed since."""
    assert node.op is not None
    now, _ = evaluate(node.op, *[value.data for value in node.inputs])
    return not (now == node.data or (math.isnan(now) and math.isnan(node.data)))


def _staleness(names: Sequence[str]) -> str:
    if not names:
        return ""
    return (
        f"The .data of some inputs was changed after {', '.join(names[:5])}{', …' if len(names) > 5 else ''} "
        "had been computed: values and local derivatives are those of the time of computing."
    )


def _embedded(content: Mapping[str, Any]) -> str:
    """JSON that is safe inside a `<script>` element, whatever labels say; nan and infinities as words."""
    text = json.dumps(_with_words(content), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _with_words(content: Any) -> Any:
    if isinstance(content, float) and not math.isfinite(content):
        return str(content)
    if isinstance(content, Mapping):
        return {key: _with_words(item) for key, item in content.items()}
    if isinstance(content, list | tuple):
        return [_with_words(item) for item in content]
    return content


# Finite differences ---------------------------------------------------------------------------------------

_STEP = 6e-6  # about the cube root of the rounding error, the best for central differences
_BLOCK = 256  # how many nodes are nudged at a time


def one_sided_slopes(nodes: Sequence[Value]) -> list[tuple[float, float]]:
    """How the last node changes when each node is nudged: (f(x) - f(x - h)) / h and (f(x + h) - f(x)) / h.

    All at once: the graph is computed anew on arrays, in which column k stands for a nudge to node k.
    """
    slopes: list[tuple[float, float]] = []
    for start in range(0, len(nodes), _BLOCK):
        slopes += _slopes_of_block(nodes, range(start, min(start + _BLOCK, len(nodes))))
    return slopes


def _slopes_of_block(nodes: Sequence[Value], block: range) -> list[tuple[float, float]]:
    """The slopes for the nodes of one block; each nudge is a column: down, nothing, up."""
    computed: dict[Value, np.ndarray[Any, np.dtype[np.float64]]] = {}
    nudges = {}
    with np.errstate(all="ignore"):
        for k, node in enumerate(nodes):
            if node.op is None:
                column = np.full((3, len(block)), node.data)
            else:
                column = np.array(node.op.compute(arrays, *[computed[value] for value in node.inputs]), dtype=float)
                column = np.broadcast_to(column, (3, len(block))).copy()
            if k in block:
                h = _STEP * max(1.0, abs(node.data))
                nudges[k] = (node.data - (node.data - h), (node.data + h) - node.data)
                column[:, k - block.start] = (node.data - h, node.data, node.data + h)
            computed[node] = column
        below, here, above = computed[nodes[-1]]
        return [
            (float((here[j] - below[j]) / nudges[k][0]), float((above[j] - here[j]) / nudges[k][1]))
            for j, k in enumerate(block)
        ]
