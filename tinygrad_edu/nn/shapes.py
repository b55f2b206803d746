"""Shapes: images and sequences as arrays of `Value`s, checked at the entrance of a layer.

May import: `value`, `arrays`; NumPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.arrays import ValueArray
from tinygrad_edu.arrays.value_array import values_of
from tinygrad_edu.value import Value

__all__ = ["flatten", "values_of_shape"]


def values_of_shape(inputs: Any, shape: tuple[int | str, ...], owner: str) -> ValueArray:
    """`inputs`, nested lists or an array, as an array of `Value`s of this shape.

    A number in `shape` is the length of that axis; a name stands for any length of at least 1. Plain numbers become
    `Value`s.

    Raises ValueError when the inputs have another shape, TypeError for what is no number.

    >>> values_of_shape([[1.0, 2.0], [3.0, 4.0]], ("steps", 2), "this layer")
    ValueArray([[1., 2.],
                [3., 4.]])
    >>> values_of_shape([1.0, 2.0], ("steps", 2), "this layer")
    Traceback (most recent call last):
        ...
    ValueError: this layer takes one example of shape (steps, 2), not of shape (2)
    """
    numbers = inputs if isinstance(inputs, np.ndarray) else np.array(inputs, dtype=object)
    if numbers.size == 0 or numbers.ndim != len(shape) or any(map(_lengths_differ, numbers.shape, shape)):
        raise ValueError(
            f"{owner} takes one example of shape {_shape_text(shape)}, not of shape {_shape_text(numbers.shape)}"
        )
    values: ValueArray = values_of(numbers)
    return values


def flatten(nested: Any) -> ValueArray:
    """All `Value`s of an array or of nested lists in one row, the last axis fastest: from feature maps to a layer.

    >>> flatten([[[1.0, 2.0]], [[3.0, 4.0]]])
    ValueArray([1., 2., 3., 4.])
    """
    values: ValueArray = values_of(list(nested.flat if isinstance(nested, np.ndarray) else _each(nested)))
    return values


def _each(nested: Any) -> Iterator[Any]:
    """The numbers of nested lists, which may be of any length and depth."""
    if isinstance(nested, Value) or not isinstance(nested, Iterable):
        yield nested
        return
    for part in nested:
        yield from _each(part)


def _lengths_differ(length: int, asked: int | str) -> bool:
    return isinstance(asked, int) and length != asked


def _shape_text(shape: tuple[int | str, ...]) -> str:
    return f"({', '.join(map(str, shape))})"
