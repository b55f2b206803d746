"""Agreement: a program is compared with the function it was recorded from, on examples other than the one recorded.

A recording refuses what would freeze one example's choice, as far as it can see. What it cannot see (the type of a
number, a state of the function's own, an exception that was caught) shows in its effect: on another example, or with
other parameters, the program and the function differ. Values and gradients are compared, and a difference is refused.

May import: `ops`, `modes`, `value`, `backprop`, `gradients`; `recording` and `tolerances` of this folder; NumPy.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import compress
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.backprop import sweep, topological_order
from tinygrad_edu.gradients import StandIn
from tinygrad_edu.modes import changed_mode
from tinygrad_edu.replay.recording import FloatArray, RecordingError, collector_paused, numbers_in
from tinygrad_edu.replay.tolerances import DOUBLE, SINGLE, UNDECIDED
from tinygrad_edu.value import Value, as_value

__all__ = ["Twins", "compare"]


class ProgramView(Protocol):
    """What a comparison needs to know of a program."""

    params: list[Value]
    returns_one: bool
    noises: list[Callable[..., Any]]

    def twins(self, theta: FloatArray, noises: Sequence[Callable[..., Any]]) -> list[tuple[Any, int | None]]:
        """The same program with parameters and noise of its own, in each way it runs; for how many examples, if few."""


def compare(
    program: ProgramView,
    function: Callable[..., Any],
    examples: Sequence[FloatArray],
    theta: FloatArray,
    *,
    changed: int = 1,
    unchanged: bool = True,
    named: Callable[[int], str] | None = None,
    skips: bool = False,
    twins: Twins | None = None,
) -> bool:
    """Compare a program with its function on every example, and with changed parameters on the first `changed` of them.

    Returns whether there was a finite number to compare.

    `function` is called with one row of each of `examples`. Raises RecordingError for a difference, with the example
    (as `named` calls it) and both numbers. With `skips`, examples that the function raises for are left out. Whoever
    compares the same program again and again keeps its `twins`.
    """
    twins = Twins(program) if twins is None else twins
    count = len(examples[0]) if examples else 1
    rows = [[array[k] for array in examples] for k in range(count)]
    named = named or (lambda k: _text(rows[k]))
    comparisons = []
    # The parameters as they are come last: what the function keeps of its calls holds their numbers.
    if len(theta) and changed:
        comparison = _Comparison(twins, function, _moved(theta), moved=True)
        names = [f"{named(k)}, with other parameters," for k in range(min(changed, count))]
        comparison.check(rows[:changed], names, skips)
        comparisons.append(comparison)
    if unchanged or not len(theta):
        comparison = _Comparison(twins, function, theta, moved=False)
        comparison.check(rows, [named(k) for k in range(count)], skips)
        comparisons.append(comparison)
    if not any(comparison.answered for comparison in comparisons):
        raise _nothing_to_compare(comparisons[-1].error) from comparisons[-1].error
    return any(comparison.judged for comparison in comparisons)


def _nothing_to_compare(error: Exception | None) -> RecordingError:
    return RecordingError(
        "the function raised for every example that the program could have been compared on, the last time "
        f"{type(error).__name__}: {error}; give some that it takes with record(..., check=(X, y))"
    )


def _moved(theta: FloatArray) -> FloatArray:
    """Other parameters, of about the same size, so that a model stays of its kind; what is 0 becomes another too."""
    steps = np.random.default_rng(0).uniform(-1, 1, (2, len(theta)))
    with np.errstate(all="ignore"):
        moved: FloatArray = theta * (1.0 + 0.2 * steps[0]) + 0.01 * steps[1]
        return moved.astype(theta.dtype)  # single precision, too, is given the parameters that the function is given


class Twins:
    """What the comparisons of one program share: its twins, which keep their arrays, and stand-ins for its parameters.

    They are half of the work of comparing one example. `theta` is an array that all twins take their parameters from,
    but for one of single precision, which has its own. The largest numbers are those that were compared so far: also
    with other parameters, for those of a model that is trained give losses near 0, in which no digit is left.
    """

    def __init__(self, program: ProgramView) -> None:
        self.program = program
        self.theta: FloatArray = np.zeros(len(program.params))
        self.drawn: list[Iterator[float]] = []  # for each noise its numbers, one for each example that is to run
        self.largest_output = self.largest_gradient = 0.0
        self.twins = program.twins(self.theta, [self._drawn(k) for k in range(len(program.noises))])

    def _drawn(self, k: int) -> Callable[..., Any]:
        return lambda: next(self.drawn[k])

    def set_theta(self, theta: FloatArray) -> None:
        """Give all twins these parameters."""
        for array in (self.theta, *[twin.theta for twin, _ in self.twins]):
            array[...] = theta

    def saw(self, answers: Sequence[Answer]) -> None:
        """Take note of the largest numbers."""
        self.largest_output = max([self.largest_output, *[_largest(answer.outputs) for answer in answers]])
        self.largest_gradient = max([self.largest_gradient, *[_largest(answer.gradient) for answer in answers]])

    @cached_property
    def leaves(self) -> dict[Value, StandIn]:
        """Stand-ins for the parameters."""
        return {parameter: StandIn((), (), parameter) for parameter in self.program.params}


class _Comparison:
    """A program and its function with one set of parameters, on one example after the other."""

    def __init__(self, twins: Twins, function: Callable[..., Any], theta: FloatArray, moved: bool) -> None:
        self.twins, self.program = twins, twins.program
        twins.set_theta(theta)
        self.function = function
        # For the function, the parameters that are not those of the `Value`s, by id.
        self.numbers = dict(zip(map(id, self.program.params), theta.tolist(), strict=True)) if moved else None
        self.draws = _Draws()
        self.allowed = DOUBLE
        self.looks: dict[int, Doubts] = {}  # closer ones at an answer, by its id
        self.jumps: dict[int, FloatArray] = {}
        self.answered = self.judged = False  # whether the function gave something for an example, and a finite number
        self.error: Exception | None = None

    def check(self, rows: Sequence[Sequence[Any]], names: Sequence[str], skips: bool) -> None:
        """Compare all rows, but for those that the function raises for, if it may."""
        with collector_paused():  # a graph goes as soon as it has been looked at, and needs no collector
            answers = [self._answer(row, name, skips) for row, name in zip(rows, names, strict=True)]
        answered = [answer for answer in answers if answer is not None]
        if answered:
            self.answered = True
            self.judged = any(math.isfinite(number) for answer in answered for number in answer.outputs)
            if _is_single(self.program):
                self.twins.saw(answered)
            for twin, most in self.twins.twins:
                self._compare(twin, answered[:most])

    def _answer(self, row: Sequence[Any], name: str, skips: bool) -> Answer | None:
        """What the function gives for one example, or None where it raises, if it may."""
        try:
            eager = self._eagerly(row)
            gradient = eager.gradient(self.twins.leaves) if self.program.returns_one else np.zeros(0)
        except RecordingError:
            raise
        except Exception as error:
            if not skips:
                raise RecordingError(f"on {name} the function raised {type(error).__name__}: {error}") from error
            self.error = error
            return None
        if len(self.draws.drawn) != len(self.program.noises):
            self._refuse(name, "draws", len(self.program.noises), len(self.draws.drawn), " random numbers")
        return Answer(row, name, self.draws.drawn, eager.outputs, gradient)

    def _compare(self, twin: Any, answers: Sequence[Answer]) -> None:
        """All examples at once; where the gradients are not plainly the same, one after the other."""
        self.allowed = SINGLE if _is_single(twin) else DOUBLE
        outputs, gradient = self._run(twin, [answer.row for answer in answers], [answer.drawn for answer in answers])
        for ours, answer in zip(outputs, answers, strict=True):
            self._check_outputs(ours, answer)
        if gradient is None:
            return
        with np.errstate(all="ignore"):
            wanted = np.mean([answer.gradient for answer in answers], axis=0)
        if not self._is_plainly(gradient, wanted):
            for answer in answers:
                self._check_gradient(self._run(twin, [answer.row], [answer.drawn])[1], answer)

    def _is_plainly(self, gradient: FloatArray, wanted: FloatArray) -> bool:
        """Whether no closer look is needed."""
        with np.errstate(all="ignore"):
            by_largest = self.allowed.same_by_largest * np.abs(wanted).max(initial=0.0)
            return bool((np.abs(gradient - wanted) <= self.allowed.same * np.abs(wanted) + by_largest).all())

    def _eagerly(self, row: Sequence[Any], drawn: Sequence[float] | None = None) -> EagerRun:
        """The function of one example, with fresh random numbers or with those that were drawn already."""
        self.draws.drawn = []
        numbers_drawn = iter(drawn or ())
        noise = self.draws if drawn is None else lambda draw: next(numbers_drawn, 0.0)
        with changed_mode(
            records=True, traces=False, check=None, watch=None, recorder=None, noise=noise, numbers=self.numbers
        ):
            outputs = [as_value(item) for item in numbers_in(self.function(*row))]
            numbers = [output.data for output in outputs]
            root = outputs[0] if len(outputs) == 1 else Value.apply(ops.fsum, outputs)
        return EagerRun(numbers, root, self.numbers or {})

    def _run(self, twin: Any, rows: Sequence[Sequence[Any]], drawn: list[list[float]]) -> tuple[list[list[float]], Any]:
        """What the program gives for these rows: a list of numbers for each, and the gradient of the mean, if any.

        It is run twice, because the first run finds its arrays as they were made, and each later one as they were left.
        """
        arrays = [np.array(column) for column in zip(*rows, strict=True)]
        for _ in range(2):
            self.twins.drawn = [iter(column) for column in zip(*drawn, strict=True)]
            values, gradient = twin.values_and_grad(*arrays) if self.program.returns_one else (twin(*arrays), None)
        return values.reshape(len(values), -1).tolist(), gradient

    def _check_outputs(self, outputs: list[float], answer: Answer) -> None:
        if len(outputs) != len(answer.outputs):
            self._refuse(answer.name, "gives", len(outputs), len(answer.outputs), " numbers")
        for ours, theirs in zip(outputs, answer.outputs, strict=True):
            same = self.allowed.same * abs(theirs) + self.allowed.same_by_largest * self.twins.largest_output
            if not _near(ours, theirs, same) and not _near(ours, theirs, self._tolerance(answer)):
                self._refuse(answer.name, "gives", ours, theirs)

    def _look(self, answer: Answer) -> Doubts:
        """What rounding may do on one example, by another look at the function, which all ways of running share."""
        if id(answer) not in self.looks:
            eager = self._eagerly(answer.row, answer.drawn)
            terms = eager.terms(self.twins.leaves) if self.program.returns_one else np.zeros(0)
            self.looks[id(answer)] = Doubts(eager.rounding, eager.sensitivity, terms)
        return self.looks[id(answer)]

    def _tolerance(self, answer: Answer) -> float:
        """What the rounding of all numbers on the way may do to an output."""
        try:
            rounding = self.allowed.rounding * self._look(answer).rounding
            return min(rounding, self.allowed.limit(self.twins.largest_output))
        except Exception:  # it is another function by now
            return 0.0

    def _check_gradient(self, gradient: FloatArray, answer: Answer) -> None:
        """The gradient on one example; where large terms cancel in it, their rounding is large beside what is left."""
        wanted = answer.gradient
        if self._is_plainly(gradient, wanted):
            return
        look = self._look(answer)
        relative = self.allowed.rounding_of_gradient * (1.0 + look.sensitivity)
        if relative > UNDECIDED and self.allowed is DOUBLE:
            return
        with np.errstate(all="ignore"):
            explained = self.allowed.same_gradient * np.abs(wanted) + relative * look.terms
            tolerances = np.minimum(explained, self.allowed.limit(self.twins.largest_gradient))
            doubtful = np.flatnonzero(~(np.abs(gradient - wanted) <= tolerances))
        for place in doubtful.tolist():
            ours, theirs, tolerance = float(gradient[place]), float(wanted[place]), float(tolerances[place])
            if not _near(ours, theirs, tolerance) and not _near(ours, theirs, tolerance + self._jump(answer)[place]):
                label = self.program.params[place].label or f"parameter {place}"
                self._refuse(answer.name, f"has, by {label}, the derivative", ours, theirs)

    def _jump(self, answer: Answer) -> FloatArray:
        """How far the gradient in double precision moves when single precision rounds the parameters another way.

        At a kink, such as that of relu, it jumps, and rounding decides which side is taken. Where a program computes in
        double precision, such a kink is too rarely met to be looked for.
        """
        if self.allowed is DOUBLE:
            return np.zeros_like(self.twins.theta)
        if id(answer) not in self.jumps:
            double, theta = self.twins.twins[0][0], self.twins.theta.copy()
            gradients = []
            for step in np.random.default_rng(0).uniform(-1.0, 1.0, (8, len(theta))):
                double.theta[...] = theta * (1.0 + 1e-6 * step)
                gradients.append(self._run(double, [answer.row], [answer.drawn])[1])
            double.theta[...] = theta
            self.jumps[id(answer)] = np.ptp(gradients, axis=0)
        return self.jumps[id(answer)]

    def _refuse(self, name: str, verb: str, ours: float, wanted: float, what: str = "") -> None:
        raise RecordingError(
            f"the recorded program differs from the function: on {name} the program {verb} {ours!r}{what} and the "
            f"function {wanted!r}; {self.allowed.reason}"
        )


class _Draws:
    """Random numbers for the function, from copies of its generators, so that theirs stay where they are."""

    def __init__(self) -> None:
        self.copies: dict[int, Any] = {}
        self.drawn: list[float] = []

    def __call__(self, draw: Callable[..., Any]) -> float:
        owner = getattr(draw, "__self__", None)
        if isinstance(owner, (np.random.Generator, np.random.RandomState)):
            draw = getattr(self.copies.setdefault(id(owner), copy.deepcopy(owner)), draw.__name__)
        self.drawn.append(float(draw()))
        return self.drawn[-1]


class Answer(NamedTuple):
    """What the function gave for one example, and the random numbers that it drew for it."""

    row: Sequence[Any]
    name: str
    drawn: list[float]
    outputs: list[float]
    gradient: FloatArray  # of the output, where there is only one


class Doubts(NamedTuple):
    """What an `EagerRun` says of rounding; its graph is not kept."""

    rounding: float
    sensitivity: float
    terms: FloatArray


class EagerRun:
    """One run of the function: its outputs, how they depend on all numbers on the way, and how sure they can be."""

    def __init__(self, outputs: list[float], root: Value, numbers: Mapping[int, float]) -> None:
        self.outputs = outputs
        self._root = root
        self._numbers = numbers

    @cached_property
    def _swept(self) -> dict[Value, StandIn]:
        """A stand-in for each node, with the derivative by it of the sum of the outputs."""
        stand_ins = StandIn.for_graph(self._root)
        stand_ins[self._root]._grad = 1.0
        for _ in sweep(list(stand_ins.values())[::-1]):
            pass
        return stand_ins

    def gradient(self, leaves: Mapping[Value, StandIn]) -> FloatArray:
        """The derivatives by some leaves, which have their stand-ins already: they are many, and always the same.

        What leads to none of them is left out: the numbers of the example, which are half of what there is to do.
        """
        return self._swept_to(leaves, attrgetter("local_derivatives"))

    def terms(self, leaves: Mapping[Value, StandIn]) -> FloatArray:
        """For each leaf the sum of the absolute values of what its gradient is the sum of, over all paths."""
        return self._swept_to(leaves, lambda node: [abs(local) for local in node.local_derivatives])

    def _swept_to(self, leaves: Mapping[Value, StandIn], local: Callable[[Value], Sequence[Any]]) -> FloatArray:
        for leaf in leaves.values():
            leaf._grad = 0.0
        stand_ins, computed = dict(leaves), []
        for node in topological_order(self._root, leaves=False):
            inputs, derivatives = [*map(stand_ins.get, node.inputs)], local(node)
            if None in inputs:
                derivatives = [*compress(derivatives, inputs)]
                inputs = [*filter(None, inputs)]
            if inputs:
                stand_ins[node] = stand_in = StandIn(inputs, derivatives, node)
                computed.append(stand_in)
        if self._root in stand_ins:
            stand_ins[self._root]._grad = 1.0
        for _ in sweep(computed[::-1]):
            pass
        return np.array([leaf._grad for leaf in leaves.values()])

    @cached_property
    def rounding(self) -> float:
        """What a relative error of 1 in every number on the way would do to the sum of the outputs."""
        numbers = [self._numbers.get(id(node), node._data) for node in self._swept]
        effects = [abs(s._grad * number) for s, number in zip(self._swept.values(), numbers, strict=True)]
        # At a kink, such as that of abs, a slope of 0 hides what has an effect; so the largest number counts a little.
        largest = max([abs(number) for number in numbers if math.isfinite(number)], default=0.0)
        return float(sum(filter(math.isfinite, effects))) + 0.01 * largest

    @property
    def sensitivity(self) -> float:
        """How much larger the relative error of the output may be than that of the numbers on the way."""
        ratio = self.rounding / max(abs(self.outputs[0]), 1e-300)
        return ratio if math.isfinite(ratio) else 0.0


def _largest(numbers: Any) -> float:
    """The largest absolute value that is finite, or 0."""
    sizes = np.abs(numbers)
    return float(sizes[np.isfinite(sizes)].max(initial=0.0))


def _is_single(program: Any) -> bool:
    return bool(program.theta.dtype == np.float32)


def _near(ours: float, wanted: float, tolerance: float) -> bool:
    """Whether they are the same but for rounding; nan may stand for an infinity, by the order of a sum."""
    if math.isfinite(ours) and math.isfinite(wanted):
        return not abs(ours - wanted) > tolerance  # a tolerance that is nan says nothing
    return not math.isfinite(ours) and not math.isfinite(wanted) and ours != -wanted


def _text(row: Sequence[Any]) -> str:
    shown = [f"{float(item)!r}" if np.ndim(item) == 0 else _array_text(item) for item in row]
    return f"the example {', '.join(shown)}" if shown else "the one example that there is"


def _array_text(array: Any) -> str:
    return " ".join(np.array2string(array, precision=6, threshold=8, edgeitems=3, separator=", ").split())
