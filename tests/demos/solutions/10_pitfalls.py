"""A solution of exercise 10."""

import math


def clipped(gradient: list[float], max_norm: float) -> list[float]:
    """The gradient, no longer than max_norm."""
    norm = math.sqrt(sum(g * g for g in gradient))
    return [g * max_norm / norm for g in gradient] if norm > max_norm else gradient
