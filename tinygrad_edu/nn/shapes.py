"""Shapes: images and sequences as nested lists of `Value`s, checked at the entrance of a layer.

May import: `value`, NumPy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np

from tinygrad_edu.value import Value, as_value

__all__ = ["Image", "Steps", "flatten", "nested_values"]

#: An image: rows of pixels for each channel, shape (channels, height, width).
Image: TypeAlias = list[list[list[Value]]]

#: A sequence: the numbers of each step, shape (steps, features).
Steps: TypeAlias = list[list[Value]]


def nested_values(inputs: Any, shape: tuple[int | str, ...], owner: str) -> Any:
    """`inputs`, nested lists or an array, as nested lists of `Value`s of this shape.

    A number in `shape` is the length of that axis; a name stands for any length of at least 1. Plain numbers become
    `Value`s.

    Raises ValueError when the inputs have another shape, TypeError for what is no number.

    >>> nested_values([[1.0, 2.0], [3.0, 4.0]], ("steps", 2), "this layer")
    [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    >>> nested_values([1.0, 2.0], ("steps", 2), "this layer")
    Traceback (most recent call last):
        ...
    ValueError: this layer takes one example of shape (steps, 2), not of shape (2)
    """
    array = np.array(inputs, dtype=object)
    if array.size == 0 or array.ndim != len(shape) or any(map(_lengths_differ, array.shape, shape)):
        raise ValueError(
            f"{owner} takes one example of shape {_shape_text(shape)}, not of shape {_shape_text(array.shape)}"
        )
    return _nested_as_values(array.tolist())


def flatten(nested: Any) -> list[Value]:
    """All `Value`s of nested lists or of an array in one list, the last axis fastest: from feature maps to a layer.

    >>> flatten([[[1.0, 2.0]], [[3.0, 4.0]]])
    [Value(1.0), Value(2.0), Value(3.0), Value(4.0)]
    """
    if isinstance(nested, Value) or not isinstance(nested, Iterable):
        return [as_value(nested)]
    return [value for part in nested for value in flatten(part)]


def _nested_as_values(nested: Any) -> Any:
    """Nested lists of the same shape, with `Value`s in the place of numbers."""
    return [_nested_as_values(part) for part in nested] if isinstance(nested, list) else as_value(nested)


def _lengths_differ(length: int, asked: int | str) -> bool:
    return isinstance(asked, int) and length != asked


def _shape_text(shape: tuple[int | str, ...]) -> str:
    return f"({', '.join(map(str, shape))})"
