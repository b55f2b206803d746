"""Exercise 4: the slope of silu.

silu(x) = x · σ(x) is a product, and both factors depend on x. Return its derivative. Nobody looks at how you write it,
only at the numbers, which are compared with differences of silu itself.

Check:  tinygrad-edu exercise 4        A hint:  tinygrad-edu exercise 4 --hint 1
"""

import math


def sigmoid(x: float) -> float:
    """1 / (1 + e⁻ˣ)."""
    return 1 / (1 + math.exp(-x))


def silu(x: float) -> float:
    """x · σ(x)."""
    return x * sigmoid(x)


def slope_of_silu(x: float) -> float:
    """The derivative of silu at x."""
    raise NotImplementedError  # your lines go here
