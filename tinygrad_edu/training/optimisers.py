"""Optimisers: how a gradient becomes a change of the parameters.

May import: `value`.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from tinygrad_edu.value import Value

__all__ = ["SGD"]


class SGD:
    """Gradient descent: θ ← θ - learning_rate · ∂loss/∂θ.

    "Stochastic" when the loss is that of a random batch; the step is the same (Robbins & Monro, 1951).

    Raises ValueError for no parameters, and for a learning rate that is not positive and finite.

    >>> a = Value(3.0)
    >>> optimiser = SGD([a], learning_rate=0.1)
    >>> (a * a).backward()
    >>> optimiser.step()
    >>> round(a.data, 9)
    2.4
    """

    def __init__(self, parameters: Iterable[Value], learning_rate: float = 0.01) -> None:
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        if not self.parameters:
            raise ValueError("an optimiser needs at least one parameter; give it model.parameters()")
        if not (isfinite(learning_rate) and learning_rate > 0):
            raise ValueError(f"a learning rate is positive and finite, such as 0.01, not {learning_rate!r}")

    def step(self) -> None:
        """Move every parameter a little against its gradient."""
        for parameter in self.parameters:
            parameter.data -= self.learning_rate * parameter.grad

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0, as before each `backward()`."""
        for parameter in self.parameters:
            parameter.grad = 0.0
