"""What scikit-learn calls solvers: gradient descent with momentum, and Adam, in scikit-learn's form of both.

These differ from `optim`, which has PyTorch's form: the velocity holds the learning rate, and Adam's epsilon stands
beside the uncorrected root. So that an estimator takes the same steps as scikit-learn's, to rounding.

May import: NumPy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["AdamSolver", "SGDSolver", "Solver"]

#: Of float64 or float32, as is then all that a solver keeps.
Vector = np.ndarray[Any, np.dtype[np.floating[Any]]]


class Solver:
    """What both share: a learning rate, a step, and what happens when an epoch ends or the loss stands still.

    >>> Solver(0.1).stopped_or_slower("The loss stands still.", verbose=False)
    True
    """

    def __init__(self, learning_rate_init: float) -> None:
        self.learning_rate_init = float(learning_rate_init)
        self.learning_rate = self.learning_rate_init

    def step(self, theta: Vector, gradient: Vector) -> None:
        """Move theta, in place."""

    def epoch_ended(self, seen: int) -> None:
        """Take note that an epoch is over, after so many examples in all."""

    def stopped_or_slower(self, message: str, verbose: Any) -> bool:
        """Whether to stop now that the loss stands still; if not, the learning rate is lower."""
        if verbose:
            print(message + " Stopping.")
        return True


class SGDSolver(Solver):
    """v ← μ·v - η·g,   θ ← θ + v          (Nesterov: θ ← θ + μ·v - η·g, with the new v)

    `schedule` is "constant", "invscaling" (η = η₀ / (t + 1)^power_t after t examples) or "adaptive", which divides η by
    5 when the loss stands still, until it is 1e-6.

    >>> solver, theta = SGDSolver(0.1, "constant", 0.9, True, 0.5), np.array([1.0])
    >>> solver.step(theta, np.array([2.0]))
    >>> theta
    array([0.62])
    """

    def __init__(
        self, learning_rate_init: float, schedule: str, momentum: float, nesterov: bool, power_t: float
    ) -> None:
        super().__init__(learning_rate_init)
        self.schedule, self.momentum, self.nesterov, self.power_t = schedule, float(momentum), nesterov, power_t
        self.velocity: Any = 0.0

    def step(self, theta: Vector, gradient: Vector) -> None:
        """One step; see the class."""
        pull = self.learning_rate * gradient
        self.velocity = self.momentum * self.velocity - pull
        theta += self.momentum * self.velocity - pull if self.nesterov else self.velocity

    def epoch_ended(self, seen: int) -> None:
        """Lower the learning rate, if it is scaled by the inverse of the time."""
        if self.schedule == "invscaling":
            self.learning_rate = self.learning_rate_init / (seen + 1) ** self.power_t

    def stopped_or_slower(self, message: str, verbose: Any) -> bool:
        """Stop, or if the learning rate adapts, go on at a fifth of it."""
        if self.schedule != "adaptive":
            return super().stopped_or_slower(message, verbose)
        if self.learning_rate <= 1e-6:
            return super().stopped_or_slower(message + " Learning rate too small.", verbose)
        self.learning_rate /= 5.0
        if verbose:
            print(f"{message} Setting learning rate to {self.learning_rate:f}")
        return False


class AdamSolver(Solver):
    """m ← β₁·m + (1 - β₁)·g,   s ← β₂·s + (1 - β₂)·g²,   θ ← θ - η·√(1 - β₂ᵗ)/(1 - β₁ᵗ) · m / (√s + ε)

    Kingma & Ba 2015, section 2, in the more efficient order.

    >>> solver, theta = AdamSolver(0.1, 0.9, 0.999, 1e-8), np.array([1.0])
    >>> solver.step(theta, np.array([2.0]))
    >>> theta.round(6)
    array([0.9])
    """

    def __init__(self, learning_rate_init: float, beta_1: float, beta_2: float, epsilon: float) -> None:
        super().__init__(learning_rate_init)
        self.beta_1, self.beta_2, self.epsilon = float(beta_1), float(beta_2), float(epsilon)
        self.iteration = 0
        self.mean: Any = 0.0
        self.square: Any = 0.0

    def step(self, theta: Vector, gradient: Vector) -> None:
        """One step; see the class."""
        self.iteration += 1
        self.mean = self.beta_1 * self.mean + (1.0 - self.beta_1) * gradient
        self.square = self.beta_2 * self.square + (1.0 - self.beta_2) * (gradient * gradient)
        corrections = math.sqrt(1.0 - self.beta_2**self.iteration) / (1.0 - self.beta_1**self.iteration)
        self.learning_rate = self.learning_rate_init * corrections
        theta -= self.learning_rate * self.mean / (np.sqrt(self.square) + self.epsilon)
