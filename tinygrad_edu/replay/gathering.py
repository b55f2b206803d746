"""Gathering: scalars that live in different rows of different arrays are brought together as one operand.

`Gathering` knows where every scalar lives. It takes the cheapest way that there is: the array itself, a view of some of
its rows, one row repeated, a copy of rows, or an array assembled from parts. Each way is a node, whose local derivative
hands the gradient back to where the scalars came from.

May import: `builder`, `indices`, `instruction`, `linear`, `nodes`, `rows` and `sums` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.indices import Grid, grid_of, index_of
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.linear import LinearMap, Parts, scattered
from tinygrad_edu.replay.nodes import ArrayNode
from tinygrad_edu.replay.rows import Matrix
from tinygrad_edu.replay.sums import SumBatch

__all__ = ["Gathering"]


class _Source(NamedTuple):
    """Rows of one node, and the positions in an operand that they are for."""

    node: ArrayNode
    rows: list[int]
    positions: Sequence[int]


class Gathering:
    """All nodes of a program, and where each scalar lives among them."""

    def __init__(self, builder: Builder, constants: Mapping[int, float]) -> None:
        self.builder = builder
        self.constants = constants
        self.nodes: list[ArrayNode] = []
        self.place: dict[int, tuple[ArrayNode, int]] = {}  # of each scalar that is no constant: its node, and its row

    # Where scalars live -----------------------------------------------------------------------------------

    def node(self, value: Var, inputs: Sequence[ArrayNode | float], derive: Callable[[], Sequence[Any]]) -> ArrayNode:
        """A new node."""
        node = ArrayNode(value, inputs, derive)
        node.order = len(self.nodes)
        self.nodes.append(node)
        return node

    def leaf(self, name: str, count: int, batched: bool) -> ArrayNode:
        """The node of what is given; its rows are the next `count` scalars."""
        node = self.node(self.builder.write(Leaf(name), (), count, batched), (), tuple)
        start = len(self.place)
        for row in range(count):
            self.place[start + row] = (node, row)
        return node

    def settle(self, scalars: Sequence[int], node: ArrayNode, inner: Mapping[int, Collection[int]] = {}) -> None:
        """Say that these scalars are the rows of this node, which computes what `inner` has for each of them too."""
        for row, scalar in enumerate(scalars):
            self.place[scalar] = (node, row)
            node.value.stands_for += [scalar, *inner.get(scalar, ())]

    def first_home(self, inputs: Sequence[int]) -> tuple[int, int]:
        """Where the first of some scalars that is no constant lives.

        An operation whose rows are sorted by this finds its operand in order, which is often a view.
        """
        for scalar in inputs:
            if scalar in self.place:
                node, row = self.place[scalar]
                return node.order, row
        return 0, 0

    def sort_sides(self, left: list[int], right: list[int]) -> None:
        """Exchange the sides of a ∘ b, in place, where each side is then gathered from fewer nodes."""

        def home(scalar: int) -> int:
            return id(self.place[scalar][0]) if scalar in self.place else 0

        common = home(left[0])
        for k, (a, b) in enumerate(zip(left, right, strict=True)):
            if home(a) != common and home(b) == common:
                left[k], right[k] = b, a

    # Operands ---------------------------------------------------------------------------------------------

    def operand(self, scalars: Sequence[int]) -> ArrayNode | float:
        """The scalars as one node, in this order; where all are the same constant, that number."""
        if scalars[0] in self.constants and len(set(scalars)) == 1:
            return self.constants[scalars[0]]
        return self.array(scalars)

    def array(self, scalars: Sequence[int]) -> ArrayNode:
        """The scalars as one node, in this order."""
        sources = self._sources(scalars)
        if len(sources) == 1:
            return self.rows(sources[0].node, sources[0].rows)
        parts = [(self.rows(source.node, source.rows), source.positions) for source in sources]
        return self.assembled(parts, len(scalars))

    def _sources(self, scalars: Sequence[int]) -> list[_Source]:
        """The nodes where these scalars live; the constants among them become one new node."""
        if self.constants.keys().isdisjoint(scalars):
            places = [self.place[k] for k in scalars]
            home = places[0][0]
            if all(node is home for node, _ in places):  # as is usual, and sooner found than sorted by node
                return [_Source(home, [row for _, row in places], range(len(places)))]
        constant_rows = self._constants([self.constants[k] for k in scalars if k in self.constants])
        sources: dict[int, tuple[ArrayNode, list[int], list[int]]] = {}
        for position, scalar in enumerate(scalars):
            node, row = next(constant_rows) if scalar in self.constants else self.place[scalar]
            _, rows, positions = sources.setdefault(id(node), (node, [], []))
            rows.append(row)
            positions.append(position)
        return [_Source(*source) for source in sources.values()]

    def _constants(self, numbers: Sequence[float]) -> Iterator[tuple[ArrayNode, int]]:
        """One array of all these constants, and the row of each."""
        node = ArrayNode(self.builder.constants(numbers))
        for row in range(len(numbers)):
            yield node, row

    def rows(self, node: ArrayNode, rows: list[int]) -> ArrayNode:
        """Some rows of a node, in this order."""
        builder, source = self.builder, node.value
        if len(rows) > 1 and rows.count(rows[0]) == len(rows):
            return self.repeated(self.rows(node, rows[:1]), len(rows))
        index = index_of(rows)
        value = builder.rows(source, index)
        if value is source:
            return node
        return self.node(value, [node], lambda: [LinearMap(lambda g: scattered(builder, source.rows, index, g))])

    def repeated(self, node: ArrayNode, times: int) -> ArrayNode:
        """The one row of a node, so many times."""
        builder = self.builder
        value = builder.repeat(node.value, times)
        return self.node(value, [node], lambda: [LinearMap(lambda g: builder.segment_sum(g, (times,)))])

    def spread(self, node: ArrayNode) -> ArrayNode:
        """What is the same for all examples, once for each; the gradients of all examples are added up."""
        builder = self.builder
        if node.value.batched:
            return node

        def transposed(g: Var) -> Var:
            return builder.write(SumBatch(), [g], g.rows, False)

        return self.node(builder.per_example(node.value), [node], lambda: [LinearMap(transposed)])

    def matrix(self, scalars: list[int], outer: int) -> ArrayNode:
        """Scalars as the factor of a matrix product, `outer` rows one after the other.

        Where the parameters allow it, that is a view of theirs, and the gradient is written where it belongs.
        """
        found = self._grid(scalars, outer)
        if found is None:
            return self.array(scalars)
        builder, (node, where) = self.builder, found
        source = node.value
        value = builder.write(Matrix(where), [source], len(scalars), False)
        return self.node(value, [node], lambda: [LinearMap(lambda g: Parts(builder, source.rows, [(where, g)]))])

    def is_view(self, scalars: Sequence[int | None]) -> bool:
        """Whether these scalars, in this order, are evenly spaced rows of one node."""
        places = [self.place[k] for k in scalars if k in self.place]
        if len(places) < len(scalars) or any(node is not places[0][0] for node, _ in places):
            return False
        return isinstance(index_of([row for _, row in places]), slice)

    def is_matrix(self, scalars: list[int], outer: int) -> bool:
        """Whether these scalars are a matrix in memory, as `matrix` would take it."""
        return self._grid(scalars, outer) is not None

    def _grid(self, scalars: list[int], outer: int) -> tuple[ArrayNode, Grid] | None:
        """The node in which these scalars are a matrix, and where."""
        if not all(k in self.place for k in scalars):
            return None
        node, rows = self.place[scalars[0]][0], [self.place[k][1] for k in scalars]
        if node.value.batched or any(self.place[k][0] is not node for k in scalars) or len(set(rows)) < len(rows):
            return None  # of a number in two places, the gradient is to be added up
        grid = grid_of(rows, outer)
        return None if grid is None else (node, grid)

    def assembled(self, parts: Sequence[tuple[ArrayNode, Sequence[int]]], rows: int) -> ArrayNode:
        """An array put together of nodes, each for some of the rows."""
        builder = self.builder
        if any(node.value.batched for node, _ in parts):
            parts = [(self.spread(node), positions) for node, positions in parts]
        indices = [index_of(positions) for _, positions in parts]
        pieces = [(index, node.value) for (node, _), index in zip(parts, indices, strict=True)]
        maps = [LinearMap(partial(_selected, builder, index)) for index in indices]
        return self.node(Parts(builder, rows, pieces).total(), [node for node, _ in parts], lambda: maps)


def _selected(builder: Builder, index: slice | np.ndarray[Any, Any], g: Var) -> Var:
    """The transpose of writing a part to its rows: the gradient of these rows."""
    return builder.rows(g, index)
