"""Exercise 3: how far Xavier's weights may reach.

Glorot and Bengio ask for weights of variance 2 / (n_in + n_out). Draw them uniformly from [-limit, limit], and their
variance is limit² / 3. Return the limit.

Check:  tinygrad-edu exercise 3        A hint:  tinygrad-edu exercise 3 --hint 1
"""

import math


def xavier_limit(n_in: int, n_out: int) -> float:
    """The limit of uniform weights between a layer of n_in and one of n_out neurons."""
    raise NotImplementedError  # your lines go here
