"""Step 1, record: run scalar code once in a mode of its own, and keep the graph that it builds.

The inputs are `Value`s that hold the numbers of one example. The parameters are the user's own, and nothing of theirs
is changed. But the program must hold for all examples, so the mode refuses whatever would tell a number, and so freeze
what this one example decides: a `RecordingError` names the line and what to write instead. A refusal that the function
catches is raised when it returns.

May import: `ops`, `origins`, `modes`, `value`, `backprop`, `arrays`; NumPy.
"""

from __future__ import annotations

import gc
import math
import numbers
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.arrays import array
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.modes import changed_mode, current_mode, modes_alive, not_while_recording
from tinygrad_edu.origins import caller_source, is_our_code
from tinygrad_edu.value import Value

__all__ = ["HARMLESS", "FloatArray", "Noise", "Recording", "RecordingError", "Shape", "recorded_once", "recording"]

#: The shape of one example's input: `()` for one number, 3 or (3,) for three, (8, 8) for a grid of them.
Shape: TypeAlias = "int | tuple[int, ...]"
#: Draws one random number when it is called, as `modes.noise` has it.
Noise: TypeAlias = "Callable[..., Any]"
FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

#: So many new objects take the garbage collector longer than anybody would notice.
_MANY = 100_000
#: What inputs hold while a function is recorded without examples: nearly every function is defined there and smooth.
HARMLESS = 0.5


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
    """A `Value` that may be a plain number in eager code, and so must not be looked up in a dictionary or a set.

    These are the numbers of one example, what is computed from such numbers alone, and comparisons. A dictionary finds
    a plain number by what it is, but a `Value` by identity, so while recording it would find something else.
    """

    __slots__ = ()

    @classmethod
    def instead_of(cls, node: Value) -> Datum:
        """The same node as a datum."""
        datum: Datum = object.__new__(cls)
        datum._data, datum._grad, datum.op = node._data, node._grad, node.op
        datum.inputs, datum.local_derivatives = node.inputs, node.local_derivatives
        datum.origin = node.origin
        return datum

    def __hash__(self) -> int:
        if modes_alive and not is_our_code(sys._getframe(1)):
            not_while_recording("looking it up in a dictionary or a set", "use choose(index, options) or where")
        return object.__hash__(self)


class _Untold:
    """Stands where a recorded node would have its local derivatives, which are numbers of one example."""

    def _refuse(self, *_: Any) -> NoReturn:
        not_while_recording("reading .local_derivatives", "gradients come from program.value_and_grad")
        raise RecordingError(
            "a Value that was made while a program was recorded was kept and used later; make it anew in each call"
        )

    __iter__ = __getitem__ = __len__ = __contains__ = _refuse


_UNTOLD: Any = _Untold()
Datum.__name__ = Datum.__qualname__ = "Value"  # which is what it is in a user's error message


class Recording:
    """One recording: the inputs, what the function returned, what its numbers depend on, and what was refused."""

    def __init__(self, params: Sequence[Value]) -> None:
        # By identity; the Values are kept, so that no other one can get the identity of one of them.
        self._known: dict[int, Value] = {id(parameter): parameter for parameter in params}
        self._constants: set[int] = set()
        self._data: set[int] = set()  # constants, and what is a number of one example
        self._choices: list[Value] = []
        self._inputs: list[Value] = []  # all inputs, one after the other
        self._noises: list[Value] = []
        self.draws: list[Noise] = []  # for each noise what draws its numbers
        self.outputs: list[Value] = []
        self.joined: Value  # a node that is made of all outputs, as soon as there are some
        self.returns_one = False
        self.refusal: RecordingError | None = None

    @property
    def leaves(self) -> list[Value]:
        """All inputs, then all noises."""
        return [*self._inputs, *self._noises]

    def add(self, node: Value) -> Value:
        """Take note of a new `Value`, and refuse it if it was made of one that comes from outside."""
        inputs = {*map(id, node.inputs)}
        if not inputs <= self._known.keys():
            for value in node.inputs:
                self.admit(value)
        is_data = inputs <= self._data
        if is_data and inputs <= self._constants:
            self._constants.add(id(node))
        else:
            if is_data or node.op in ops.TRUTHS:
                node = Datum.instead_of(node)
            node.local_derivatives = _UNTOLD
        if is_data:
            self._data.add(id(node))
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
            self._inputs.append(self.input(name, float(numbers)))
            return self._inputs[-1]
        values = [
            self.input(f"{name}[{', '.join(map(str, index))}]", float(numbers[index]))
            for index in np.ndindex(numbers.shape)
        ]
        self._inputs += values
        return array(values).reshape(numbers.shape)

    def indices(self) -> dict[int, int]:
        """Which numbers among the inputs choose, by their place, and among how many options.

        Those that an index is computed from are said to have two, 0 and 1, which nearly every computation takes.
        """
        places = {id(value): place for place, value in enumerate(self._inputs)}
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
        node = self.input(f"noise{len(self._noises)}", HARMLESS)
        self._noises.append(node)
        self.draws.append(draw)
        return node

    def returned(self, result: Any) -> None:
        """Take note of what the function returned: one number, or many."""
        self.returns_one = isinstance(result, (Value, numbers.Real, np.bool_))
        self.outputs = [_as_output(item) for item in numbers_in(result)]
        if not self.outputs:
            raise RecordingError("the function returned no number at all, and a program needs at least one")
        self.joined = Value.apply(ops.fsum, self.outputs)


def numbers_in(result: Any) -> list[Any]:
    """What a function returned, one number or many in whatever shape, as a flat list."""
    flat: list[Any] = np.ravel(np.array(result, dtype=object)).tolist()
    return flat


def _as_output(item: Any) -> Value:
    if isinstance(item, Value):
        return item
    if isinstance(item, (numbers.Real, np.bool_)):
        return Value(float(item))
    raise RecordingError(f"the function must return a number or a list of numbers, not {item!r} among them")


def recorded_once(fn: Callable[..., Any], example: Sequence[FloatArray], params: Sequence[Value]) -> Recording:
    """What running the function on one example, an array for each input, has recorded."""
    with recording(params) as running:
        running.returned(fn(*[running.inputs(f"x{k}", array) for k, array in enumerate(example)]))
    return running


@contextmanager
def recording(params: Sequence[Value]) -> Iterator[Recording]:
    """Run a block in which whatever would tell the number of an input or a parameter is refused."""
    if current_mode().recorder is not None:
        raise RecordingError("record() was called inside a recording; record the outer function only")
    running = Recording(params)
    try:
        with changed_mode(records=True, check=None, recorder=running, noise=running.noise, numbers=None):
            yield running
    except Exception as error:
        if running.refusal is not None and error is not running.refusal:
            raise running.refusal from error  # the function caught it, and failed later
        raise
    if running.refusal is not None:
        raise running.refusal


@contextmanager
def collector_paused() -> Iterator[None]:
    """While a graph only grows, looking for garbage in it again and again would cost more than the recording."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if gc.get_count()[0] > _MANY and not gc.get_freeze_count():
                gc.freeze()  # and back: what is there counts as old, and is not gone through at once
                gc.unfreeze()
            gc.enable()
