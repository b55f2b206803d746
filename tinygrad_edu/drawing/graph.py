"""The computation graph as a picture: values, gradients, and the chain rule on every edge.

How to read it: an edge leads from an input to what was made of it and carries the local derivative `∂`. After
a sweep it also carries, with an arrow that points the way gradients flow, what it handed back: upstream × local.
A wide edge handed back much; blue and solid is positive, vermilion and dashed is negative, dotted is nothing at all.

May import: `elsewhere`, `files`, `texts`, `ops`, `number_systems`, `origins`, `value`, `backprop`, `gradients`;
`expansion`, `layout`, `markup`, `modules`, `names` and `palette` of this folder; graphviz.
"""

from __future__ import annotations

import math
import os
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import graphviz

from tinygrad_edu import ops
from tinygrad_edu.backprop import Contribution, Step, sweep, topological_order
from tinygrad_edu.drawing.expansion import expansion
from tinygrad_edu.drawing.layout import Drawing, laid_out, tidy
from tinygrad_edu.drawing.markup import AS_BOLD, bold, caption, cell, label_text, number_cell, table, tooltip_text
from tinygrad_edu.drawing.modules import is_parameter, module_places, named_places
from tinygrad_edu.drawing.names import is_constant, node_names
from tinygrad_edu.drawing.palette import BROKEN, FONT, GRAY, INK, NEGATIVE, PAPER, POSITIVE, TINTS, blend
from tinygrad_edu.elsewhere import DRAW_KEYWORDS, says_ours
from tinygrad_edu.files import write_whole
from tinygrad_edu.gradients import StandIn
from tinygrad_edu.number_systems import formula, local_formulas
from tinygrad_edu.origins import Place
from tinygrad_edu.texts import drawn_number
from tinygrad_edu.value import Value

__all__ = ["MAX_NODES", "draw", "graph_svg", "has_gradients", "notebook_svg"]

#: Nobody reads more, and Graphviz would need more than half a minute for more.
MAX_NODES = 2_000
#: How many columns the edges may cross in all, before Graphviz has to hurry and before it is not asked at all: careful
#: work on the first, and hurried work on the second, take about twenty seconds.
HURRIED, MAX_CROSSED = 2_500, 60_000
#: Straight edges, and few tries to shorten them: seconds where careful work takes hours.
_HURRY = {"splines": "line", "outputorder": "edgesfirst", "nslimit": "1", "nslimit1": "1", "mclimit": "0.2"}
ENDINGS = (".svg", ".png", ".dot")
_BACKWARD_ARROWS = {"LR": "←", "RL": "→", "TB": "↑", "BT": "↓"}
#: The width of the edge that handed back most, in points; one that handed back nothing has 1.
_WIDEST = 4.0


@says_ours(DRAW_KEYWORDS)
def draw(
    root: Value,
    file: str | os.PathLike[str] | None = None,
    *,
    names: Mapping[str, Any] | None = None,
    expand: bool = False,
    rankdir: str = "LR",
) -> graphviz.Digraph:
    """Draw the graph that computed `root`; with `file`, also write it as `.svg`, `.png` or `.dot`.

    A node shows its label or, failing that, the name of the variable that holds it in the calling code; `names`, a
    mapping from names to `Value`s (or to lists or arrays of them) such as `locals()`, replaces that look-up. `expand`
    shows each × and + inside a `dot`. `rankdir` is the direction of the forward pass: "LR", "TB", "RL" or "BT".

    Gradients are those of the last sweep. The graph counts as swept when the root's own gradient is not zero, since
    every sweep starts by seeding its root with 1; before that gradients read "–".

    Raises ValueError for a graph of more than 2,000 nodes, for one too tangled to lay out, and for other file endings;
    TypeError for a root that is no `Value`; and OSError (FileNotFoundError, PermissionError, ...) where the file
    cannot be written; a file that was there is then as it was.

    >>> a, b = Value(2.0, "a"), Value(-3.0)
    >>> picture = draw(a * b)
    >>> "∂ −3" in picture.source
    True
    """
    target = None if file is None else _checked_file(file)
    drawing = _GraphPicture(root, names, expand, rankdir).drawing()
    if target is not None:
        ending = target.suffix.lower()
        content = drawing.source if ending == ".dot" else drawing.pipe(ending[1:])
        write_whole(target, content)
    return drawing


