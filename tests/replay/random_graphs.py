"""Random scalar graphs of every operation, for programs that compute what eager code computes to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from strategies import SPECIAL

from tinygrad_edu import Value, ops
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.replay.scalars import ScalarGraph

#: All but what chooses by an index, which is run on arrays, and comparisons, which eager code never goes back through.
METHODS = sorted(name for name, op in ops.RULE_BOOK.items() if op is not ops.choose and op not in ops.TRUTHS)
SETTINGS = {
    "power_by": [(2.0,), (3.0,), (-1.0,), (0.5,), (1.0,), (0.0,), (-2.5,)],
    "leaky_relu": [(0.01,), (0.2,)],
    "clip": [(-1.0, 1.0), (0.5, 2.0)],
}
COUNTS = {"dot": (3, 5, 7), "fsum": (1, 3, 9), "mean": (1, 3, 9), "norm": (2, 3, 9), "logsumexp": (2, 3, 9)}
LEAVES = 4


class Node(NamedTuple):
    """One operation on numbers that were made before it."""

    method: str
    operands: list[int]
    settings: tuple[float, ...]


def decode(code: int, made: int) -> Node:
    """A node out of one whole number, so that Hypothesis shrinks graphs well; most of them grow deep, not wide."""
    code, which = divmod(code, len(METHODS))
    method = METHODS[which]
    code, size = divmod(code, 3)
    operation = ops.RULE_BOOK[method]
    count = COUNTS[method][size] if callable(operation.derivatives) else len(operation.derivatives)
    operands = []
    for position in range(count):
        code, pick = divmod(code, 64)
        operands.append(made - 1 if position == 0 and pick % 8 < 6 else pick % made)
    choices = SETTINGS.get(method, [()])
    return Node(method, operands, choices[code % len(choices)])


numbers = st.one_of(st.sampled_from(SPECIAL), st.floats(-4.0, 4.0), st.floats(0.01, 1.0))
codes = st.lists(st.integers(0, 2**80), min_size=1, max_size=25)
leaves = st.lists(numbers, min_size=LEAVES, max_size=LEAVES)


class Graph:
    """A random graph of two inputs and two parameters: eagerly, and as scalars."""

    def __init__(self, made_of: Sequence[int]) -> None:
        self.nodes = [decode(code, LEAVES + k) for k, code in enumerate(made_of)]

    def output(self, given: Sequence[Value]) -> Value:
        """The last node."""
        values = list(given)
        for method, operands, fixed in self.nodes:
            operation = ops.RULE_BOOK[method]
            values.append(
                Value.apply(ops.bind(operation, *fixed) if fixed else operation, [values[k] for k in operands])
            )
        return values[-1]

    def eagerly(self, given: Sequence[float]) -> tuple[float, list[float]]:
        """The output, and its gradient by the two parameters."""
        values = list(map(Value, given))
        output = self.output(values)
        output.backward()
        return output.data, [value.grad for value in values[2:]]

    def scalars(self) -> ScalarGraph:
        """Its graph."""
        values = [Value(0.5) for _ in range(LEAVES)]
        output = self.output(values)
        graph = ScalarGraph(values[:2], values[2:])
        graph.include([output], joined=Value.apply(ops.fsum, [output]))
        return graph

    def shares_nothing(self, graph: ScalarGraph) -> bool:
        """Whether every node is a scalar of its own: what is computed once hands back once, rounded otherwise."""
        output = self.output([Value(0.5) for _ in range(LEAVES)])
        computed = len(topological_order(output, leaves=False))
        return computed == sum(operation is not None for operation in graph.operations)


def same_bits(ours: Any, theirs: Any) -> None:
    """Equal, the sign of a zero included; one nan is as good as another."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    np.testing.assert_array_equal(ours, theirs)
    there = ~np.isnan(theirs)
    np.testing.assert_array_equal(np.signbit(ours)[there], np.signbit(theirs)[there])
