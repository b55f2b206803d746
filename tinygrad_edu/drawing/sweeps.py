"""How far the backward pass is that a picture shows: which gradients there are, and what has been handed back.

May import: `value`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinygrad_edu.value import Value

__all__ = ["Sweep", "finished_sweep"]


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
