"""Modes: what happens to each new node beyond remembering how it was made, and what may be asked of it.

`no_grad`, `trace_sources` and `detect_anomaly` are modes, and so is the recording of a program for replay. A mode
belongs to one thread or task, and changes no `Value` that was there before it.

May import: `number_systems`, NumPy.
"""

from __future__ import annotations

import itertools
import linecache
import os
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any, NamedTuple, NoReturn, Protocol, TypeVar

import numpy as np

from tinygrad_edu.number_systems.floats import COMPILED, evaluate

__all__ = ["OUTSIDE", "Origin", "Place", "Source", "no_grad", "noise", "trace_sources"]

_OURS = tuple(os.path.dirname(module) + os.sep for module in (__file__, np.__file__))
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep


T = TypeVar("T")  # a `Value`, which is declared in a later room


class Source(NamedTuple):
    """Where a `Value` was made: the file, the line number, the text of the line, and the part of it that made it.

    >>> Source("train.py", 12, "loss = (y - t) ** 2").line
    12
    """

    file: str
    line: int
    text: str
    expression: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a module is: what the module around it calls it, and the place of that one. The outermost has no name.

    `path` joins the names from outside in. `identity` is the same object in all places of one module, and another one
    for every other module. It is not the module, which a graph must not keep alive.

    >>> neuron = Place(identity=object()).inside("layers.0", object()).inside("neurons.3", object())
    >>> neuron.path, neuron.to("bias"), [place.name for place in neuron.chain]
    ('layers.0.neurons.3', 'layers.0.neurons.3.bias', ['', 'layers.0', 'neurons.3'])
    """

    name: str = ""
    path: str = ""
    around: Place | None = field(default=None, repr=False)
    identity: object = field(default=None, repr=False)

    def inside(self, name: str, identity: object) -> Place:
        """The place of what this module calls `name`."""
        return Place(name, self.to(name), self, identity)

    def to(self, name: str) -> str:
        """The path of what this module calls `name`."""
        return f"{self.path}.{name}" if self.path else name

    @property
    def chain(self) -> tuple[Place, ...]:
        """The places from the outermost module to this one."""
        return (self,) if self.around is None else (*self.around.chain, self)


#: The place of what was computed in no module.
OUTSIDE = Place()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a `Value` comes from: the line and the module that made it, if somebody asked for them at that time.

    A parameter knows the module that it belongs to, whoever asked: see `Module.label_parameters`.

    >>> Origin().module is None
    True
    """

    source: Source | None = None
    module: Place | None = None
    is_parameter: bool = False


def caller_frame() -> FrameType:
    """The innermost frame that is running now outside this package, NumPy and the standard library."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (is_our_code(frame) or _is_pythons(frame.f_code.co_filename)):
        frame = frame.f_back
    return frame


def caller_source() -> Source:
    """The innermost line of code outside this package that is running now."""
    frame = caller_frame()
    file = frame.f_code.co_filename
    linecache.lazycache(file, frame.f_globals)
    return _source_at(file, frame.f_lineno, frame.f_code, frame.f_lasti)


@lru_cache(maxsize=1024)  # by file as well, because the same code in two files is one key
def _source_at(file: str, line: int, code: CodeType, instruction: int) -> Source:
    lines = linecache.getlines(file)
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    first, last, start, end = next(itertools.islice(code.co_positions(), instruction // 2, None))
    expression = ""
    if text and first == last == line and start is not None and end is not None:
        expression = lines[line - 1].encode()[start:end].decode()  # the columns count bytes
    return Source(file, line, text, expression)


def is_our_code(frame: FrameType) -> bool:
    """Whether this is code of this package, or NumPy's, and not the user's."""
    file = frame.f_code.co_filename
    return file.startswith(_OURS) or file == COMPILED


def _is_pythons(file: str) -> bool:
    return file.startswith((_STANDARD_LIBRARY, "<frozen ")) and "site-packages" not in file


class Runs(Protocol):
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
        if self.numbers is not None and node.inputs:
            inputs = [self.numbers.get(id(value), value._data) for value in node.inputs]
            node._data, node.local_derivatives = evaluate(node.op, *inputs)
        if self.traces or self.modules:
            runs = running_module.get()
            node.origin = Origin(caller_source() if self.traces else None, OUTSIDE if runs is None else runs.place)
        if self.recorder is not None:
            node = self.recorder.add(node)
        if self.check is not None:
            self.check(node)
        if not self.records:
            node.op, node.inputs, node.local_derivatives = None, (), ()
        return node


_ORDINARY = Mode()

# A context variable is separate for each thread and each asyncio task; None means the ordinary mode.
_mode: ContextVar[Mode | None] = ContextVar("tinygrad_edu_mode", default=None)

#: The innermost module that runs in this thread or task, where somebody asks for modules: `nn.module` says so.
running_module: ContextVar[Runs | None] = ContextVar("tinygrad_edu_running_module", default=None)

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


def noise(draw: Callable[..., Any]) -> Any:
    """One random number from `draw`, such as `generator.random`; in a replayed program, a fresh one for each example.

    >>> 0.0 <= noise(np.random.default_rng(0).random) < 1.0
    True
    """
    instead = current_mode().noise
    return float(draw()) if instead is None else instead(draw)
