"""The live page: one offline HTML file that shows a graph, computes it from its leaves, and steps through both passes.

The page carries the rules of its operations as JavaScript, written from the rule book, and computes values, local
derivatives and the sweep itself; what people change is followed at once. The modules stand in `assets/`.

May import: `files`, `value`, `backprop`, `drawing`; `bundling`, `content`, `examples` and `stepper` of this folder.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from tinygrad_edu.backprop import topological_order
from tinygrad_edu.drawing.graph import graph_svg
from tinygrad_edu.drawing.limits import MAX_NODES
from tinygrad_edu.files import write_whole
from tinygrad_edu.stepping.bundling import bundle, compact_style
from tinygrad_edu.stepping.content import Content
from tinygrad_edu.stepping.examples import examples_of
from tinygrad_edu.stepping.stepper import Stepper
from tinygrad_edu.value import Value

__all__ = ["asset", "embedded", "filled", "page_html", "save_page"]

ENDINGS = (".html", ".htm")
#: The module that begins; it imports all others but the additions.
ENTRY = "page.js"


def save_page(
    root: Value, file: str | os.PathLike[str], *, names: Mapping[str, Any] | None = None, data: Any = None
) -> None:
    """Write the live page of `root`: one offline HTML file that computes its graph, and steps through both passes.

    In it, numbers of leaves can be changed, mistakes switched on, and training steps taken; values, derivatives and
    gradients follow at once. `data=(inputs, X, y)` gives examples to train on: `inputs` are the leaves that stand for
    one of them, first those of its features, a row of `X`, then those of its target, a number or a row of `y`.

    Nodes are named as `draw` names them: by label, else by the variable that holds them in the calling code, or in
    `names`. No gradient is touched: the page shows a sweep of its own, from zero.

    Raises ValueError for a root that is a leaf, for a graph of more than 2,000 nodes and for a file that does not
    end in `.html`; TypeError for a root that is no `Value`; both for data that does not fit; OSError where the file
    cannot be written.

    >>> import pathlib, tempfile
    >>> x = Value(2.0, "x")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_page((3.0 * x).tanh(), pathlib.Path(folder, "backprop.html"))
    ...     [file.name for file in pathlib.Path(folder).iterdir()]
    ['backprop.html']
    """
    if os.path.splitext(file)[1].lower() not in ENDINGS:
        raise ValueError(f"a page is HTML, so its file ends in .html, which {os.fspath(file)!r} does not")
    write_whole(file, page_html(root, names, data))


def page_html(root: Value, names: Mapping[str, Any] | None = None, data: Any = None, addition: str = "") -> str:
    """The HTML of the whole page; `addition` is a module of `assets/` that begins after all others.

    >>> page_html(Value(2.0, "x") * 3.0).splitlines()[0]
    '<!doctype html>'
    """
    _check_size(root)
    stepper = Stepper(root, names)
    called = {name: node for node, name in stepper.names.items()}
    content = Content(stepper)
    if data is not None:
        content.add_examples(*examples_of(data, stepper.nodes))

    def read(module: str) -> str:
        return content.rules(asset("functions.js")) if module == "rules.js" else asset(module)

    parts = {
        "title": escape(f"Backpropagation through {stepper.names[root]!r}, step by step", quote=False),
        "style": compact_style(asset("page.css")),
        "svg": _leaner(graph_svg(root, names=called)),
        "data": embedded(content.data),
        "script": bundle([ENTRY, addition] if addition else [ENTRY], read),
    }
    return filled("page.html", parts)


def _leaner(svg: str) -> str:
    """The drawing less what hangs over its parts: the page writes that anew as numbers change, and copies need none.

    Less what goes without saying, too: where a text begins, and its color, which the style of the page says.
    """
    svg = re.sub(r'(<text[^>]*) fill="[^"]*"', r"\1", svg.replace(' text-anchor="start"', ""))
    return re.sub(
        r"<title>[^<]*</title>", "<title></title>", re.sub(r'(class="copy"[^>]*>)<title>[^<]*</title>', r"\1", svg)
    )


def _check_size(root: Value) -> None:
    count = len(topological_order(root)) if isinstance(root, Value) else 0
    if count > MAX_NODES:
        raise ValueError(
            f"this graph has {count:,} nodes and a page can show {MAX_NODES:,}; save the page of a part of it "
            "(any inner Value can be the root), of one example instead of a batch, or of a smaller network"
        )


def asset(name: str) -> str:
    """The text of a file of `assets/`."""
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def filled(name: str, parts: Mapping[str, str]) -> str:
    """The HTML of `assets/` with its parts in their places; its indents mean nothing."""
    return Template(re.sub(r"(?m)^ +", "", asset(name))).substitute(parts)


def embedded(content: Mapping[str, Any]) -> str:
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
