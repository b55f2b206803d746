"""`History`: what a training run did, epoch by epoch.

May import: `later`, `texts`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tinygrad_edu.later import later
from tinygrad_edu.texts import counted

__all__ = ["History"]


@dataclass
class History:
    """The record of a run: lists with one number for each epoch, except `batch_loss`. Epochs are counted from 1.

    An epoch is one pass through the data, a batch the examples of one step, an iteration one step. `loss` is the mean
    over the examples of an epoch while the weights were moving, penalties included, `validation_loss` that of the
    validation data at its end. `gradient_norm` is the mean length of the gradients of an epoch, before clipping, and
    `layer_gradient_norms` the same for each layer by name. `batch_loss` is the loss of each iteration. `engine` says
    what computed the gradients and why, `dtype` in which precision, "float64" or "float32", and `stopped` why the run
    ended before its last epoch ("" if it did not).

    >>> history = History(loss=[3.0, 1.0, 0.5], validation_loss=[3.0, 2.0, 2.5])
    >>> history.epochs, history.best_epoch
    (3, 2)
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    layer_gradient_norms: dict[str, list[float]] = field(default_factory=dict)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    batch_loss: list[float] = field(default_factory=list)
    engine: str = ""
    seed: int = 0
    batch_size: int = 0
    stopped: str = ""
    dtype: str = "float64"

    @property
    def epochs(self) -> int:
        """The number of whole epochs."""
        return len(self.loss)

    @property
    def iterations(self) -> int:
        """The number of steps."""
        return len(self.batch_loss)

    @property
    def watched(self) -> list[float]:
        """The losses that say how good the model is: of the validation data where there is some."""
        return self.validation_loss or self.loss

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest watched loss, the first of equals; 0 before any epoch is done."""
        losses = [math.inf if math.isnan(loss) else loss for loss in self.watched]
        return losses.index(min(losses)) + 1 if losses else 0

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and strings: what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> History:
        """The history that `to_dict` was taken of."""
        return cls(**record)

    def summary(self) -> str:
        """The run in one line.

        >>> History(loss=[2.0, 0.5], batch_loss=[2.5, 1.5, 0.6, 0.4], seconds=[1.0, 1.0], engine="eager").summary()
        '2 epochs, 4 iterations, 2.0 s (eager): loss 0.5, best in epoch 2'
        """
        if not self.loss:
            return f"no whole epoch{'; ' + self.stopped if self.stopped else ''}"
        validation = f", validation loss {self.validation_loss[-1]:.4g}" if self.validation_loss else ""
        engine = self.engine.partition(":")[0] + (f", {self.dtype}" if self.dtype != "float64" else "")
        # the weights of that epoch are those that `EarlyStopping` restores, so its loss is the one to know
        best = "" if self.best_epoch == self.epochs else f" with {self.watched[self.best_epoch - 1]:.4g}"
        return (
            f"{counted(self.epochs, 'epoch')}, {counted(self.iterations, 'iteration')}, "
            f"{sum(self.seconds):.1f} s ({engine}): loss {self.loss[-1]:.4g}{validation}, best in epoch "
            f"{self.best_epoch}{best}{'; ' + self.stopped if self.stopped else ''}"
        )

    def __repr__(self) -> str:
        return f"History({self.summary()})"

    _repr_html_ = later("tinygrad_edu.notebooks.histories", "history_html")
