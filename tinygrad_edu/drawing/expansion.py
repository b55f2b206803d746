"""Expansion: a graph in which each `dot`, the weighted sum of a neuron, is written out as products and sums.

May import: `ops`, `modes`, `value`, `backprop`; `neurons` of this folder.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import accumulate

from tinygrad_edu import ops
from tinygrad_edu.backprop import sweep, topological_order
from tinygrad_edu.drawing.neurons import has_bias
from tinygrad_edu.modes import changed_mode
from tinygrad_edu.value import Value

__all__ = ["expanded", "expansion"]


def expanded(root: Value) -> Value:
    """A copy of the graph in which each `dot` is written out as products and sums; the original is left alone.

    Numbers, local derivatives and gradients are the original's; those of the new nodes come from the engine's own
    operators and from its own sweep.

    >>> from tinygrad_edu.functions import dot
    >>> e = expanded(dot([Value(2.0), Value(3.0)], [4.0, 5.0], 1.0))
    >>> e.op.name, e.data, [v.op.name for v in e.inputs if v.op]
    ('+', 24.0, ['+'])
    """
    return expansion(topological_order(root))[root]


def expansion(nodes: Sequence[Value]) -> dict[Value, Value]:
    """For each of the nodes, in topological order, the node that stands for it in the expanded graph."""
    twins: dict[Value, Value] = {}
    for node in nodes:
        inputs = [twins[value] for value in node.inputs]
        if node.op is ops.dot and len(inputs) > 1:
            made = _written_out(node, inputs)
            twin = made[-1]
            twin.grad = node.grad
            for _ in sweep(made[::-1]):
                pass
        else:
            twin = Value(node.data)
            twin.op, twin.inputs, twin.local_derivatives = node.op, tuple(inputs), node.local_derivatives
        twin.data, twin.label, twin.origin = node.data, node.label, node.origin
        twins[node] = twin
    for node, twin in twins.items():
        twin.grad = node.grad  # this takes back, too, what the sweeps above handed to the inputs of each `dot`
    return twins


def _written_out(node: Value, inputs: Sequence[Value]) -> list[Value]:
    """The products of a `dot` on these inputs, and then its sums, the total last."""
    weights, values, bias = ops.split_dot(tuple(inputs))
    # The numbers that the node saw, which are not those of its inputs if somebody changed their data since.
    seen_values, seen_weights, _ = ops.split_dot(node.local_derivatives)
    # Whatever the mode is where draw is called, such as no_grad().
    with changed_mode(records=True, traces=False, modules=False, check=None):
        products = [Value(weight) * Value(value) for weight, value in zip(seen_weights, seen_values, strict=True)]
        for product, *factors in zip(products, weights, values, strict=True):
            product.inputs = tuple(factors)
        terms = [*products, bias] if has_bias(node) else products
        sums = list(accumulate(terms, operator.add))[1:]
    for new in (*products, *sums):
        new.origin = node.origin
    return [*products, *sums]
