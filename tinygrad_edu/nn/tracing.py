"""What happens while a model answers an example: which modules run, in which order, and what is computed in each.

May import: `op`, `modes`, `value`; `module` of this folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from tinygrad_edu.modes import changed_mode, running_module
from tinygrad_edu.nn.module import Module, in_mode
from tinygrad_edu.op import Op
from tinygrad_edu.value import Value

__all__ = ["Call", "Operation", "Trace", "trace"]


@dataclass(eq=False)
class Call:
    """One call of a module: the call that it was made in, and what the module answered.

    >>> from tinygrad_edu.nn import MLP
    >>> first = trace(MLP(1, [2, 1]), [0.5]).calls[0]
    >>> [type(call.module).__name__ for call in first.chain]
    ['MLP', 'Layer', 'Neuron']
    """

    module: Module
    around: Call | None
    answer: Any = None

    @property
    def chain(self) -> list[Call]:
        """The calls from the outermost to this one."""
        return [self] if self.around is None else [*self.around.chain, self]


@dataclass(frozen=True, eq=False)
class Operation:
    """A number that was computed, how, what from, and in which call.

    >>> from tinygrad_edu.nn import Neuron
    >>> [event.op.name for event in trace(Neuron(1), [0.5]).events if isinstance(event, Operation)]
    ['dot', 'tanh']
    """

    node: Value
    op: Op
    inputs: tuple[Value, ...]
    call: Call


@dataclass
class Trace:
    """What happened while a model answered: operations, and calls when they had their answers, in this order.

    >>> from tinygrad_edu.nn import MLP
    >>> seen = trace(MLP(1, [2, 1]), [0.5])
    >>> [type(call.module).__name__ for call in seen.calls], len(seen.events)
    (['Neuron', 'Neuron', 'Layer', 'Neuron', 'Layer', 'MLP'], 11)
    """

    events: list[Operation | Call] = field(default_factory=list)
    answer: Any = None

    @property
    def calls(self) -> list[Call]:
        """The calls, in the order in which they were done."""
        return [event for event in self.events if isinstance(event, Call)]


def trace(model: Module, *inputs: Any) -> Trace:
    """Call a model in `eval()`, without remembering how its numbers were made, and note what happens.

    Raises what the model raises.

    >>> from tinygrad_edu.nn import Neuron
    >>> trace(Neuron(1, init="zeros"), [0.5]).answer
    Value(0.0)
    """
    notes = _Notes()
    call = cast("Any", model)
    with in_mode(model, training=False), changed_mode(records=False, check=notes.computed, answers=notes.answered):
        notes.trace.answer = call(*inputs)
    return notes.trace


class _Notes:
    """What is noted while a model runs; the calls by what `nn.module` knows of a running module."""

    def __init__(self) -> None:
        self.trace = Trace()
        self.open: dict[int, Call] = {}
        self.kept: list[Any] = []  # alive, so that no other object gets the `id` of one of them

    def computed(self, node: Value) -> None:
        call = self._call_of(running_module.get())
        if node.op is not None and call is not None:
            self.trace.events.append(Operation(node, node.op, node.inputs, call))

    def answered(self, module: Module, answer: Any) -> None:
        around = self._call_of(running_module.get())  # the module itself is done, and its caller runs again
        key = next((k for k, call in self.open.items() if call.module is module and call.around is around), None)
        call = Call(module, around) if key is None else self.open.pop(key)
        call.answer = answer
        self.trace.events.append(call)

    def _call_of(self, running: Any) -> Call | None:
        if running is None:
            return None
        if id(running) not in self.open:
            self.kept.append(running)
            self.open[id(running)] = Call(running.module, self._call_of(running.around))
        return self.open[id(running)]
