"""The parameters as one flat array, and an array written back into them; and the arrays in which they stand.

May import: `modes`, `value`; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.modes import not_while_recording
from tinygrad_edu.value import Value

__all__ = ["ArraysOfParameters", "Vector", "gradients_of", "numbers_of", "write_numbers"]

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
    not_while_recording("setting .data", "change parameters between recordings, not inside one")
    for p, number in zip(params, numbers.tolist(), strict=True):
        p._data = number  # `data`, which would ask the same question and whether it is a float, for each of them


class ArraysOfParameters:
    """The arrays that hold the parameters of an optimizer: those among what it was given, and its `arrays`, if any.

    >>> from tinygrad_edu import array
    >>> W = array([1.0, 2.0])
    >>> arrays = ArraysOfParameters([W], list(W))
    >>> W[1] = 3.0
    >>> arrays.check()
    Traceback (most recent call last):
        ...
    ValueError: element [1] of an array that this optimizer was made of is Value(3.0) now, and a step would move the \
parameter that stood there before: write into the parameter, as in W.data = ... or W[1].data = ..., or make a new \
optimizer of the array
    """

    def __init__(self, given: Any, held: Sequence[Value]) -> None:
        found = [given] if isinstance(given, np.ndarray) else [*given, *getattr(given, "arrays", ())]
        arrays = [each.view(np.ndarray) for each in found if isinstance(each, np.ndarray)]
        self.held = held
        parameters = set(map(id, held)) if arrays else set()
        self.arrays = [each for each in arrays if parameters.issuperset(map(id, each.flat))]
        self.addresses = [_addresses(each) for each in self.arrays]

    def check(self) -> None:
        """Raise ValueError where one holds a Value that is none of the parameters."""
        for k, values in enumerate(self.arrays):
            if (addresses := _addresses(values)) == self.addresses[k]:
                continue
            if (index := _replaced(values, self.held)) is not None:
                raise ValueError(
                    f"element {index} of an array that this optimizer was made of is {values[*index]!r} now, and a "
                    "step would move the parameter that stood there before: write into the parameter, as in "
                    f"W.data = ... or W{index}.data = ..., or make a new optimizer of the array"
                )
            self.addresses[k] = addresses  # they stand in another order


def _addresses(values: np.ndarray[Any, Any]) -> bytes:
    """Where the elements lie in memory: the quickest way to see whether one was replaced by another."""
    return values.tobytes()


def _replaced(values: np.ndarray[Any, Any], held: Sequence[Value]) -> list[int] | None:
    """Where the first element stands that is none of the parameters, or None if each is one."""
    parameters = set(map(id, held))
    return next((list(index) for index, value in np.ndenumerate(values) if id(value) not in parameters), None)
