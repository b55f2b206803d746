"""`explain`: a gradient as what the chain rule says it is, a sum over paths.

Each path through the graph from `wrt` to the output contributes the product of the local derivatives along it, and
the gradient is the sum over all paths. There can be astronomically many, so they are counted without being
walked: a node has as many paths as its inputs have together. In the same way each node keeps the few largest
products that end in it, so the largest of all are found in time proportional to the graph.

May import: `texts`, `terminal`, `value`, `backprop`, `gradients`; `wording` of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tinygrad_edu.backprop import topological_order
from tinygrad_edu.gradients import grad
from tinygrad_edu.stepping.wording import name_all
from tinygrad_edu.terminal import JupyterMixin, Table, Text, text_of
from tinygrad_edu.texts import count_text, counted, short_number
from tinygrad_edu.value import Value

__all__ = ["Explanation", "Path", "count_paths", "explain", "explanation"]

#: A path of more nodes, or a product of more factors, is abbreviated.
_WRITTEN_OUT = 7


@dataclass(frozen=True, eq=False, slots=True)
class Path:
    """One way through the graph: its nodes from `wrt` to the output, and the local derivative along each edge.

    >>> a = Value(3.0, "a")
    >>> (path,) = explain(2.0 * a.exp(), a).paths
    >>> [round(local, 3) for local in path.locals], round(path.product, 3)
    ([20.086, 2.0], 40.171)
    """

    nodes: tuple[Value, ...]
    locals: tuple[float, ...]

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


def explain(output: Value, wrt: Value, limit: int = 10, names: Mapping[str, Any] | None = None) -> Explanation:
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
    for value in (output, wrt):
        if not isinstance(value, Value):
            raise TypeError(f"explain needs the Value to explain the derivative by, not {value!r:.80}")
    if limit < 1:
        raise ValueError(f"explain shows at least 1 path, not limit = {limit!r}")
    called = name_all(topological_order(output), names)
    if wrt not in called:
        called[wrt] = wrt.label or short_number(wrt.data)
    return explanation(output, wrt, called, limit)


def explanation(output: Value, wrt: Value, names: Mapping[Value, str], limit: int = 10) -> Explanation:
    """What `explain` returns, for nodes that have their names."""
    nodes = topological_order(output)
    (gradient,) = grad(output, [wrt])
    counts = count_paths(nodes, wrt)
    paths = tuple(_largest_paths(nodes, wrt, counts, limit)) if counts[output] else ()
    return Explanation(output, wrt, gradient, counts[output], paths, names)


def count_paths(nodes: Sequence[Value], wrt: Value) -> dict[Value, int]:
    """How many paths lead from `wrt` to each of the nodes, which are in topological order."""
    counts: dict[Value, int] = {}
    for node in nodes:
        counts[node] = 1 if node is wrt else sum([counts[value] for value in node.inputs])
    return counts


class _End(NamedTuple):
    """The end of a path: the last edge goes from input `position` of a node, continuing path `rank` of that input."""

    product: float
    position: int
    rank: int


def _largest_paths(nodes: Sequence[Value], wrt: Value, counts: Mapping[Value, int], limit: int) -> Iterator[Path]:
    """The paths from `wrt` to the last node with the largest products, largest first."""
    best: dict[Value, list[_End]] = {wrt: [_End(1.0, 0, 0)]}
    for node in nodes:
        if node is not wrt and counts[node]:
            ends = [
                _End(end.product * local, position, rank)
                for position, (value, local) in enumerate(zip(node.inputs, node.local_derivatives, strict=True))
                if counts[value]
                for rank, end in enumerate(best[value])
            ]
            best[node] = sorted(ends, key=_by_size)[:limit]
    for rank in range(len(best[nodes[-1]])):
        yield _path(nodes[-1], rank, wrt, best)


def _by_size(end: _End) -> float:
    return -math.inf if math.isnan(end.product) else -abs(end.product)


def _path(node: Value, rank: int, wrt: Value, best: Mapping[Value, list[_End]]) -> Path:
    """Path number `rank` of those that end in `node`, followed backwards."""
    nodes, locals_ = [node], []
    while node is not wrt:
        end = best[node][rank]
        locals_.append(node.local_derivatives[end.position])
        node, rank = node.inputs[end.position], end.rank
        nodes.append(node)
    return Path(tuple(reversed(nodes)), tuple(reversed(locals_)))
