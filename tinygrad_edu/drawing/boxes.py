"""Which box each node of a picture is in, and which nodes a picture of a part shows.

May import: `ops`, `value`; `labels`, `modules`, `neurons` and `sweeps` of this folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from tinygrad_edu import ops
from tinygrad_edu.drawing.labels import shown_inputs
from tinygrad_edu.drawing.modules import is_parameter
from tinygrad_edu.drawing.neurons import GraphNeuron, layers_in_columns, taken
from tinygrad_edu.drawing.sweeps import Sweep
from tinygrad_edu.value import Value

__all__ = ["Boxes", "Neighborhood"]


class Boxes:
    """The neurons that were found, and those of them that are drawn as one box each: all, unless they `are_open`.

    `parameters` are the leaves that neurons are made of. `around` maps the nodes in a box to their neuron, a shared
    weight to the first; `shown` each neuron to the inputs that have a row. `left_out` are the leaves that feed nothing
    but inputs without one, the weights of those, and the plain 0 in place of a bias.

    >>> from tinygrad_edu import Layer, topological_order
    >>> from tinygrad_edu.drawing.neurons import find_neurons
    >>> from tinygrad_edu.drawing.sweeps import finished_sweep
    >>> nodes = topological_order(sum(Layer(9, 2, init="zeros")([1.0] * 9)))
    >>> boxes = Boxes(nodes, find_neurons(nodes), finished_sweep(nodes[-1]))
    >>> len(boxes.around), len(boxes.left_out), [len(each) for each in boxes.columns({*nodes} - boxes.left_out)]
    (24, 3, [8, 1])
    """

    def __init__(
        self, nodes: Sequence[Value], found: Sequence[GraphNeuron], sweep: Sweep, are_open: bool = False
    ) -> None:
        self.found = found
        self.neurons = neurons = [] if are_open else found
        self.shown = {neuron: shown_inputs(neuron, sweep) for neuron in neurons}
        self.parameters = {value for neuron in found for value in neuron.parameters}
        self.around: dict[Value, GraphNeuron] = {}
        for neuron in neurons:
            for node in neuron.nodes:
                self.around.setdefault(node, neuron)
        self._seen = {neuron.inputs[k] for neuron, shown in self.shown.items() for k in shown}
        sums = {neuron.products for neuron in neurons}
        self._seen |= {value for node in nodes if node not in sums for value in taken(node)}
        candidates = {value for node in nodes if node.op is ops.dot for value in node.inputs} - self._seen
        self.left_out = {value for value in candidates if value.op is None and value not in self.around}
        self.left_out.update(self._weights_without_rows(nodes))
        self._depth: dict[Value, int] = {}
        for node in nodes:
            self._depth[node] = 1 + max((self._depth[value] for value in node.inputs), default=0)

    def _weights_without_rows(self, nodes: Sequence[Value]) -> Iterator[Value]:
        """The weights that no row shows, and that nothing but their neuron uses."""
        uses = Counter(value for node in nodes for value in node.inputs)
        for neuron, shown in self.shown.items():
            hidden = set(range(len(neuron.weights))).difference(shown)
            yield from (neuron.weights[k] for k in hidden if uses[neuron.weights[k]] == 1)

    def unseen(self, neuron: GraphNeuron) -> list[Value]:
        """The inputs of a neuron to which no row of any neuron leads."""
        return [value for value in dict.fromkeys(neuron.inputs) if value not in self._seen]

    def columns(self, drawn: Set[Value]) -> Iterator[list[Value | list[GraphNeuron]]]:
        """What stands one below the other: leaves that are inputs, one by one, or the neurons of layers."""
        by_depth: dict[int, list[list[GraphNeuron]]] = {}
        for layer in layers_in_columns([neuron for neuron in self.found if neuron.products in drawn]):
            for depth in dict.fromkeys(self._depth[neuron.total] for neuron in layer):
                members = [neuron for neuron in layer if self._depth[neuron.total] == depth]
                by_depth.setdefault(depth, []).append(members)
        chained: set[Value] = set()
        for _, layers in sorted(by_depth.items()):
            leaves = dict.fromkeys(value for layer in layers for neuron in layer for value in neuron.inputs)
            inputs = [leaf for leaf in leaves if leaf in drawn - chained and self._is_a_box(leaf)]
            chained.update(inputs)
            yield [*inputs]
            yield [*layers]

    def _is_a_box(self, value: Value) -> bool:
        """Whether a leaf is drawn by itself."""
        elsewhere = self.parameters | self.left_out | self.around.keys()
        return value.op is None and not is_parameter(value) and value not in elsewhere


@dataclass(frozen=True)
class Neighborhood:
    """The nodes that a picture of a part shows: all that are at most `depth` edges from a node, either way."""

    node: Value
    depth: int

    def of(self, nodes: Sequence[Value], boxes: Boxes, stand_for: Mapping[Value, Value]) -> set[Value]:
        """The nodes of the part; a neuron is one box, and as far as its edges."""
        near: dict[Value, list[Value]] = {node: [] for node in nodes}
        for node in nodes:
            for value in node.inputs:
                near[node].append(value)
                near[value].append(node)
        found = edge = self._with_boxes({stand_for[self.node]}, boxes)
        for _ in range(min(self.depth, len(nodes))):
            edge = self._with_boxes({other for node in edge for other in near[node]}, boxes) - found
            found = found | edge
        return found

    @staticmethod
    def _with_boxes(nodes: set[Value], boxes: Boxes) -> set[Value]:
        neurons = {boxes.around[node] for node in nodes if node in boxes.around}
        return nodes | {node for neuron in neurons for node in neuron.nodes}
