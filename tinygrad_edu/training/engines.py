"""Engines: what turns a batch into the mean loss and its gradient.

`Eager` builds the graph of every example and sweeps it back, as a learner does by hand. `Replay` records the loss of
one example once and runs it on whole batches as matrices; same numbers, much sooner. Both speak of parameters as one
flat array `theta`, in the order of the optimiser; `push` makes the `Value`s hold it.

May import: `modes`, `value`, `functions`, `nn`, `replay`; `data` and `optimisers` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.functions import fsum
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn.module import Module
from tinygrad_edu.replay import Program, RecordingError, record
from tinygrad_edu.training.data import Data
from tinygrad_edu.training.optimisers import Vector, gradients_of, numbers_of, write_numbers
from tinygrad_edu.value import Value, as_value

__all__ = ["Eager", "Engine", "Problem", "Replay", "choose_engine", "in_mode", "outputs_of", "predict", "takes_batches"]

#: loss(outputs, target) -> one `Value`, for one example.
Loss: TypeAlias = Callable[[Any, Any], Value]
#: penalty(params) -> one `Value`, added to the mean loss.
Penalty: TypeAlias = Callable[[Sequence[Value]], Value]
Array: TypeAlias = NDArray[np.float64]


def takes_batches(model: Module) -> bool:
    """Whether the model is called on a list of examples (as batch normalisation must be), not on one."""
    return bool(getattr(model, "takes_batch", False))


@contextmanager
def in_mode(model: Module, training: bool) -> Iterator[None]:
    """Run a block with the model in `train()` or `eval()` and put each module back in the mode it had."""
    modes = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def outputs_of(model: Module, examples: list[Any]) -> list[Any]:
    """What the model answers to each example."""
    call = cast("Callable[[Any], Any]", model)
    return list(call(examples)) if takes_batches(model) else [call(example) for example in examples]


@dataclass(frozen=True)
class Problem:
    """What is to be made small: the mean over a batch of loss(model(x), y), plus the penalty on the parameters."""

    model: Module
    loss: Loss
    params: Sequence[Value]
    penalty: Penalty | None = None


class Engine(Protocol):
    """What `fit` needs to know of an engine."""

    description: str
    theta: Vector

    def loss_and_gradient(self, X: Array, y: Array) -> tuple[float, Vector]:
        """The mean loss of a batch, penalty included, and its gradient by theta."""

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""

    def push(self) -> None:
        """Make the `Value`s hold theta."""

    def pull(self) -> None:
        """Read theta from the `Value`s."""


class Eager:
    """Forward and backward on `Value`s, one example after the other, the gradients adding up in the leaves."""

    def __init__(self, problem: Problem, description: str = "eager") -> None:
        self.problem = problem
        self.description = description
        # Parameters that are not trained collect gradients too, which must not be left lying about.
        self._leaves = list({*problem.params, *problem.model.parameters()})

    @property
    def theta(self) -> Vector:
        """The parameters, read from the `Value`s."""
        return numbers_of(self.problem.params)

    @theta.setter
    def theta(self, theta: Vector) -> None:
        write_numbers(self.problem.params, theta)

    def loss_and_gradient(self, X: Array, y: Array) -> tuple[float, Vector]:
        """The mean loss of a batch, penalty included, and its gradient."""
        self._forget()
        losses = []
        for term in self._terms(X, y):
            term.backward()
            losses.append(term.data)
        gradient = gradients_of(self.problem.params)
        self._forget()
        return _sum(losses), gradient

    def _terms(self, X: Array, y: Array) -> Iterator[Value]:
        """The parts that the mean loss is the sum of, each made when the one before has been swept."""
        share = 1.0 / len(X)
        if takes_batches(self.problem.model):
            outputs = outputs_of(self.problem.model, X.tolist())
            losses = [self.problem.loss(output, target) for output, target in zip(outputs, y.tolist(), strict=True)]
            yield share * fsum(losses)
        else:
            for example, target in zip(X.tolist(), y.tolist(), strict=True):
                yield share * self.problem.loss(outputs_of(self.problem.model, [example])[0], target)
        if self.problem.penalty is not None:
            yield as_value(self.problem.penalty(self.problem.params))

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""
        with no_grad(), in_mode(self.problem.model, training=False):
            outputs = outputs_of(self.problem.model, X.tolist())
            losses = [self.problem.loss(o, target).data for o, target in zip(outputs, y.tolist(), strict=True)]
        return _sum(losses) / len(losses)

    def push(self) -> None:
        """Nothing to do: theta lives in the `Value`s."""

    def pull(self) -> None:
        """Nothing to do: theta lives in the `Value`s."""

    def _forget(self) -> None:
        for leaf in self._leaves:
            leaf.grad = 0.0


def _sum(numbers: list[float]) -> float:
    """The sum, rounded once; nan or inf if one of the numbers is."""
    return math.fsum(numbers) if all(map(math.isfinite, numbers)) else sum(numbers)


class Replay:
    """The loss of one example, recorded once, and run on batches of arrays.

    Raises RecordingError for a model that works on whole batches or reads a number while it computes.
    """

    description = "replay: the loss of one example was recorded once and runs on whole batches"

    def __init__(self, problem: Problem, data: Data) -> None:
        if takes_batches(problem.model):
            raise RecordingError("the model works on a batch, not on one example (BatchNorm compares examples)")
        self.problem = problem
        self._shapes = (data.X.shape[1:], data.y.shape[1:])
        # Parameters that are not trained must be known to the program too; they come after those that are.
        self._params = list(dict.fromkeys([*problem.params, *problem.model.parameters()]))
        with in_mode(problem.model, training=True):
            self._program = record(self._objective, self._shapes, self._params)

    def _objective(self, x: Any, y: Any) -> Value:
        loss = self._loss(x, y)
        return loss if self.problem.penalty is None else loss + self.problem.penalty(self.problem.params)

    def _loss(self, x: Any, y: Any) -> Value:
        return self.problem.loss(outputs_of(self.problem.model, [x])[0], y)

    @cached_property
    def _evaluation(self) -> Program:
        """The loss as it is in `eval()`, recorded when it is first asked for."""
        with in_mode(self.problem.model, training=False):
            return record(self._loss, self._shapes, self._params)

    @property
    def theta(self) -> Vector:
        """The trained parameters, a copy."""
        return self._program.theta[: len(self.problem.params)].copy()

    @theta.setter
    def theta(self, theta: Vector) -> None:
        self._program.theta[: len(self.problem.params)] = theta

    def loss_and_gradient(self, X: Array, y: Array) -> tuple[float, Vector]:
        """The mean loss of a batch, penalty included, and its gradient."""
        loss, gradient = self._program.value_and_grad(X, y)
        return float(loss), gradient[: len(self.problem.params)]

    def mean_loss(self, X: Array, y: Array) -> float:
        """The mean loss in evaluation mode, without penalty."""
        self._evaluation.theta = self._program.theta
        return float(np.mean(self._evaluation(X, y)))

    def push(self) -> None:
        """Write theta into the `Value`s."""
        self._program.push()

    def pull(self) -> None:
        """Read theta from the `Value`s."""
        self._program.pull()


def choose_engine(name: str, problem: Problem, data: Data) -> Engine:
    """The engine of this name; for "auto", replay if the model can be recorded, else eager, which says why.

    Raises ValueError for an unknown name, RecordingError for "replay" with a model that cannot be recorded.
    """
    if name not in ("auto", "eager", "replay"):
        raise ValueError(f'engine is "auto", "eager" or "replay", not {name!r}')
    if name == "eager":
        return Eager(problem)
    try:
        return Replay(problem, data)
    except RecordingError as error:
        if name == "replay":
            raise
        return Eager(problem, f"eager: {error}")


def predict(model: Module, X: Any) -> Array:
    """The outputs of a model in evaluation mode for each example of X, shape (n, outputs), flat; no graph is kept.

    Replayed where the model can be recorded, which for many examples is much faster. Raises TypeError or ValueError
    for examples that the model does not take, and TypeError for what is no model.

    >>> from tinygrad_edu.nn import MLP
    >>> predict(MLP(2, [3], init="zeros"), [[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 3)
    """
    if not isinstance(model, Module):
        raise TypeError(f"predict needs a Module, such as MLP(2, [16, 1]), not {model!r}")
    examples = np.asarray(X, dtype=np.float64)
    with in_mode(model, training=False):
        if len(examples) > 1 and not takes_batches(model):
            try:
                program = record(lambda x: _row(outputs_of(model, [x])[0]), [examples.shape[1:]], model.parameters())
                return program(examples)
            except RecordingError:
                pass  # then one example after the other
        with no_grad():
            outputs = outputs_of(model, examples.tolist())
    return np.array([[as_value(v).data for v in _row(output)] for output in outputs], dtype=np.float64)


def _row(output: Any) -> list[Value]:
    """The outputs for one example as one flat row, whatever their shape."""
    row: list[Value] = np.ravel(np.array(output, dtype=object)).tolist()
    return row
