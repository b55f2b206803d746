"""From scalars to array instructions: equal operations of one level become one, sums become matrix products.

A `Node` is a group of scalars that were computed together: the array that holds them, the nodes it was made
from, and its local derivatives, which are arrays (the rules, run on arrays) or linear maps (a selection of
rows, a sum, a matrix). That is all the reverse sweep asks for, so the backward program is written by
`backprop.sweep` itself, the same one that runs on `Value`s.

May import: `ops`, `backprop`, NumPy; `builder`, `forms`, `instructions`, `scalars` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.backprop import sweep
from tinygrad_edu.replay.builder import Builder, Known, LinearMap, Parts, Var
from tinygrad_edu.replay.forms import Form, Matrices, Runs, Tables
from tinygrad_edu.replay.instructions import Leaf, Matrix, Places, SumBatch, grid_of, index_of
from tinygrad_edu.replay.scalars import ScalarGraph, Sum

__all__ = ["Node", "Schedule"]


def _selected(builder: Builder, index: slice | np.ndarray[Any, Any], g: Var) -> Var:
    return builder.rows(g, index)


class _Nothing:
    """What a gradient is before anything was added to it: the sum is then the other, and costs no instruction.

    In eager code it begins as 0.0, so which zero a gradient is when it is 0 may differ.
    """

    def __add__(self, other: Any) -> Any:
        return other


class Node:
    """Scalars computed together: the array of their values, and how it depends on other nodes."""

    __slots__ = ("_derive", "_grad", "_inputs", "inputs", "needs_grad", "order", "value")

    def __init__(self, value: Var, inputs: Sequence[Node | float] = (), derive: Callable[[], Sequence[Any]] = tuple):
        self.value = value
        self._inputs = inputs
        self._derive = derive
        self.inputs: list[Node] = [node for node in inputs if isinstance(node, Node) and node.needs_grad]
        self.needs_grad: bool = bool(self.inputs)
        self._grad: Any = _Nothing()
        self.order = -1  # among the nodes of a schedule

    @property
    def local_derivatives(self) -> list[Any]:
        """One for each of `inputs`, written when the sweep asks."""
        derivatives = zip(self._inputs, self._derive(), strict=True)
        return [local for node, local in derivatives if isinstance(node, Node) and node.needs_grad]


class Schedule:
    """The forward instructions for a scalar graph and, for one output, the backward ones."""

    def __init__(self, graph: ScalarGraph, data_shapes: Sequence[tuple[str, int]], n_params: int) -> None:
        self.graph = graph
        self.builder = Builder()
        self.nodes: list[Node] = []
        self.place: dict[int, tuple[Node, int]] = {}  # where each scalar lives: its node, and its row there
        self.data = [self._leaf(name, count, batched=True) for name, count in data_shapes]
        self.theta = self._leaf("theta", n_params, batched=False)
        self.theta.needs_grad = True
        sums = graph.gather_sums()
        for level in graph.levels(sums):
            self._schedule_level(level, sums)
        self.output = self._gathered(graph.outputs, as_node=True)

    def gradient(self) -> Var | None:
        """Write the backward instructions; the gradient of the parameters, or None where nothing reaches them."""
        reached = {id(self.output)}
        for node in reversed(self.nodes):
            if id(node) in reached:
                reached.update(map(id, node.inputs))
        self.output._grad = self.builder.write(Leaf("seed"), (), 1, self.output.value.batched)
        for _ in sweep([node for node in reversed(self.nodes) if id(node) in reached and node.needs_grad]):
            pass
        gradient = self.theta._grad
        return gradient.total() if isinstance(gradient, Parts) else gradient if isinstance(gradient, Var) else None

    # Nodes ------------------------------------------------------------------------------------------------

    def _node(self, value: Var, inputs: Sequence[Node | float], derive: Callable[[], Sequence[Any]]) -> Node:
        return self._listed(Node(value, inputs, derive))

    def _listed(self, node: Node) -> Node:
        node.order = len(self.nodes)
        self.nodes.append(node)
        return node

    def _leaf(self, name: str, count: int, batched: bool) -> Node:
        node = self._listed(Node(self.builder.write(Leaf(name), (), count, batched)))
        start = len(self.place)
        for row in range(count):
            self.place[start + row] = (node, row)
        return node

    def _rows(self, node: Node, rows: list[int]) -> Node:
        builder, source = self.builder, node.value
        if len(rows) > 1 and len(set(rows)) == 1:
            return self._repeated(self._rows(node, rows[:1]), len(rows))
        index = index_of(rows)
        value = builder.rows(source, index)
        if value is source:
            return node
        return self._node(value, [node], lambda: [LinearMap(lambda g: builder.scattered(source.rows, index, g))])

    def _repeated(self, node: Node, times: int) -> Node:
        builder = self.builder
        value = builder.repeat(node.value, times)
        return self._node(value, [node], lambda: [LinearMap(lambda g: builder.segment_sum(g, (times,)))])

    def _spread(self, node: Node) -> Node:
        builder = self.builder
        if node.value.batched:
            return node

        def transposed(g: Var) -> Var:
            return builder.write(SumBatch(), [g], g.rows, False)

        return self._node(builder.per_example(node.value), [node], lambda: [LinearMap(transposed)])

    def _matrix(self, node: Node, rows: list[int], outer: int) -> Node:
        """Unbatched scalars as a matrix with `outer` rows: a view of the parameters where they allow it."""
        grid = grid_of(rows, outer)
        if node.value.batched or grid is None:
            return self._rows(node, rows)
        builder, source, where = self.builder, node.value, grid
        value = builder.write(Matrix(where), [source], len(rows), False)
        return self._node(value, [node], lambda: [LinearMap(lambda g: Parts(builder, source.rows, [(where, g)]))])

    def _declared(self, operation: ops.Op, m: Form, *operands: Node) -> Node:
        """An operation on many inputs, forward and backward as its declaration says."""
        assert operation.on_arrays is not None
        forward, backward = operation.on_arrays
        arrays = m.inputs(*[operand.value for operand in operands])
        y = forward(m, *arrays)

        def handed_to(position: int, g: Var) -> Any:
            return backward(m, m.output(g), m.output(y), *arrays)[position]

        return self._node(y, operands, lambda: [LinearMap(partial(handed_to, k)) for k in range(len(operands))])

    def _applied(self, operation: ops.Op, operands: Sequence[Node | float]) -> Node:
        """A rule-book operation on arrays."""
        batched = any(isinstance(operand, Node) and operand.value.batched for operand in operands)
        if batched:
            operands = [self._spread(operand) if isinstance(operand, Node) else operand for operand in operands]
        values = [operand.value if isinstance(operand, Node) else Known(operand) for operand in operands]
        builder = self.builder
        if operation.settings:
            operation = replace(operation, settings=tuple(map(Known, operation.settings)))
        y = operation.compute(builder, *values)
        if not isinstance(y, Var):  # of a rule that looks at none of its inputs
            y = builder.constants([y] * max(value.rows for value in values if isinstance(value, Var)))
        y = builder.number(y)
        if batched:  # each example hands back a gradient of its own, whatever the output is
            y = builder.per_example(y)
        return self._node(y, operands, lambda: operation.local_derivatives(builder, y, *values))

    # Gathering operands -----------------------------------------------------------------------------------

    def _gathered(self, scalars: Sequence[int], as_node: bool = False) -> Any:
        """The scalars as one node, in this order; one repeated constant stays a plain number."""
        constants = self.graph.constants
        if scalars[0] in constants and len(set(scalars)) == 1 and not as_node:
            return constants[scalars[0]]
        by_node: dict[int, tuple[Node, list[int], list[int]]] = {}
        among_constants = self._placed([constants[scalar] for scalar in scalars if scalar in constants])
        for position, scalar in enumerate(scalars):
            node, row = next(among_constants) if scalar in constants else self.place[scalar]
            _, positions, rows = by_node.setdefault(id(node), (node, [], []))
            positions.append(position)
            rows.append(row)
        parts = list(by_node.values())
        if len(parts) == 1:
            node, _, rows = parts[0]
            return self._rows(node, rows)
        return self._assembled([(self._rows(node, rows), positions) for node, positions, rows in parts], len(scalars))

    def _placed(self, numbers: Sequence[float]) -> Iterator[tuple[Node, int]]:
        """One array of all these constants, and the row of each."""
        node = Node(self.builder.constants(numbers))
        for row in range(len(numbers)):
            yield node, row

    def _assembled(self, parts: list[tuple[Node, list[int]]], rows: int) -> Node:
        builder = self.builder
        if any(node.value.batched for node, _ in parts):
            parts = [(self._spread(node), positions) for node, positions in parts]
        indices = [index_of(positions) for _, positions in parts]
        value = Parts(
            builder, rows, [(index, node.value) for (node, _), index in zip(parts, indices, strict=True)]
        ).total()
        maps = [LinearMap(partial(_selected, builder, index)) for index in indices]
        return self._node(value, [node for node, _ in parts], lambda: maps)

    # One level --------------------------------------------------------------------------------------------

    def _schedule_level(self, level: list[int], sums: dict[int, Sum]) -> None:
        groups: dict[Any, list[int]] = {}
        for scalar in level:
            kind = "sum" if scalar in sums else self._kind(scalar)
            groups.setdefault((kind, self.graph.varies[scalar]), []).append(scalar)
        for (kind, _), scalars in groups.items():
            operation = self.graph.operations[scalars[0]]
            assert operation is not None
            if kind == "sum":
                self._schedule_sums(scalars, sums)
            elif operation is ops.choose:
                self._schedule_choices(scalars)
            elif operation.on_arrays:
                self._settle(scalars, self._runs(operation, [self.graph.inputs[k] for k in scalars]))
            else:
                self._settle(scalars, self._elementwise(operation, scalars))

    def _kind(self, scalar: int) -> Any:
        """What scalars have in common that one array operation computes."""
        operation = self.graph.operations[scalar]
        assert operation is not None
        # Those with a form for arrays may have any number of inputs, the others are computed input by input.
        return operation.method, operation.settings, operation.on_arrays or len(self.graph.inputs[scalar])

    def _settle(self, scalars: Sequence[int], node: Node) -> None:
        """Say that these scalars are the rows of this node."""
        for row, scalar in enumerate(scalars):
            self.place[scalar] = (node, row)
            node.value.stands_for += [scalar, *self.graph.inner.get(scalar, ())]

    def _elementwise(self, operation: ops.Op, scalars: list[int]) -> Node:
        scalars.sort(key=self._home)
        columns = [list(column) for column in zip(*[self.graph.inputs[k] for k in scalars], strict=True)]
        if operation is ops.multiply or operation is ops.add:
            self._sort_sides(*columns)
        node = self._applied(operation, [self._gathered(column) for column in columns])
        if operation in ops.TRUTHS:  # in eager code a comparison is no node at all
            node.needs_grad = False
        return node

    def _home(self, scalar: int) -> tuple[int, int]:
        """Where the first operand lives: in this order, operands are often a view."""
        for k in self.graph.inputs[scalar]:
            if k in self.place:
                node, row = self.place[k]
                return node.order, row
        return 0, 0

    def _sort_sides(self, left: list[int], right: list[int]) -> None:
        """Exchange the sides of a · b where that gathers each side from fewer places."""

        def home(scalar: int) -> int:
            return id(self.place[scalar][0]) if scalar in self.place else 0

        common = home(left[0])
        for k, (a, b) in enumerate(zip(left, right, strict=True)):
            if home(a) != common and home(b) == common:
                left[k], right[k] = b, a

    def _runs(self, operation: ops.Op, runs: Sequence[Sequence[int]]) -> Node:
        """A sum, or the like, of each run of scalars."""
        terms: Node = self._gathered([scalar for run in runs for scalar in run], as_node=True)
        return self._declared(operation, self._of_lengths(runs), terms)

    def _of_lengths(self, runs: Sequence[Sequence[int]]) -> Runs:
        return Runs(self.builder, tuple(map(len, runs)))

    def _schedule_choices(self, scalars: list[int]) -> None:
        """Choices from one table become one look-up for all indices, and choices from many one for all tables."""
        columns: dict[tuple[int, int], list[int]] = {}  # by index and number of inputs: those that go side by side
        for scalar in scalars:
            inputs = self.graph.inputs[scalar]
            columns.setdefault((inputs[0], len(inputs)), []).append(scalar)
        tables: dict[Any, list[tuple[int, int]]] = {}
        for key, chosen in columns.items():
            tables.setdefault(tuple([self.graph.inputs[k][1:] for k in chosen]), []).append(key)
        alone: dict[int, list[tuple[int, int]]] = {}
        for table, keys in tables.items():
            if len(keys) == 1:
                alone.setdefault(len(table[0]), []).extend([(keys[0][0], k) for k in columns[keys[0]]])
            else:
                indices = [index for index, _ in keys]
                self._settle([k for key in keys for k in columns[key]], self._chosen(indices, table, own=False))
        for pairs in alone.values():
            own_columns = [self.graph.inputs[scalar][1:] for _, scalar in pairs]
            self._settle([k for _, k in pairs], self._chosen([index for index, _ in pairs], own_columns, own=True))

    def _chosen(self, indices: Sequence[int], columns: Sequence[tuple[int, ...]], own: bool) -> Node:
        builder, count, width = self.builder, len(columns[0]), len(columns)
        options: Node = self._gathered([column[row] for row in range(count) for column in columns], as_node=True)
        index, table = self._spread(self._gathered(indices, as_node=True)).value, options.value
        instruction = Places(count, width, own, table.batched)
        places = builder.write(instruction, [index], index.rows * (1 if own else width), True)
        return self._declared(ops.choose, Tables(builder, instruction), Node(places), options)

    # Sums -------------------------------------------------------------------------------------------------

    def _schedule_sums(self, scalars: list[int], sums: dict[int, Sum]) -> None:
        """Products of parameters and data become matrix products, the rest sums of segments."""
        rest: dict[Any, list[int]] = {}
        blocks, others = self._blocks(scalars, sums)
        for weights, values, block in blocks:
            n_in, n_out = len(weights[0]), len(weights)
            by_column = [value[k] for k in range(n_in) for value in values]
            matrix = self._weights([k for row in weights for k in row], n_out)
            columns = self._contiguous(by_column)
            product = self._declared(ops.dot, Matrices(self.builder, n_out, n_in), matrix, columns)
            self._settle(block, self._with_addends(product, [sums[k].addends for k in block]))
        for scalar in others:
            products, addends = len(sums[scalar].left), len(sums[scalar].addends)
            rest.setdefault((products > 0, addends if products else None), []).append(scalar)
        for (has_products, _), group in rest.items():
            chosen = [sums[k] for k in group]
            if has_products:
                left, right = [k for s in chosen for k in s.left], [k for s in chosen for k in s.right]
                self._sort_sides(left, right)
                factor = self._gathered(right)
                others_are_constant = not isinstance(factor, Node)  # then an array is made of one side
                terms = self._applied(ops.multiply, [self._gathered(left, as_node=others_are_constant), factor])
                node = self._declared(ops.fsum, self._of_lengths([s.left for s in chosen]), terms)
                node = self._with_addends(node, [s.addends for s in chosen])
            else:
                node = self._runs(ops.fsum, [s.addends for s in chosen])
            self._settle(group, node)

    def _weights(self, scalars: list[int], outer: int) -> Node:
        homes = {id(self.place[k][0]) for k in scalars if k in self.place}
        if len(homes) == 1 and all(k in self.place for k in scalars):
            return self._matrix(self.place[scalars[0]][0], [self.place[k][1] for k in scalars], outer)
        node: Node = self._gathered(scalars, as_node=True)
        return node

    def _contiguous(self, scalars: list[int]) -> Node:
        """The operand of a matrix product at several positions, which must be regrouped without a copy."""
        node: Node = self._gathered(scalars, as_node=True)
        return self._spread(node)

    def _with_addends(self, node: Node, addends: list[tuple[int, ...]]) -> Node:
        for column in zip(*addends, strict=True):
            node = self._applied(ops.add, [node, self._gathered(column)])
        return node

    def _blocks(
        self, scalars: list[int], sums: dict[int, Sum]
    ) -> tuple[list[tuple[list[tuple[int, ...]], list[tuple[int, ...]], list[int]]], list[int]]:
        """Sums that are a whole matrix product: all of some weight rows with all of some inputs."""
        by_value: dict[Any, dict[tuple[int, ...], int]] = {}
        others: list[int] = []
        for scalar in scalars:
            split = self._split(sums[scalar])
            if split is None:
                others.append(scalar)
                continue
            weights, values = split
            row = by_value.setdefault((values, len(sums[scalar].addends)), {})
            if weights in row:
                others.append(scalar)
            else:
                row[weights] = scalar
        by_weights: dict[Any, list[Any]] = {}
        for (values, addends), row in by_value.items():
            by_weights.setdefault((tuple(row), addends), []).append((values, row))
        blocks = []
        for (weights, _), columns in by_weights.items():
            block = [row[w] for w in weights for _, row in columns]
            blocks.append((list(weights), [values for values, _ in columns], block))
        # A product of one row and one column is worth a call of its own only where there are few of them.
        lone = [block for _, _, block in blocks if len(block) == 1]
        if len(lone) > 2:
            others.extend(scalar for block in lone for scalar in block)
            blocks = [block for block in blocks if len(block[2]) > 1]
        return blocks, sorted(others)

    def _batched(self, scalar: int) -> bool:
        return scalar in self.place and self.place[scalar][0].value.batched

    def _split(self, products: Sum) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        """The factors that are the same for all examples, and those that vary; None where a product has two of a kind.

        A constant may stand with what varies, as the zeros do that a convolution is padded with.
        """
        weights, values = [], []
        for a, b in zip(products.left, products.right, strict=True):
            variation = self._variation(a), self._variation(b)
            if variation[0] == variation[1]:
                return None
            first, second = (a, b) if variation[0] < variation[1] else (b, a)
            weights.append(first)
            values.append(second)
        return (tuple(weights), tuple(values)) if any(map(self._batched, values)) else None

    def _variation(self, scalar: int) -> int:
        """Parameters before constants before what varies with the example."""
        return 2 if self._batched(scalar) else 1 if scalar in self.graph.constants else 0
