"""Exercise 17: a step of Newton's method.

Newton's method goes to where the gradient would be 0 if it kept changing as the Hessian says: from the point p it goes
by the s that solves  H s = -g.  `hessian(f, point)` gives the matrix H, and `grad(f(*values), values)` the gradient at
a list of Values. Return the next point.

Check:  tinygrad-edu exercise 17        A hint:  tinygrad-edu exercise 17 --hint 1
"""

from collections.abc import Callable

import numpy as np

from tinygrad_edu import Value, grad, hessian


def newton_step(f: Callable[..., Value], point: np.ndarray) -> np.ndarray:
    """The point after one step of Newton's method on f, a function of as many numbers as the point has."""
    raise NotImplementedError  # your lines go here
