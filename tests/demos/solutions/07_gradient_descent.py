"""A solution of exercise 7."""

import numpy as np

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def adam_step(
    theta: np.ndarray, gradient: np.ndarray, mean: np.ndarray, square: np.ndarray, t: int, lr: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The parameters, the mean and the square after step number t."""
    mean = BETA1 * mean + (1 - BETA1) * gradient
    square = BETA2 * square + (1 - BETA2) * gradient**2
    corrected_mean, corrected_square = mean / (1 - BETA1**t), square / (1 - BETA2**t)
    return theta - lr * corrected_mean / (np.sqrt(corrected_square) + EPSILON), mean, square
