"""What stands in the boxes: the table of one node, and that of a whole neuron.

May import: `texts`, `ops`, `value`, `backprop`; `markup`, `neurons`, `palette`, `sweeps` and `widths` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tinygrad_edu import ops
from tinygrad_edu.backprop import Contribution
from tinygrad_edu.drawing.markup import PADDING, ROW, SMALL, Cell, bold, caption, cell, spacer, table
from tinygrad_edu.drawing.neurons import GraphNeuron, has_bias
from tinygrad_edu.drawing.palette import GRAY, LINE, TINTS, sign_color, tint
from tinygrad_edu.drawing.sweeps import Sweep
from tinygrad_edu.drawing.widths import text_width
from tinygrad_edu.texts import drawn_number
from tinygrad_edu.value import Value

__all__ = ["SHOWN_INPUTS", "Look", "NeuronRows", "node_label", "shown_inputs", "symbol_of"]

#: Where edges leave a box to the left.
_LEFT = 'PORT="lout"'
#: A neuron of more inputs shows those whose weights have the strongest gradients.
SHOWN_INPUTS = 8
#: Boxes keep their width while a script changes their numbers, of which this is the widest.
_WIDEST_NUMBER = text_width("−1.2e−300") + 2 * PADDING


@dataclass(frozen=True)
class Look:
    """What all boxes of a picture have in common.

    `sweep` knows the gradients; with `reserve` there is room for those that a script shows later. `largest` is the
    largest gradient, whose tint is the strongest, and `arrow` the way gradients flow. `owner` gives the id and the
    classes of a node, and `tip` its tooltip.
    """

    sweep: Sweep
    reserve: bool
    largest: float
    arrow: str
    owner: Callable[[Value], str]
    tip: Callable[[Value], str]

    @property
    def room(self) -> float:
        """The least width of a number."""
        return _WIDEST_NUMBER if self.reserve else 0.0

    def value(self, node: Value, owner: str = "") -> Cell:
        """The cell of a node's number."""
        return cell(drawn_number(node.data), "value", "right", width=self.room, owner=owner)

    def grad(self, node: Value, owner: str = "", attributes: str = "") -> Cell:
        """The cell of a node's gradient."""
        gradient = self.sweep.gradient(node)
        text = "–" if gradient is None else drawn_number(gradient)
        ground = "transparent" if gradient is None else tint(gradient, self.largest)
        return cell(text, "grad", "right", width=self.room, owner=owner, tint=ground, attributes=attributes)

    def edge(
        self, node: Value, contribution: Contribution, owner: str = "", align: str = "right", to_constant: bool = False
    ) -> list[Cell]:
        """The cells of an edge into a node: the local derivative and, if any, what was handed back to no constant."""
        local = f"∂ {drawn_number(contribution.local)}"
        cells = [cell(local, "local", align, size=10, owner=owner, width=self.room)]
        was_handed = self.sweep.has_passed(node)
        if to_constant or not (was_handed or self.reserve):
            return cells
        amount, color = "–", GRAY
        if was_handed:
            amount, color = drawn_number(contribution.amount), sign_color(contribution.amount)
        shown = cell(
            f"{self.arrow} {amount}", "amount", align, size=10, is_bold=True, color=color, owner=owner,
            width=self.room and self.room + 16,
        )  # fmt: skip
        return [*cells, shown]


def symbol_of(operation: ops.Op) -> str:
    """What an operation node shows: its symbol, and the settings it was made with.

    >>> symbol_of((Value(2.0) * 3.0).op), symbol_of((Value(2.0) ** 3).op)
    ('×', '** 3')
    """
    settings = ", ".join(map(drawn_number, operation.settings))
    return f"{operation.symbol} {settings}".strip()


