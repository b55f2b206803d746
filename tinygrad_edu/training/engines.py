"""Engines: what turns a batch into the mean loss and its gradient.

`Eager` builds the graph of each example and sweeps it back, as a learner does by hand. `Replay` records the loss of one
example once and runs it on whole batches as matrices: the same numbers, much sooner. It makes sure that they are the
same, at first and now and then. `Jax` is replay on all devices that JAX knows. `Auto` replays as long as that works,
and then goes on eagerly.

To an engine the parameters are one flat array `theta`, in the order of the optimizer. `write_parameters` writes it into
the `Value`s, and `read_parameters` reads it from them.

May import: `origins`, `modes`, `value`, `functions`, `nn`, `replay`, `optim`; `comparison`, `data` and `objective` of
this folder; NumPy.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, Protocol

import numpy as np

from tinygrad_edu.functions import fsum
from tinygrad_edu.modes import changed_mode, no_grad
from tinygrad_edu.nn.module import in_mode, modes_of
from tinygrad_edu.optim.vectors import Vector, gradients_of, numbers_of, write_numbers
from tinygrad_edu.origins import warn_caller
from tinygrad_edu.replay import Program, RecordingError
from tinygrad_edu.replay.agreement import Twins, compare
from tinygrad_edu.replay.devices import OnDevices, device_text
from tinygrad_edu.replay.programs import recorded
from tinygrad_edu.replay.tolerances import SINGLE
from tinygrad_edu.training.comparison import Reviews, reason_of, reviewed_row, row_name, telling_rows
from tinygrad_edu.training.data import Array, Data, in_single
from tinygrad_edu.training.objective import Objective, example_of, outputs_of, takes_batches, target_of
from tinygrad_edu.value import Value, as_value

__all__ = ["ENGINES", "Auto", "Eager", "Engine", "Jax", "Replay", "choose_engine", "is_finite"]


class Engine(Protocol):
    """What `fit` needs to know of an engine."""

    theta: Vector

    @property
    def description(self) -> str:
        """Which it is, and why."""

    def loss_and_gradient(self, X: Array, y: Array) -> tuple[float, Vector]:
        """The mean loss of a batch, penalty included, and its gradient by theta, which the next call may write over."""

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""

    def review(self, epoch: int, seconds: float, last: bool = False) -> None:
        """After an epoch that took so many seconds, make sure that the gradients are those of eager code."""

    def write_parameters(self) -> None:
        """Make the `Value`s hold theta."""

    def read_parameters(self) -> None:
        """Read theta from the `Value`s."""


class Eager:
    """Forward and backward on `Value`s, one example after the other, the gradients adding up in the leaves."""

    def __init__(self, objective: Objective, description: str = "eager") -> None:
        self.objective = objective
        self.description = description
        # `backward` also adds to the gradients of parameters that are not trained; they have to end at 0, too.
        self._leaves = list({*objective.params, *objective.model.parameters()})

    @property
    def theta(self) -> Vector:
        """The parameters, read from the `Value`s."""
        return numbers_of(self.objective.params)

    @theta.setter
    def theta(self, theta: Vector) -> None:
        write_numbers(self.objective.params, theta)

    def loss_and_gradient(self, X: Array, y: Array) -> tuple[float, Vector]:
        """The mean loss of a batch, penalty included, and its gradient."""
        self._zero_gradients()
        losses = []
        for term in self._terms(X, y):
            term.backward()
            losses.append(term.data)
        gradient = gradients_of(self.objective.params)
        self._zero_gradients()
        return _sum_of_losses(losses), gradient

    def _terms(self, X: Array, y: Array) -> Iterator[Value]:
        """The parts whose sum is the mean loss; each is made when the one before has been swept, to keep one graph."""
        share = 1.0 / len(X)
        if takes_batches(self.objective.model):
            outputs = outputs_of(self.objective.model, map(example_of, X))
            losses = [self.objective.loss(o, target) for o, target in zip(outputs, map(target_of, y), strict=True)]
            yield share * fsum(losses)
        else:
            for x, target in zip(X, map(target_of, y), strict=True):
                yield share * self.objective.loss(outputs_of(self.objective.model, [example_of(x)])[0], target)
        if self.objective.penalty is not None:
            yield as_value(self.objective.penalty(self.objective.params))

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""
        with no_grad(), in_mode(self.objective.model, training=False):
            outputs = outputs_of(self.objective.model, map(example_of, X))
            losses = [self.objective.loss(o, target).data for o, target in zip(outputs, map(target_of, y), strict=True)]
        return _sum_of_losses(losses) / len(losses)

    def review(self, epoch: int, seconds: float, last: bool = False) -> None:
        """Nothing to do: this is eager code."""

    def write_parameters(self) -> None:
        """Nothing to do: theta lives in the `Value`s."""

    def read_parameters(self) -> None:
        """Nothing to do: theta lives in the `Value`s."""

    def _zero_gradients(self) -> None:
        for leaf in self._leaves:
            leaf.grad = 0.0


def is_finite(loss: float, gradient: Vector) -> bool:
    """Whether a step can be made of them: no nan, no inf."""
    return math.isfinite(loss) and bool(np.isfinite(gradient).all())


def _sum_of_losses(numbers: list[float]) -> float:
    """The sum, rounded once; nan or inf if one of the numbers is."""
    return math.fsum(numbers) if all(map(math.isfinite, numbers)) else sum(numbers)


class Replay:
    """The loss of one example, recorded once, compared with eager code, and run on batches of arrays.

    There is one program for training and one for evaluation. A program is recorded again when what it was recorded
    under has changed: the modes of the parts of the model (a callback may put some in `eval()`), and for evaluation the
    buffers, such as the running means of normalization. Raises RecordingError for a model that works on whole batches,
    reads a number while it computes, or gives other numbers than in eager code.

    With data in single precision all is computed in it, and held against eager code in double precision, of the same
    parameters and examples: they differ by rounding only.
    """

    def __init__(self, objective: Objective, data: Data) -> None:
        if takes_batches(objective.model):
            raise RecordingError("the model works on a batch, not on one example (BatchNorm compares examples)")
        self.objective = objective
        self.description = f"{self._how()}{', in single precision' if data.is_single else ''}"
        self._data = data
        self._rows = telling_rows(data)
        # A program has to know all parameters, for a callback may change any; those that are not trained come last.
        self._params = list(dict.fromkeys([*objective.params, *objective.model.parameters()]))
        self._theta = numbers_of(self._params)
        if data.is_single:
            self._theta = in_single(self._theta, "the array of the parameters", 'leave dtype="float32" out')
        self._gradient = np.zeros_like(self._theta)
        self._programs: dict[Any, Program | OnDevices] = {}
        self._twins: dict[Any, Twins] = {}  # by the purpose of a program
        started = time.perf_counter()
        given = numbers_of(self._params)
        try:
            with in_mode(objective.model, training=True):
                self._training_program()
        finally:  # they are rounded to single precision when training begins, and not by what is refused
            write_numbers(self._params, given)
        # The time of recording is in here, too, so that the first estimate is rather too high than too low.
        self._reviews = Reviews(cost=(time.perf_counter() - started) / len(self._rows))

    def _training_program(self) -> Program | OnDevices:
        """The program for the modes that the parts of the model are in now."""
        modes = modes_of(self.objective.model)
        return self._program_for(("training", modes), self._penalized_loss)

    def _evaluation_program(self) -> Program | OnDevices:
        """The program for `eval()`, with the buffers that there are now."""
        buffers = [repr(getattr(m, name)) for m in self.objective.model.modules() for name in m.buffer_names]
        return self._program_for(("evaluation", *buffers), self._loss)

    def _program_for(self, key: tuple[Any, ...], function: Callable[[Any, Any], Value]) -> Program | OnDevices:
        """The program of a function of one example; a new one takes the place of the old one for the same purpose.

        `key` says the purpose, and then all that the program was recorded under.
        """
        if key not in self._programs:
            self.write_parameters()
            X, y = self._examples(self._rows)
            program = self._runnable(
                recorded(function, (X.shape[1:], y.shape[1:]), self._params, (X, y)).twin(self._theta)
            )
            twins = self._twins[key[0]] = Twins(program)
            compare(program, function, (X, y), self._theta, named=lambda k: row_name(self._rows[k]), twins=twins)
            self._programs = {other: p for other, p in self._programs.items() if other[0] != key[0]} | {key: program}
        return self._programs[key]

    def _examples(self, rows: Sequence[int]) -> tuple[Array, Array]:
        """Rows of the data as eager code computes with them: the numbers may be single ones, what it makes is not."""
        return self._data.X[rows].astype(np.float64), self._data.y[rows].astype(np.float64)

    @staticmethod
    def _how() -> str:
        return "replay: the loss of one example was recorded once and runs on whole batches"

    def _runnable(self, program: Program) -> Program | OnDevices:
        """What runs a program that was just recorded: it does so itself."""
        return program

    def _penalized_loss(self, x: Any, y: Any) -> Value:
        loss = self._loss(x, y)
        if self.objective.penalty is None:
            return loss
        with changed_mode(noise=_no_noise):
            return loss + self.objective.penalty(self.objective.params)

    def _loss(self, x: Any, y: Any) -> Value:
        return self.objective.loss(outputs_of(self.objective.model, [example_of(x)])[0], target_of(y))

    @property
    def theta(self) -> Vector:
        """The trained parameters, a copy."""
        return self._theta[: len(self.objective.params)].copy()

    @theta.setter
    def theta(self, theta: Vector) -> None:
        self._theta[: len(self.objective.params)] = theta

    def loss_and_gradient(self, X: Array, y: Array) -> tuple[float, Vector]:
        """The mean loss of a batch, penalty included, and its gradient, in an array that the next call writes over."""
        loss, gradient = self._training_program().value_and_grad(X, y, out=self._gradient)
        return float(loss), gradient[: len(self.objective.params)]

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""
        with in_mode(self.objective.model, training=False):
            return float(np.mean(self._evaluation_program()(X, y), dtype=np.float64))

    def review(self, epoch: int, seconds: float, last: bool = False) -> None:
        """Compare one more row with eager code, if that is due; see `Reviews`.

        Raises RecordingError for a difference.
        """
        if not self._reviews.are_due(epoch, seconds, last):
            return
        started = time.perf_counter()
        self.write_parameters()  # into the `Value`s that eager code computes with
        row = reviewed_row(epoch, len(self._data))
        self._compare_row(row, self._training_program(), self._penalized_loss, "training")
        if any(key[0] == "evaluation" for key in self._programs):
            with in_mode(self.objective.model, training=False):
                self._compare_row(row, self._evaluation_program(), self._loss, "evaluation")
        self._reviews.took(time.perf_counter() - started)

    def _compare_row(
        self, row: int, program: Program | OnDevices, function: Callable[[Any, Any], Value], purpose: str
    ) -> None:
        examples, twins = self._examples([row]), self._twins[purpose]
        compare(program, function, examples, self._theta, changed=0, named=lambda k: row_name(row), twins=twins)

    def write_parameters(self) -> None:
        """Write theta into the `Value`s."""
        write_numbers(self._params, self._theta)

    def read_parameters(self) -> None:
        """Read theta from the `Value`s."""
        with np.errstate(over="ignore"):  # what is too large for single precision is inf, and the run ends
            self._theta[...] = numbers_of(self._params)


def _no_noise(draw: Any) -> NoReturn:
    raise RecordingError(
        "the penalty draws a random number, in eager code one for each batch, and a program would for each example"
    )


class Jax(Replay):
    """`Replay`, run by JAX on all its devices, which share the examples of a batch.

    Optimizer, clipping and callbacks work on arrays of NumPy, as ever: what goes to the devices are parameters and
    examples, and the gradient comes back. Raises ImportError where JAX is not installed.
    """

    def __init__(self, objective: Objective, data: Data, batch_size: int) -> None:
        self._batch_size = batch_size
        super().__init__(objective, data)

    @staticmethod
    def _how() -> str:
        return f"jax: the loss of one example was recorded once and runs on batches, {device_text()}"

    def _runnable(self, program: Program) -> OnDevices:
        return OnDevices(program, self._batch_size)

    def loss_and_gradient(self, X: Array, y: Array) -> tuple[float, Vector]:
        """The mean loss of a batch, penalty included, and its gradient."""
        loss, gradient = super().loss_and_gradient(X, y)
        if not is_finite(loss, gradient):
            self._raise_as_numpy_does(X, y)
        return loss, gradient

    def _raise_as_numpy_does(self, X: Array, y: Array) -> None:
        """Raise for an index that names no option, where JAX can only give nan."""
        program = self._training_program()
        assert isinstance(program, OnDevices)
        program.program.value_and_grad(X, y)

    def review(self, epoch: int, seconds: float, last: bool = False) -> None:
        """Compare one more row with eager code after epochs 1, 2, 4, ... and the last, and no others.

        With several processes all have to do so at the same time, so it cannot depend on how long something took.
        """
        super().review(epoch, 0.0, last)


class Auto:
    """`Replay` as long as it works and gives the numbers of eager code, then `Eager`, whose description says why.

    Whatever goes wrong in recording or replay, training goes on.
    """

    def __init__(self, objective: Objective, data: Data) -> None:
        self._eager = Eager(objective)
        self._replay: Replay | None = None
        self._why_eager_evaluation = ""
        try:
            self._replay = Replay(objective, data)
        except Exception as error:  # whatever it was, eager code is the meaning and goes on
            self._eager.description = f"eager: {reason_of(error)}"

    @property
    def _engine(self) -> Engine:
        return self._eager if self._replay is None else self._replay

    @property
    def description(self) -> str:
        """Which engine computes now, and why."""
        return f"{self._engine.description}{self._why_eager_evaluation}"

    @property
    def theta(self) -> Vector:
        """The trained parameters, a copy."""
        return self._engine.theta

    @theta.setter
    def theta(self, theta: Vector) -> None:
        self._engine.theta = theta

    def loss_and_gradient(self, X: Array, y: Array) -> tuple[float, Vector]:
        """The mean loss of a batch, penalty included, and its gradient."""
        if self._replay is not None:
            try:
                loss, gradient = self._replay.loss_and_gradient(X, y)
                if is_finite(loss, gradient):
                    return loss, gradient
                error: Exception = RecordingError(f"the recorded loss is {loss:g}, or its gradient is not finite")
            except Exception as raised:
                error = raised
            self._replay.write_parameters()
            answer = self._eager.loss_and_gradient(X, y)  # raises, if the fault is the batch's and not replay's
            if is_finite(*answer):
                self._go_on_eagerly(error)
            return answer
        return self._eager.loss_and_gradient(X, y)

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""
        if self._replay is not None and not self._why_eager_evaluation:
            try:
                return self._replay.mean_loss(X, y)
            except Exception as error:
                self._why_eager_evaluation = f"; the validation loss is computed eagerly: {reason_of(error)}"
        self._engine.write_parameters()
        return self._eager.mean_loss(X, y)

    def review(self, epoch: int, seconds: float, last: bool = False) -> None:
        """Compare one row with eager code now and then; on a difference, go on eagerly and warn."""
        if self._replay is not None:
            try:
                self._replay.review(epoch, seconds, last)
            except Exception as error:
                self._go_on_eagerly(error, f" after epoch {epoch}, up to which replay trained what it had recorded")

    def _go_on_eagerly(self, error: Exception, when: str = ", after replay") -> None:
        self.write_parameters()
        self._replay = None
        self._eager.description = f"eager{when}: {reason_of(error)}"
        warn_caller(f"{self._eager.description}; fit(..., engine='eager') trains eagerly from the start")

    def write_parameters(self) -> None:
        """Make the `Value`s hold theta."""
        self._engine.write_parameters()

    def read_parameters(self) -> None:
        """Read theta from the `Value`s."""
        self._engine.read_parameters()


def choose_engine(name: str, objective: Objective, data: Data, batch_size: int) -> Engine:
    """The engine of this name; for "auto", replay if the model can be recorded, else eager, which says why.

    Eager code computes in double precision, so with data in single precision "auto" is "replay". Raises ValueError for
    an unknown name, and for "eager" with such data, RecordingError for "replay" and "jax" with a model that cannot be
    recorded, and ImportError for "jax" where it is not installed.
    """
    if name not in ENGINES:
        raise ValueError(f'engine is "auto", "eager", "replay" or "jax", not {name!r}')
    if data.is_single and name == "eager":
        raise ValueError(
            'engine="eager" computes with Python\'s floats, in double precision; leave dtype="float32" out, or write '
            'engine="replay"'
        )
    if data.is_single and name == "auto":
        return _single(objective, data)
    return ENGINES[name](objective, data, batch_size)


def _single(objective: Objective, data: Data) -> Replay:
    """Replay in single precision, for which eager code cannot stand in."""
    try:
        return Replay(objective, data)
    except RecordingError as error:
        if SINGLE.reason in str(error):
            raise
        raise RecordingError(
            f'dtype="float32" needs a program of the loss, and there is none: {error}; leave dtype out, and fit trains '
            "in double precision, eagerly if it must"
        ) from error


#: What `fit` and the command line call the engines, and what makes them.
ENGINES: dict[str, Callable[[Objective, Data, int], Engine]] = {
    "auto": lambda objective, data, batch_size: Auto(objective, data),
    "eager": lambda objective, data, batch_size: Eager(objective),
    "replay": lambda objective, data, batch_size: Replay(objective, data),
    "jax": Jax,
}
