"""Learning-rate schedules: how large the steps are, as training goes on.

A schedule is a function of the base learning rate and a count: of epochs, or of iterations with `per="iteration"`.
So a run that is resumed needs nothing but the count. Only `ReduceLROnPlateau` watches the run, and what it has seen is
its `state_dict()`.

To add a schedule, write a subclass of `Schedule` here.

May import: `arguments`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from tinygrad_edu.arguments import above_zero, at_least_zero, whole_number

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "LinearWarmUp",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "Schedule",
    "StepLR",
]


class Schedule(ABC):
    """What all schedules share: `schedule(base, count)` is the learning rate; `per` says what `count` counts.

    Raises ValueError when `per` is neither "epoch" nor "iteration".

    >>> class Halved(Schedule):
    ...     def __call__(self, base, count):
    ...         return base / 2**count
    >>> Halved()(0.8, 3)
    0.1
    """

    def __init__(self, per: str = "epoch") -> None:
        if per not in ("epoch", "iteration"):
            raise ValueError(f'per says what the schedule counts, "epoch" or "iteration", not {per!r}')
        self.per = per

    @abstractmethod
    def __call__(self, base: float, count: int) -> float:
        """The learning rate after `count` epochs or iterations, 0 for the first."""

    def observe(self, loss: float) -> None:  # noqa: B027 - most schedules do not watch the run
        """Look at the loss at the end of an epoch (the validation loss where there is one)."""

    def state_dict(self) -> dict[str, Any]:
        """What it remembers of the run so far, as plain numbers: nothing, for most."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember what `state_dict()` gave."""
        for name in self.state_dict():
            setattr(self, name, state[name])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