def graph_svg(
    root: Value,
    *,
    names: Mapping[str, Any] | None = None,
    expand: bool = False,
    rankdir: str = "LR",
) -> str:
    """The drawing as an `<svg>` element that a program can animate: every part has a stable id and classes.

    Nodes are numbered by their position in `topological_order(root)` (of `expanded(root)` if `expand`):

        <g id="node-12" class="node operation root">      also: input, parameter, constant
            <text class="symbol"> <text class="name">     the name only where there is one
            <text class="value">  <text class="grad">     the numbers; a script may change their text
                                                      the last shape in the group is the rectangle behind the gradient
        <g id="edge-12-0" class="edge">                   from input 0 of node 12 to node 12
            <text class="local">  <text class="amount">   the local derivative; upstream × local
        <g class="cluster">                               a module

    Room is kept for numbers that appear later. The background is transparent, and colors are attributes, so that CSS
    rules win over them. The same graph gives the same text every time. Raises what `draw` raises.

    >>> svg = graph_svg(Value(2.0, "a").exp())
    >>> 'id="node-0" class="node input"' in svg, 'id="edge-1-0"' in svg
    (True, True)
    """
    picture = _GraphPicture(root, names, expand, rankdir, reserve=True)
    svg = tidy(laid_out(picture.drawing().source, "svg"))
    namespace = "{http://www.w3.org/2000/svg}"
    for group in svg.iter(f"{namespace}g"):
        kind = group.get("class", "").split(" ")[0]
        roles = picture.text_roles.get(group.get("id", ""), ())
        if kind in ("node", "edge"):
            for text, role in zip(group.iter(f"{namespace}text"), roles, strict=True):
                text.set("class", role)
    return ET.tostring(svg, encoding="unicode")


def has_gradients(root: Value) -> bool:
    """Whether a sweep has given this graph gradients; zero says no, because a sweep seeds its root with 1.

    >>> root = Value(2.0) * 3.0
    >>> before = has_gradients(root)
    >>> root.backward()
    >>> before, has_gradients(root)
    (False, True)
    """
    return root.grad != 0.0


def _checked_file(file: str | os.PathLike[str]) -> Path:
    path = Path(file)
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"a drawing is written to a file ending in .svg, .png or .dot, not to {str(file)!r}")
    return path


# The picture ----------------------------------------------------------------------------------------------


