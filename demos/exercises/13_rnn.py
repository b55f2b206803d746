"""Exercise 13: back through time, by hand.

A recurrent network with one neuron: h starts at 0, and for each input x it becomes tanh(w·h + x). The weight is used
at every step. Return the derivative of the last h by w. Go forward first, and remember; then go back, and add up.

Check:  tinygrad-edu exercise 13        A hint:  tinygrad-edu exercise 13 --hint 1
"""

import math


def gradient_by_weight(w: float, inputs: list[float]) -> float:
    """The derivative of the last state by the weight."""
    raise NotImplementedError  # your lines go here
