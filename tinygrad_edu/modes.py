"""Modes: what happens to each new node beyond remembering how it was made, and what may be asked of it.

`no_grad`, `trace_sources` and `detect_anomaly` are modes, and so is the recording of a program for replay. A mode
belongs to one thread or task, and changes no `Value` that was there before it.

May import: `number_systems`, `origins`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Protocol, TypeVar

from tinygrad_edu.number_systems.floats import evaluate
from tinygrad_edu.origins import OUTSIDE, UNRECORDED, Origin, Place, caller_source

__all__ = ["no_grad", "noise", "trace_sources"]


T = TypeVar("T")  # a `Value`, which is declared in a later room


class RunningModule(Protocol):
    """A module that is running."""

    place: Place


class Recorder(Protocol):
    """What the recording of a program does, while it lasts."""

    def add(self, node: Any) -> Any:
        """Take note of a new `Value`, and return it, or what is to take its place."""

    def varies(self, value: Any) -> bool:
        """Whether its number depends on the example, or on the parameters."""

    def refuse(self, what: str, cure: str) -> NoReturn:
        """Say that this cannot be part of a program, and what to write instead."""


@dataclass(frozen=True)
class Mode:
    """What happens to each new `Value`, beyond remembering how it was made; and what is done beside that."""

    records: bool = True  # whether it remembers how it was made
    traces: bool = False  # whether it learns the line and the module that made it
    modules: bool = False  # whether it learns the module alone
    answers: Callable[[Any, Any], None] | None = None  # called with each module that has run, and what it returned
    check: Callable[[Any], None] | None = None  # called with it
    recorder: Recorder | None = None
    watch: Callable[..., Iterator[Any]] | None = None  # called with the root and the steps of a sweep, and yields them
    noise: Callable[[Callable[..., Any]], Any] | None = None  # called with what draws a random number, in its place
    numbers: Mapping[int, float] | None = None  # by id, the numbers that some leaves have for this thread or task

    def finish(self, node: Any) -> Any:
        """Make a new `Value` what it should be under this mode."""
        if self.numbers is not None and not self.numbers.keys().isdisjoint(map(id, node.inputs)):
            inputs = [self.numbers.get(id(value), value._data) for value in node.inputs]
            node._data, node.local_derivatives = evaluate(node.op, *inputs)
        if self.traces or self.modules:
            module = running_module.get()
            source, place = caller_source() if self.traces else None, OUTSIDE if module is None else module.place
            node.origin = Origin(source, place, is_plain=node.origin.is_plain)
        if self.recorder is not None:
            node = self.recorder.add(node)
        if self.check is not None:
            self.check(node)
        if not self.records and node.op is not None:
            node.op, node.inputs, node.local_derivatives = None, (), ()
            known = self.traces or self.modules
            node.origin = replace(node.origin, is_unrecorded=True) if known else UNRECORDED
        return node


_ORDINARY = Mode()

# A context variable is separate for each thread and each asyncio task; None means the ordinary mode.
_mode: ContextVar[Mode | None] = ContextVar("tinygrad_edu_mode", default=None)

#: The innermost module that runs in this thread or task, where somebody asks for modules: `nn.module` says so.
running_module: ContextVar[RunningModule | None] = ContextVar("tinygrad_edu_running_module", default=None)

#: The modes that are alive in any thread or task. While there are none, which is nearly always, a new node need not
#: ask which mode is its own. A task that was started inside a block keeps the block's mode alive as long as it lives.
modes_alive: dict[int, None] = {}


@contextmanager
def changed_mode(**changes: Any) -> Iterator[None]:
    """Run a block under a changed `Mode`, and restore the old one however the block ends."""
    mode = replace(current_mode(), **changes)
    modes_alive[id(mode)] = None
    weakref.finalize(mode, modes_alive.pop, id(mode), None).atexit = False
    token = _mode.set(mode)
    del mode
    try:
        yield
    finally:
        _mode.reset(token)


def finish(node: T) -> T:
    """A new node as it should be under the mode of this thread or task."""
    mode = _mode.get()
    return node if mode is None else mode.finish(node)


def no_grad() -> Any:
    """Compute without recording: results inside the block are leaves, for this thread or task only.

    `backward()` on such a result raises RuntimeError.

    >>> from tinygrad_edu import Value
    >>> a = Value(2.0)
    >>> with no_grad():
    ...     b = a * a
    >>> b.inputs
    ()
    """
    not_while_recording("no_grad()", "make what should get no gradient an input of the program")
    return changed_mode(records=False)


def trace_sources() -> Any:
    """Remember, for each `Value` made inside the block, the line of code and the module that made it.

    `value.source` has the file, the line and its text; `value.module` has the path of the module, which begins at the
    outermost module that was called inside the block.

    >>> from tinygrad_edu import MLP
    >>> with trace_sources():
    ...     (output,) = MLP(1, [1])([2.0])
    >>> output.source.line > 0, output.module.path
    (True, 'layers.0.neurons.0')
    """
    return changed_mode(traces=True)


def current_mode() -> Mode:
    """The mode of this thread or task."""
    return _mode.get() or _ORDINARY


def asks_for_modules() -> bool:
    """Whether somebody wants to know, in this thread or task, which module is running, or what modules answer."""
    mode = _mode.get()
    return mode is not None and (mode.traces or mode.modules or mode.answers is not None)


def records() -> bool:
    """Whether operations are being recorded: True, except inside `no_grad()`."""
    return current_mode().records


def is_hidden(value: Any) -> bool:
    """Whether a program is being recorded here in which the number of this `Value` is that of one example."""
    recorder = current_mode().recorder
    return recorder is not None and recorder.varies(value)


def revealed(value: Any, what: str = "reading .data", cure: str = "compute with the Value itself") -> float:
    """The number of a `Value`, as this thread or task sees it; while recording, only that of a constant."""
    mode = current_mode()
    if mode.recorder is not None and mode.recorder.varies(value):
        mode.recorder.refuse(what, cure)
    number: float = value._data
    return number if mode.numbers is None else mode.numbers.get(id(value), number)


def not_while_recording(what: str, cure: str) -> None:
    """Refuse something while a program is recorded here."""
    recorder = current_mode().recorder
    if recorder is not None:
        recorder.refuse(what, cure)


def must_have_gradients(root: Any, what: str) -> None:
    """Refuse to differentiate while a program is recorded here, and what was computed under `no_grad()`."""
    not_while_recording(what, "gradients come from program.value_and_grad")
    if not root.inputs and root.origin.is_unrecorded:
        raise RuntimeError("nothing flows back from what was computed under no_grad(): compute it outside of that")


def noise(draw: Callable[..., Any]) -> Any:
    """One random number from `draw`, such as `generator.random`; in a replayed program, a fresh one for each example.

    >>> from random import Random
    >>> 0.0 <= noise(Random(0).random) < 1.0
    True
    """
    instead = current_mode().noise
    return float(draw()) if instead is None else instead(draw)
