"""Learning-rate schedules: how large the steps are, as training goes on.

They are named, made and stepped as those of `torch.optim.lr_scheduler`, and give the same numbers. A schedule belongs
to an optimizer and begins with the rate that the optimizer has been given. `rate(count)` is its whole rule, in closed
form: PyTorch changes the last rate instead, which is the same rule with other roundings. So a run that is resumed needs
nothing but the count. Only `ReduceLROnPlateau` watches the run, and what it has seen is in its `state_dict()`.

To add a schedule, write a subclass of `Schedule` here.

May import: `arguments`, `elsewhere`; `optimizers` of this folder.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from tinygrad_edu.arguments import above_zero, at_least_zero, whole_number
from tinygrad_edu.elsewhere import SCHEDULE_ATTRIBUTES, SCHEDULE_KEYWORDS, call_elsewhere, says_ours
from tinygrad_edu.optim.optimizers import Optimizer

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "StepLR",
]


class Schedule(ABC):
    """What all schedules share: the optimizer, its base rate η, the count t of steps so far, and `step()`.

    A subclass keeps its settings, then calls `super().__init__(optimizer, per)`, which sets the first rate; `rate` is
    its rule. `per` says what `fit` counts, "epoch" or "iteration"; in a loop of your own, each call of `step()` counts.
    η is the rate that the optimizer was given, whatever other schedules have made of it since.

    Raises TypeError for what is no optimizer, and ValueError when `per` is neither "epoch" nor "iteration".

    >>> from tinygrad_edu import SGD, Value
    >>> class Halved(Schedule):
    ...     def rate(self, count):
    ...         return self.base_lr / 2**count
    >>> optimizer = SGD([Value(1.0)], lr=0.8)
    >>> scheduler = Halved(optimizer)
    >>> scheduler.step()
    >>> scheduler.last_epoch, scheduler.get_last_lr(), optimizer.lr
    (1, [0.4], 0.4)
    """

    #: Whether `step` is given the loss.
    watches_loss: ClassVar[bool] = False

    def __init__(self, optimizer: Optimizer, per: str = "epoch") -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"a schedule is made with the optimizer whose rate it sets, such as "
                f"{type(self).__name__}(optimizer, ...), not with {optimizer!r}"
            )
        if per not in ("epoch", "iteration"):
            raise ValueError(f'per says what the schedule counts, "epoch" or "iteration", not {per!r}')
        self.per = per
        self.optimizer = optimizer
        self.base_lr = optimizer.initial_lr
        self.last_epoch = 0
        self._set_rate()

    @abstractmethod
    def rate(self, count: int) -> float:
        """The learning rate after `count` steps, 0 at first."""

    def step(self, metrics: float | None = None) -> None:
        """Count one more epoch or iteration, and set the rate of the optimizer for the next.

        `metrics`, the loss, is for `ReduceLROnPlateau` alone. Raises TypeError where it is given to another schedule.
        """
        if metrics is not None:
            raise TypeError(
                f"{type(self).__name__}.step() takes no {metrics!r}: it counts by itself, and looks at no loss"
            )
        self._advance()

    def _advance(self) -> None:
        self.last_epoch += 1
        self._set_rate()

    def _set_rate(self) -> None:
        self.optimizer.schedule_lr(self.rate(self.last_epoch))

    def get_last_lr(self) -> list[float]:
        """The rate that it set last, in a list of one: an optimizer has one group of parameters here."""
        return [self.rate(self.last_epoch)]

    def state_dict(self) -> dict[str, Any]:
        """The count, the base rate, and what else it remembers of the run so far, as plain numbers."""
        return {"last_epoch": self.last_epoch, "base_lr": self.base_lr}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember what `state_dict()` gave, and set the rate of the optimizer."""
        for name in self.state_dict():
            setattr(self, name, state[name])
        self._set_rate()

    def settings(self) -> dict[str, Any]:
        """What was chosen, by name: what to write beside a result."""
        hidden = {"optimizer", *self.state_dict()}
        return {name: value for name, value in vars(self).items() if name not in hidden}

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.settings().items())
        return f"{type(self).__name__}({settings})"


