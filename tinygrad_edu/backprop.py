"""Backpropagation: the order of the graph, and the one reverse sweep through it.

The chain rule is written once, in `sweep`. `backward` runs it for its effect, `backward_steps` yields what it does;
`gradients` runs it on stand-ins for the nodes, and replay on arrays.

May import: `modes`, `value`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tinygrad_edu.modes import current_mode, must_have_gradients
from tinygrad_edu.value import Value

__all__ = ["Contribution", "Step", "backward_steps", "topological_order"]


@dataclass(frozen=True, slots=True)
class Contribution:
    """One edge of one step: `input.grad` went from `before` to `after` = before + upstream · local.

    >>> a = Value(2.0)
    >>> (step,) = (5.0 * a).backward_steps()
    >>> edge = step.contributions[1]
    >>> edge.input is a, edge.before, edge.upstream, edge.local, edge.amount, edge.after
    (True, 0.0, 1.0, 5.0, 5.0, 5.0)
    """

    input: Any
    local: Any
    upstream: Any
    amount: Any
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Step:
    """The backward step of one operation: number `index` of `total`, counted from 1.

    >>> a = Value(0.0)
    >>> [(step.index, step.total, step.node.op.name, step.upstream) for step in (2.0 * a.exp()).backward_steps()]
    [(1, 2, '*', 1.0), (2, 2, 'exp', 2.0)]
    """

    index: int
    total: int
    node: Any
    upstream: Any
    contributions: tuple[Contribution, ...]


def topological_order(root: Value, leaves: bool = True) -> list[Value]:
    """Every node that `root` depends on, and `root` itself last; inputs come before what is made of them.

    A depth-first search without recursion, so that a chain of a million operations is no problem: a node gets its place
    when everything that it was made of has one. Without `leaves`, only what was computed, which is sooner found.

    >>> b = (Value(1.0, "a") + 2.0).exp()
    >>> [v.op.name if v.op else v.label for v in topological_order(b)]
    ['a', '', '+', 'exp']
    """
    if not isinstance(root, Value):
        raise TypeError(f"a graph ends in one Value, such as loss or outputs[0], and not in {root!r:.80}")
    order: list[Value] = []
    seen: set[Value] = set()
    to_visit: list[Any] = [root]
    while to_visit:
        node = to_visit.pop()
        if node is None:  # all that the node below was made of has its place by now
            order.append(to_visit.pop())
        elif node not in seen:
            seen.add(node)
            if not node.inputs:
                order.append(node)
                continue
            to_visit += (node, None)
            to_visit += [v for v in reversed(node.inputs) if (leaves or v.inputs) and v not in seen]
    return order


def sweep(nodes: Sequence[Any], observed: bool = False) -> Iterator[Step]:
    """The reverse sweep: each node, outputs first, hands its gradient on to its inputs.

    By the time a node's turn comes, everything made of it has had its own, so its gradient is complete: that is
    why the order is topological. Yields a `Step` after each node when observed, and otherwise nothing.
    """
    for index, node in enumerate(nodes, start=1):
        upstream = node._grad  # `grad`, without the question whether anyone may read it now
        contributions = []
        for input, local in zip(node.inputs, node.local_derivatives):  # noqa: A001, B905 - in pdb, `input` reads best
            before = input._grad
            amount = upstream * local  # the chain rule
            input._grad = after = before + amount
            if observed:
                contributions.append(Contribution(input, local, upstream, amount, before, after))
        if observed:
            yield Step(index, len(nodes), node, upstream, tuple(contributions))


def watched_sweep(root: Value, nodes: Sequence[Any], observed: bool = False) -> Iterator[Step]:
    """The sweep; under `detect_anomaly`, each step is checked as soon as it is taken."""
    watch = current_mode().watch
    return sweep(nodes, observed) if watch is None else watch(root, sweep(nodes, observed=True))


def _prepared(root: Value) -> list[Value]:
    """The operations of the graph, outputs first, with gradients reset and the root's seeded with 1."""
    order = topological_order(root, leaves=False)
    must_have_gradients(root, "backward()")
    operations = order[::-1] if root.inputs else []  # a root that is a leaf accumulates, as all leaves do
    for node in operations:
        node._grad = 0.0
    root._grad += 1.0
    return operations


def backward_steps(root: Value) -> Iterator[Step]:
    """Run the reverse sweep one operation at a time, yielding what each step did.

    >>> [step.node.op.name for step in backward_steps(Value(2.0).exp().tanh())]
    ['tanh', 'exp']
    """
    return watched_sweep(root, _prepared(root), observed=True)


def backward(root: Value) -> None:
    """Fill in `grad`, the derivative of `root`, for everything that `root` was made of; leaves accumulate."""
    for _ in watched_sweep(root, _prepared(root)):
        pass


Value.backward, Value.backward_steps = backward, backward_steps
