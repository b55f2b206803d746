"""Recording: run scalar code once in a mode of its own, and keep the graph that it builds.

The inputs are `Value`s that hold the numbers of one example, the parameters are the user's own, and nothing of his is
changed. But the program must hold for all examples, so the mode refuses whatever would tell a number, and freeze what
this one example decides: a `RecordingError` names the line and what to write instead. A refusal that the function
catches is raised when it returns.

May import: `ops`, `modes`, `value`, `backprop`, NumPy.
"""

from __future__ import annotations

import gc
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.modes import caller_source, changed_mode, current_mode, is_our_code, modes_alive, not_while_recording
from tinygrad_edu.value import Value

__all__ = ["Noise", "Recorder", "RecordingError", "Shape", "recording"]

#: The shape of one example's input: `()` for one number, 3 or (3,) for three, (8, 8) for a grid of them.
Shape: TypeAlias = "int | tuple[int, ...]"
#: Draws one random number when it is called, as `modes.noise` has it.
Noise: TypeAlias = "Callable[..., Any]"


class RecordingError(RuntimeError):
    """Something that cannot be part of a program for all data was asked for while recording.

    >>> from tinygrad_edu.replay import record
    >>> try:
    ...     record(lambda x: x if x > 0.0 else -x, shapes=((),), params=[])
    ... except RecordingError as error:
    ...     print("where(condition, a, b)" in str(error))
    True
    """


def drawn(draw: Noise, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """As many random numbers: at once where NumPy draws them, else one by one.

    >>> drawn(lambda: 0.5, (1, 2))
    array([[0.5, 0.5]])
    """
    if isinstance(getattr(draw, "__self__", None), (np.random.Generator, np.random.RandomState)):
        return np.asarray(draw(size=shape))
    return np.array([float(draw()) for _ in range(math.prod(shape))]).reshape(shape)


class Datum(Value, recorded=True):
    """What may be a plain number in eager code: a `Value` like any other, but that it cannot be looked up.

    A number of one example, what is computed from such alone, and a comparison: a dictionary or a set finds these by
    what they are, and a `Value` by identity.
    """

    __slots__ = ()

    @classmethod
    def instead_of(cls, node: Value) -> Datum:
        """The same node as a datum."""
        datum: Datum = object.__new__(cls)
        datum._data, datum._grad, datum.op = node._data, node._grad, node.op
        datum.inputs, datum.local_derivatives = node.inputs, node.local_derivatives
        datum.source = node.source
        return datum

    def __hash__(self) -> int:
        if modes_alive and not is_our_code(sys._getframe(1)):
            not_while_recording("looking it up in a dictionary or a set", "use choose(index, options) or where")
        return object.__hash__(self)


class _Untold:
    """In the place of the local derivatives of what is recorded: numbers of one example, which nobody may read."""

    def _refuse(self, *_: Any) -> NoReturn:
        not_while_recording("reading .local_derivatives", "gradients come from program.value_and_grad")
        raise RecordingError(
            "a Value that was made while a program was recorded was kept and used later; make it anew in each call"
        )

    __iter__ = __getitem__ = __len__ = __contains__ = _refuse


_UNTOLD: Any = _Untold()
Datum.__name__ = Datum.__qualname__ = "Value"  # which is what it is in a user's error message


class Recorder:
    """One recording: what its numbers depend on, the noise it draws, and what it refused."""

    def __init__(self, params: Sequence[Value]) -> None:
        # By identity; the Values are kept, so that no other one can get the identity of one of them.
        self._known: dict[int, Value] = {id(parameter): parameter for parameter in params}
        self._constants: set[int] = set()
        self._data: set[int] = set()  # constants, and what is a number of one example
        self._choices: list[Value] = []
        self.data: list[Value] = []  # all inputs, one after the other
        self.noises: list[tuple[Value, Noise]] = []
        self.refusal: RecordingError | None = None

    def add(self, node: Value) -> Value:
        """Take note of a new `Value`, and refuse it if it was made of one that comes from outside."""
        inputs = {*map(id, node.inputs)}
        if not inputs <= self._known.keys():
            for value in node.inputs:
                self.admit(value)
        is_constant = inputs <= self._constants
        is_data = inputs <= self._data
        if (is_data or node.op in ops.TRUTHS) and not is_constant:
            node = Datum.instead_of(node)
        if is_data:
            self._data.add(id(node))
        if is_constant:
            self._constants.add(id(node))
        if not is_constant:
            node.local_derivatives = _UNTOLD
        if node.op is ops.choose:
            self._choices.append(node)
        self._known[id(node)] = node
        return node

    def admit(self, value: Value) -> None:
        """Refuse a `Value` from outside that is no parameter."""
        if id(value) not in self._known:
            self.refuse(
                f"using {Value.__repr__(value)}, which was made outside and is no parameter,",
                "make it inside, add it to params or make it an input",
            )

    def varies(self, value: Any) -> bool:
        """Whether its number is another one for other examples or other parameters, as far as is known here."""
        return isinstance(value, Value) and id(value) not in self._constants

    def refuse(self, what: str, cure: str) -> NoReturn:
        """Raise a `RecordingError`, and remember it."""
        source = caller_source()
        self.refusal = self.refusal or RecordingError(
            f"{source.file}, line {source.line}: {what} while recording would freeze this example's choice into the "
            f"program; {cure} (the line: {source.text!r})"
        )
        raise self.refusal

    def input(self, name: str, number: float) -> Value:
        """A new input of the program, which holds this number for the time of the recording."""
        node = Datum(number, name)
        self._constants.remove(id(node))
        return node

    def inputs(self, name: str, numbers: np.ndarray[Any, Any]) -> Any:
        """One input for a single number, else an array of them."""
        if numbers.ndim == 0:
            self.data.append(self.input(name, float(numbers)))
            return self.data[-1]
        array = np.empty(numbers.shape, dtype=object)
        for index in np.ndindex(numbers.shape):
            array[index] = self.input(f"{name}[{', '.join(map(str, index))}]", float(numbers[index]))
        self.data += array.ravel().tolist()
        return array

    def indices(self) -> dict[int, int]:
        """Which of the data choose among options, by place, and among how many; 2 for what an index is made of."""
        places = {id(value): place for place, value in enumerate(self.data)}
        found: dict[int, int] = {}
        for choice in self._choices:
            index = choice.inputs[0]
            count = len(choice.inputs) - 1 if id(index) in places else 2
            for value in topological_order(index):
                if id(value) in places:
                    place = places[id(value)]
                    found[place] = min(count, found.get(place, count))
        return found

    def noise(self, draw: Noise) -> Value:
        """An input that the program fills with fresh random numbers at every run."""
        node = self.input(f"noise{len(self.noises)}", 0.5)
        self.noises.append((node, draw))
        return node


@contextmanager
def recording(params: Sequence[Value]) -> Iterator[Recorder]:
    """Run a block in which whatever would tell the number of an input or a parameter is refused."""
    if current_mode().recorder is not None:
        raise RecordingError("record() was called inside a recording; record the outer function only")
    recorder = Recorder(params)
    try:
        with changed_mode(records=True, check=None, recorder=recorder, noise=recorder.noise, numbers=None):
            yield recorder
    except Exception as error:
        if recorder.refusal is not None and error is not recorder.refusal:
            raise recorder.refusal from error  # the function caught it, and came to grief later
        raise
    if recorder.refusal is not None:
        raise recorder.refusal


@contextmanager
def collector_paused() -> Iterator[None]:
    """While a graph only grows, looking for garbage in it again and again would cost more than the recording."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
