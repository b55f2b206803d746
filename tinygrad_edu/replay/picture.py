"""A program beside the scalar graph it was made from: the same color on both sides is the same work.

May import: `files`, `ops`, `drawing`; `builder`, `instruction`, `listing` and `run` of this folder; graphviz.
"""

from __future__ import annotations

import os

import graphviz

from tinygrad_edu import ops
from tinygrad_edu.drawing.graph import ENDINGS
from tinygrad_edu.drawing.layout import Drawing
from tinygrad_edu.drawing.markup import SIZE, cell, table, tooltip_text
from tinygrad_edu.drawing.palette import CYCLE, FONT, GRAY, INK, PAPER, TINTS
from tinygrad_edu.files import write_whole
from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.listing import parts, size
from tinygrad_edu.replay.run import Program

__all__ = ["draw_program"]

#: Colors are transparent, so that text is as readable in the dark.
_SHARE = "47"
#: A graph of more scalars would be a picture in which nobody finds anything.
MAX_SCALARS = 400
#: So many letters of an operation are shown.
_LONGEST = 80


def draw_program(program: Program, file: str | os.PathLike[str] | None = None) -> graphviz.Digraph:
    """Draw a program beside its scalar graph; with `file`, also write it as `.svg`, `.png` or `.dot`.

    Scalars and the array operation that computes them have one color. A graph of more than 400 scalars is left
    out, and each operation says how many it stands for.

    Raises ValueError for other file endings, and OSError where the file cannot be written.

    >>> from tinygrad_edu import Value, record
    >>> w = Value(2.0)
    >>> "theta" in record(lambda x: (w * x).tanh(), ((),), [w]).draw().source
    True
    """
    ending = os.path.splitext(os.fspath(file))[1].lower() if file is not None else ""
    if file is not None and ending not in ENDINGS:
        raise ValueError(f"a drawing is written to a file ending in .svg, .png or .dot, not to {str(file)!r}")
    drawing = _drawn(program)
    if file is not None:
        write_whole(file, drawing.source if ending == ".dot" else drawing.pipe(ending[1:]))
    return drawing


def _drawn(program: Program) -> graphviz.Digraph:
    drawing: graphviz.Digraph = Drawing(
        graph_attr={
            "rankdir": "LR",
            "bgcolor": PAPER,
            "fontname": FONT,
            "fontcolor": INK,
            "nodesep": "0.12",
            "ranksep": "0.35",
        },
        node_attr={"fontname": FONT, "fontsize": "11", "color": GRAY, "fontcolor": INK, "style": "filled"},
        edge_attr={"color": GRAY, "arrowsize": "0.5"},
    )
    listed = parts(program.instructions.forward, program.instructions.backward)
    working = [var for lines in listed.values() for _, _, var in lines]
    shown = [var for var in working if var.stands_for]
    colors = {var: CYCLE[k % (len(CYCLE) - 1)] + _SHARE for k, var in enumerate(shown)}
    for _, _, var in reversed(listed["forward"]):  # a step towards scalars, such as a product before its bias
        for source in _sources(var):
            if var in colors and not source.stands_for:
                colors[source] = colors[var]
    if len(program.scalars.operations) <= MAX_SCALARS:
        with drawing.subgraph(name="cluster_scalars") as scalars:
            scalars.attr(label=_label(f"one example: {program.recorded:,} Values", role="module", size=13), color=GRAY)
            _draw_scalars(program, scalars, colors)
    with drawing.subgraph(name="cluster_program") as instructions:
        label = f"the program: {len(working)} operations on arrays, for any batch"
        instructions.attr(label=_label(label, role="module", size=13), color=GRAY)
        _draw_instructions(listed, instructions, colors)
    return drawing


def _draw_scalars(program: Program, drawing: graphviz.Digraph, colors: dict[Var, str]) -> None:
    graph = program.scalars
    color_of = {k: color for var, color in colors.items() for k in var.stands_for}
    leaves = dict(enumerate(_leaf_names(program)))
    used = {k for inputs in graph.inputs for k in inputs} | set(graph.outputs)
    for k, operation in enumerate(graph.operations):
        if operation is not None:
            drawing.node(
                f"s{k}",
                _label(_symbol(operation), role="symbol"),
                shape="circle",
                width="0.3",
                margin="0.02",
                fillcolor=color_of.get(k, PAPER),
            )
            for source in graph.inputs[k]:
                drawing.edge(f"s{source}", f"s{k}")
        elif k in used:
            name = leaves[k] if k in leaves else f"{graph.constants[k]:.4g}"
            kind = "constant" if k in graph.constants else "input" if graph.varies[k] else "parameter"
            drawing.node(
                f"s{k}",
                _label(name),
                shape="box",
                height="0.2",
                margin="0.04,0",
                fillcolor=TINTS[kind],
                tooltip=tooltip_text([name]),
            )


def _label(*lines: str, role: str = "name", size: int = SIZE) -> str:
    """Lines of text, one below the other, with room for them in every font."""
    return f"<{table([[cell(line, role, 'center', size=size, limit=_LONGEST)] for line in lines if line])}>"


def _leaf_names(program: Program) -> list[str]:
    """The names of the scalars that come first: the inputs, the noise, the parameters."""
    data = [(var.instruction.text(), var.rows) for var in program.leaves[:-1]]
    names = [name if count == 1 else f"{name}[{k}]" for name, count in data for k in range(count)]
    return names + [parameter.label or f"theta[{k}]" for k, parameter in enumerate(program.params)]


def _symbol(operation: ops.Op) -> str:
    return " ".join([operation.symbol, *[f"{setting:g}" for setting in operation.settings]])


def _draw_instructions(
    listed: dict[str, list[tuple[str, str, Var]]], drawing: graphviz.Digraph, colors: dict[Var, str]
) -> None:
    identity: dict[Var, str] = {}
    for title, lines in listed.items():
        for name, text, var in lines:
            identity[var] = f"i{len(identity)}"
            count = f"{len(var.stands_for):,} Values" if len(var.stands_for) > 1 else ""
            label = _label(f"{name} = {text}", f"{size(var)}   {count}".strip())
            fill = colors.get(var, TINTS["constant"] if title == "backward" else PAPER)
            drawing.node(
                identity[var],
                label,
                shape="box",
                fillcolor=fill,
                margin="0.08,0.02",
                tooltip=tooltip_text([f"{name} = {text}"]),
            )
            for source in _sources(var):
                if source in identity:
                    drawing.edge(identity[source], identity[var], style="solid" if title == "forward" else "dashed")


def _sources(var: Var) -> list[Var]:
    """The operations whose results it reads, through views."""
    found: list[Var] = []
    for operand in dict.fromkeys(var.operands):
        if not isinstance(operand.instruction, Leaf):
            found += _sources(operand) if operand.is_view else [operand]
    return list(dict.fromkeys(found))
