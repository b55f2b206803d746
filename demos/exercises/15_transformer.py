"""Exercise 15: causal attention.

Row i of the queries asks, row j of the keys answers: their score is qᵢ · kⱼ / √d, where d is the length of a query.
A place must not see those after it. The softmax of row i, over the places that it sees, says how much of each value
it takes. Return the outputs, one row for each query.

Check:  tinygrad-edu exercise 15        A hint:  tinygrad-edu exercise 15 --hint 1
"""

import numpy as np


def attention(queries: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """What each place takes from itself and from the places before it, shape (places, size of a value)."""
    raise NotImplementedError  # your lines go here
