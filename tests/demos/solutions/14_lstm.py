"""A solution of exercise 14."""

import math


def sigmoid(x: float) -> float:
    """1 / (1 + e⁻ˣ)."""
    return 1 / (1 + math.exp(-x))


def lstm_step(forget: float, write: float, show: float, candidate: float, cell: float) -> tuple[float, float]:
    """The new hidden state, and the new content of the cell."""
    cell = sigmoid(forget) * cell + sigmoid(write) * math.tanh(candidate)
    return sigmoid(show) * math.tanh(cell), cell