call_elsewhere(Schedule, "a schedule", SCHEDULE_ATTRIBUTES)


# Down, in steps or gradually ------------------------------------------------------------------------------


class StepLR(Schedule):
    """Multiply the rate by `gamma` every `step_size` counts: η · gamma^⌊t / step_size⌋.

    >>> from tinygrad_edu import SGD, Value
    >>> scheduler = StepLR(SGD([Value(1.0)], lr=0.1), step_size=10, gamma=0.5)
    >>> [scheduler.rate(t) for t in (0, 9, 10, 25)]
    [0.1, 0.1, 0.05, 0.025]
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, *, per: str = "epoch") -> None:
        self.step_size = whole_number(step_size, "step_size")
        self.gamma = above_zero(gamma, "gamma")
        super().__init__(optimizer, per)

    def rate(self, count: int) -> float:
        """η · gamma^⌊t / step_size⌋."""
        return self.base_lr * self.gamma ** (count // self.step_size)


class MultiStepLR(Schedule):
    """Multiply the rate by `gamma` at each of the `milestones`.

    >>> from tinygrad_edu import SGD, Value
    >>> scheduler = MultiStepLR(SGD([Value(1.0)], lr=0.1), milestones=[3, 5], gamma=0.5)
    >>> [scheduler.rate(t) for t in range(7)]
    [0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025]
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(
        self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1, *, per: str = "epoch"
    ) -> None:
        self.milestones = sorted(_milestones(milestones))
        self.gamma = above_zero(gamma, "gamma")
        super().__init__(optimizer, per)

    def rate(self, count: int) -> float:
        """η · gamma^n after n milestones."""
        return self.base_lr * self.gamma ** bisect_right(self.milestones, count)


class ExponentialLR(Schedule):
    """Multiply the rate by `gamma` each time: η · gammaᵗ.

    >>> from tinygrad_edu import SGD, Value
    >>> ExponentialLR(SGD([Value(1.0)], lr=0.8), gamma=0.5).rate(3)
    0.1
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(self, optimizer: Optimizer, gamma: float, *, per: str = "epoch") -> None:
        self.gamma = above_zero(gamma, "gamma")
        super().__init__(optimizer, per)

    def rate(self, count: int) -> float:
        """η · gammaᵗ."""
        return self.base_lr * self.gamma**count


class PolynomialLR(Schedule):
    """From η down to 0 over `total_iters` counts: η · (1 - t / total_iters)^power; then it stays there.

    >>> from tinygrad_edu import SGD, Value
    >>> scheduler = PolynomialLR(SGD([Value(1.0)], lr=1.0), total_iters=4, power=2.0)
    >>> [scheduler.rate(t) for t in range(6)]
    [1.0, 0.5625, 0.25, 0.0625, 0.0, 0.0]
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, *, per: str = "epoch") -> None:
        self.total_iters = whole_number(total_iters, "total_iters")
        self.power = above_zero(power, "power")
        super().__init__(optimizer, per)

    def rate(self, count: int) -> float:
        """η · (1 - t / total_iters)^power."""
        return float(self.base_lr * (1.0 - min(count, self.total_iters) / self.total_iters) ** self.power)


