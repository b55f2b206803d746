"""Exercise 8: the training loop.

`loss_of()` computes the loss anew, as a Value. The optimizer has `zero_grad()`, which sets the gradients of its
parameters to 0, and `step()`, which moves the parameters against them. Train for so many epochs, all examples at
once, and return the loss of each epoch, as it was before the step, as a list of floats.

Check:  tinygrad-edu exercise 8        A hint:  tinygrad-edu exercise 8 --hint 1
"""

from collections.abc import Callable

from tinygrad_edu import Value
from tinygrad_edu.optim import Optimizer


def train(loss_of: Callable[[], Value], optimizer: Optimizer, epochs: int) -> list[float]:
    """Train, and return the loss of each epoch."""
    raise NotImplementedError  # your lines go here
