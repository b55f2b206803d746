"""Callbacks: what happens around the training loop, and stopping early as the first of them.

A callback is an object with any of the methods of `Callback`, or just a function of the run, called after each epoch.
What the run tells it is `RunView`; `run.stop("reason")` ends the training after the epoch. To add a callback, write a
subclass of `Callback` here, or in a file of its own if it needs a library, as `tensorboard` does.

May import: `arguments`, `elsewhere`, `nn`, `optim`; `data`, `history`, `objective` and `saving` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.arguments import at_least_zero, whole_number
from tinygrad_edu.elsewhere import EARLY_STOPPING_KEYWORDS, says_ours
from tinygrad_edu.nn.module import Module
from tinygrad_edu.optim.optimizers import Optimizer
from tinygrad_edu.optim.vectors import Vector
from tinygrad_edu.training.data import Array, Data
from tinygrad_edu.training.history import History
from tinygrad_edu.training.objective import Loss
from tinygrad_edu.training.saving import arrays_of, load_arrays

__all__ = ["Callback", "EarlyStopping", "RunView", "as_callback"]


class RunView(Protocol):
    """What callbacks see of a training run.

    `model`, `loss(outputs, target)` and `optimizer` are those that `fit` was given, `data` and `validation` the checked
    examples and targets. `history` is the record so far. `epoch` of `epochs`, and `batch` of `batches_per_epoch` in it,
    count from 1; `epoch` is 0 before the first. `gradient` is a copy of the last one, flat and before clipping, shape
    (n,), in the order of `optimizer.params`; `layers` maps the name of each layer to its places in `gradient`.

    >>> def report(run: RunView) -> None:
    ...     if run.history.loss[-1] < 0.01:
    ...         run.stop(f"good enough after epoch {run.epoch} of {run.epochs}")
    """

    model: Module
    data: Data
    validation: Data | None
    loss: Loss
    optimizer: Optimizer
    history: History
    epoch: int
    epochs: int
    batch: int
    batches_per_epoch: int
    layers: dict[str, NDArray[np.intp]]

    @property
    def gradient(self) -> Vector:
        """The last gradient, flat and before clipping."""

    def stop(self, reason: str) -> None:
        """End the training after this epoch; `reason` goes into the history."""


class Callback:
    """What a callback may do; each method does nothing unless it is overridden.

    Whatever a callback remembers and a resumed run needs goes through `state_dict` and `load_state_dict`: plain
    numbers, strings, lists, dicts and arrays.

    >>> class Halve(Callback):
    ...     def on_epoch_end(self, run):
    ...         run.optimizer.lr /= 2
    """

    #: Whether it may look at the model's `Value`s, or change them. If not, replay need not write them before each call.
    sees_weights: ClassVar[bool] = True

    def on_start(self, run: RunView) -> None:
        """Before the first epoch, or the first after resuming."""

    def on_iteration_end(self, run: RunView) -> None:
        """After each step."""

    def on_epoch_end(self, run: RunView) -> None:
        """After each epoch, when its line stands in `run.history`."""

    def on_end(self, run: RunView) -> None:
        """When training is over, however it ended; not after a callback that raised."""

    def state_dict(self) -> dict[str, Any]:
        """What it remembers."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember it again."""

    @property
    def name(self) -> str:
        """What messages call it."""
        return type(self).__name__


class _EachEpoch(Callback):
    """A plain function as a callback."""

    def __init__(self, function: Callable[[RunView], Any]) -> None:
        self.function = function

    def on_epoch_end(self, run: RunView) -> None:
        self.function(run)

    @property
    def name(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))


def as_callback(callback: Any) -> Callback:
    """The callback itself, or the function wrapped in one.

    Raises TypeError for anything else.
    """
    if isinstance(callback, type) and issubclass(callback, Callback):
        raise TypeError(f"callbacks are objects, and {callback.__name__} is a class; write {callback.__name__}()")
    if isinstance(callback, Callback):
        return callback
    if callable(callback):
        return _EachEpoch(callback)
    raise TypeError(f"a callback is a Callback or a function of the run, not {callback!r}")


class EarlyStopping(Callback):
    """Stop when the loss has not improved for more than `patience` epochs, and restore the best weights.

    It watches the validation loss, or the training loss where there is no validation data. An improvement is a loss
    more than `min_delta` below the best so far. The best weights come back at the end of any run, also of
    one that was not stopped. Prechelt 1998, "Early stopping - but when?".

    Raises ValueError for a negative `patience` or `min_delta`.

    >>> EarlyStopping(patience=3).patience
    3
    """

    @says_ours(EARLY_STOPPING_KEYWORDS)
    def __init__(self, patience: int = 10, *, min_delta: float = 0.0, restore_best_weights: bool = True) -> None:
        self.patience = whole_number(patience, "patience, which counts epochs without improvement,", least=0)
        self.min_delta = at_least_zero(min_delta, "min_delta")
        self.restore_best_weights = restore_best_weights
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.best_loss = math.inf
        self.best_epoch = 0
        self.best: dict[str, Array] = {}

    def on_start(self, run: RunView) -> None:
        """Forget an earlier run, unless this one continues it."""
        if run.epoch == 0:
            self._begin_anew()

    def on_epoch_end(self, run: RunView) -> None:
        """Keep the weights if they are the best so far; stop if the best is too long ago."""
        loss = run.history.watched[-1]
        if loss < self.best_loss - self.min_delta:
            self.best_loss, self.best_epoch, self.best = loss, run.epoch, self._weights(run)
        elif run.epoch - self.best_epoch > self.patience:
            run.stop(f"stopped early: no improvement since epoch {self.best_epoch}")

    @staticmethod
    def _weights(run: RunView) -> dict[str, Array]:
        return arrays_of(run.model, run.history.dtype)

    def on_end(self, run: RunView) -> None:
        """Restore the best weights."""
        if self.restore_best_weights and self.best:
            load_arrays(run.model, self.best, "the best epoch")

    def state_dict(self) -> dict[str, Any]:
        """The best loss, its epoch and its weights."""
        return {"best_loss": self.best_loss, "best_epoch": self.best_epoch, "best": dict(self.best)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue with the best so far."""
        self.best_loss, self.best_epoch = float(state["best_loss"]), int(state["best_epoch"])
        self.best = dict(state["best"])
