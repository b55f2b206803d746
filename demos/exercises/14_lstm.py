"""Exercise 14: one step of an LSTM.

The four weighted sums are computed already; `forget`, `write`, `show` and `candidate` are what comes before their
activations. The three gates are sigmoids, the candidate is a tanh. The cell keeps its old content times the forget
gate, and adds the candidate times the write gate. The hidden state is tanh of the new cell, times the show gate.

Check:  tinygrad-edu exercise 14        A hint:  tinygrad-edu exercise 14 --hint 1
"""

import math


def sigmoid(x: float) -> float:
    """1 / (1 + e⁻ˣ)."""
    return 1 / (1 + math.exp(-x))


def lstm_step(forget: float, write: float, show: float, candidate: float, cell: float) -> tuple[float, float]:
    """The new hidden state, and the new content of the cell."""
    raise NotImplementedError  # your lines go here
