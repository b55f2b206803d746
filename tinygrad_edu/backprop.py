"""Backpropagation: the order of the graph, and the one reverse sweep through it.

The chain rule is written once, in `sweep`. `backward` runs it for its effect, `backward_steps` yields what it
does, `grad` runs it on stand-ins for the nodes so that no node is touched, and with `Value`s in place of the
stored numbers the same sweep makes a graph of the gradients.

May import: `ops`, `number_systems`, `value`, NumPy.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol

import numpy as np

from tinygrad_edu.number_systems import evaluate, values
from tinygrad_edu.value import Value, as_value, changed_mode, current_mode

__all__ = [
    "Contribution",
    "Step",
    "backward",
    "backward_steps",
    "grad",
    "hessian",
    "operations_at",
    "shortest_path",
    "sweep",
    "topological_order",
]


class Node(Protocol):
    """All that the sweep knows of a node: what made it, how it depends on that, and its gradient so far."""

    grad: Any

    @property
    def inputs(self) -> Any:
        """What the node was made of."""

    @property
    def local_derivatives(self) -> Any:
        """One for each input."""


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

    Sorting by creation is enough, because inputs are always made before outputs. No recursion, so the depth
    of a graph has no limit. Without its leaves, mostly weights, a network is walked four times as fast.

    >>> a = Value(1.0, "a")
    >>> b = (a + a).exp()
    >>> [v.op.name if v.op else v.label for v in topological_order(b)]
    ['a', '+', 'exp']
    """
    if not isinstance(root, Value):
        raise TypeError(f"a graph ends in a Value, not in {root!r}; pass the Value whose gradients you want")
    seen = {root}
    found = [root]  # in the order of the walk, which is nearly sorted already, unlike a set
    to_visit = [root]
    while to_visit:
        for value in to_visit.pop().inputs:
            if (leaves or value.inputs) and value not in seen:
                seen.add(value)
                found.append(value)
                to_visit.append(value)
    return sorted(found, key=attrgetter("serial"))


def shortest_path(root: Value, node: Value) -> list[Value]:
    """The fewest nodes that lead from `node` to `root`, both ends included.

    Raises ValueError when `root` does not depend on `node`.

    >>> x = Value(2.0, "x")
    >>> [v.op.name if v.op else v.label for v in shortest_path(x.exp() * x, x)]
    ['x', '*']
    """
    made_of_it: dict[Value, Value] = {root: root}
    to_visit = deque([root])
    while to_visit and node not in made_of_it:
        user = to_visit.popleft()
        for value in user.inputs:
            if value not in made_of_it:
                made_of_it[value] = user
                to_visit.append(value)
    if node not in made_of_it:
        raise ValueError(f"{root!r} does not depend on {node!r}, so no path leads from one to the other")
    path = [node]
    while path[-1] is not root:
        path.append(made_of_it[path[-1]])
    return path


def sweep(nodes: Sequence[Node], observed: bool = False) -> Iterator[Step]:
    """The reverse sweep: each node, outputs first, hands its gradient on to its inputs.

    By the time a node's turn comes, everything made of it has had its own, so its gradient is complete: that is
    why the order is topological. Yields a `Step` after each node when observed, and otherwise nothing.

    >>> a = StandIn([], [])
    >>> y = StandIn([a, a], [3.0, 4.0])   # anything that knows its inputs and local derivatives will do
    >>> y.grad = 1.0
    >>> _ = list(sweep([y]))
    >>> a.grad
    7.0
    """
    for index, node in enumerate(nodes, start=1):
        upstream = node.grad
        contributions = []
        for input, local in zip(node.inputs, node.local_derivatives):  # noqa: A001, B905 - in pdb, `input` reads best
            before = input.grad
            amount = upstream * local  # the chain rule
            input.grad = after = before + amount
            if observed:
                contributions.append(Contribution(input, local, upstream, amount, before, after))
        if observed:
            yield Step(index, len(nodes), node, upstream, tuple(contributions))


def _watched_sweep(root: Value, nodes: Sequence[Any], observed: bool = False) -> Iterator[Step]:
    """The sweep; under `detect_anomaly`, each step is checked as soon as it is taken."""
    check = current_mode().check_step
    return sweep(nodes, observed) if check is None else _checked(check, root, nodes)


def _checked(check: Callable[..., None], root: Value, nodes: Sequence[Any]) -> Iterator[Step]:
    for step in sweep(nodes, observed=True):
        check(root, step.node.node if isinstance(step.node, StandIn) else step.node, step)
        yield step


