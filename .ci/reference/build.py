"""The reference as pages: `python .ci/reference/build.py [FOLDER]`, by default out/reference.

A page for each idea, written by pdoc from the docstrings; this adds what docstrings cannot hold: the table of all
operations, typeset from their declarations, pictures, and formulas that look like formulas. A warning is an error.
"""

from __future__ import annotations

import base64
import html
import importlib
import re
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pdoc
from pdoc import render

from tinygrad_edu import plotting
from tinygrad_edu.number_systems.printing import formula, local_formulas
from tinygrad_edu.number_systems.symbols import Symbol
from tinygrad_edu.op import RULE_BOOK, Op

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "demos" / "pictures"
#: The pages in the order in which one learns: module, idea, picture and what it shows.
PAGES = (
    ("value", "A number that remembers how it was made", "graph.svg", "tanh(a · b + 5), drawn"),
    ("ops", "Every operation and its derivatives", "", ""),
    ("functions", "Functions of several values", "", ""),
    ("backprop", "The one reverse sweep", "", ""),
    ("gradients", "Gradients as values, Jacobian, Hessian", "", ""),
    ("checking", "The sweep against finite differences", "", ""),
    ("declaring", "Operations of your own", "", ""),
    ("modes", "no_grad, and where a node was made", "", ""),
    ("anomaly", "The first cause of a nan", "", ""),
    ("stopping", "Stopping inside a backward pass", "", ""),
    ("arrays", "NumPy arrays of Values", "", ""),
    ("drawing", "Pictures of graphs and models", "network.svg", "A network in the middle of a backward pass"),
    ("stepping", "Stepping through backprop", "page.png", "The live page of a neuron"),
    ("nn", "Modules and layers", "model.svg", "A network and what it computes from an example"),
    ("nn.activations", "Activations", "activations", "Each activation and its derivative"),
    ("nn.initializers", "How weights start", "", ""),
    ("nn.losses", "Losses", "", ""),
    ("nn.regularizers", "Dropout, normalization, penalties", "", ""),
    ("optim", "Optimizers, schedules, clipping", "", ""),
    ("replay", "Record once, run on arrays", "", ""),
    ("training", "fit: training on real data", "", ""),
    ("training.estimators", "As scikit-learn's estimators", "", ""),
    ("diagnosis", "What goes wrong in training", "", ""),
    ("plotting", "Figures of training runs", "", ""),
)

#: What the inputs are called of operations that take any number of them.
OF_MANY = {
    "dot": ["w₁", "x₁", "b"],
    "choose": ["index", "a", "b"],
    **{name: ["a₁", "a₂"] for name in ("fsum", "mean", "norm", "logsumexp")},
}


def main(folder: Path) -> None:
    """Write the pages and their search."""
    names = [f"tinygrad_edu.{module}" for module, *_ in PAGES]
    render.configure(docformat="markdown", template_directory=Path(__file__).parent)
    render.env.globals["pages"] = [(name, page[1]) for name, page in zip(names, PAGES, strict=True)]
    render.env.globals["below"] = {name: picture(*page[2:]) for name, page in zip(names, PAGES, strict=True)}
    render.env.globals["below"]["tinygrad_edu.ops"] = rule_book()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pdoc.pdoc("tinygrad_edu", *filter(not_with_its_parent, names), output_directory=folder)
    for file in folder.rglob("*.html"):
        file.write_text(without_asides(file.read_text("utf-8")), "utf-8")
    print(f"{folder / 'index.html'}: {len(names) + 1} pages")


def not_with_its_parent(name: str) -> bool:
    """Whether a module has to be asked for: pdoc takes what a package lists in `__all__` with the package."""
    parent, _, own = name.rpartition(".")
    return own not in getattr(importlib.import_module(parent), "__all__", ()) or parent == "tinygrad_edu"


def picture(name: str, caption: str) -> str:
    """A picture inside the page, so that a page is one file."""
    if not name:
        return ""
    if name == "activations":
        kind, content = "svg+xml", svg_of(plotting.plot_activations())
    else:
        kind = "svg+xml" if name.endswith(".svg") else "png"
        content = (PICTURES / name).read_bytes()
    source = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return f'<figure><img src="{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'


def svg_of(figure: object) -> bytes:
    """A figure of matplotlib as SVG."""
    from io import BytesIO

    stream = BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})  # type: ignore[attr-defined]
    return stream.getvalue()


def rule_book() -> str:
    """All operations with their formulas, as the rule book declares them."""
    head = "<tr><th>operation</th><th>y</th><th>derivatives</th></tr>"
    return f'<table class="rules">{head}{"".join(row(name, each) for name, each in RULE_BOOK.items())}</table>'


def row(name: str, operation: Op) -> str:
    """One operation: its formula, and the derivative by each input; by the first few where there can be any number."""
    letters = (
        ["a", "b", "c"][: len(operation.derivatives)] if isinstance(operation.derivatives, tuple) else OF_MANY[name]
    )
    bound = replace(operation, settings=tuple(map(Symbol, operation.parameters)))
    derivatives = zip(letters, local_formulas(bound, "y", letters), strict=True)
    written = "<br>".join(typeset(f"∂y/∂{letter} = {text}") for letter, text in derivatives if letter != "index")
    y = operation.formula or formula(bound, letters)
    return f"<tr><td><code>{name}</code></td><td>{typeset(y)}</td><td>{written}</td></tr>"


def typeset(text: str) -> str:
    """A formula in the type of formulas."""
    return f'<span class="formula">{html.escape(text.replace(" * ", " · ").replace("-", "−"))}</span>'


def without_asides(page: str) -> str:
    """What a module may import is for those who read its file."""
    return re.sub(r"<p>May import: .*?</p>", "", page, flags=re.S)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "out" / "reference")
