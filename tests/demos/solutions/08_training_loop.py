"""A solution of exercise 8."""

from collections.abc import Callable

from tinygrad_edu import Value
from tinygrad_edu.optim import Optimizer


def train(loss_of: Callable[[], Value], optimizer: Optimizer, epochs: int) -> list[float]:
    """Train, and return the loss of each epoch."""
    losses = []
    for _ in range(epochs):
        loss = loss_of()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
    return losses
