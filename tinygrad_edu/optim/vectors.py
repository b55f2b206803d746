"""The parameters as one flat array, and an array written back into them.

May import: `value`; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.value import Value

__all__ = ["Vector", "gradients_of", "numbers_of", "write_numbers"]

#: One float64 per parameter, in the order of the parameters.
Vector: TypeAlias = NDArray[np.float64]


def numbers_of(params: Sequence[Value]) -> Vector:
    """The `.data` of the parameters as one flat array, shape (n,).

    >>> numbers_of([Value(1.0), Value(2.0)])
    array([1., 2.])
    """
    return np.array([p.data for p in params], dtype=np.float64)


def gradients_of(params: Sequence[Value]) -> Vector:
    """The `.grad` of the parameters as one flat array, shape (n,).

    >>> a, b = Value(3.0), Value(2.0)
    >>> (a * b).backward()
    >>> gradients_of([a, b])
    array([2., 3.])
    """
    return np.array([p.grad for p in params], dtype=np.float64)


def write_numbers(params: Sequence[Value], numbers: Vector) -> None:
    """Set the `.data` of the parameters from a flat array, shape (n,).

    >>> a = Value(1.0)
    >>> write_numbers([a], np.array([5.0]))
    >>> a.data
    5.0
    """
    for p, number in zip(params, numbers.tolist(), strict=True):
        p.data = number
