"""A solution of exercise 13."""

import math


def gradient_by_weight(w: float, inputs: list[float]) -> float:
    """The derivative of the last state by the weight."""
    states = [0.0]
    for x in inputs:
        states.append(math.tanh(w * states[-1] + x))
    gradient, by_state = 0.0, 1.0
    for before, after in zip(states[-2::-1], states[:0:-1], strict=True):
        by_sum = by_state * (1 - after**2)
        gradient += by_sum * before
        by_state = by_sum * w
    return gradient
