"""Exercise 7: a step of Adam.

Adam keeps two running averages for each parameter, of the gradient and of its square (Kingma & Ba, 2015):

    mean ← β₁·mean + (1 - β₁)·g          square ← β₂·square + (1 - β₂)·g²

Both began at 0, and are too small at first; at step t = 1, 2, ... dividing by 1 - β₁ᵗ and 1 - β₂ᵗ makes up for it.
Then the parameter moves against the mean, by the learning rate, divided by √square + ε, both corrected.
Return the new parameters and the two new averages, not corrected. All are arrays of one shape.

Check:  tinygrad-edu exercise 7        A hint:  tinygrad-edu exercise 7 --hint 1
"""

import numpy as np

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def adam_step(
    theta: np.ndarray, gradient: np.ndarray, mean: np.ndarray, square: np.ndarray, t: int, lr: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The parameters, the mean and the square after step number t."""
    raise NotImplementedError  # your lines go here