class CosineAnnealingLR(Schedule):
    """From η down to `eta_min` over `T_max` counts, along half a cosine.

        eta_min + (η - eta_min) · (1 + cos(π·t / T_max)) / 2

    After `T_max` it follows the cosine up again, as in PyTorch: let it be the length of the run. Loshchilov & Hutter
    2017, "SGDR: stochastic gradient descent with warm restarts", equation 5, without restarts.

    >>> from tinygrad_edu import SGD, Value
    >>> scheduler = CosineAnnealingLR(SGD([Value(1.0)], lr=0.2), T_max=10)
    >>> [round(scheduler.rate(t), 3) for t in (0, 5, 10)]
    [0.2, 0.1, 0.0]
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, *, per: str = "epoch") -> None:
        self.T_max = whole_number(T_max, "T_max")
        self.eta_min = at_least_zero(eta_min, "eta_min")
        super().__init__(optimizer, per)

    def rate(self, count: int) -> float:
        """The point of the cosine at `count`."""
        return _between(self.base_lr, self.eta_min, count / self.T_max)


class CosineAnnealingWarmRestarts(Schedule):
    """From η down to `eta_min` along half a cosine, again and again.

    The first time over `T_0` counts, then each time over `T_mult` times as many as before. Loshchilov & Hutter 2017,
    "SGDR: stochastic gradient descent with warm restarts", equation 5.

    >>> from tinygrad_edu import SGD, Value
    >>> scheduler = CosineAnnealingWarmRestarts(SGD([Value(1.0)], lr=1.0), T_0=2, T_mult=2)
    >>> [round(scheduler.rate(t), 3) for t in range(7)]
    [1.0, 0.5, 1.0, 0.854, 0.5, 0.146, 1.0]
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, *, per: str = "epoch"
    ) -> None:
        self.T_0 = whole_number(T_0, "T_0")
        self.T_mult = whole_number(T_mult, "T_mult")
        self.eta_min = at_least_zero(eta_min, "eta_min")
        super().__init__(optimizer, per)

    def rate(self, count: int) -> float:
        """The point of the cosine that runs at `count`."""
        length = self.T_0
        if self.T_mult == 1:
            count %= length
        while count >= length:
            count -= length
            length *= self.T_mult
        return _between(self.base_lr, self.eta_min, count / length)


# Up, and up and down --------------------------------------------------------------------------------------


class ConstantLR(Schedule):
    """The rate times `factor` for the first `total_iters` counts, and η itself after that.

    >>> from tinygrad_edu import SGD, Value
    >>> scheduler = ConstantLR(SGD([Value(1.0)], lr=0.8), factor=0.5, total_iters=2)
    >>> [scheduler.rate(t) for t in range(4)]
    [0.4, 0.4, 0.8, 0.8]
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3.0, total_iters: int = 5, *, per: str = "epoch"
    ) -> None:
        self.factor = _share(factor, "factor")
        self.total_iters = whole_number(total_iters, "total_iters")
        super().__init__(optimizer, per)

    def rate(self, count: int) -> float:
        """η, or the share of it at first."""
        return self.base_lr * self.factor if count < self.total_iters else self.base_lr


class LinearLR(Schedule):
    """A warm-up: from η · `start_factor` in equal steps to η · `end_factor` at `total_iters`; then it stays there.

    Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2. `SequentialLR` lets another schedule follow.

    >>> from tinygrad_edu import SGD, Value
    >>> scheduler = LinearLR(SGD([Value(1.0)], lr=1.0), start_factor=0.25, total_iters=3)
    >>> [scheduler.rate(t) for t in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3.0,
        end_factor: float = 1.0,
        total_iters: int = 5,
        *,
        per: str = "epoch",
    ) -> None:
        self.start_factor = _share(start_factor, "start_factor")
        self.end_factor = _share(end_factor, "end_factor")
        self.total_iters = whole_number(total_iters, "total_iters")
        super().__init__(optimizer, per)

    def rate(self, count: int) -> float:
        """The point of the line at `count`."""
        done = min(count, self.total_iters) / self.total_iters
        return self.base_lr * (self.start_factor + (self.end_factor - self.start_factor) * done)