def _prepared(root: Value) -> list[Value]:
    """The operations of the graph, outputs first, with gradients reset and the root's seeded with 1."""
    operations = [node for node in reversed(topological_order(root, leaves=False)) if node.inputs]
    for node in operations:
        node.grad = 0.0
    root.grad += 1.0  # a root that is a leaf accumulates, as all leaves do
    return operations


def backward_steps(root: Value) -> Iterator[Step]:
    """Run the reverse sweep one operation at a time, yielding what each step did.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> for step in (a * b).backward_steps():
    ...     for c in step.contributions:
    ...         print(f"{c.input.label}.grad = {c.before:g} + {c.upstream:g} * {c.local:g} = {c.after:g}")
    a.grad = 0 + 1 * 3 = 3
    b.grad = 0 + 1 * 2 = 2
    """
    return _watched_sweep(root, _prepared(root), observed=True)


def backward(root: Value, stop_at: str | Value | Callable[[Step], bool] | None = None) -> None:
    """Fill in `grad`, the derivative of `root`, for everything that `root` was made of.

    Gradients inside the graph are reset first; those of leaves accumulate over calls, until you zero them.

    `stop_at` opens the debugger, by `breakpoint()`, after each step that it names: the label of a node, the name
    of an operation ("tanh", "*"), a `Value`, or a condition on the `Step`. You then look at `node`, `upstream`
    and `contributions`. A leaf has no step of its own; it stands for the steps that add to its gradient.

    Raises ValueError, before anything is changed, when `stop_at` names nothing in the graph or more than one node.

    >>> a = Value(3.0)
    >>> (a * a).backward()
    >>> a.grad
    6.0
    """
    if stop_at is None:
        for _ in _watched_sweep(root, _prepared(root)):
            pass
        return
    stops = stop_at if callable(stop_at) else _step_is_of(operations_at(stop_at, topological_order(root)))
    for step in _watched_sweep(root, _prepared(root), observed=True):
        if stops(step):
            _pause(step.node, step.upstream, step.contributions)


def _pause(node: Value, upstream: float, contributions: tuple[Contribution, ...]) -> None:
    """Where the debugger opens: `node` has just handed `upstream` on, as `contributions`, to its inputs."""
    breakpoint()  # which debugger opens is decided by PYTHONBREAKPOINT
    return  # look at node, upstream and contributions; `up` twice leads to the line that called backward


def _step_is_of(operations: set[Value]) -> Callable[[Step], bool]:
    return lambda step: step.node in operations


def operations_at(where: str | Value, nodes: Sequence[Value]) -> set[Value]:
    """The operations among `nodes` whose steps `where` means: a label, the name of an operation, or a node.

    A leaf has no step of its own: it means the steps that add to its gradient.

    Raises ValueError when it means nothing among the nodes, or when two of them share the label; TypeError when
    it is neither text nor a `Value`.

    >>> a = Value(2.0, "a")
    >>> b = a.tanh()
    >>> operations_at("a", [a, b]) == operations_at("tanh", [a, b]) == operations_at(b, [a, b]) == {b}
    True
    """
    if isinstance(where, Value):
        found = [node for node in nodes if node is where]
        if not found:
            raise ValueError(f"{where!r} is not part of this graph, so no step of its backward pass is about it")
    elif isinstance(where, str):
        found = [node for node in nodes if node.label == where != ""]
        if len(found) > 1:
            raise ValueError(f"{len(found)} nodes share the label {where!r}, so give the Value that you mean instead")
        if not found:
            return _operations_called(where, nodes)
    else:
        raise TypeError(f"a place to stop is a label, the name of an operation or a Value, not {where!r}")
    (node,) = found
    steps = {node} if node.inputs else {user for user in nodes if any(value is node for value in user.inputs)}
    if not steps:
        raise ValueError(f"{node!r} is a leaf that nothing was computed from, so backward has no step to stop at")
    return steps


def _operations_called(name: str, nodes: Sequence[Value]) -> set[Value]:
    found = {node for node in nodes if node.op is not None and name in (node.op.name, node.op.method)}
    if not found:
        labels = ", ".join(repr(node.label) for node in nodes[:-11:-1] if node.label) or "none near the end of it"
        raise ValueError(f"no node of this graph has the label {name!r}, and no operation that name; labels: {labels}")
    return found


Value.backward = backward
Value.backward_steps = backward_steps


# Gradients as values --------------------------------------------------------------------------------------


