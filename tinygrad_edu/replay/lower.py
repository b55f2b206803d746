"""Step 3, lower: equal operations of one level become one array operation, and sums of products matrix products.

`grouping` and `stacking` say which scalars belong together, and `gathering` brings their operands together. Here the
operation itself is written: by its rule for single numbers, which then runs on arrays element by element (`_applied`),
or by what its declaration has for whole arrays (`_declared`). Either way the rule book runs on variables, which writes
instructions; and either way a node is made, whose local derivatives will do the same when the sweep asks for them.

May import: `ops`; `builder`, `choices`, `forms`, `gathering`, `grouping`, `known`, `linear`, `nodes`, `products`,
`scalars` and `stacking` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from tinygrad_edu import ops
from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.choices import Places
from tinygrad_edu.replay.forms import Form, Matrices, Runs, Stacks, Tables
from tinygrad_edu.replay.gathering import Gathering
from tinygrad_edu.replay.grouping import Block, Group, LookUp, Variation, groups, look_ups, matrix_blocks
from tinygrad_edu.replay.known import Known
from tinygrad_edu.replay.linear import LinearMap
from tinygrad_edu.replay.nodes import ArrayNode
from tinygrad_edu.replay.products import Factor
from tinygrad_edu.replay.scalars import ScalarGraph, Sum
from tinygrad_edu.replay.stacking import Stack, stacks

__all__ = ["Lowered"]

#: So many addends beside a sum of products are added one by one: a bias and what a layer is given, say.
_FEW = 3


class Lowered:
    """A scalar graph as nodes, level by level; their arrays are written by the instructions of the forward program.

    `data` has the inputs, which come first among the scalars: the name of each, and how many numbers it has.

    >>> from tinygrad_edu import Value
    >>> x, y, w = Value(1.0), Value(2.0), Value(3.0)
    >>> graph = ScalarGraph([x, y], [w])
    >>> outputs = [(x * w).exp(), (y * w).exp()]
    >>> graph.include(outputs, joined=outputs[0] + outputs[1])
    >>> [var.instruction.text("a", "b") for var in Lowered(graph, [("x", 2)], 1).builder.written]
    ['x', 'theta', 'a', 'a', 'a * b', 'exp(a)']
    """

    def __init__(self, graph: ScalarGraph, data: Sequence[tuple[str, int]], n_params: int) -> None:
        self.graph = graph
        self.builder = Builder()
        self.gathering = Gathering(self.builder, graph.constants)
        self.data = [self.gathering.leaf(name, count, batched=True) for name, count in data]
        self.theta = self.gathering.leaf("theta", n_params, batched=False)
        self.theta.needs_grad = True
        self._variation = bytearray([Variation.PARAMETERS]) * len(graph.operations)
        self._varies(range(sum(count for _, count in data)), Variation.EXAMPLES)
        self._varies(graph.constants, Variation.NOTHING)
        self.sums = graph.gather_sums()
        for level in graph.levels(self.sums):
            for group in groups(level, graph, self.sums):
                self._lower(group)
        self.output = self.gathering.array(graph.outputs)

    @property
    def nodes(self) -> list[ArrayNode]:
        """All nodes, each after its inputs."""
        return self.gathering.nodes

    def _lower(self, group: Group) -> None:
        ways: dict[str, Callable[[Group], None]] = {  # a dot has a form too, "matrices", but is always in a sum
            "sums": self._lower_sums,
            "runs": self._lower_runs,
            "tables": self._lower_tables,
            "elementwise": self._lower_elementwise,
        }
        ways[group.way](group)

    def _settle(self, scalars: Sequence[int], node: ArrayNode) -> None:
        self.gathering.settle(scalars, node, self.graph.inner)
        if node.value.batched:
            self._varies(scalars, Variation.EXAMPLES)

    def _varies(self, scalars: Iterable[int], variation: Variation) -> None:
        for scalar in scalars:
            self._variation[scalar] = variation

    # Operations -------------------------------------------------------------------------------------------

    def _applied(self, operation: ops.Op, operands: Sequence[ArrayNode | float]) -> ArrayNode:
        """An operation of the rule book on arrays, element by element."""
        batched = any(isinstance(operand, ArrayNode) and operand.value.batched for operand in operands)
        if batched:
            operands = [self.gathering.spread(o) if isinstance(o, ArrayNode) else o for o in operands]
        values = [operand.value if isinstance(operand, ArrayNode) else Known(operand) for operand in operands]
        if operation.settings:
            operation = replace(operation, settings=tuple(map(Known, operation.settings)))
        y = operation.compute(self.builder, *values)
        if not isinstance(y, Var):  # of a rule that looks at none of its inputs
            y = self.builder.constants([y] * max(value.rows for value in values if isinstance(value, Var)))
        y = self.builder.as_number(y)
        if batched:  # each example hands back a gradient of its own, whatever the output is
            y = self.builder.per_example(y)
        return self.gathering.node(y, operands, lambda: operation.local_derivatives(self.builder, y, *values))

    def _declared(self, operation: ops.Op, m: Form, *operands: ArrayNode) -> ArrayNode:
        """An operation on many inputs, forward and backward as its declaration has it for arrays."""
        assert operation.on_arrays is not None
        _, forward, backward = operation.on_arrays
        arrays = m.inputs(*[operand.value for operand in operands])
        y = forward(m, *arrays)

        def handed_to(position: int, g: Var) -> Any:
            return m.gradient(position, backward(m, m.output(g), m.output(y), *arrays)[position])

        maps = [LinearMap(partial(handed_to, position)) for position in range(len(operands))]
        return self.gathering.node(y, operands, lambda: maps)

    # Equal operations -------------------------------------------------------------------------------------

    def _by_home(self, scalars: Sequence[int]) -> list[int]:
        """The scalars sorted by where their inputs live, which are then found in order."""
        return sorted(scalars, key=lambda k: self.gathering.first_home(self.graph.inputs[k]))

    def _lower_elementwise(self, group: Group) -> None:
        scalars = self._by_home(group.scalars)
        columns = [list(column) for column in zip(*[self.graph.inputs[k] for k in scalars], strict=True)]
        if group.operation in ops.COMMUTATIVE:
            self.gathering.sort_sides(*columns)
        node = self._applied(group.operation, [self.gathering.operand(column) for column in columns])
        if group.operation in ops.TRUTHS:  # in eager code a comparison is no node at all
            node.needs_grad = False
        self._settle(scalars, node)

    def _lower_runs(self, group: Group) -> None:
        scalars = self._by_home(group.scalars)
        self._settle(scalars, self._of_runs(group.operation, [self.graph.inputs[k] for k in scalars]))

    def _of_runs(self, operation: ops.Op, runs: Sequence[Sequence[int]]) -> ArrayNode:
        """A sum, or the like, of each run of scalars."""
        terms = self.gathering.array([scalar for run in runs for scalar in run])
        return self._declared(operation, self._runs(runs), terms)

    def _runs(self, runs: Sequence[Sequence[int]]) -> Runs:
        return Runs(self.builder, tuple(map(len, runs)))

    def _lower_tables(self, group: Group) -> None:
        for look_up in look_ups(group.scalars, self.graph.inputs):
            self._settle(look_up.scalars, self._looked_up(group.operation, look_up))

    def _looked_up(self, operation: ops.Op, look_up: LookUp) -> ArrayNode:
        columns, count = look_up.columns, len(look_up.columns[0])
        options = self.gathering.array([column[row] for row in range(count) for column in columns])
        index = self.gathering.spread(self.gathering.array(look_up.indices)).value
        instruction = Places(count, len(columns), look_up.own, options.value.batched)
        rows = index.rows * (1 if look_up.own else len(columns))
        places = ArrayNode(self.builder.write(instruction, [index], rows, True))
        return self._declared(operation, Tables(self.builder, instruction), places, options)

    # Sums -------------------------------------------------------------------------------------------------

    def _lower_sums(self, group: Group) -> None:
        """Matrix products, where products of weights and values are one; then all the rest, as sums of runs."""
        blocks, others = matrix_blocks(group.scalars, self.sums, self._variation)
        for block in blocks:
            self._settle(block.scalars, self._matrix_product(block))
        found, others = stacks(others, self.sums, self.gathering.first_home)
        for stack in found:
            self._settle(stack.needed, self._stacked(stack))
        alike: dict[Any, list[int]] = {}
        for scalar in others:
            products, addends = len(self.sums[scalar].left), len(self.sums[scalar].addends)
            alike.setdefault((products > 0, addends if products else None), []).append(scalar)
        for (has_products, _), scalars in alike.items():
            lowered = self._sums_of_products if has_products else self._sums_of_addends
            self._settle(scalars, lowered([self.sums[k] for k in scalars]))

    def _matrix_product(self, block: Block) -> ArrayNode:
        addends = [self.sums[k].addends for k in block.scalars]
        with_biases = self._with_biases(block, addends)
        if with_biases is not None:
            block, addends = with_biases, [()] * len(addends)
        n_out, n_in = len(block.weights), len(block.weights[0])
        weights = self.gathering.matrix(list(chain.from_iterable(block.weights)), n_out)
        # The values of several columns side by side, and the examples of each: so they are regrouped without a copy.
        values = self.gathering.spread(self.gathering.array(list(chain.from_iterable(zip(*block.values, strict=True)))))
        product = self._declared(ops.dot, Matrices(self.builder, n_out, n_in), weights, values)
        return self._with_addends(product, addends)

    def _with_biases(self, block: Block, addends: Sequence[tuple[int, ...]]) -> Block | None:
        """The block with its biases among the weights, each for one more value that is 1.

        Only where that makes one matrix of the parameters, as they lie in memory: then the product adds the biases, and
        its transpose gives their gradient, for nothing.
        """
        columns = len(block.values)
        biases = addends[::columns]
        if list(addends) != [bias for bias in biases for _ in range(columns)] or len(addends[0]) != 1:
            return None  # another one in each column, or not one each
        weights = [(*row, *bias) for row, bias in zip(block.weights, biases, strict=True)]
        if not self.gathering.is_matrix([k for row in weights for k in row], len(weights)):
            return None
        one = self.graph.constant(1.0)
        return Block(weights, [(*values, one) for values in block.values], block.scalars)

    def _stacked(self, stack: Stack) -> ArrayNode:
        left, row = self._factor(stack.rows)
        right, column = self._factor(stack.columns)
        if left.value.batched or right.value.batched:
            left, right = self.gathering.spread(left), self.gathering.spread(right)
        product = Factor(len(stack.rows[0]), False, _holes(stack.sums))
        form = Stacks(self.builder, len(stack.rows), (row, column.T), product)  # a column is a row of its array
        node = self._declared(ops.dot, form, left, right)
        needed = self.gathering.rows(node, [place for place, scalar in enumerate(stack.sums) if scalar is not None])
        return self._with_addends(needed, [self.sums[scalar].addends for scalar in stack.needed])

    def _factor(self, matrices: Sequence[Sequence[Sequence[int | None]]]) -> tuple[ArrayNode, Factor]:
        """Matrices as one array, transposed where they lie so."""
        as_rows = list(chain.from_iterable(chain.from_iterable(matrices)))
        as_columns = list(chain.from_iterable(chain.from_iterable(zip(*rows, strict=True)) for rows in matrices))
        is_transposed = self.gathering.is_view(as_columns) and not self.gathering.is_view(as_rows)
        scalars = as_columns if is_transposed else as_rows
        rows = len(matrices[0][0]) if is_transposed else len(matrices[0])
        array = self.gathering.array([self.graph.constant(0.0) if k is None else k for k in scalars])
        return array, Factor(rows, is_transposed, _holes(scalars))

    def _sums_of_products(self, sums: Sequence[Sum]) -> ArrayNode:
        left, right = [k for s in sums for k in s.left], [k for s in sums for k in s.right]
        self.gathering.sort_sides(left, right)
        factor = self.gathering.operand(right)
        # Where one side is a plain number, the other one must be an array, for the product to be one.
        other = self.gathering.operand(left) if isinstance(factor, ArrayNode) else self.gathering.array(left)
        terms = self._applied(ops.multiply, [other, factor])
        node = self._declared(ops.fsum, self._runs([s.left for s in sums]), terms)
        return self._with_addends(node, [s.addends for s in sums])

    def _sums_of_addends(self, sums: Sequence[Sum]) -> ArrayNode:
        return self._of_runs(ops.fsum, [s.addends for s in sums])

    def _with_addends(self, node: ArrayNode, addends: Sequence[tuple[int, ...]]) -> ArrayNode:
        """The node plus as many addends for each row, one after the other; many of them are added up first."""
        if len(addends[0]) > _FEW:
            return self._applied(ops.add, [node, self._of_runs(ops.fsum, addends)])
        for column in zip(*addends, strict=True):
            node = self._applied(ops.add, [node, self.gathering.operand(column)])
        return node


def _holes(scalars: Sequence[int | None]) -> bytes:
    """For each scalar whether it is none, or nothing, if each is one."""
    holes = bytes([scalar is None for scalar in scalars])
    return holes if any(holes) else b""