class OneCycleLR(Schedule):
    """Up to `max_lr` and down again, along two half cosines, over `total_steps` counts; then it stays there.

    From max_lr / `div_factor` up to max_lr during the first `pct_start` share of the counts, then down to max_lr /
    `div_factor` / `final_div_factor`. The base rate of the optimizer does not count. Smith & Topin 2018,
    "Super-convergence", with the cosines and the defaults that PyTorch documents; the momentum is not cycled. The count
    is of iterations unless `per` says otherwise.

    >>> from tinygrad_edu import SGD, Value
    >>> scheduler = OneCycleLR(SGD([Value(1.0)]), max_lr=1.0, total_steps=10, pct_start=0.5)
    >>> [round(scheduler.rate(t), 6) for t in (0, 2, 4, 9)]
    [0.04, 0.52, 1.0, 4e-06]
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float,
        total_steps: int,
        *,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        per: str = "iteration",
    ) -> None:
        self.max_lr = at_least_zero(max_lr, "max_lr")
        self.total_steps = whole_number(total_steps, "total_steps")
        if above_zero(pct_start, "pct_start") >= 1.0:
            raise ValueError(f"pct_start is the share of the cycle that goes up, between 0 and 1, not {pct_start:g}")
        self.pct_start = pct_start
        self.div_factor = above_zero(div_factor, "div_factor")
        self.final_div_factor = above_zero(final_div_factor, "final_div_factor")
        super().__init__(optimizer, per)

    def rate(self, count: int) -> float:
        """The point of the two half cosines at `count`."""
        top, last = self.pct_start * self.total_steps - 1.0, self.total_steps - 1.0
        bottom = self.max_lr / self.div_factor
        if count <= top:
            return _between(bottom, self.max_lr, count / top if top > 0.0 else 1.0)
        return _between(self.max_lr, bottom / self.final_div_factor, min((count - top) / (last - top), 1.0))


# By the loss, by a function, and one after the other ------------------------------------------------------


class ReduceLROnPlateau(Schedule):
    """Multiply the rate by `factor` when the loss has not improved for more than `patience` epochs.

    An improvement is a loss below best · (1 - `threshold`). The rate never goes below `min_lr`. It is stepped with the
    loss, `scheduler.step(loss)`; `fit` gives it the validation loss where there is one. The defaults are those that
    PyTorch documents.

    >>> from tinygrad_edu import SGD, Value
    >>> optimizer = SGD([Value(1.0)], lr=0.1)
    >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (1.0, 0.9, 0.9, 0.9):
    ...     scheduler.step(loss)
    >>> optimizer.lr
    0.05
    """

    watches_loss = True

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 0.1,
        patience: int = 10,
        *,
        threshold: float = 1e-4,
        min_lr: float = 0.0,
    ) -> None:
        if above_zero(factor, "factor") >= 1.0:
            raise ValueError(
                f"factor multiplies the learning rate to lower it, so it must be between 0 and 1, not {factor:g}"
            )
        self.factor = float(factor)
        self.patience = whole_number(patience, "patience, which counts epochs without improvement,", least=0)
        self.threshold = at_least_zero(threshold, "threshold")
        self.min_lr = at_least_zero(min_lr, "min_lr")
        self.best = math.inf
        self.num_bad_epochs = 0
        self.reductions = 0
        super().__init__(optimizer)

    def rate(self, count: int) -> float:
        """The base rate, lowered as often as the loss stood still; the count does not matter."""
        return max(self.base_lr * self.factor**self.reductions, min(self.min_lr, self.base_lr))

    def step(self, metrics: float | None = None) -> None:
        """Look at the loss of an epoch: one too many without improvement lowers the rate and starts counting again.

        Raises TypeError without the loss.
        """
        if metrics is None:
            raise TypeError("ReduceLROnPlateau watches the loss; write scheduler.step(loss)")
        if metrics < self.best - (self.threshold * abs(self.best) if math.isfinite(self.best) else 0.0):
            self.best, self.num_bad_epochs = float(metrics), 0
        else:
            self.num_bad_epochs += 1
        if self.num_bad_epochs > self.patience:
            self.reductions, self.num_bad_epochs = self.reductions + 1, 0
        self._advance()

    def state_dict(self) -> dict[str, Any]:
        """The best loss, the epochs since, and the reductions so far, beside the count and the base rate."""
        seen = {"best": self.best, "num_bad_epochs": self.num_bad_epochs, "reductions": self.reductions}
        return super().state_dict() | seen


class LambdaLR(Schedule):
    """The rate times what a function of the count says: η · lr_lambda(t).

    The function is not in `state_dict()`: it is what the program that resumes has written.

    >>> from tinygrad_edu import SGD, Value
    >>> LambdaLR(SGD([Value(1.0)], lr=0.8), lr_lambda=lambda epoch: 1 / (1 + epoch)).rate(3)
    0.2
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float], *, per: str = "epoch") -> None:
        if not callable(lr_lambda):
            raise TypeError(
                f"lr_lambda is a function of the count, such as lambda epoch: 0.95**epoch, not {lr_lambda!r}"
            )
        self.lr_lambda = lr_lambda
        super().__init__(optimizer, per)

    def rate(self, count: int) -> float:
        """η · lr_lambda(t)."""
        return self.base_lr * self.lr_lambda(count)


