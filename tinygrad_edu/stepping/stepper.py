"""The time-travel stepper: the forward and the backward pass of a graph, one step at a time, both ways.

The backward pass is `backprop.sweep` itself, paused between steps. It runs on stand-ins for the nodes, so nobody's
`grad` is touched. The sweep's record of a step holds each gradient before and after it, and going back puts the former
ones in place again: that is exact to the last bit, and needs no copy of the graph.

May import: `value`, `backprop`, `gradients`, `stopping`, `drawing`; `wording` of this folder; graphviz.
"""

from __future__ import annotations

import itertools
import math
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias

import graphviz

from tinygrad_edu.backprop import Contribution, Step, sweep, topological_order
from tinygrad_edu.drawing.graph import draw_sweep
from tinygrad_edu.drawing.modules import module_paths
from tinygrad_edu.drawing.names import find_by_name, is_called, name_all
from tinygrad_edu.drawing.sweeps import Sweep
from tinygrad_edu.gradients import StandIn
from tinygrad_edu.stepping.wording import Wording
from tinygrad_edu.stopping import operations_at
from tinygrad_edu.value import Value

__all__ = ["NON_FINITE", "Breakpoint", "ForwardStep", "NodeStage", "NodeView", "Stepper"]

#: Where to stop: a name, label, operation or module path; a node; or a condition on a backward step.
Where: TypeAlias = str | Value | Callable[[Step], bool]

#: As a place to stop: the first step, forward or backward, that makes a number infinite or nan.
NON_FINITE = "non-finite"


@dataclass(frozen=True, slots=True)
class ForwardStep:
    """The forward step of one operation: `node` gets its number. Step `index` of `total`, counted from 1.

    >>> a = Value(3.0, "a")
    >>> step = Stepper(a.exp().log()).step()
    >>> type(step).__name__, step.index, step.total, step.node.op.name
    ('ForwardStep', 1, 2, 'exp')
    """

    index: int
    total: int
    node: Value


AnyStep: TypeAlias = ForwardStep | Step