class _GraphPicture:
    """One drawing in the making: what is known of each node and edge, and how it is said to Graphviz.

    With `reserve` there is room for what a script may show later: gradients before there are any.
    """

    def __init__(
        self, root: Value, names: Mapping[str, Any] | None, expand: bool, rankdir: str, reserve: bool = False
    ) -> None:
        if not isinstance(root, Value):
            raise TypeError(
                f"draw needs the Value at the end of a graph, such as loss or outputs[0], not {root!r:.80} of type "
                f"{type(root).__name__}"
            )
        if rankdir not in _BACKWARD_ARROWS:
            raise ValueError(f"rankdir is one of {', '.join(_BACKWARD_ARROWS)}, not {rankdir!r}")
        originals = _few_enough(topological_order(root))
        named = node_names(originals, names)
        stand_for = expansion(originals) if expand else {node: node for node in originals}
        self.root = stand_for[root]
        self.nodes = _few_enough(topological_order(self.root)) if expand else originals
        self.crossed = _few_columns(self.nodes)
        self.names = {stand_for[node]: name for node, name in named.items()}
        self.index = {node: k for k, node in enumerate(self.nodes)}
        self.modules = module_places(self.nodes)
        self.swept = has_gradients(self.root)
        self.arrow = _BACKWARD_ARROWS[rankdir]
        self.rankdir = rankdir
        self.reserve = reserve
        self.text_roles: dict[str, Sequence[str]] = {}
        self.steps = {node: _step_of(node) for node in self.nodes if node.inputs}
        amounts = [abs(c.amount) for step in self.steps.values() for c in step.contributions]
        self.largest_amount = max(filter(math.isfinite, amounts), default=0.0)
        self.largest_grad = max(filter(math.isfinite, (abs(node.grad) for node in self.nodes)), default=0.0)

    def drawing(self) -> Drawing:
        """All of it: nodes in their modules, then the edges."""
        drawing: Drawing = Drawing(
            graph_attr={
                "rankdir": self.rankdir,
                "bgcolor": "transparent" if self.reserve else PAPER,
                "nodesep": "0.15",
                "ranksep": "0.35",
                "newrank": "true",  # inputs before outputs also where a module is used twice, as in a recurrent network
                "pad": "0.2",
                "fontname": FONT,
                "fontsize": "11",
                "fontcolor": GRAY,
            },
            node_attr={"shape": "box", "fontname": FONT, "fontsize": "11", "fontcolor": INK, "margin": "0.09,0.04"},
            edge_attr={"fontname": FONT, "fontsize": "10", "fontcolor": INK, "arrowsize": "0.7"},
        )
        if self.crossed > HURRIED:
            drawing.attr(**_HURRY)
        self._add_module(drawing, None, self._module_tree())
        for node in self.nodes:
            if node.op is not None:
                self._add_edges(drawing, node)
        return drawing

    # Modules

    def _module_tree(self) -> dict[Place | None, list[Value]]:
        """The nodes of each module, with an entry for every module around one; of None, those that are in no module."""
        tree: dict[Place | None, list[Value]] = {None: []}
        for node in self.nodes:
            place = self.modules.get(node)
            for around in named_places(place):
                tree.setdefault(around, [])
            tree[place].append(node)
        return tree

    def _add_module(self, drawing: Drawing, place: Place | None, tree: Mapping[Place | None, Sequence[Value]]) -> None:
        for node in tree[place]:
            self._add_node(drawing, node)
        for number, inner in enumerate(tree):
            if inner is not None and (inner.around if inner.around in tree else None) == place:
                with drawing.subgraph(name=f"cluster_{number}") as cluster:
                    cluster.attr(
                        label=label_text(inner.name),
                        tooltip=tooltip_text([inner.path]),
                        style="rounded",
                        color=blend(GRAY, 0.55),
                        labeljust="l",
                        margin="9",
                    )
                    self._add_module(cluster, inner, tree)

    # Nodes

    def _kind(self, node: Value) -> str:
        if node.op is not None:
            return "operation"
        if is_parameter(node):
            return "parameter"
        return "constant" if is_constant(node, self.names.get(node, "")) else "input"

    def _add_node(self, drawing: Drawing, node: Value) -> None:
        kind = self._kind(node)
        is_root = node is self.root
        drawing.node(
            self._id(node),
            id=self._id(node),
            label=self._node_label(node),
            tooltip=self._node_tooltip(node),
            style="rounded,filled" if kind in ("operation", "parameter") else "filled",
            fillcolor=TINTS[kind],
            color=INK if is_root else blend(GRAY, 0.8),
            penwidth="1.4" if is_root or kind == "parameter" else "1",
            peripheries="2" if is_root else "1",
            **{"class": kind + " root" * is_root},
        )

    def _node_label(self, node: Value) -> str:
        name, value = self._short_name(node), drawn_number(node.data)
        if node.op is None and name:
            rows = [cell(bold(name)) + number_cell(value + AS_BOLD)]
            roles = ["name", "value"]
        elif node.op is None:
            rows = [caption("constant") + number_cell(value)]
            roles = ["name", "value"]
        elif name:
            rows = [
                cell(bold(_symbol(node.op), 13)) + cell(bold(name), "RIGHT"),
                caption("value") + number_cell(value),
            ]
            roles = ["symbol", "name", "caption", "value"]
        else:
            rows = [f'<TD COLSPAN="2">{bold(_symbol(node.op), 13)}</TD>', caption("value") + number_cell(value)]
            roles = ["symbol", "caption", "value"]
        self.text_roles[self._id(node)] = [*roles, "caption", "grad"]
        return table([*rows, caption("grad") + self._grad_cell(node)])

    def _grad_cell(self, node: Value) -> str:
        blank = PAPER if self.reserve else ""  # a script may color it later, so the rectangle has to be there
        if not self.swept:
            return number_cell("–", blank)
        return number_cell(drawn_number(node.grad), _tint(node.grad, self.largest_grad) or blank)

    def _short_name(self, node: Value) -> str:
        """The name; of a parameter without the path of its module, which is drawn around it."""
        name = self.names.get(node, "")
        return name if node.module is None else name.removeprefix(node.module.to(""))

    def _formula_name(self, node: Value) -> str:
        """How formulas call a node: by name; a constant by its number; v7 for node 7, as on a Wengert list."""
        name = self.names.get(node)
        if name:
            return name
        return drawn_number(node.data) if node.op is None else f"v{self.index[node]}"

    def _node_tooltip(self, node: Value) -> str:
        name = self._formula_name(node)
        lines = [f"{self._kind(node)} {name}"]
        if node.op is not None:
            lines = [f"{name} = {formula(node.op, [self._formula_name(value) for value in node.inputs])}"]
        lines.append(f"value {node.data!r}, grad {repr(node.grad) if self.swept else '–'}")
        if node in self.modules:
            lines.append(f"in {self.modules[node].path}")
        if node.source is not None:
            lines.append(f"{node.source.file}, line {node.source.line}: {node.source.text}")
        return tooltip_text(lines)

    def _id(self, node: Value) -> str:
        return f"node-{self.index[node]}"

    # Edges

    def _add_edges(self, drawing: Drawing, node: Value) -> None:
        assert node.op is not None
        name = self._formula_name(node)
        input_names = [self._formula_name(value) for value in node.inputs]
        rules = local_formulas(node.op, name, input_names)
        for k, contribution in enumerate(self.steps[node].contributions):
            id_ = f"edge-{self.index[node]}-{k}"
            derivative = f"∂{name}/∂{input_names[k]} = {rules[k]}"
            tooltip = tooltip_text(self._edge_explanation(derivative, contribution))
            drawing.edge(
                self._id(node.inputs[k]),
                self._id(node),
                id=id_,
                label=self._edge_label(id_, contribution),
                tooltip=tooltip,
                labeltooltip=tooltip,
                # An input from outside a module stays clear of the column of its parameters.
                minlen="1" if self._outermost(node) in ([], self._outermost(node.inputs[k])) else "2",
                weight="1" if node.inputs[k].op is None else "4",  # chains of operations run straight
                **self._edge_style(contribution),
            )

    def _outermost(self, node: Value) -> list[Place]:
        return named_places(self.modules.get(node))[:1]

    def _edge_explanation(self, derivative: str, contribution: Contribution) -> list[str]:
        upstream, local, amount = map(drawn_number, (contribution.upstream, contribution.local, contribution.amount))
        lines = [derivative if derivative.endswith(f"= {local}") else f"{derivative} = {local}"]
        return [*lines, f"upstream {upstream} × local {local} = {amount}"] if self.swept else lines

    def _edge_label(self, id_: str, contribution: Contribution) -> str:
        rows = [f"<TD>∂ {drawn_number(contribution.local)}</TD>"]
        roles = ["local"]
        if self.swept or self.reserve:
            amount = drawn_number(contribution.amount) if self.swept else "–"
            color = _color(contribution.amount) if self.swept else GRAY
            # 64 points: the arrow and four digits, whatever a script writes there later.
            rows.append(f'<TD WIDTH="64"><B><FONT COLOR="{color}">{self.arrow} {amount}</FONT></B></TD>')
            roles.append("amount")
        self.text_roles[id_] = roles
        return table([*rows, '<TD HEIGHT="4"></TD>'])  # some air above the line

    def _edge_style(self, contribution: Contribution) -> dict[str, str]:
        if not self.swept:
            return {"color": GRAY, "penwidth": "1.2"}
        amount = contribution.amount
        share = _share(amount, self.largest_amount)
        style = "dotted" if amount == 0.0 else "dashed" if amount < 0.0 else "solid"
        return {"color": _color(amount), "style": style, "penwidth": f"{1.0 + (_WIDEST - 1.0) * share:.2f}"}


