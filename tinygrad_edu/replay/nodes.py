"""Nodes: groups of scalars that are computed together.

A node has the array of their values, the nodes it was made from, and its local derivatives. These are arrays (the rules
of the rule book, run on arrays) or linear maps (a selection of rows, a sum, a matrix). That is all the reverse sweep
asks for: `backprop.sweep`, which runs on `Value`s, runs on these nodes as it is.

May import: `builder` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.replay.builder import Var

__all__ = ["ArrayNode"]


class _Nothing:
    """What a gradient is before anything was added to it: the sum is then the other, and costs no instruction.

    In eager code it begins as 0.0, so which zero a gradient is when it is 0 may differ.
    """

    def __add__(self, other: Any) -> Any:
        return other


class ArrayNode:
    """Scalars computed together: the array of their values, and how it depends on other nodes.

    `inputs` and `local_derivatives` leave out what no gradient flows to: plain numbers, and what does not depend on a
    parameter.
    """

    __slots__ = ("_derive", "_grad", "_inputs", "inputs", "needs_grad", "order", "value")

    def __init__(
        self, value: Var, inputs: Sequence[ArrayNode | float] = (), derive: Callable[[], Sequence[Any]] = tuple
    ) -> None:
        self.value = value
        self._inputs = inputs
        self._derive = derive
        self.inputs: list[ArrayNode] = [node for node in inputs if isinstance(node, ArrayNode) and node.needs_grad]
        self.needs_grad: bool = bool(self.inputs)
        self._grad: Any = _Nothing()
        self.order = -1  # among all nodes of a program

    @property
    def local_derivatives(self) -> list[Any]:
        """One for each of `inputs`; they are written when the sweep asks, after the forward instructions."""
        derivatives = zip(self._inputs, self._derive(), strict=True)
        return [local for node, local in derivatives if isinstance(node, ArrayNode) and node.needs_grad]
