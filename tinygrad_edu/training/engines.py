"""Engines: what turns a batch into the mean loss and its gradient.

`Eager` builds the graph of every example and sweeps it back, as a learner does by hand. `Replay` records the loss of
one example once and runs it on whole batches as matrices; same numbers, much sooner, and it looks now and then whether
they are the same. `Auto` is the second as long as that works, and then the first. They speak of parameters as one flat
array `theta`, in the order of the optimizer; `push` makes the `Value`s hold it.

May import: `modes`, `value`, `functions`, `nn`, `replay`, `optim`; `comparison`, `data` and `objective` of this folder;
NumPy.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, Protocol

import numpy as np

from tinygrad_edu.functions import fsum
from tinygrad_edu.modes import changed_mode, no_grad
from tinygrad_edu.nn.module import in_mode, modes_of
from tinygrad_edu.optim.vectors import Vector, gradients_of, numbers_of, write_numbers
from tinygrad_edu.replay import Program, RecordingError
from tinygrad_edu.replay.agreement import compare
from tinygrad_edu.replay.program import recorded
from tinygrad_edu.training.comparison import as_in_eager, reason_of, row_name, telling_rows
from tinygrad_edu.training.data import Array, Data
from tinygrad_edu.training.objective import Objective, outputs_of, takes_batches
from tinygrad_edu.value import Value, as_value

__all__ = ["Eager", "Engine", "Objective", "Replay", "choose_engine"]


class Engine(Protocol):
    """What `fit` needs to know of an engine."""

    theta: Vector

    @property
    def description(self) -> str:
        """Which it is, and why."""

    def loss_and_gradient(self, X: Array, y: Array) -> tuple[float, Vector]:
        """The mean loss of a batch, penalty included, and its gradient by theta."""

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""

    def review(self, epoch: int, seconds: float, last: bool = False) -> None:
        """After an epoch that took so many seconds, make sure that the gradients are those of eager code."""

    def push(self) -> None:
        """Make the `Value`s hold theta."""

    def pull(self) -> None:
        """Read theta from the `Value`s."""


class Eager:
    """Forward and backward on `Value`s, one example after the other, the gradients adding up in the leaves."""

    def __init__(self, objective: Objective, description: str = "eager") -> None:
        self.objective = objective
        self.description = description
        # Parameters that are not trained collect gradients too, which must not be left lying about.
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
        self._forget()
        losses = []
        for term in self._terms(X, y):
            term.backward()
            losses.append(term.data)
        gradient = gradients_of(self.objective.params)
        self._forget()
        return _sum_of_losses(losses), gradient

    def _terms(self, X: Array, y: Array) -> Iterator[Value]:
        """The parts that the mean loss is the sum of, each made when the one before has been swept."""
        share = 1.0 / len(X)
        if takes_batches(self.objective.model):
            outputs = outputs_of(self.objective.model, X.tolist())
            losses = [self.objective.loss(output, target) for output, target in zip(outputs, y.tolist(), strict=True)]
            yield share * fsum(losses)
        else:
            for example, target in zip(X.tolist(), y.tolist(), strict=True):
                yield share * self.objective.loss(outputs_of(self.objective.model, [example])[0], target)
        if self.objective.penalty is not None:
            yield as_value(self.objective.penalty(self.objective.params))

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""
        with no_grad(), in_mode(self.objective.model, training=False):
            outputs = outputs_of(self.objective.model, X.tolist())
            losses = [self.objective.loss(o, target).data for o, target in zip(outputs, y.tolist(), strict=True)]
        return _sum_of_losses(losses) / len(losses)

    def review(self, epoch: int, seconds: float, last: bool = False) -> None:
        """Nothing to do: this is eager code."""

    def push(self) -> None:
        """Nothing to do: theta lives in the `Value`s."""

    def pull(self) -> None:
        """Nothing to do: theta lives in the `Value`s."""

    def _forget(self) -> None:
        for leaf in self._leaves:
            leaf.grad = 0.0


def _sum_of_losses(numbers: list[float]) -> float:
    """The sum, rounded once; nan or inf if one of the numbers is."""
    return math.fsum(numbers) if all(map(math.isfinite, numbers)) else sum(numbers)


class Replay:
    """The loss of one example, recorded once, compared with eager code, and run on batches of arrays.

    Recorded once for each mode that the model is trained in (a callback may put parts of it in `eval()`), and for
    evaluation whenever its buffers have changed. Raises RecordingError for a model that works on whole batches, reads
    a number while it computes, or gives other numbers than in eager code.
    """

    description = "replay: the loss of one example was recorded once and runs on whole batches"

    def __init__(self, objective: Objective, data: Data) -> None:
        if takes_batches(objective.model):
            raise RecordingError("the model works on a batch, not on one example (BatchNorm compares examples)")
        self.objective = objective
        self._data = data
        self._rows = telling_rows(data)
        # Parameters that are not trained must be known to the program too; they come after those that are.
        self._params = list(dict.fromkeys([*objective.params, *objective.model.parameters()]))
        self._theta = numbers_of(self._params)
        self._programs: dict[Any, Program] = {}
        started = time.perf_counter()
        with in_mode(objective.model, training=True):
            self._training()
        # Comparing one row costs less than its share of all this.
        self._cost = (time.perf_counter() - started) / len(self._rows)
        self._trained = self._spent = 0.0

    def _training(self) -> Program:
        """The program for the modes that the parts of the model are in now."""
        modes = modes_of(self.objective.model)
        return self._program(("training", modes), self._objective)

    def _evaluation(self) -> Program:
        """The loss as it is in `eval()`, with the buffers that there are."""
        buffers = [repr(getattr(m, name)) for m in self.objective.model.modules() for name in m.buffer_names]
        return self._program(("evaluation", *buffers), self._loss)

    def _program(self, key: tuple[Any, ...], function: Callable[[Any, Any], Value]) -> Program:
        if key not in self._programs:
            self.push()
            X, y = self._data.X[self._rows], self._data.y[self._rows]
            program = recorded(function, (X.shape[1:], y.shape[1:]), self._params, (X, y), self._theta)
            compare(program, function, (X, y), self._theta, named=lambda k: row_name(self._rows[k]))
            self._programs = {other: p for other, p in self._programs.items() if other[0] != key[0]} | {key: program}
        return self._programs[key]

    def _objective(self, x: Any, y: Any) -> Value:
        loss = self._loss(x, y)
        if self.objective.penalty is None:
            return loss
        with changed_mode(noise=_no_noise):
            return loss + self.objective.penalty(self.objective.params)

    def _loss(self, x: Any, y: Any) -> Value:
        return self.objective.loss(outputs_of(self.objective.model, [as_in_eager(x)])[0], as_in_eager(y))

    @property
    def theta(self) -> Vector:
        """The trained parameters, a copy."""
        return self._theta[: len(self.objective.params)].copy()

    @theta.setter
    def theta(self, theta: Vector) -> None:
        self._theta[: len(self.objective.params)] = theta

    def loss_and_gradient(self, X: Array, y: Array) -> tuple[float, Vector]:
        """The mean loss of a batch, penalty included, and its gradient."""
        loss, gradient = self._training().value_and_grad(X, y)
        return float(loss), gradient[: len(self.objective.params)]

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""
        with in_mode(self.objective.model, training=False):
            return float(np.mean(self._evaluation()(X, y)))

    def review(self, epoch: int, seconds: float, last: bool = False) -> None:
        """Compare one more row with eager code.

        After the epochs 1, 2, 4, 8, ... and the last, and after all others as far as that takes a twentieth of the
        time. Raises RecordingError for a difference. The `Value`s must hold theta.
        """
        self._trained += seconds
        due = last or epoch & (epoch - 1) == 0
        if not due and self._spent + self._cost > 0.05 * self._trained:
            return
        started = time.perf_counter()
        row = epoch * 7919 % len(self._data)  # a prime number, so that each epoch brings another row
        self._compare_row(row, self._training(), self._objective)
        if any(key[0] == "evaluation" for key in self._programs):
            with in_mode(self.objective.model, training=False):
                self._compare_row(row, self._evaluation(), self._loss)
        self._cost = time.perf_counter() - started
        self._spent += self._cost

    def _compare_row(self, row: int, program: Program, function: Callable[[Any, Any], Value]) -> None:
        X, y = self._data.X[row : row + 1], self._data.y[row : row + 1]
        compare(program, function, (X, y), self._theta, changed=0, named=lambda k: row_name(row))

    def push(self) -> None:
        """Write theta into the `Value`s."""
        write_numbers(self._params, self._theta)

    def pull(self) -> None:
        """Read theta from the `Value`s."""
        self._theta[...] = numbers_of(self._params)


def _no_noise(draw: Any) -> NoReturn:
    raise RecordingError(
        "the penalty draws a random number, in eager code one for each batch, and a program would for each example"
    )


class Auto:
    """Replay for as long as it works and gives the numbers of eager code, then eager code, which says why."""

    def __init__(self, objective: Objective, data: Data) -> None:
        self._eager = Eager(objective)
        self._replay: Replay | None = None
        self._evaluates_eagerly = ""
        try:
            self._replay = Replay(objective, data)
        except Exception as error:  # whatever it was, eager code is the meaning and goes on
            self._eager.description = f"eager: {reason_of(error)}"

    @property
    def _engine(self) -> Engine:
        return self._eager if self._replay is None else self._replay

    @property
    def description(self) -> str:
        """What computes the gradients, and why."""
        return f"{self._engine.description}{self._evaluates_eagerly}"

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
                if math.isfinite(loss) and np.isfinite(gradient).all():
                    return loss, gradient
                error: Exception = RecordingError(f"the recorded loss is {loss:g}, or its gradient is not finite")
            except Exception as raised:
                error = raised
            self._replay.push()
            answer = self._eager.loss_and_gradient(X, y)  # what is wrong with the data, it says itself
            if math.isfinite(answer[0]) and np.isfinite(answer[1]).all():
                self._go_on_eagerly(error)
            return answer
        return self._eager.loss_and_gradient(X, y)

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""
        if self._replay is not None and not self._evaluates_eagerly:
            try:
                return self._replay.mean_loss(X, y)
            except Exception as error:
                self._evaluates_eagerly = f"; the validation loss is computed eagerly: {reason_of(error)}"
        self._engine.push()
        return self._eager.mean_loss(X, y)

    def review(self, epoch: int, seconds: float, last: bool = False) -> None:
        """Compare one row with eager code now and then; on a difference, go on eagerly and warn."""
        if self._replay is not None:
            try:
                self._replay.review(epoch, seconds, last)
            except Exception as error:
                self._go_on_eagerly(error, f" after epoch {epoch}, up to which replay trained what it had recorded")

    def _go_on_eagerly(self, error: Exception, when: str = ", after replay") -> None:
        self.push()
        self._replay = None
        self._eager.description = f"eager{when}: {reason_of(error)}"
        message = f"{self._eager.description}; fit(..., engine='eager') trains eagerly from the start"
        warnings.warn(message, RuntimeWarning, stacklevel=6)

    def push(self) -> None:
        """Make the `Value`s hold theta."""
        self._engine.push()

    def pull(self) -> None:
        """Read theta from the `Value`s."""
        self._engine.pull()


def choose_engine(name: str, objective: Objective, data: Data) -> Engine:
    """The engine of this name; for "auto", replay if the model can be recorded, else eager, which says why.

    Raises ValueError for an unknown name, RecordingError for "replay" with a model that cannot be recorded.
    """
    if name not in ("auto", "eager", "replay"):
        raise ValueError(f'engine is "auto", "eager" or "replay", not {name!r}')
    return (
        Eager(objective) if name == "eager" else Replay(objective, data) if name == "replay" else Auto(objective, data)
    )