def _few_enough(nodes: list[Value]) -> list[Value]:
    """The nodes, if they are not too many."""
    if len(nodes) > MAX_NODES:
        raise ValueError(
            f"this graph has {len(nodes):,} nodes and a drawing can show {MAX_NODES:,}; draw a part of it "
            "(any inner Value can be the root), one example instead of a batch, or without expand"
        )
    return nodes


def _few_columns(nodes: Sequence[Value]) -> int:
    """How many columns the edges cross, if that is not too many."""
    crossed = _crossed_columns(nodes)
    if crossed > MAX_CROSSED:
        raise ValueError(
            f"the edges of this graph cross {crossed:,} columns in all and a drawing can show {MAX_CROSSED:,}: it is "
            "deep and its values are used far from where they are made; draw a part of it (any inner Value can be the "
            "root), or fewer steps of a recurrent network"
        )
    return crossed


def _crossed_columns(nodes: Sequence[Value]) -> int:
    """How many columns all edges cross together, which is what laying out a graph costs.

    A column holds the nodes of the same depth, but a leaf stands just before the first node that uses it.
    """
    column: dict[Value, int] = {}
    used_in: dict[Value, list[int]] = {}
    for node in nodes:
        column[node] = 1 + max((column[value] for value in node.inputs), default=0)
        for value in node.inputs:
            used_in.setdefault(value, []).append(column[node])
    starts = {value: column[value] if value.inputs else min(used) - 1 for value, used in used_in.items()}
    return sum(end - starts[value] - 1 for value, used in used_in.items() for end in used)


