"""What the history of a run shows: overfitting, and a learning rate that does not suit.

May import: `training`; `pathologies` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tinygrad_edu.diagnosis.pathologies import Finding
from tinygrad_edu.training.data import Array
from tinygrad_edu.training.history import History

__all__ = ["overfitting", "unsuitable_learning_rate"]

#: Epochs at the end whose mean validation loss is compared with the lowest: one alone may be chance.
_RECENT = 3
#: A rise, or a fall, of the loss by less than this share is noise.
_NOISE = 0.1
#: Fewer epochs than these show no trend.
_TREND = 5
#: A loss that goes up in more than this share of the epochs, by more than `_NOISE` on the average of all its moves, is
#: thrown about. At the bottom a healthy loss goes up in half of them, but by less than a fiftieth ...
_OFTEN = 0.3
#: ... and it has fallen to half or less by then, which one that is thrown about has not.
_HALF = 0.5
#: A loss that becomes so many times what it was before the first step has been thrown away by the steps. The first
#: batch of a healthy network may be easier than others, but not so much.
_FAR = 10.0
#: A loss that falls in more than this share of at least so many epochs, and in its last third at more than half its
#: first speed, is far from the bottom. If it has fallen by less than `_NOISE` in all, the steps are too small.
_STEADILY, _CREEPING_EPOCHS = 0.8, 10


def overfitting(history: History) -> Iterator[Finding]:
    """The validation loss has turned for good, while the training loss went on falling."""
    validation, training, best = history.validation_loss, history.loss, history.best_epoch
    if len(validation) < best + _RECENT or history.stopped.startswith("stopped early"):
        return
    recent, lowest = float(np.mean(validation[-_RECENT:])), validation[best - 1]
    noise = _NOISE * max(abs(lowest), validation[0] - lowest)
    if recent > lowest + noise and training[-1] < (1.0 - _NOISE) * training[best - 1]:
        yield Finding(
            "overfitting",
            "the run",
            f"the validation loss was lowest in epoch {best}, {lowest:.3g}, and is {validation[-1]:.3g} in epoch "
            f"{history.epochs}, while the training loss fell on from {training[best - 1]:.3g} to {training[-1]:.3g}",
        )


def unsuitable_learning_rate(history: History, cost_of_zeros: float = math.inf) -> Iterator[Finding]:
    """The loss rises, jumps or ends the run: the steps are too large. It creeps: they are too small.

    `cost_of_zeros`, what a model that answers 0 to everything would lose, tells from a healthy start one that the first
    steps threw far away; a loss that knows no such cost is judged by its course alone.
    """
    losses = np.array(history.loss)
    if "not finite" in history.stopped or "loss is" in history.stopped:
        yield Finding("learning rate too large", "the run", f"it {history.stopped}")
    elif len(losses) >= _TREND and losses[-1] > losses[0]:
        rose = f"the loss rose from {losses[0]:.3g} in epoch 1 to {losses[-1]:.3g} in epoch {len(losses)}"
        yield Finding("learning rate too large", "the run", rose)
    elif _was_thrown_away(history, cost_of_zeros):
        thrown = f"the loss was {losses.max():.3g} in epoch {losses.argmax() + 1} and is {losses[-1]:.3g}, after "
        began = f"{history.batch_loss[0]:.3g} before the first step; to answer 0 always would cost {cost_of_zeros:.3g}"
        yield Finding("learning rate too large", "the run", thrown + began)
    elif len(losses) < _TREND:
        return
    elif _jumps(losses):
        jumped = f"the loss went up in {(np.diff(losses) > 0).mean():.0%} of the epochs, by a tenth and more, "
        yield Finding("learning rate too large", "the run", f"{jumped}and is {losses[-1]:.3g} after {losses[0]:.3g}")
    elif _creeps(losses):
        fell = f"in {len(losses)} epochs the loss fell from {losses[0]:.4g} to {losses[-1]:.4g} only"
        yield Finding("learning rate too small", "the run", f"{fell}, and as fast at the end as in the beginning")


def _was_thrown_away(history: History, cost_of_zeros: float) -> bool:
    """Far above the loss before any step, and above that of no answer at all, from which it has not come back."""
    if not history.loss or not history.batch_loss:
        return False
    start = max(history.batch_loss[0], cost_of_zeros)
    return max(history.loss) > _FAR * start and history.loss[-1] > _HALF * cost_of_zeros


def _jumps(losses: Array) -> bool:
    """Up and down by more than a tenth, without getting anywhere."""
    changes = np.diff(losses)
    is_restless = (changes > 0).mean() > _OFTEN and np.abs(changes).mean() > _NOISE * losses.mean()
    return bool(is_restless and losses[-1] > _HALF * losses[0])


def _creeps(losses: Array) -> bool:
    """Down nearly always, by little, and with no sign of arriving."""
    if len(losses) < _CREEPING_EPOCHS:
        return False
    changes = np.diff(losses)
    third = len(changes) // 3
    fell_little = losses[-1] > (1.0 - _NOISE) * losses[0]
    keeps_its_speed = changes[-third:].mean() < _HALF * changes[:third].mean()
    return bool(fell_little and (changes < 0).mean() > _STEADILY and keeps_its_speed)
