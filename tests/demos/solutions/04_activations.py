"""A solution of exercise 4."""

import math


def sigmoid(x: float) -> float:
    """1 / (1 + e⁻ˣ)."""
    return 1 / (1 + math.exp(-x))


def silu(x: float) -> float:
    """x · σ(x)."""
    return x * sigmoid(x)


def slope_of_silu(x: float) -> float:
    """The derivative of silu at x."""
    s = sigmoid(x)
    return s + x * s * (1 - s)
