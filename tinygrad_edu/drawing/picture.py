"""One picture of a graph in the making: what is known of each node and edge, and how it is said to Graphviz.

How to read it: an edge leads from an input to what was made of it and carries the local derivative `∂`. After
a sweep it also carries, with an arrow that points the way gradients flow, what it handed back: upstream × local.
A wide edge handed back much; blue and solid is positive, vermilion and dashed is negative, dotted is nothing at all.

In a network each neuron is one box, with a row for each weight, and edges lead from outputs to these rows.

May import: `texts`, `number_systems`, `origins`, `value`, `backprop`, `gradients`; `boxes`, `expansion`, `labels`,
`layout`, `limits`, `markup`, `modules`, `names`, `neurons`, `palette` and `sweeps` of this
folder.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tinygrad_edu import backprop
from tinygrad_edu.backprop import Contribution, Step, topological_order
from tinygrad_edu.drawing.boxes import Boxes, Neighborhood
from tinygrad_edu.drawing.expansion import expansion
from tinygrad_edu.drawing.labels import SHOWN_INPUTS, Look, NeuronRows, node_label
from tinygrad_edu.drawing.layout import Drawing
from tinygrad_edu.drawing.limits import HURRIED, HURRY, few_columns, few_enough
from tinygrad_edu.drawing.markup import cell, spacer, table, tooltip_text, visible
from tinygrad_edu.drawing.modules import is_parameter, module_places, named_places
from tinygrad_edu.drawing.names import is_constant, name_all, node_names
from tinygrad_edu.drawing.neurons import GraphNeuron, find_neurons, taken
from tinygrad_edu.drawing.palette import FONT, GRAY, INK, LINE, PAPER, TINTS, blend, share_of, sign_color
from tinygrad_edu.drawing.sweeps import Sweep, finished_sweep, is_stale, reset_since
from tinygrad_edu.gradients import StandIn
from tinygrad_edu.number_systems import formula, local_formulas
from tinygrad_edu.origins import Place
from tinygrad_edu.texts import counted, drawn_number
from tinygrad_edu.value import Value

__all__ = ["GraphPicture"]

BACKWARD_ARROWS = {"LR": "←", "RL": "→", "TB": "↑", "BT": "↓"}
#: At which sides of boxes edges leave and arrive where there are neurons; up and down, Graphviz chooses.
SIDES = {"LR": (":e", ":w"), "RL": (":w", ":e"), "TB": ("", ""), "BT": ("", "")}
#: The width of the edge that handed back most, in points; one that handed back nothing has 1.
_WIDEST = 4.0


class GraphPicture:
    """The drawing of one graph.

    `expand` says whether neurons are opened ("neurons"), and each × and + inside a `dot` too (True); `part` which nodes
    are drawn. With `reserve` there is room for what a script may show later: gradients before there are any. `sweep`
    is how far the backward pass is, if it is not the last one that has ended.
    """

    def __init__(
        self,
        root: Value,
        names: Mapping[str, Any] | None,
        expand: bool | str,
        rankdir: str,
        part: Neighborhood | None = None,
        reserve: bool = False,
        sweep: Sweep | None = None,
    ) -> None:
        originals = topological_order(root)
        named, all_names = node_names(originals, names), name_all(originals, names)
        stand_for = expansion(originals) if expand is True else {node: node for node in originals}
        self.root = stand_for[root]
        nodes = topological_order(self.root)
        self.index = {node: k for k, node in enumerate(nodes)}
        self.names = {stand_for[node]: name for node, name in all_names.items()}
        self.given = {stand_for[node]: name for node, name in named.items()}
        self.modules = module_places(nodes)
        self.uses = Counter(value for node in nodes for value in taken(node))
        self.sweep = sweep or finished_sweep(self.root)
        self.rankdir, self.reserve = rankdir, reserve
        self.leaving, self.arriving = SIDES[rankdir]
        self._formulas: dict[Value, list[str]] = {}
        neurons = [] if expand is True else find_neurons(nodes)
        is_small = len(neurons) < 2 and all(len(neuron.weights) <= SHOWN_INPUTS for neuron in neurons)
        self.boxes = Boxes(nodes, neurons, self.sweep, are_open=bool(expand) or is_small)
        drawn = set(nodes) if part is None else part.of(nodes, self.boxes, stand_for)
        self.nodes = few_enough(
            [node for node in nodes if node in drawn and node not in self.boxes.left_out], expand is True
        )
        self.drawn = set(self.nodes)
        self.crossed = few_columns(self.nodes)
        self.steps = {node: _step_of(node, self.sweep) for node in self.nodes if node.inputs}
        passed = [step for node, step in self.steps.items() if self.sweep.has_passed(node)]
        amounts = [abs(c.amount) for step in passed for c in step.contributions]
        self.largest_amount = max(filter(math.isfinite, amounts), default=0.0)
        gradients = [abs(self.sweep.gradient(node) or 0.0) for node in self.nodes]
        self.look = Look(
            sweep=self.sweep,
            reserve=reserve,
            largest=max(filter(math.isfinite, gradients), default=0.0),
            arrow=BACKWARD_ARROWS[rankdir],
            owner=lambda node: f"{self._id(node)}/node.{self._kind(node)}.row",
            tip=self._node_tooltip,
        )

    def drawing(self) -> Drawing:
        """All of it: boxes in their modules, columns in order, then the edges."""
        drawing: Drawing = Drawing(
            name=f"The computation graph of {visible(self._formula_name(self.root))}",
            graph_attr={
                "tooltip": tooltip_text([self._description()]),
                "rankdir": self.rankdir,
                "bgcolor": "transparent" if self.reserve else PAPER,
                "nodesep": "0.15",
                "ranksep": f"{self._room_between_columns():.2f}",
                "newrank": "true",  # inputs before outputs also where a module is used twice, as in a recurrent network
                "pad": "0.2",
                "fontname": FONT,
                "fontsize": "11",
                "fontcolor": GRAY,
            },
            node_attr={"shape": "box", "fontname": FONT, "fontsize": "11", "fontcolor": INK, "margin": "0.06,0.04"},
            edge_attr={"fontname": FONT, "fontsize": "10", "fontcolor": INK, "arrowsize": "0.7"},
        )
        if notes := [] if self.reserve else self._notes():
            rows = [[cell(note, "note", "center", limit=len(note))] for note in notes]
            drawing.attr(label=f"<{table(rows)}>", labelloc="b")
        if self.crossed > HURRIED:
            drawing.attr(**HURRY)
        self._add_module(drawing, None, self._module_tree())
        self._add_neurons(drawing)
        self._add_columns(drawing)
        for node in self.nodes:
            if node.op is not None:
                self._add_edges(drawing, node)
        self._add_cuts(drawing)
        return drawing

    def _room_between_columns(self) -> float:
        """In inches: room for all the edges between two layers, which are the more the larger the layers."""
        shown = [len(self.boxes.shown[neuron]) for neuron in self.boxes.neurons if neuron.products in self.drawn]
        return min(0.9, 0.3 + 0.1 * max(shown, default=0.5))

    def _description(self) -> str:
        root = self._formula_name(self.root)
        carries = (
            "Each edge carries a local derivative; no gradients yet."
            if self.sweep.gradient(self.root) is None
            else f"Each edge carries a local derivative and what it handed back of the gradient of {root}."
        )
        first = f"{counted(len(self.nodes), 'node')}; {root} = {drawn_number(self.root.data)}."
        return " ".join([first, carries, *self._notes()])

    def _notes(self) -> list[str]:
        """What those should know who take all numbers for numbers of one moment."""
        computed = self._named_first(list(filter(is_stale, self.nodes)))
        reset = self._named_first([node for node in reset_since(self.nodes, self.sweep) if node in self.drawn])
        return [
            *([f"Inputs of {computed} were changed after the forward pass."] if computed else []),
            *([f"Gradients of {reset} were set to zero after the sweep."] if reset else []),
        ]

    def _named_first(self, nodes: Sequence[Value]) -> str:
        names = [self._formula_name(node) for node in nodes]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

    # Modules

    def _module_tree(self) -> dict[Place | None, list[Value]]:
        """The nodes of each module, with an entry for every module around one; of None, those that are in no module.

        Where there are neurons there are no frames around modules: layers are columns, and Graphviz does not keep the
        order of a column across frames.
        """
        tree: dict[Place | None, list[Value]] = {None: []}
        for node in self.nodes:
            place = None if self.boxes.found else self.modules.get(node)
            for around in named_places(place):
                tree.setdefault(around, [])
            tree[place].append(node)
        return tree

    def _add_module(self, drawing: Drawing, place: Place | None, tree: Mapping[Place | None, Sequence[Value]]) -> None:
        for node in tree[place]:
            if node not in self.boxes.around:
                self._add_node(drawing, node)
        for number, inner in enumerate(tree):
            if inner is not None and (inner.around if inner.around in tree else None) == place:
                with drawing.subgraph(name=f"cluster_{number}") as cluster:
                    cluster.attr(
                        label=f"<{table([[cell(inner.name, 'module', color=GRAY)]])}>",
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
        if is_parameter(node) or node in self.boxes.parameters:
            return "parameter"
        return "constant" if is_constant(node, self.given.get(node, "")) else "input"

    def _add_node(self, drawing: Drawing, node: Value) -> None:
        kind, is_root = self._kind(node), node is self.root
        drawing.node(
            self._id(node),
            id=self._id(node),
            label=node_label(node, self._short_name(node), self.look, kind == "constant", node not in self.given),
            tooltip=self._node_tooltip(node),
            style="rounded,filled" if kind in ("operation", "parameter") else "filled",
            fillcolor=TINTS[kind],
            color=INK if is_root else LINE,
            penwidth="1.4" if is_root or kind == "parameter" else "1",
            peripheries="2" if is_root else "1",
            **{"class": kind + " root" * is_root},
        )

    def _add_neurons(self, drawing: Drawing) -> None:
        """The boxes of all neurons, with columns of the same widths."""
        all_rows = {neuron: self._rows(neuron) for neuron in self.boxes.neurons if neuron.products in self.drawn}
        if not all_rows:
            return
        beside, inside = [
            [max(column) for column in zip(*side, strict=True)]
            for side in zip(*[rows.widths() for rows in all_rows.values()], strict=True)
        ]
        for neuron, rows in all_rows.items():
            is_root = neuron.output is self.root
            drawing.node(
                self._box_id(neuron),
                id=self._box_id(neuron),
                shape="plain",
                label=rows.label(beside, inside, is_root, self.rankdir == "RL"),
                tooltip=tooltip_text([neuron.path or "neuron"]),
                **{"class": "neuron" + " root" * is_root},
            )

    def _rows(self, neuron: GraphNeuron) -> NeuronRows:
        def edge(node: Value, slot: int) -> tuple[str, Contribution]:
            return self._edge_id(node, slot), self.steps[node].contributions[slot]

        def is_elsewhere(node: Value) -> bool:
            return self.boxes.around[node] is not neuron

        return NeuronRows(neuron, self.boxes.shown[neuron], self.look, self._short_name, edge, is_elsewhere)

    def _add_columns(self, drawing: Drawing) -> None:
        """Inputs, and layers under their titles, one below the other in their order."""
        chained: set[str] = set()  # a shared parameter stands in the column of its first use
        for column in self.boxes.columns(self.drawn):
            ids = []
            for item in column:
                if isinstance(item, Value):
                    ids.append(self._id(item))
                    continue
                if title := item[0].layer.title:
                    ids.append(f"title-{self.index[item[0].products]}")
                    label = f"<{table([[cell(title, 'module', 'center', color=GRAY)]])}>"
                    drawing.node(ids[-1], id=ids[-1], label=label, shape="plain", **{"class": "title"})
                ids += [id_ for neuron in item for id_ in self._in_column(neuron) if id_ not in chained]
            chained.update(ids)
            with drawing.subgraph() as same:
                same.attr(rank="same")
                for above, below in itertools.pairwise(ids):
                    same.edge(above, below, style="invis")

    def _in_column(self, neuron: GraphNeuron) -> list[str]:
        """What stands in the column of its layer: its box or, if it is open, its parameters."""
        if neuron in self.boxes.shown:
            return [self._box_id(neuron)]
        return [self._id(parameter) for parameter in neuron.parameters if parameter in self.drawn]

    def _short_name(self, node: Value) -> str:
        """The name, without the path of a module that is drawn around it."""
        name = self.names.get(node, "")  # none for the products and sums that an expansion adds
        for place in reversed(named_places(self.modules.get(node))):
            if name.startswith(f"{place.path}."):
                return name.removeprefix(f"{place.path}.")
        return name

    def _formula_name(self, node: Value) -> str:
        return self.names[node] if node in self.names else f"n{self.index[node]}"

    def _node_tooltip(self, node: Value) -> str:
        name = self._formula_name(node)
        lines = [f"{self._kind(node)} {name}"]
        if node.op is not None:
            lines = [f"{name} = {formula(node.op, [self._formula_name(value) for value in node.inputs])}"]
        gradient = self.sweep.gradient(node)
        lines.append(f"value {node.data!r}, grad {'–' if gradient is None else repr(gradient)}")
        if (uses := self.uses[node]) > 1 and self._kind(node) != "constant":
            lines.append(f"used {uses} times, and its gradient is the sum over all uses")
        if is_parameter(node):
            lines.append(node.label)
        elif node in self.modules:
            lines.append(f"in {self.modules[node].path}")
        if node.source is not None:
            lines.append(f"{node.source.file}, line {node.source.line}: {node.source.text}")
        return tooltip_text(lines)

    def _id(self, node: Value) -> str:
        return f"node-{self.index[node]}"

    def _box_id(self, neuron: GraphNeuron) -> str:
        return f"neuron-{self.index[neuron.products]}"

    def _edge_id(self, node: Value, slot: int) -> str:
        return f"edge-{self.index[node]}-{slot}"

    # Edges

    def _add_edges(self, drawing: Drawing, node: Value) -> None:
        neuron = self.boxes.around.get(node)
        if neuron is None:
            self._add_labeled_edges(drawing, node)
        elif node is neuron.products:
            self._add_edges_to_rows(drawing, neuron)

    def _add_edges_to_rows(self, drawing: Drawing, neuron: GraphNeuron) -> None:
        for k in self.boxes.shown[neuron]:
            slot = neuron.first_input + k
            if neuron.inputs[k] not in self.drawn:
                continue
            drawing.edge(
                self._tail(neuron.inputs[k], self.leaving),
                f"{self._box_id(neuron)}:i{k}{self.arriving}",
                tooltip=self._edge_tooltip(neuron.products, slot),
                id=self._edge_id(neuron.products, slot),
                **self._edge_style(neuron.products, self.steps[neuron.products].contributions[slot]),
            )
        for value in self.boxes.unseen(neuron):
            if value in self.drawn:
                more = f"{self._box_id(neuron)}:more{self.arriving}"
                drawing.edge(self._tail(value, self.leaving), more, color=LINE, penwidth="0.7")

    def _add_labeled_edges(self, drawing: Drawing, node: Value) -> None:
        for k, value in enumerate(taken(node)):
            if value not in self.drawn:
                continue
            contribution = self.steps[node].contributions[k]
            tooltip = self._edge_tooltip(node, k)
            drawing.edge(
                self._tail(value),
                self._id(node),
                id=self._edge_id(node, k),
                label=self._edge_label(node, contribution, self._kind(value) == "constant"),
                tooltip=tooltip,
                labeltooltip=tooltip,
                # An input from outside a module stays clear of the column of its parameters.
                minlen="1" if self._outermost(node) in ([], self._outermost(value)) else "2",
                weight="1" if value.op is None else "4",  # chains of operations run straight
                **self._edge_style(node, contribution, self._kind(value) == "constant"),
            )

    def _tail(self, value: Value, side: str = "") -> str:
        """Where edges from a node begin: at its box, at this side of it, or at its row in the box of a neuron."""
        neuron = self.boxes.around.get(value)
        if neuron is None:
            return f"{self._id(value)}{side}"
        port = "l" * (self.rankdir == "RL") + self._row(value, neuron)
        return f"{self._box_id(neuron)}:{port}{self.leaving}"

    def _row(self, value: Value, neuron: GraphNeuron) -> str:
        """The row of a neuron's box that tells of a node; see `labels.NeuronRows.label`."""
        if value is neuron.output:
            return "out"
        if value is neuron.bias:
            return "b"
        k = next(k for k, weight in enumerate(neuron.weights) if weight is value)  # equal Values are not the same
        return f"w{k}" if k in self.boxes.shown[neuron] else "rest"

    def _outermost(self, node: Value) -> list[Place]:
        return named_places(self.modules.get(node))[:1]

    def _edge_tooltip(self, node: Value, slot: int) -> str:
        assert node.op is not None
        name, contribution = self._formula_name(node), self.steps[node].contributions[slot]
        inputs = [self._formula_name(value) for value in node.inputs]
        derivative = f"∂{name}/∂{inputs[slot]} = {self._rules(node, name, inputs)[slot]}"
        upstream, local, amount = map(drawn_number, (contribution.upstream, contribution.local, contribution.amount))
        lines = [derivative if derivative.endswith(f"= {local}") else f"{derivative} = {local}"]
        if self.sweep.has_passed(node):
            lines.append(f"upstream {upstream} × local {local} = {amount}")
        return tooltip_text(lines)

    def _rules(self, node: Value, name: str, inputs: list[str]) -> list[str]:
        """The formulas of a node's local derivatives, printed once for all its edges."""
        assert node.op is not None
        if node not in self._formulas:
            self._formulas[node] = local_formulas(node.op, name, inputs)
        return self._formulas[node]

    def _edge_label(self, node: Value, contribution: Contribution, to_constant: bool) -> str:
        rows = [[each] for each in self.look.edge(node, contribution, align="center", to_constant=to_constant)]
        return f"<{table([*rows, [spacer(4)]])}>"  # some air above the line

    def _edge_style(self, node: Value, contribution: Contribution, to_constant: bool = False) -> dict[str, str]:
        if to_constant or not self.sweep.has_passed(node):
            return {"color": GRAY, "penwidth": "1.2"}
        amount = contribution.amount
        share = share_of(amount, self.largest_amount)
        style = "dotted" if amount == 0.0 else "dashed" if amount < 0.0 else "solid"
        return {"color": sign_color(amount), "style": style, "penwidth": f"{1.0 + (_WIDEST - 1.0) * share:.2f}"}

    # What is cut off

    def _add_cuts(self, drawing: Drawing) -> None:
        """Where a part ends: a dotted edge from or to three dots."""
        drawn = self.drawn | self.boxes.left_out
        before = {self._end(node) for node in self.nodes if any(value not in drawn for value in node.inputs)}
        after = {
            self._end(value) for node in self.index if node not in drawn for value in node.inputs if value in self.drawn
        }
        for number, (end, leads_in) in enumerate(sorted([(e, True) for e in before] + [(e, False) for e in after])):
            cut = f"cut-{number}"
            drawing.node(cut, id=cut, label=f"<{table([[cell('…', 'cut', 'center', color=GRAY)]])}>", shape="plain")
            tail, head = (cut, end) if leads_in else (end, cut)
            drawing.edge(tail, head, style="dotted", color=GRAY)

    def _end(self, node: Value) -> str:
        neuron = self.boxes.around.get(node)
        return self._id(node) if neuron is None else self._box_id(neuron)


def _step_of(node: Value, sweep: Sweep) -> Step:
    """The node's own step of the sweep, on stand-ins: what it handed, or would hand, to each input."""
    inputs = {value: StandIn((), ()) for value in node.inputs}
    stand_in = StandIn([inputs[value] for value in node.inputs], node.local_derivatives)
    stand_in._grad = sweep.gradient(node) or 0.0
    (step,) = backprop.sweep([stand_in], observed=True)
    return step