class NodeStage(Enum):
    """How far a node is: in the forward pass about its number, in the backward pass about its gradient.

    >>> a = Value(3.0, "a")
    >>> stepper = Stepper(a.exp())
    >>> stepper.stage(a.exp().inputs[0]).value
    'computed'
    """

    NOT_REACHED = "not reached yet"
    COMPUTED = "computed"
    ACCUMULATING = "accumulating"
    COMPLETE = "complete"
    PASSED_ON = "passed on"


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node at the present step: `data` and `grad` are None while it is not reached.

    `arrived` of the `expected` contributions to its gradient have been added.

    >>> a = Value(3.0, "a")
    >>> stepper = Stepper(a * a)
    >>> _ = stepper.goto(2)   # one step forward, one back
    >>> view = stepper.look(a)
    >>> view.data, view.grad, view.arrived, view.expected
    (3.0, 6.0, 2, 2)
    """

    stage: NodeStage
    data: float | None
    grad: float | None
    arrived: int
    expected: int


@dataclass(frozen=True, eq=False, slots=True)
class Breakpoint:
    """A place where `run` stops: its number, what the user asked for, and whether a step is there.

    >>> a = Value(3.0, "a")
    >>> stepper = Stepper((a * a).exp())
    >>> stepper.add_breakpoint("exp").number, stepper.run().node.op.name
    (1, 'exp')
    """

    number: int
    text: str
    stops: Callable[[AnyStep], bool]


class Stepper:
    """A forward and a backward pass through the graph of `root`, at some step between the two ends.

    `position` counts the steps taken: 0 is before the first number is computed, `len(operations)` between the
    passes, and `total` after the last gradient. `names` maps names to nodes, as `locals()` does; without it the
    variables of the calling code are used.

    The gradients of the nodes themselves stay as they are; those seen here start from 0, and at the end they are
    what `root.backward()` adds to the leaves.

    Raises TypeError when `root` is not a `Value`, and ValueError when it is a leaf.

    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> c = a * b
    >>> c.label = "c"
    >>> stepper = Stepper(c + a)
    >>> stepper.run("c").node.data, stepper.grad(a)
    (-6.0, None)
    >>> stepper.run("c").upstream, stepper.grad(a)
    (1.0, -2.0)
    >>> stepper.back().index, stepper.grad(a), stepper.stage(b).value
    (2, 1.0, 'not reached yet')
    """

    def __init__(self, root: Value, names: Mapping[str, Any] | None = None) -> None:
        if not isinstance(root, Value):
            raise TypeError(
                f"the stepper needs the Value that a computation ended in, such as loss or outputs[0], not {root!r:.80}"
            )
        if not root.inputs:
            raise ValueError(f"{root!r} is a leaf: nothing was computed to get it, so there is nothing to step through")
        self.root = root
        self._stand_ins = StandIn.for_graph(root)
        self.nodes = topological_order(root)
        self.operations = [node for node in self.nodes if node.inputs]
        self.names = name_all(self.nodes, names)
        self.wording = Wording(self.names)
        self.breakpoints: list[Breakpoint] = []
        self.position = 0
        self._breakpoint_numbers = itertools.count(1)
        # Contributions to the gradient of each node: all that there will be, and those of the steps so far.
        self._expected = Counter(value for node in self.operations for value in node.inputs)
        self._arrived: Counter[Value] = Counter()
        self._forward_position = {node: position for position, node in enumerate(self.operations, start=1)}
        self._stand_ins[root]._grad = 1.0
        self._sweep = sweep([self._stand_ins[node] for node in reversed(self.operations)], observed=True)
        self._swept: list[Step] = []  # all the backward steps that the sweep has made so far, undone or not

    # Where we are.

    @property
    def total(self) -> int:
        """The number of steps from one end to the other: one forward and one backward for each operation."""
        return 2 * len(self.operations)

    @property
    def is_forward(self) -> bool:
        """Whether the step just taken, or the first to come, belongs to the forward pass."""
        return self.position <= len(self.operations)

    @property
    def current(self) -> AnyStep | None:
        """The step just taken; None before the first."""
        return self.step_at(self.position) if self.position else None

    def step_at(self, position: int) -> AnyStep:
        """The step that leads to a position; a backward step only if it has ever been taken."""
        backward = position - len(self.operations)
        if backward > 0:
            return self._swept[backward - 1]
        return ForwardStep(position, len(self.operations), self.operations[position - 1])

    # Moving.

    def step(self) -> AnyStep:
        """Take the next step, and return it.

        Raises IndexError at the end.
        """
        if self.position == self.total:
            raise IndexError(f"the backward pass ended with step {self.total // 2}: back and goto lead back")
        if self.position >= len(self.operations):
            self._step_backward(self.position - len(self.operations))
        self.position += 1
        return self.step_at(self.position)

    def _step_backward(self, index: int) -> None:
        if index == len(self._swept):
            self._swept.append(_on_values(next(self._sweep), self.operations[-1 - index]))
        else:
            for c in self._swept[index].contributions:
                self._stand_ins[c.input]._grad = c.after
        for c in self._swept[index].contributions:
            self._arrived[c.input] += 1

    def back(self) -> AnyStep:
        """Undo the step just taken, exactly, and return it.

        Raises IndexError at the beginning.
        """
        if self.position == 0:
            raise IndexError("this is the beginning of the forward pass: there is no step to undo")
        undone = self.step_at(self.position)
        if isinstance(undone, Step):
            for c in reversed(undone.contributions):
                self._stand_ins[c.input]._grad = c.before
                self._arrived[c.input] -= 1
        self.position -= 1
        return undone

    def goto(self, position: int) -> AnyStep | None:
        """Go to where `position` steps are taken, and return the last of them.

        Raises IndexError when there are not so many, and TypeError for anything but a whole number.
        """
        if not isinstance(position, int):
            raise TypeError(f"a position is a whole number of steps, not {position!r}")
        if not 0 <= position <= self.total:
            raise IndexError(f"there is no position {position}: they run from 0 to {self.total}")
        while self.position > position:
            self.back()
        while self.position < position:
            self.step()
        return self.current

    def run(
        self, until: Where | None = None, *, to: int | None = None, interrupted: Callable[[], bool] | None = None
    ) -> AnyStep:
        """Step until `until`, a breakpoint, position `to` or the end, and return the step that was last taken.

        `interrupted` is asked after each step; where it says so, the run stops too.

        Raises IndexError at the end, and ValueError when `until` names nothing in the graph.

        >>> w, x = Value(-2.0, "w"), Value(30.0, "x")
        >>> stepper = Stepper((w * x).exp() * x)
        >>> stepper.run(until=lambda step: step.upstream > 10).node.op.name
        'exp'
        """
        wanted = [self.stops_at(until)] if until is not None else []
        wanted += [breakpoint_.stops for breakpoint_ in self.breakpoints]
        if interrupted is not None:
            wanted.append(lambda step: interrupted())
        last = self.total if to is None else to
        step = self.step()
        while self.position < last and not any(stops(step) for stops in wanted):
            step = self.step()
        return step

    def steps(self) -> list[AnyStep]:
        """All steps from one end to the other, whatever the position, which stays."""
        here = self.position
        self.goto(self.total)
        self.goto(here)
        return [self.step_at(position) for position in range(1, self.total + 1)]

    def final_gradients(self) -> dict[Value, float]:
        """The gradient of each node when the backward pass has ended, whatever the position, which stays."""
        here = self.position
        self.goto(self.total)
        gradients = self.gradients()
        self.goto(here)
        return gradients

    def contributions_to(self, node: Value) -> list[tuple[int, Contribution]]:
        """All that is ever added to the gradient of a node, with the position at which it is, whatever the position."""
        self.look(node)  # which refuses strangers
        steps = enumerate(self.steps(), start=1)
        return [(k, c) for k, step in steps if isinstance(step, Step) for c in step.contributions if c.input is node]

    # Where to stop.

    def add_breakpoint(self, where: Where) -> Breakpoint:
        """Stop in `run` right after the steps that `where` means, in both passes.

        A name, a label, an operation ("tanh", "*"), a module path ("layers.0.neurons.3"), a node, `NON_FINITE`, or
        a condition on a backward step. A leaf has no step of its own: it means the steps that use it.

        Raises ValueError when nothing in the graph is meant or a label is shared, and TypeError for other types.
        """
        added = Breakpoint(next(self._breakpoint_numbers), self._text_of(where), self.stops_at(where))
        self.breakpoints.append(added)
        return added

    def clear_breakpoint(self, number: int) -> Breakpoint:
        """Remove the breakpoint with this number, and return it; ValueError if there is none."""
        for breakpoint_ in self.breakpoints:
            if breakpoint_.number == number:
                self.breakpoints.remove(breakpoint_)
                return breakpoint_
        known = ", ".join(str(b.number) for b in self.breakpoints) or "none is set"
        raise ValueError(f"there is no breakpoint {number}; set: {known}")

    def stops_at(self, where: Where) -> Callable[[AnyStep], bool]:
        """The condition on steps that `where` means; raises as `add_breakpoint` does."""
        if isinstance(where, str) and where == NON_FINITE:
            return makes_non_finite
        if callable(where):
            return lambda step: isinstance(step, Step) and bool(where(step))
        operations = self.operations_at(where)
        return lambda step: step.node in operations

    def operations_at(self, where: str | Value) -> set[Value]:
        """The operations that a name, a label, an operation's name, a module path or a node means."""
        if not isinstance(where, str):
            return operations_at(where, self.nodes)
        if is_called(where, self.names):
            return operations_at(self.find(where), self.nodes)
        inside = [node for node, path in self.module_paths.items() if f"{path}.".startswith(f"{where}.")]
        return {node for node in inside if node.inputs} or operations_at(where, self.nodes)

    def _text_of(self, where: Where) -> str:
        if isinstance(where, Value):
            return self.names.get(where, repr(where))
        return where if isinstance(where, str) else getattr(where, "__name__", "a condition")

    # What is seen.

    def find(self, name: str) -> Value:
        """The node with this name; ValueError if there is none or more than one."""
        return find_by_name(name, self.names)

    def draw(self, file: str | os.PathLike[str] | None = None, *, rankdir: str = "LR") -> graphviz.Digraph:
        """The graph with the gradients that there are at this position; `file` and `rankdir` are those of `draw`.

        >>> x = Value(2.0, "x")
        >>> stepper = Stepper(x.exp().tanh())
        >>> _ = stepper.goto(3)
        >>> stepper.draw().source.count("← ")  # of two edges
        1
        """
        first = self.total - self.position  # of the operations, this one and those after it have handed on theirs
        passed = set(self.operations[first:]) if not self.is_forward else set()
        called = {name: node for node, name in self.names.items()}
        return draw_sweep(self.root, file, called, Sweep(self.grad, passed.__contains__), rankdir)

    @cached_property
    def module_paths(self) -> dict[Value, str]:
        """The module that each node belongs to, of those that belong to one."""
        return module_paths(self.nodes)

    def data(self, node: Value) -> float | None:
        """The number of a node, or None while the forward pass has not reached it."""
        return self.look(node).data

    def grad(self, node: Value) -> float | None:
        """The gradient of a node so far, or None while the backward pass has not reached it."""
        return self.look(node).grad

    def stage(self, node: Value) -> NodeStage:
        """How far a node is."""
        return self.look(node).stage

    def look(self, node: Value) -> NodeView:
        """All there is to see of a node at the present step; ValueError if it is not in the graph."""
        if node not in self._stand_ins:
            raise ValueError(f"{node!r} is not part of this graph")
        arrived, expected = self._arrived[node], self._expected[node]
        if self.position < len(self.operations):
            computed = self._forward_position.get(node, 0) <= self.position
            stage = NodeStage.COMPUTED if computed else NodeStage.NOT_REACHED
            return NodeView(stage, node.data if computed else None, None, arrived, expected)
        reached = arrived > 0 or node is self.root
        return NodeView(
            self._backward_stage(node), node.data, self._stand_ins[node]._grad if reached else None, arrived, expected
        )

    def _backward_stage(self, node: Value) -> NodeStage:
        if node in self._forward_position and self.position > self.total - self._forward_position[node]:
            return NodeStage.PASSED_ON
        if self._arrived[node] == self._expected[node]:
            return NodeStage.COMPLETE
        return NodeStage.ACCUMULATING if self._arrived[node] else NodeStage.NOT_REACHED

    def gradients(self) -> dict[Value, float]:
        """The gradient so far of every node that the backward pass has reached."""
        return {node: look.grad for node in self.nodes if (look := self.look(node)).grad is not None}


def _on_values(step: Step, node: Value) -> Step:
    """The step of a stand-in as that of the `node` it stands for."""
    contributions = tuple(
        [
            Contribution(value, c.local, c.upstream, c.amount, c.before, c.after)
            for value, c in zip(node.inputs, step.contributions, strict=True)
        ]
    )
    return Step(step.index, step.total, node, step.upstream, contributions)


def makes_non_finite(step: AnyStep) -> bool:
    """Whether a step makes a number, or a gradient, that is infinite or nan."""
    numbers = [c.after for c in step.contributions] if isinstance(step, Step) else [step.node.data]
    return not all(map(math.isfinite, numbers))