class StepLR(Schedule):
    """Multiply the rate by `gamma` every `step_size` counts: η · gamma^⌊t / step_size⌋.

    >>> schedule = StepLR(step_size=10, gamma=0.5)
    >>> [schedule(0.1, t) for t in (0, 9, 10, 25)]
    [0.1, 0.1, 0.05, 0.025]
    """

    def __init__(self, step_size: int, gamma: float = 0.1, *, per: str = "epoch") -> None:
        super().__init__(per)
        self.step_size = whole_number(step_size, "step_size")
        self.gamma = _lowering_factor(gamma, "gamma")

    def __call__(self, base: float, count: int) -> float:
        """η · gamma^⌊t / step_size⌋."""
        return base * self.gamma ** (count // self.step_size)


class ExponentialLR(Schedule):
    """Multiply the rate by `gamma` each time: η · gammaᵗ.

    >>> ExponentialLR(0.5)(0.8, 3)
    0.1
    """

    def __init__(self, gamma: float, *, per: str = "epoch") -> None:
        super().__init__(per)
        self.gamma = _lowering_factor(gamma, "gamma")

    def __call__(self, base: float, count: int) -> float:
        """η · gammaᵗ."""
        return base * self.gamma**count


class CosineAnnealingLR(Schedule):
    """From η down to `eta_min` over `T_max` counts, along half a cosine; then it stays there.

        eta_min + (η - eta_min) · (1 + cos(π·t / T_max)) / 2

    Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5, without restarts.

    >>> schedule = CosineAnnealingLR(T_max=10)
    >>> [round(schedule(1.0, t), 3) for t in (0, 5, 10, 99)]
    [1.0, 0.5, 0.0, 0.0]
    """

    def __init__(self, T_max: int, eta_min: float = 0.0, *, per: str = "epoch") -> None:
        super().__init__(per)
        self.T_max = whole_number(T_max, "T_max")
        self.eta_min = at_least_zero(eta_min, "eta_min")

    def __call__(self, base: float, count: int) -> float:
        """The point of the half cosine at `count`."""
        return self.eta_min + (base - self.eta_min) * _half_cosine(count / self.T_max)


class LinearWarmUp(Schedule):
    """Rise linearly to η over `steps` counts, η · (t + 1) / (steps + 1); then follow the schedule `then`, if given.

    Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2. `then` counts from the end of the warm-up and must
    count the same thing. Raises ValueError if it does not.

    >>> schedule = LinearWarmUp(3, then=ExponentialLR(0.5))
    >>> [schedule(1.0, t) for t in range(6)]
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(self, steps: int, then: Schedule | None = None, *, per: str = "epoch") -> None:
        super().__init__(per)
        self.steps = whole_number(steps, "steps")
        self.then = then
        if then is not None and then.per != per:
            raise ValueError(
                f"the warm-up counts per {per} and what follows it per {then.per}; let both count the same"
            )

    def __call__(self, base: float, count: int) -> float:
        """The rising line, and after it what `then` says."""
        if count < self.steps:
            return base * (count + 1) / (self.steps + 1)
        return self.then(base, count - self.steps) if self.then else base

    def observe(self, loss: float) -> None:
        """Let the schedule that follows look at the loss."""
        if self.then is not None:
            self.then.observe(loss)

    def state_dict(self) -> dict[str, Any]:
        """What the schedule that follows remembers."""
        return self.then.state_dict() if self.then else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Hand it to the schedule that follows."""
        if self.then is not None:
            self.then.load_state_dict(state)


class OneCycleLR(Schedule):
    """Up to η and down again, along two half cosines, over `total_steps` counts.

    From η / `div_factor` up to η during the first `pct_start` share of the counts, then down to η / `div_factor` /
    `final_div_factor`. Smith & Topin 2018, "Super-convergence", with the cosines and the defaults that PyTorch
    documents; the momentum stays as it is. The count is of iterations unless `per` says otherwise.

    >>> schedule = OneCycleLR(total_steps=10, pct_start=0.5)
    >>> [round(schedule(1.0, t), 6) for t in (0, 2, 4, 9)]
    [0.04, 0.52, 1.0, 4e-06]
    """

    def __init__(
        self,
        total_steps: int,
        *,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        per: str = "iteration",
    ) -> None:
        super().__init__(per)
        self.total_steps = whole_number(total_steps, "total_steps")
        if not 0.0 < pct_start < 1.0:
            raise ValueError(f"pct_start is the share of the cycle that goes up, between 0 and 1, not {pct_start:g}")
        self.pct_start = pct_start
        self.div_factor = above_zero(div_factor, "div_factor")
        self.final_div_factor = above_zero(final_div_factor, "final_div_factor")

    def __call__(self, base: float, count: int) -> float:
        """The point of the two half cosines at `count`."""
        top = self.pct_start * self.total_steps - 1.0
        last = self.total_steps - 1.0
        bottom = base / self.div_factor
        if count <= top:
            return base + (bottom - base) * _half_cosine(count / top if top > 0.0 else 1.0)
        final = bottom / self.final_div_factor
        return final + (base - final) * _half_cosine((count - top) / (last - top))


class ReduceLROnPlateau(Schedule):
    """Multiply the rate by `factor` when the loss has not improved for more than `patience` epochs.

    An improvement is a loss below best · (1 - `threshold`). The rate never goes below `min_lr`. The count is not used:
    `observe(loss)` at the end of each epoch is what drives the schedule. The defaults are those that PyTorch documents.

    >>> schedule = ReduceLROnPlateau(factor=0.5, patience=1)
    >>> for loss in (1.0, 0.9, 0.9, 0.9):
    ...     schedule.observe(loss)
    >>> schedule(0.1, 4)
    0.05
    """

    def __init__(
        self, factor: float = 0.1, patience: int = 10, *, threshold: float = 1e-4, min_lr: float = 0.0
    ) -> None:
        super().__init__("epoch")
        self.factor = _lowering_factor(factor, "factor")
        if patience < 0:
            raise ValueError(f"patience counts epochs without improvement, so it must be at least 0, not {patience}")
        self.patience = patience
        self.threshold = at_least_zero(threshold, "threshold")
        self.min_lr = at_least_zero(min_lr, "min_lr")
        self.best = math.inf
        self.waited = 0
        self.reductions = 0

    def __call__(self, base: float, count: int) -> float:
        """The base rate, lowered as often as the loss stood still."""
        return max(base * self.factor**self.reductions, min(self.min_lr, base))

    def observe(self, loss: float) -> None:
        """Count the epochs without improvement; one too many lowers the rate and starts counting again."""
        if loss < self.best - (self.threshold * abs(self.best) if math.isfinite(self.best) else 0.0):
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.reductions, self.waited = self.reductions + 1, 0

    def state_dict(self) -> dict[str, Any]:
        """The best loss, the epochs waited since, and the reductions so far."""
        return {"best": self.best, "waited": self.waited, "reductions": self.reductions}


def _half_cosine(share: float) -> float:
    """From 1 at share 0 down to 0 at share 1, and 0 after that."""
    return (1.0 + math.cos(math.pi * min(share, 1.0))) / 2.0


def _lowering_factor(number: float, name: str) -> float:
    """A factor that makes the learning rate smaller, and not 0."""
    if not 0.0 < number < 1.0:
        raise ValueError(
            f"{name} multiplies the learning rate to lower it, so it must be between 0 and 1, not {number:g}"
        )
    return float(number)