class StandIn:
    """Takes the place of a node in a sweep, so that the node's own `grad` is left alone."""

    __slots__ = ("grad", "inputs", "local_derivatives", "node")

    def __init__(self, inputs: Sequence[Any], local_derivatives: Sequence[Any], node: Value | None = None) -> None:
        self.inputs = inputs
        self.local_derivatives = local_derivatives
        self.node = node
        self.grad: Any = 0.0

    @classmethod
    def for_graph(
        cls, root: Value, local_derivatives: Callable[[Value], Sequence[Any]] = attrgetter("local_derivatives")
    ) -> dict[Value, StandIn]:
        """A stand-in for each node of a graph, in topological order."""
        stand_ins: dict[Value, StandIn] = {}
        for node in topological_order(root):
            stand_ins[node] = cls([stand_ins[value] for value in node.inputs], local_derivatives(node), node)
        return stand_ins


def grad(output: Value, inputs: Sequence[Value], create_graph: bool = False) -> list[Any]:
    """∂output/∂input for each input, without touching any `.grad`.

    Floats; with `create_graph`, `Value`s that can be drawn, stepped and differentiated again. An input that the
    output does not depend on gets 0.

    Raises TypeError for anything but `Value`s, and RuntimeError when `create_graph` meets a node whose inputs'
    `.data` changed since it was computed.

    >>> x = Value(2.0)
    >>> (first,) = grad(x ** 3, [x], create_graph=True)
    >>> first.data, grad(first, [x])
    (12.0, [12.0])
    """
    inputs = list(inputs)
    for value in (output, *inputs):
        if not isinstance(value, Value):
            raise TypeError(f"grad needs a Value as output and a list of Values as inputs, not {value!r} among them")
    if not create_graph:
        return _swept(output, inputs, StandIn.for_graph(output), 1.0)
    with changed_mode(check=None):  # its nodes are checked step by step, because steps know the forward line
        stand_ins = StandIn.for_graph(output, _differentiable_locals)
        for stand_in in stand_ins.values():
            stand_in.grad = Plain(0.0)
        return [Plain.unwrap(gradient) for gradient in _swept(output, inputs, stand_ins, Plain(1.0))]


def _swept(output: Value, inputs: Sequence[Value], stand_ins: dict[Value, StandIn], one: Any) -> list[Any]:
    """The gradients of the inputs, after a sweep through the stand-ins with `one` for the output's own."""
    stand_ins[output].grad = one
    for _ in _watched_sweep(output, list(reversed(stand_ins.values()))):
        pass
    return [stand_ins[value].grad if value in stand_ins else 0.0 for value in inputs]


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain number in a graph of gradients: adding 0 to a `Value`, or multiplying it by 1, makes no node.

    >>> x = Value(3.0)
    >>> (Plain(0.0) + x * Plain(1.0)) is x, Plain(2.0) * Plain(4.0)
    (True, Plain(number=8.0))
    """

    number: float

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Plain):
            return Plain(self.number + other.number)
        return other if self.number == 0.0 else other + self.number

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Plain):
            return Plain(self.number * other.number)
        if self.number == 0.0 and math.isfinite(other):
            return self
        return other if self.number == 1.0 else other * self.number

    __radd__ = __add__
    __rmul__ = __mul__

    def __float__(self) -> float:
        return self.number

    @staticmethod
    def unwrap(number: Any) -> Value:
        """The number as a `Value`."""
        return as_value(number.number if isinstance(number, Plain) else number)


def _differentiable_locals(node: Value) -> tuple[Any, ...]:
    """The local derivatives as `Value`s: the rules, run on the node and its inputs themselves."""
    if node.op is None:
        return ()
    recomputed = evaluate(node.op, *[value.data for value in node.inputs])
    if not _same_bits(recomputed, (node.data, node.local_derivatives)):
        raise RuntimeError(
            f"the data of an input of {node!r} changed after it was computed, so a graph of its gradients "
            "would mix old and new numbers; compute it again first"
        )
    local_derivatives = node.op.local_derivatives(values, node, *node.inputs)
    return tuple([local if isinstance(local, Value) else Plain(local) for local in local_derivatives])


def _same_bits(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)  # unlike ==, this takes nan for the same as nan


def hessian(f: Callable[..., Value], at: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """All second derivatives of `f(*at)`: row i, column j is ∂²f / ∂atᵢ ∂atⱼ. Shape (n, n).

    >>> hessian(lambda x, y: x * x * y, [3.0, 5.0])
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    inputs = [Value(number) for number in at]
    first = grad(as_value(f(*inputs)), inputs, create_graph=True)
    rows = [grad(derivative, inputs) for derivative in first]
    return np.array(rows, dtype=np.float64).reshape(len(inputs), len(inputs))
