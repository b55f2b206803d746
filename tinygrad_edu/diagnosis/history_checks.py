"""What the history of a run shows: overfitting, and a learning rate that does not suit.

May import: `training`; `pathologies` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_edu.diagnosis.pathologies import Finding
from tinygrad_edu.training.history import History


def overfitting(history: History) -> Iterator[Finding]:
    """The validation loss has turned for good, while the training loss went on falling."""
    validation, training, best = history.validation_loss, history.loss, history.best_epoch
    if len(validation) < best + 3 or history.stopped.startswith("stopped early"):
        return
    recent, lowest = float(np.mean(validation[-3:])), validation[best - 1]
    rise = 0.1 * max(abs(lowest), validation[0] - lowest)  # less is noise
    if recent > lowest + rise and training[-1] < 0.9 * training[best - 1]:
        yield Finding(
            "overfitting",
            "the run",
            f"the validation loss was lowest in epoch {best}, {lowest:.3g}, and is {validation[-1]:.3g} in epoch "
            f"{history.epochs}, while the training loss fell on from {training[best - 1]:.3g} to {training[-1]:.3g}",
        )


def unsuitable_learning_rate(history: History) -> Iterator[Finding]:
    """The loss rises, jumps or breaks off: the steps are too large. It falls by next to nothing: they are too small."""
    losses = np.array(history.loss)
    if "not finite" in history.stopped or "loss is" in history.stopped:
        yield Finding("learning rate too large", "the run", f"it {history.stopped}")
    elif len(losses) < 5:
        return
    elif losses[-1] > losses[0]:
        rose = f"the loss rose from {losses[0]:.3g} in epoch 1 to {losses[-1]:.3g} in epoch {len(losses)}"
        yield Finding("learning rate too large", "the run", rose)
    elif _jumps(losses):
        jumped = f"the loss went up in {(np.diff(losses) > 0).mean():.0%} of the epochs, by a tenth and more, "
        yield Finding("learning rate too large", "the run", f"{jumped}and is {losses[-1]:.3g} after {losses[0]:.3g}")
    elif _creeps(losses):
        fell = f"in {len(losses)} epochs the loss fell from {losses[0]:.4g} to {losses[-1]:.4g} only"
        yield Finding("learning rate too small", "the run", f"{fell}, and as fast at the end as in the beginning")


def _jumps(losses: Any) -> bool:
    """Up and down by more than a tenth, without getting anywhere."""
    changes = np.diff(losses)
    restless = (changes > 0).mean() > 0.3 and np.abs(changes).mean() > 0.1 * losses.mean()
    return bool(restless and losses[-1] > 0.5 * losses[0])


def _creeps(losses: Any) -> bool:
    """Down nearly always, by little, and with no sign of arriving."""
    if len(losses) < 10:
        return False
    changes = np.diff(losses)
    third = max(1, len(changes) // 3)
    little = losses[-1] > 0.9 * losses[0]
    return bool(little and (changes < 0).mean() > 0.8 and changes[-third:].mean() < 0.5 * changes[:third].mean())
