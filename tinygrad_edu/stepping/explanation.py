"""`explain`: a gradient as what the chain rule says it is, a sum over paths.

Each path through the graph from `wrt` to the output contributes the product of the local derivatives along it, and
the gradient is the sum over all paths. There can be astronomically many, so they are counted without being walked:
from a node lead as many paths as from all that was made of it. In the same way each node keeps only the few largest
products of those that begin there. So the time is proportional to the graph, and one pass serves all of its nodes.

May import: `texts`, `terminal`, `value`, `backprop`, `gradients`, `drawing`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tinygrad_edu.backprop import topological_order
from tinygrad_edu.drawing.names import name_all
from tinygrad_edu.gradients import grad
from tinygrad_edu.terminal import JupyterMixin, Table, Text, text_of
from tinygrad_edu.texts import count_text, counted, short_number
from tinygrad_edu.value import Value

__all__ = ["Explanation", "Path", "Paths", "explain", "explanation"]

#: A path of more nodes, or a product of more factors, is abbreviated: three at each end say enough.
_WRITTEN_OUT = 7


@dataclass(frozen=True, eq=False, slots=True)
class Path:
    """One way through the graph: its nodes from `wrt` to the output, the local derivative along each edge, its place.

    >>> a = Value(3.0, "a")
    >>> (path,) = explain(2.0 * a.exp(), a).paths
    >>> [round(local, 3) for local in path.locals], round(path.product, 3)
    ([20.086, 2.0], 40.171)
    """

    nodes: tuple[Value, ...]
    locals: tuple[float, ...]
    places: tuple[int, ...]  # which input of each node, but the first, the path comes in by

    @property
    def product(self) -> float:
        """What this path contributes to the gradient: the product of the local derivatives."""
        return math.prod(self.locals)


@dataclass(frozen=True, eq=False)
class Explanation(JupyterMixin):
    """∂output/∂wrt as a sum over paths; printed, or at the end of a notebook cell, a table.

    `gradient` is the number that `backward` gives, `count` how many paths there are, exactly, `paths` those with
    the largest products, and `rest` what all the others add up to. `names` holds what the nodes are called.

    >>> a = Value(3.0, "a")
    >>> explanation = explain(a * a, a)
    >>> explanation.gradient, explanation.count, [path.product for path in explanation.paths]
    (6.0, 2, [3.0, 3.0])
    """

    output: Value
    wrt: Value
    gradient: float
    count: int
    paths: tuple[Path, ...]
    names: Mapping[Value, str]

    @property
    def rest(self) -> float:
        """What the paths that are not shown contribute together."""
        return self.gradient - math.fsum(path.product for path in self.paths) if len(self.paths) < self.count else 0.0

    def __rich__(self) -> Table:
        table = Table(title=Text(self._title()), title_justify="left", box=None, pad_edge=False, show_footer=True)
        table.add_column("path", footer="sum")
        table.add_column("product of local derivatives", overflow="fold")
        table.add_column("", justify="right", footer=short_number(self.gradient))
        for path in self.paths:
            table.add_row(*map(Text, (self._route(path), *self._factors(path))))
        if len(self.paths) < self.count:
            table.add_row(f"{count_text(self.count - len(self.paths))} more", "", short_number(self.rest))
        return table

    def __str__(self) -> str:
        return text_of(self)

    __repr__ = __str__

    def _title(self) -> str:
        output, wrt = self.names[self.output], self.names[self.wrt]
        paths = f"the sum over {counted(self.count, 'path')}"
        what = paths if self.count else f"{output} does not depend on {wrt}"
        return f"∂{output}/∂{wrt} = {short_number(self.gradient)}: {what}"

    def _route(self, path: Path) -> str:
        return " → ".join(_abbreviated([self.names[node] for node in path.nodes]))

    def _factors(self, path: Path) -> tuple[str, str]:
        return " × ".join(_abbreviated([short_number(local) for local in path.locals])) or "1", short_number(
            path.product
        )


def _abbreviated(words: list[str]) -> list[str]:
    if len(words) <= _WRITTEN_OUT:
        return words
    return [*words[:3], f"… {len(words) - 6} more …", *words[-3:]]


def explain(
    output: Value, wrt: Value | None = None, limit: int = 10, names: Mapping[str, Any] | None = None
) -> Explanation:
    """Why ∂output/∂wrt is what it is: the product of local derivatives along each path, and their sum.

    Shows the `limit` paths with the largest products, counts all of them exactly, and sums the rest. No `.grad` is
    touched. Nodes are called by label, else by the variable that holds them (in `names`, or in the calling code).

    Raises TypeError when either is not a `Value`, and ValueError for a limit below 1.

    >>> a = Value(3.0, "a")
    >>> b = a * a
    >>> print((b + a).explain(a))
    ∂L/∂a = 7: the sum over 3 paths
    path       product of local derivatives
    a → b → L  3 × 1                         3
    a → b → L  3 × 1                         3
    a → L      1                             1
    sum                                      7
    """
    if wrt is None:
        raise TypeError("explain says why one derivative is what it is: loss.explain(w) that of loss by w")
    for value in (output, wrt):
        if not isinstance(value, Value):
            raise TypeError(f"explain needs one Value, such as weights[0], not {value!r:.80}")
    if limit < 1:
        raise ValueError(f"explain shows at least 1 path, not limit = {limit!r}")
    nodes = topological_order(output)
    called = name_all(nodes, names)
    if wrt not in called:
        called[wrt] = wrt.label or short_number(wrt.data)
    return explanation(nodes, wrt, called, limit)


def explanation(nodes: Sequence[Value], wrt: Value, names: Mapping[Value, str], limit: int = 10) -> Explanation:
    """What `explain` returns, of a graph whose nodes are in topological order and have their names."""
    (gradient,) = grad(nodes[-1], [wrt])
    paths = Paths(_made_of(wrt, nodes), limit)
    return Explanation(nodes[-1], wrt, gradient, paths.counts[wrt], paths.largest(wrt), names)


def _made_of(wrt: Value, nodes: Sequence[Value]) -> list[Value]:
    """`wrt` and those of the nodes that depend on it; the last of the nodes, the output, in any case."""
    depend: dict[Value, None] = {wrt: None}
    for node in nodes:
        if not depend.keys().isdisjoint(node.inputs):
            depend[node] = None
    depend[nodes[-1]] = None
    return list(depend)


class _Start(NamedTuple):
    """How a path goes on from a node: to which node, by its input in which place, and along which path from there.

    They are compared field by field, so that the largest product comes first, and of equals the one that was
    computed first.
    """

    minus_size: float
    user: int
    place: int
    rank: int
    product: float


class Paths:
    """The paths from each node of a graph to the last of them: how many there are, and the `limit` largest products.

    `nodes` are in topological order; inputs that are not among them are passed over.

    >>> a = Value(3.0, "a")
    >>> b = a * a
    >>> paths = Paths([a, b, b + a], limit=10)
    >>> paths.counts[a], [path.product for path in paths.largest(a)]
    (3, [3.0, 3.0, 1.0])
    """

    def __init__(self, nodes: Sequence[Value], limit: int) -> None:
        self.nodes = nodes
        self.counts = dict.fromkeys(nodes, 0)
        self.counts[nodes[-1]] = 1
        self._starts: dict[Value, list[_Start]] = {node: [] for node in nodes}
        self._starts[nodes[-1]] = [_Start(-1.0, 0, 0, 0, 1.0)]
        for index in reversed(range(len(nodes))):
            self._hand_on(index, limit)

    def _hand_on(self, index: int, limit: int) -> None:
        """The paths from one node go on, backwards, to its inputs; all that was made of it has had its turn."""
        node = self.nodes[index]
        largest = self._starts[node] = sorted(self._starts[node])[:limit]
        for place, (value, local) in enumerate(zip(node.inputs, node.local_derivatives, strict=True)):
            if value in self.counts:
                self.counts[value] += self.counts[node]
                products = [start.product * local for start in largest]
                self._starts[value] += [
                    _Start(_minus_size(product), index, place, rank, product) for rank, product in enumerate(products)
                ]

    def largest(self, node: Value) -> tuple[Path, ...]:
        """The paths from a node that have the largest products, largest first."""
        return tuple([self._path(node, rank) for rank in range(len(self._starts[node]))])

    def _path(self, node: Value, rank: int) -> Path:
        nodes, locals_, places = [node], [], []
        while node is not self.nodes[-1]:
            start = self._starts[node][rank]
            node, rank = self.nodes[start.user], start.rank
            nodes.append(node)
            locals_.append(node.local_derivatives[start.place])
            places.append(start.place)
        return Path(tuple(nodes), tuple(locals_), tuple(places))


def _minus_size(product: float) -> float:
    """Smaller for a larger product; a nan most of all wants looking at."""
    return -math.inf if math.isnan(product) else -abs(product)
