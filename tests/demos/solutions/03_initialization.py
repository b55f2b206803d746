"""A solution of exercise 3."""

import math


def xavier_limit(n_in: int, n_out: int) -> float:
    """The limit of uniform weights between a layer of n_in and one of n_out neurons."""
    return math.sqrt(6 / (n_in + n_out))
