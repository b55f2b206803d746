"""Step 4, sweep: the reverse sweep over the nodes writes the backward instructions.

It is `backprop.sweep`, the same one that runs on `Value`s: what a node has for `local_derivatives` is what writes.

May import: `backprop`; `builder`, `instruction`, `linear`, `lower`, `nodes` and
`together` of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tinygrad_edu.backprop import sweep
from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.linear import Parts
from tinygrad_edu.replay.lower import Lowered
from tinygrad_edu.replay.nodes import ArrayNode
from tinygrad_edu.replay.together import slopes_together

__all__ = ["Instructions", "instructions"]


class Instructions(NamedTuple):
    """What a program does, as the variables that its instructions write."""

    forward: list[Var]
    backward: list[Var]
    output: Var
    gradient: Var | None  # of the parameters; None where there is none, or where nothing reaches them
    leaves: dict[str, Var]  # by name: all that were written, though nobody may need them


def instructions(lowered: Lowered, differentiated: bool) -> Instructions:
    """The instructions of a program, with the backward ones where it is `differentiated`."""
    output = lowered.output.value
    gradient = _gradient(lowered) if differentiated else None
    written = lowered.builder.written
    forward = _needed(written, [output])
    if gradient is not None:
        backward = [var for var in _needed(written, [gradient]) if var not in set(forward)]
        gradient = slopes_together(lowered.builder, forward, backward).get(gradient, gradient)
    everything = _needed(written, [output] if gradient is None else [output, gradient])
    in_forward = set(forward)
    backward = [var for var in everything if var not in in_forward]
    leaves = {var.instruction.name: var for var in written if isinstance(var.instruction, Leaf)}
    return Instructions(forward, backward, output, gradient, leaves)


def _needed(written: Sequence[Var], results: Sequence[Var]) -> list[Var]:
    """Of all that was written, what the results depend on, in order."""
    needed = set(results)
    for var in reversed(written):
        if var in needed:
            needed.update(var.operands)
    return [var for var in written if var in needed]


def _gradient(lowered: Lowered) -> Var | None:
    """Write the backward instructions; the gradient of the parameters, or None where nothing reaches them.

    What the output's gradient is, 1 / batch for the mean over the examples, is given as the leaf "seed".
    """
    output = lowered.output
    output._grad = lowered.builder.write(Leaf("seed"), (), 1, output.value.batched)
    for _ in sweep(_on_the_way_back(lowered)):
        pass
    gradient = lowered.theta._grad
    if isinstance(gradient, Parts):
        return gradient.total()
    return gradient if isinstance(gradient, Var) else None


def _on_the_way_back(lowered: Lowered) -> list[ArrayNode]:
    """The nodes that the output was made of and that a parameter is part of, outputs first."""
    reached = {id(lowered.output)}
    for node in reversed(lowered.nodes):
        if id(node) in reached:
            reached.update(map(id, node.inputs))
    return [node for node in reversed(lowered.nodes) if id(node) in reached and node.needs_grad]
