"""The stepper as one offline HTML file: the graph, the numbers of the sweep, and a script that shows them.

Every derivative on the page is computed here, by the engine. The steps are the `Stepper`'s, so no `.grad` is touched,
and the words are those of the terminal. The scripts in `assets/` only decide what to show when.

May import: `files`, `value`, `backprop`, `checking`, `drawing`; `bundling`, `explanation` and `stepper` of this folder.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from tinygrad_edu.backprop import Step, topological_order
from tinygrad_edu.checking import InputCheck, check_node
from tinygrad_edu.drawing.graph import graph_svg
from tinygrad_edu.drawing.limits import MAX_NODES
from tinygrad_edu.files import write_whole
from tinygrad_edu.stepping.bundling import bundle
from tinygrad_edu.stepping.explanation import Explanation, Paths
from tinygrad_edu.stepping.stepper import Stepper
from tinygrad_edu.value import Value

__all__ = ["save_page"]

ENDINGS = (".html", ".htm")
#: The module that begins; it imports all others.
ENTRIES = ("page.js",)
#: Larger graphs are saved without each node's paths and finite difference. Differences take time in the square of the
#: graph, since each computes all that depends on a node anew: about a second for so many.
EXPLAINED_NODES = 500
#: More of a node's paths do not fit beside its gradient; the rest is summed.
SHOWN_PATHS = 6


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
    if os.path.splitext(file)[1].lower() not in ENDINGS:
        raise ValueError(f"a page is HTML, so its file ends in .html, which {os.fspath(file)!r} does not")
    write_whole(file, _page(root, names))


def _page(root: Value, names: Mapping[str, Any] | None) -> str:
    """The HTML of the whole page."""
    _check_size(root)
    stepper = Stepper(root, names)
    called = {name: node for node, name in stepper.names.items()}
    content = {
        "title": escape(f"Backpropagation through {stepper.names[root]!r}, step by step", quote=False),
        "style": _asset("page.css"),
        "svg": graph_svg(root, names=called),
        "data": _embedded(_content(stepper)),
        "script": bundle(ENTRIES, _asset),
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
    backward = []
    for step in stepper.steps():
        if isinstance(step, Step):
            texts = stepper.wording.contributions(step)
            contents[step.node]["local_formulas"] = [text.formula for text in texts]
            contributions = [(c.amount, c.before, c.after) for c in step.contributions]
            backward.append({"node": place[step.node], "upstream": step.upstream, "contributions": contributions})
    if len(stepper.nodes) <= EXPLAINED_NODES:
        paths, gradients = Paths(stepper.nodes, SHOWN_PATHS), stepper.final_gradients()
        for node in stepper.nodes[:-1]:
            if node in stepper.wording.constants:
                continue
            explained = Explanation(
                stepper.root, node, gradients[node], paths.counts[node], paths.largest(node), stepper.names
            )
            contents[node].update(_explained(explained, check_node(stepper.nodes, node, gradients[node])))
    return {
        "root": place[stepper.root],
        "nodes": list(contents.values()),
        "forward": [place[node] for node in stepper.operations],
        "backward": backward,
        "notice": stepper.wording.staleness(),
    }


def _explained(explanation: Explanation, check: InputCheck) -> dict[str, Any]:
    """What takes the whole graph to say about one node: its paths to the root, and its finite difference.

    A path is written as the input taken at each node on the way from the root.
    """
    return {
        "path_count": str(explanation.count),
        "paths": [path.places[::-1] for path in explanation.paths],
        "rest": explanation.rest,
        "check": {"verdict": check.verdict, "numeric": check.numeric, "left": check.left, "right": check.right},
    }


def _node_content(node: Value, stepper: Stepper, place: Mapping[Value, int]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "name": stepper.names[node],
        "value": node.data,
        "inputs": [place[value] for value in node.inputs],
        "locals": node.local_derivatives,
    }
    if node in stepper.wording.constants:
        content["constant"] = True
    if node.op is not None:
        content["formula"] = stepper.wording.rule(node)
        content["computation"] = stepper.wording.computation(node)
    if node.source is not None:
        content["source"] = node.source._asdict()
    return content


def _embedded(content: Mapping[str, Any]) -> str:
    """JSON that is safe inside a `<script>` element, whatever labels say; nan and infinities as words."""
    try:
        text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    except ValueError:  # which is rare, and looking at each number takes as long as all the rest
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