def node_label(node: Value, name: str, look: Look, is_constant: bool, made_up: bool) -> str:
    """The label of one node: what it is, its value, and its gradient unless it is a plain number.

    A name that nobody gave is `made_up`: it stands there in small type, so that one can find the node again.
    """
    if is_constant:
        return f"<{table([[cell(drawn_number(node.data), 'value', 'center', width=look.room)]])}>"
    if node.op is None:
        rows = [[bold(name), look.value(node)]]
    else:
        symbol = bold(_symbol(node), "symbol", size=13)
        named = cell(name, "name.made-up", "right", size=SMALL, color=GRAY) if made_up else bold(name, align="right")
        rows = [[symbol, named] if name else [symbol], [caption("value"), look.value(node)]]
    return f"<{table([*rows, [caption('grad'), look.grad(node)]])}>"


def _symbol(node: Value) -> str:
    assert node.op is not None
    symbol = symbol_of(node.op)
    return symbol if node.op is not ops.dot or has_bias(node) else symbol.removesuffix(" + b")


# Neurons --------------------------------------------------------------------------------------------------


def shown_inputs(neuron: GraphNeuron, sweep: Sweep) -> list[int]:
    """The numbers of the inputs that have rows: all, or those of the strongest gradients (or weights, before a sweep).

    >>> from tinygrad_edu import Neuron, topological_order
    >>> from tinygrad_edu.drawing.neurons import find_neurons
    >>> from tinygrad_edu.drawing.sweeps import finished_sweep
    >>> (neuron,) = find_neurons(topological_order(Neuron(20, init="zeros")([0.0] * 20)))
    >>> shown_inputs(neuron, finished_sweep(neuron.output))
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    weights = neuron.weights
    if len(weights) <= SHOWN_INPUTS:
        return list(range(len(weights)))
    is_reached = sweep.has_passed(neuron.products)
    strength = [abs((sweep.gradient(weight) if is_reached else weight.data) or 0.0) for weight in weights]
    return sorted(sorted(range(len(weights)), key=lambda k: -strength[k])[:SHOWN_INPUTS])


class NeuronRows:
    """The rows of a neuron's box, and what comes along the edge to each.

    `name_of` gives the short name of a node, `edges` the id of the edge into an operation by the number of the input,
    and its contribution. What is `elsewhere` is told in another box: of a shared weight, this one has a copy.
    """

    def __init__(
        self,
        neuron: GraphNeuron,
        shown: Sequence[int],
        look: Look,
        name_of: Callable[[Value], str],
        edges: Callable[[Value, int], tuple[str, Contribution]],
        elsewhere: Callable[[Value], bool],
    ) -> None:
        self.neuron, self.look, self.name_of, self.edges, self.elsewhere = neuron, look, name_of, edges, elsewhere
        weights = neuron.weights
        self.arriving = [self._edge(k) for k in shown]
        self.rows = [
            [*self._input(neuron.inputs[k], f"lw{k}"), *self._parameter("×", weights[k], f"w{k}")] for k in shown
        ]
        self.left_out = len(weights) - len(shown)
        self.ports = [f"i{k}" for k in shown]
        self.results = [*self._sums(), [], *self._results()]

    def _owner(self, node: Value) -> str:
        owner = self.look.owner(node)
        return owner.partition("/")[0] + "/copy" if self.elsewhere(node) else owner

    def _edge(self, k: int) -> list[Cell]:
        edge, contribution = self.edges(self.neuron.products, self.neuron.first_input + k)
        cells = self.look.edge(self.neuron.products, contribution, owner=f"{edge}/edge", align="left")
        return [*cells, *[spacer()] * (2 - len(cells))]  # in some rows nothing may have come back yet

    def _input(self, node: Value, port: str) -> list[Cell]:
        owner, port = self.look.owner(node).partition("/")[0] + "/copy", f'PORT="{port}"'
        name = cell(self.name_of(node), "name", color=GRAY, owner=owner, tip=self.look.tip(node), attributes=port)
        return [name, self.look.value(node, owner=owner)]

    def _parameter(self, sign: str, node: Value, port: str) -> list[Cell]:
        return self._node(node, f"{sign} {self.name_of(node)}", port)

    def _node(self, node: Value, name: str, port: str, color: str = "") -> list[Cell]:
        owner, look = self._owner(node), self.look
        return [
            cell(name, "name", is_bold=not color, color=color, owner=owner, tip=look.tip(node)),
            look.value(node, owner=owner),
            look.grad(node, owner=owner, attributes=f'PORT="{port}"'),
        ]

    def _sums(self) -> list[list[Cell]]:
        """The rows of the sum without the bias, where a node of its own adds that, and of the bias."""
        products, bias = self.neuron.products, self.neuron.bias
        rows = []
        if products is not self.neuron.total:
            rows.append([*self._two(caption("w·x")), *self._node(products, self.name_of(products), "s", GRAY)])
        if bias is not None:
            rows.append([*self._two(caption("bias", attributes='PORT="lb"')), *self._parameter("+", bias, "b")])
        return rows

    def _results(self) -> list[list[Cell]]:
        """The rows of the weighted sum and of the activation."""
        total, activation = self.neuron.total, self.neuron.activation
        if activation is None:
            return [[*self._two(caption("sum", attributes=_LEFT)), *self._node(total, self.name_of(total), "out")]]
        assert activation.op is not None
        edge, contribution = self.edges(activation, 0)
        local = f"∂ {drawn_number(contribution.local)}"
        return [
            [*self._two(caption("sum")), *self._node(total, self.name_of(total), "z")],
            [
                cell(symbol_of(activation.op), "symbol", is_bold=True, owner=self._owner(activation), attributes=_LEFT),
                cell(local, "local", "right", size=10, owner=f"{edge}/edge", width=self.look.room),
                *self._node(activation, self.name_of(activation), "out"),
            ],
        ]

    @staticmethod
    def _two(first: Cell) -> list[Cell]:
        return [first, spacer()]

    def widths(self) -> tuple[list[int], list[int]]:
        """How wide each column has to be, left of the box and in it."""
        inside = [row for row in (*self.rows, *self.results) if row]
        return _widest(self.arriving), _widest(inside)

    def label(self, arriving_widths: Sequence[int], widths: Sequence[int], is_root: bool, mirrored: bool) -> str:
        """The label, with columns of these widths; `mirrored` if edges arrive at the right and leave at the left.

        Ports: i0, i1, ... where edges arrive, `more` for the inputs that are left out; `out` where edges leave; w0,
        w1, ..., `rest` and b where parameters are taken elsewhere. Those at the left are lout, lw0, ..., lrest and lb.
        """
        headings = [caption("input"), spacer(), caption("weight"), spacer(), caption("grad", "right")]
        rows = [headings, *self.rows]
        columns = f'COLSPAN="{len(arriving_widths) + 1}"'
        arriving = [[spacer(ROW + 1, columns)]]  # beside the headings and the frame
        for port, row in zip(self.ports, self.arriving, strict=True):
            beside = [spacer(ROW, f'PORT="{port}"'), *_as_wide_as(arriving_widths, row)]
            arriving.append(beside[::-1] if mirrored else beside)
        if self.left_out:
            arriving.append([spacer(ROW, f'PORT="more" {columns}')])
            more = caption(f"… {self.left_out} more", attributes='PORT="lrest"')
            rows.append([more, *[spacer()] * (len(headings) - 2), spacer(attributes='PORT="rest"')])
        rows += self.results
        arriving.append([spacer(ROW * (len(rows) - len(arriving) - 1) + 3, columns)])  # both tables are equally high
        frame = f'BORDER="{2 if is_root else 1}" COLOR="{LINE}" BGCOLOR="{TINTS["operation"]}" STYLE="rounded"'
        box = table([_as_wide_as(widths, row) for row in rows], frame)
        sides = [f'<TD VALIGN="TOP">{part}</TD>' for part in (table(arriving), box)]
        return f"<{table([sides[::-1] if mirrored else sides])}>"


def _widest(rows: Sequence[Sequence[Cell]]) -> list[int]:
    return [max(cell.room for cell in column) for column in zip(*rows, strict=True)]


def _as_wide_as(widths: Sequence[int], row: Sequence[Cell]) -> list[Cell]:
    return [replace(cell, room=max(cell.room, width)) for cell, width in zip(row, widths, strict=True)] if row else []
