"""Straight lines: a program for one example at a time, one line for each number that it computes.

Where hardly two operations are alike, arrays do not help: an array operation takes as long for one number as for a
hundred. Then the scalar graph is better written out as it is, forward and backward, in the order of the walk, which is
the order in which eager code computes and hands back. `pieces` cuts the lines into functions, and `by_example` runs
them.

May import: `ops`; `formulas` and `scalars` of this folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tinygrad_edu import ops
from tinygrad_edu.replay.formulas import LineFormula, Use, formulas
from tinygrad_edu.replay.scalars import ScalarGraph

__all__ = ["StraightLine", "StraightLines", "is_straight", "straight_lines"]


class StraightLine(NamedTuple):
    """`target` = formula of `operands`; all of these are variables, by number."""

    target: int
    formula: LineFormula
    operands: tuple[int, ...]


class StraightLines(NamedTuple):
    """The lines of a program; its variables are the scalars of the graph, and those that come after them."""

    forward: list[StraightLine]
    backward: list[StraightLine]
    constants: dict[int, float]
    outputs: list[int]
    gradient: list[int | None]  # for each parameter its variable, None where nothing reaches it
    seed: int  # the variable that holds the gradient of the output
    variables: int  # how many there are


def is_straight(graph: ScalarGraph) -> bool:
    """Whether a graph can be written so: all but those that choose by an index, which is checked as an array."""
    return ops.choose not in graph.operations


def straight_lines(graph: ScalarGraph, params: range, differentiated: bool) -> StraightLines:
    """A graph line by line, with the way back to the scalars `params` where it is `differentiated`.

    >>> from tinygrad_edu import Value
    >>> x, w = Value(1.0), Value(2.0)
    >>> graph = ScalarGraph([x], [w])
    >>> y = (w * x).exp()
    >>> graph.include([y], joined=y.tanh())
    >>> lines = straight_lines(graph, range(1, 2), differentiated=True)
    >>> for target, formula, operands in (*lines.forward, *lines.backward):
    ...     print(f"v{target} =", formula.python.format(*[f"v{k}" for k in operands]))
    v2 = (v1 * v0)
    v3 = exp(v2)
    v5 = (v4 * v3)
    v6 = (v5 * v0)
    """
    written = _Written(graph, params)
    for scalar in written.computed:
        written.forward_of(scalar)
    seed = written.new()
    if differentiated:
        written.go_back(seed)
    gradient = [written.gradients.get(k) for k in params]
    forward = _needed(written.forward, graph.outputs)
    needed = _needed([*written.forward, *written.backward], [*graph.outputs, *[g for g in gradient if g is not None]])
    early = {line.target for line in forward}
    backward = [line for line in needed if line.target not in early]
    return StraightLines(forward, backward, graph.constants, graph.outputs, gradient, seed, written.variables)


def _needed(lines: Sequence[StraightLine], results: Iterable[int]) -> list[StraightLine]:
    """The lines that the results depend on, in order."""
    needed = set(results)
    found = []
    for line in reversed(lines):
        if line.target in needed:
            needed.update(line.operands)
            found.append(line)
    return found[::-1]


class _Written:
    """Lines being written."""

    def __init__(self, graph: ScalarGraph, params: range) -> None:
        self.graph = graph
        self.params = params
        self.variables = len(graph.operations)
        self.forward: list[StraightLine] = []
        self.backward: list[StraightLine] = []
        self.gradients: dict[int, int] = {}  # the latest variable that holds the gradient of a scalar
        self.computed = [k for k, operation in enumerate(graph.operations) if operation is not None]
        self._numbers: dict[int, list[int]] = {}  # of each scalar's operation, as its formulas count them

    def new(self) -> int:
        """A variable that there was not yet."""
        self.variables += 1
        return self.variables - 1

    def forward_of(self, scalar: int) -> None:
        """The lines of one operation: what its slopes share is computed there too, if it is needed."""
        operation, inputs = self.graph.operations[scalar], self.graph.inputs[scalar]
        assert operation is not None
        written = formulas(operation, len(inputs))
        numbers = self._numbers[scalar] = list(inputs)
        for use in written.before:
            self._line(self.forward, use, numbers, self.new())
        self._line(self.forward, written.output, numbers, scalar)
        for use in written.after:
            self._line(self.forward, use, numbers, self.new())

    @staticmethod
    def _line(lines: list[StraightLine], use: Use, numbers: list[int], target: int) -> None:
        lines.append(StraightLine(target, use.formula, tuple([numbers[role] for role in use.roles])))
        numbers.append(target)

    def go_back(self, seed: int) -> None:
        """The sweep: each scalar, outputs first, hands its gradient on to those of its inputs that have one."""
        needs = self._needs_gradient()
        (output,) = self.graph.outputs
        if needs[output]:
            self.gradients[output] = seed
        for scalar in reversed(self.computed):
            if scalar in self.gradients:
                self._hand_back(scalar, needs)

    def _needs_gradient(self) -> list[bool]:
        """For each scalar whether a parameter is part of it, and eager code goes back from it."""
        needs = [False] * len(self.graph.operations)
        for k in self.params:
            needs[k] = True
        for k in self.computed:  # in eager code a comparison is no node at all
            needs[k] = self.graph.operations[k] not in ops.TRUTHS and any(needs[i] for i in self.graph.inputs[k])
        return needs

    def _hand_back(self, scalar: int, needs: Sequence[bool]) -> None:
        operation, inputs = self.graph.operations[scalar], self.graph.inputs[scalar]
        assert operation is not None
        written, numbers = formulas(operation, len(inputs)), self._numbers[scalar]
        for k, i in enumerate(inputs):
            if needs[i]:
                handed = self.gradients.get(i)
                use = (written.first if handed is None else written.further)[k]
                now = [*numbers, self.gradients[scalar], -1 if handed is None else handed]
                if use.formula.is_copy:
                    self.gradients[i] = self.gradients[scalar]
                else:
                    self.gradients[i] = self.new()
                    self._line(self.backward, use, now, self.gradients[i])
