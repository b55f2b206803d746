"""Where to stop in a backward pass: places by name, the debugger at a step, the shortest way between two nodes.

May import: `value`, `backprop`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from tinygrad_edu import backprop
from tinygrad_edu.backprop import Contribution, Step, backward_steps, topological_order
from tinygrad_edu.value import Value

__all__ = ["backward", "operations_at", "shortest_path"]


def backward(root: Value, stop_at: str | Value | Callable[[Step], bool] | None = None) -> None:
    """Fill in `grad`, the derivative of `root`, for everything that `root` was made of.

    Gradients inside the graph are reset first; those of leaves accumulate over calls, until you zero them. The graph
    stays, and so every call may be followed by another.

    `stop_at` opens the debugger, by `breakpoint()`, after each step that it names: the label of a node, the name
    of an operation ("tanh", "*"), a `Value`, or a condition on the `Step`. You then look at `node`, `upstream`
    and `contributions`. A leaf has no step of its own; it stands for the steps that add to its gradient.

    Raises, before anything is changed, ValueError when `stop_at` names nothing in the graph or more than one node, and
    RuntimeError for what was computed under `no_grad()`.

    >>> a = Value(3.0)
    >>> (a * a).backward()
    >>> a.grad
    6.0
    """
    if stop_at is None:
        backprop.backward(root)
        return
    stops = stop_at if callable(stop_at) else _step_is_of(operations_at(stop_at, topological_order(root)))
    for step in backward_steps(root):
        if stops(step):
            _pause(step.node, step.upstream, step.contributions)


Value.backward = backward


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
