"""How far the backward pass is that a picture shows: which gradients there are, and what has been handed back.

And whether all numbers are of one moment: data can be changed after the forward pass, and gradients after the sweep.

May import: `number_systems`, `value`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinygrad_edu.number_systems.floats import evaluate
from tinygrad_edu.value import Value

__all__ = ["Sweep", "finished_sweep", "is_stale", "reset_since"]


@dataclass(frozen=True)
class Sweep:
    """A backward pass, or a part of one.

    `gradient` gives the gradient of a node so far, None if it is not reached; `has_passed` says whether a node has
    handed its own to its inputs.
    """

    gradient: Callable[[Value], float | None]
    has_passed: Callable[[Value], bool]


def finished_sweep(root: Value) -> Sweep:
    """The last sweep from a root, or none: zero says that there was none, because a sweep seeds its root with 1.

    >>> root = Value(2.0) * 3.0
    >>> finished_sweep(root).gradient(root)
    >>> root.backward()
    >>> finished_sweep(root).gradient(root)
    1.0
    """
    if root.grad == 0.0:
        return Sweep(lambda node: None, lambda node: False)
    return Sweep(lambda node: node.grad, lambda node: True)


def is_stale(node: Value) -> bool:
    """Whether a node is not what its inputs give now, because somebody has changed their data.

    >>> x = Value(2.0)
    >>> y = x * 3.0
    >>> x.data = 5.0
    >>> is_stale(x), is_stale(y)
    (False, True)
    """
    if node.op is None:
        return False
    now, _ = evaluate(node.op, *[value.data for value in node.inputs])
    return not (now == node.data or (math.isnan(now) and math.isnan(node.data)))


def reset_since(nodes: Sequence[Value], sweep: Sweep) -> list[Value]:
    """The leaves to which the sweep has handed something, and whose gradients are zero all the same.

    >>> x = Value(2.0)
    >>> y = x * 3.0
    >>> y.backward()
    >>> x.grad = 0.0
    >>> reset_since([x, y], finished_sweep(y)) == [x]
    True
    """
    handed: dict[Value, float] = {}
    for node in nodes:
        if node.inputs and sweep.has_passed(node) and (upstream := sweep.gradient(node)):
            for value, local in zip(node.inputs, node.local_derivatives, strict=True):
                if value.op is None:
                    handed[value] = handed.get(value, 0.0) + upstream * local
    return [value for value, total in handed.items() if sweep.gradient(value) == 0.0 and abs(total) > _ROUNDING]


#: What several contributions may leave of one another where they cancel.
_ROUNDING = 1e-9