class SequentialLR(Schedule):
    """Schedules one after the other: each counts from its milestone on.

    All of them are made with the same optimizer, and count the same thing; one that watches the loss cannot be among
    them. Raises ValueError otherwise, and for milestones that are not one less than the schedules.

    >>> from tinygrad_edu import SGD, Value
    >>> optimizer = SGD([Value(1.0)], lr=1.0)
    >>> warm_up = LinearLR(optimizer, start_factor=0.25, total_iters=3)
    >>> scheduler = SequentialLR(optimizer, [warm_up, ExponentialLR(optimizer, 0.5)], milestones=[3])
    >>> [scheduler.rate(t) for t in range(6)]
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]
    """

    @says_ours(SCHEDULE_KEYWORDS)
    def __init__(self, optimizer: Optimizer, schedulers: Sequence[Schedule], milestones: Sequence[int]) -> None:
        self.schedulers = list(schedulers)
        self.milestones = _milestones(milestones)
        _check_together(self.schedulers, optimizer)
        if len(self.milestones) != len(self.schedulers) - 1 or self.milestones != sorted(set(self.milestones)):
            raise ValueError(
                f"milestones are where one of the {len(self.schedulers)} schedules follows another, "
                f"{len(self.schedulers) - 1} rising numbers, not {milestones!r}"
            )
        super().__init__(optimizer, self.schedulers[0].per)

    def rate(self, count: int) -> float:
        """What the schedule says whose turn it is."""
        turn = bisect_right(self.milestones, count)
        return self.schedulers[turn].rate(count - self.milestones[turn - 1] if turn else count)

    def state_dict(self) -> dict[str, Any]:
        """The count and the base rate, and those of each schedule."""
        return super().state_dict() | {"states": [scheduler.state_dict() for scheduler in self.schedulers]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember what `state_dict()` gave, and set the rate of the optimizer."""
        for scheduler, remembered in zip(self.schedulers, state["states"], strict=True):
            scheduler.load_state_dict(remembered)
        self.last_epoch, self.base_lr = state["last_epoch"], state["base_lr"]
        self._set_rate()


def _check_together(schedulers: Sequence[Any], optimizer: Optimizer) -> None:
    if not schedulers or not all(isinstance(each, Schedule) for each in schedulers):
        raise TypeError(
            f"schedulers is a list of schedules, such as [LinearLR(optimizer), StepLR(optimizer, 10)], "
            f"not {schedulers!r}"
        )
    if any(each.optimizer is not optimizer for each in schedulers):
        raise ValueError("a schedule in the sequence was made with another optimizer; make all of them with the same")
    if any(each.watches_loss for each in schedulers):
        raise ValueError(
            "a schedule in the sequence watches the loss, and the sequence only counts; let it stand alone"
        )
    if len({each.per for each in schedulers}) > 1:
        raise ValueError(
            f"the schedules count per {' and per '.join(each.per for each in schedulers)}; let all count the same"
        )


def _between(start: float, end: float, share: float) -> float:
    """From `start` at share 0 to `end` at share 1, along half a cosine."""
    return end + (start - end) * (1.0 + math.cos(math.pi * share)) / 2.0


def _milestones(milestones: Sequence[int]) -> list[int]:
    if not isinstance(milestones, Sequence) or isinstance(milestones, str):
        raise TypeError(f"milestones is a list of counts, such as [30, 80], not {milestones!r}")
    return [whole_number(milestone, "a milestone") for milestone in milestones]


def _share(number: float, name: str) -> float:
    if not 0.0 < above_zero(number, name) <= 1.0:
        raise ValueError(f"{name} is the share of the rate at that time, above 0 and at most 1, not {number:g}")
    return float(number)
