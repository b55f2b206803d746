"""Recording: run scalar code once on `Value`s that know no number, and keep the graph it builds.

A `Recorded` has operations but no data, because the program made from it must hold for all data. Whatever would
read a number, and so freeze this one example's choice into the program, raises a `RecordingError` that names
the line and what to write instead.

May import: `ops`, `value`, `coercion`, `compiling`, `methods`, `modes`, NumPy.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, TypeAlias

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.coercion import plain
from tinygrad_edu.compiling import METHODS
from tinygrad_edu.methods import reflected, written
from tinygrad_edu.modes import caller_source, changed_mode, records
from tinygrad_edu.value import Value

__all__ = ["Noise", "Recorded", "RecordingError", "Shape", "recording"]

#: The shape of one example's input: `()` for one number, 3 or (3,) for three, (8, 8) for a grid of them.
Shape: TypeAlias = "int | tuple[int, ...]"
#: Draws `count` random numbers, as a NumPy Generator's method does.
Noise: TypeAlias = "Callable[[tuple[int, int]], np.ndarray[Any, Any]]"


class RecordingError(RuntimeError):
    """Something that cannot be part of a program for all data was asked for while recording.

    >>> from tinygrad_edu.replay import record
    >>> try:
    ...     record(lambda x: x if x > 0.0 else -x, shapes=((),), params=[])
    ... except RecordingError as error:
    ...     print("where(condition, a, b)" in str(error))
    True
    """


def _refuse(what: str, cure: str) -> NoReturn:
    source = caller_source()
    raise RecordingError(
        f"{source.file}, line {source.line}: {what} while recording would freeze this example's choice into the "
        f"program; {cure} (the line: {source.text!r})"
    )


class Recorded(Value, recorded=True):
    """A `Value` without a number: it stands for all the numbers that a program will see."""

    __slots__ = ()

    @classmethod
    def apply(cls, operation: ops.Op, inputs: Sequence[Value]) -> Recorded:
        """The node for `operation` on `inputs`, without computing anything."""
        recorder = _recorder.get()
        if recorder is None:
            raise RecordingError(
                "a recorded Value was used after its recording ended; return it from the function instead"
            )
        for value in inputs:
            if type(value) is not Recorded:
                recorder.admit(value)
        if not records():
            _refuse("no_grad()", "make what should get no gradient an input of the program")
        node = object.__new__(Recorded)
        node.op = operation
        node.inputs = tuple(inputs)
        return node

    @classmethod
    def leaf(cls, label: str) -> Recorded:
        """An input of the program."""
        node = cls.apply(ops.fsum, ())
        node.op = None
        node.label = label
        return node

    def _no_data(self) -> NoReturn:
        _refuse("reading .data", "compute with the Value itself")

    def _no_grad(self) -> NoReturn:
        _refuse("reading .grad", "gradients come from program.value_and_grad")

    def _no_new(self, _: Any) -> NoReturn:
        _refuse("setting .data or .grad", "change parameters between recordings, not inside one")

    # The slots of the same names stay in place below these, so that parameters keep their numbers meanwhile.
    data = property(_no_data, _no_new)
    grad = property(_no_grad, _no_new)
    local_derivatives = property(lambda self: self._no_grad())

    def __float__(self) -> NoReturn:
        _refuse("float()", "compute with the Value itself, with its methods rather than those of math")

    def __bool__(self) -> bool:
        _refuse("a comparison or truth value", "use where(condition, a, b), relu, maximum, minimum or clip")

    def __index__(self) -> NoReturn:
        _refuse("using it as an index", "use choose(index, options)")

    __int__ = __index__

    def __format__(self, spec: str) -> str:
        _refuse("formatting it", "print results after the program ran")

    def detach(self) -> Value:
        """Refused: a copy of the number would be frozen into the program."""
        _refuse("detach()", "make what should get no gradient an input of the program")

    def __reduce__(self) -> NoReturn:
        _refuse("copying it", "record a function that makes no copies")

    def __repr__(self) -> str:
        return f"Recorded({self.label or (self.op.name if self.op else 'constant')!r})"

    operand = Value.operand  # a plain number beside it is a plain constant

    def __pow__(self, exponent: Any) -> Any:
        if isinstance(exponent, Value):
            return self.apply(ops.power, (self, exponent))
        number = plain(exponent)
        return number if number is NotImplemented else self.power_by(number)

    def _compared(self, operation: ops.Op, other: Any) -> Any:
        if isinstance(other, Value):
            return self.apply(operation, (self, other))
        return NotImplemented if isinstance(other, np.ndarray) else self.apply(operation, (self, Value(other)))

    def __lt__(self, other: Any) -> Any:
        return self._compared(ops.less, other)

    def __le__(self, other: Any) -> Any:
        return self._compared(ops.less_equal, other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(ops.greater, other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(ops.greater_equal, other)

    def __eq__(self, other: object) -> Any:
        return self._compared(ops.equal, other)

    def __ne__(self, other: object) -> Any:
        return self._compared(ops.not_equal, other)

    __hash__ = object.__hash__


# While recording, a method makes the node and computes nothing: what is written, and not what is compiled.
for _name, _operation in METHODS.items():
    setattr(Recorded, _name, written(_operation))
for _name, _method in list(vars(Value).items()):
    if hasattr(_method, "reflects"):
        setattr(Recorded, _name, reflected(_method.reflects))


class Recorder:
    """One recording: its inputs, its parameters, and which plain `Value`s may take part."""

    def __init__(self) -> None:
        self.made: set[Value] = set()  # inside the function: its constants
        self.noises: list[tuple[Recorded, Noise]] = []

    def admit(self, value: Value) -> None:
        """Let constants made inside the function pass, and refuse anything that comes from outside."""
        to_visit = [value]
        while to_visit:
            visited = to_visit.pop()
            if visited.op is None and visited not in self.made:
                _refuse(
                    f"using {visited!r}, which was made outside and is no parameter,",
                    "add it to params or make it an input",
                )
            to_visit.extend(v for v in visited.inputs if type(v) is not Recorded)

    def noise(self, draw: Noise) -> Recorded:
        """An input that the program fills with fresh random numbers at every run."""
        node = Recorded.leaf(f"noise{len(self.noises)}")
        self.noises.append((node, draw))
        return node


_recorder: ContextVar[Recorder | None] = ContextVar("tinygrad_edu_recorder", default=None)
# Parameters change class while a function is recorded, so one recording runs at a time.
_one_at_a_time = threading.RLock()


@contextmanager
def recording(params: Sequence[Value]) -> Iterator[Recorder]:
    """Run a block in which the parameters know no number, and restore them however it ends."""
    with _one_at_a_time:
        if _recorder.get() is not None:
            raise RecordingError("record() was called inside a recording; record the outer function only")
        recorder = Recorder()
        token = _recorder.set(recorder)
        try:
            for parameter in params:
                parameter.__class__ = Recorded
            with changed_mode(noise=recorder.noise, collect=recorder.made.add):
                yield recorder
        finally:
            for parameter in params:
                parameter.__class__ = Value
            _recorder.reset(token)


def inputs_of_shape(name: str, shape: tuple[int, ...]) -> Any:
    """One `Recorded` for the shape `()`, else an array of them."""
    if shape == ():
        return Recorded.leaf(name)
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        array[index] = Recorded.leaf(f"{name}[{', '.join(map(str, index))}]")
    return array