def _step_of(node: Value) -> Step:
    """The node's own step of the sweep, on stand-ins: what it handed, or would hand, to each input."""
    inputs = {value: StandIn((), ()) for value in node.inputs}
    stand_in = StandIn([inputs[value] for value in node.inputs], node.local_derivatives)
    stand_in._grad = node.grad
    (step,) = sweep([stand_in], observed=True)
    return step


def _symbol(operation: ops.Op) -> str:
    """What an operation node shows: its symbol, and the settings it was made with."""
    settings = ", ".join(map(drawn_number, operation.settings))
    return f"{operation.symbol} {settings}".strip()


# Color and width -----------------------------------------------------------------------------------------


def _share(number: float, largest: float) -> float:
    """How much of the largest a number is, from 0 to 1; the root, so that small ones still differ from nothing."""
    if not math.isfinite(number):
        return 1.0
    return math.sqrt(abs(number) / largest) if largest else 0.0


def _color(number: float) -> str:
    if number == 0.0:
        return GRAY
    if not math.isfinite(number):
        return BROKEN
    return POSITIVE if number > 0.0 else NEGATIVE


def _tint(number: float, largest: float) -> str:
    # From a first hint of color to the strongest on which the number is still easy to read.
    return "" if number == 0.0 else blend(_color(number), 0.08 + 0.32 * _share(number, largest))


# In a notebook --------------------------------------------------------------------------------------------


def notebook_svg(value: Value) -> str | None:
    """The picture a notebook shows for a `Value`; None, so that it shows the text, when the graph is too large.

    Names are those of the notebook: the code that calls this is the notebook's own machinery.
    """
    if len(topological_order(value)) > MAX_NODES:
        return None
    picture: str = draw(value, names=vars(sys.modules["__main__"])).pipe("svg", encoding="utf-8")
    return picture
