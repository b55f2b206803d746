"""Exercise 10: clipping by the norm.

Where the ground is steep, a gradient can be absurdly long. Shorten it to the length `max_norm`, and keep its direction;
leave it alone if it is no longer than that. Its length is the norm, the root of the sum of the squares.

Check:  tinygrad-edu exercise 10        A hint:  tinygrad-edu exercise 10 --hint 1
"""

import math


def clipped(gradient: list[float], max_norm: float) -> list[float]:
    """The gradient, no longer than max_norm."""
    raise NotImplementedError  # your lines go here
