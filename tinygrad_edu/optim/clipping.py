"""Gradient clipping: the cure for exploding gradients.

`clipped_by_norm` and `clipped_by_value` take an array and serve the training loop; `clip_grad_norm` and
`clip_grad_value` do the same to the `.grad` of `Value`s.

May import: `arguments`, `value`, `arrays`; `vectors` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.arguments import above_zero
from tinygrad_edu.arrays import flat
from tinygrad_edu.optim.vectors import Vector, gradients_of
from tinygrad_edu.value import Value

__all__ = ["clip_grad_norm", "clip_grad_value", "clipped_by_norm", "clipped_by_value", "norm", "norms"]


#: Between these lengths no square overflows, and those that underflow are of entries below 1e-154, which add less than
#: 1e-27 of the sum each: nothing. In single precision, of entries below 1e-19, which add less than 1e-14.
_SAFE, _SAFE_IN_SINGLE = (1e-140, 1e140), (1e-12, 1e18)


def norm(vector: Vector) -> float:
    """The Euclidean length √Σ vᵢ², without overflow or underflow on the way.

    >>> norm(np.array([3.0, 4.0]))
    5.0
    """
    return norms([vector])[0]


def norms(vectors: Iterable[Vector]) -> list[float]:
    """The Euclidean length of each vector, without overflow or underflow on the way.

    >>> norms([np.array([3.0, 4.0]), np.array([1.0])])
    [5.0, 1.0]
    """
    with np.errstate(over="ignore", under="ignore"):
        return [_length(vector) for vector in vectors]


def _length(vector: Vector) -> float:
    length = math.sqrt(float(np.dot(vector, vector)))
    least, most = _SAFE_IN_SINGLE if vector.dtype == np.float32 else _SAFE
    return length if least < length < most else math.hypot(*vector.tolist())  # slower, and exact for any size


def clipped_by_norm(gradient: Vector, max_norm: float) -> Vector:
    """The gradient, shortened to the length `max_norm` if it is longer; its direction stays.

        g ← g · min(1, max_norm / ‖g‖)

    A gradient with an inf or nan comes back as it is: no factor cures it. Pascanu, Mikolov & Bengio 2013, "On the
    difficulty of training recurrent neural networks". Raises ValueError when `max_norm` is not above 0.

    >>> clipped_by_norm(np.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    above_zero(max_norm, "max_norm")
    length = norm(gradient)
    return gradient / length * max_norm if max_norm < length < math.inf else gradient


def clipped_by_value(gradient: Vector, clip_value: float) -> Vector:
    """The gradient with each entry moved into [-clip_value, clip_value]; its direction may turn.

    Raises ValueError when `clip_value` is not above 0.

    >>> clipped_by_value(np.array([-3.0, 0.2]), 1.0)
    array([-1. ,  0.2])
    """
    return np.clip(gradient, -above_zero(clip_value, "clip_value"), clip_value)


def clip_grad_norm(params: Iterable[Value | np.ndarray[Any, Any]], max_norm: float) -> float:
    """Shorten the gradient of all parameters together to the length `max_norm`; returns its length before.

        g ← g · min(1, max_norm / ‖g‖)

    `params` are `Value`s, or arrays of them. Raises ValueError when `max_norm` is not above 0.

    >>> a, b = Value(4.0), Value(3.0)
    >>> (a * b).backward()
    >>> clip_grad_norm([a, b], 1.0), a.grad, b.grad
    (5.0, 0.6, 0.8)
    """
    values = flat(params)
    gradient = gradients_of(values)
    _write_gradients(values, clipped_by_norm(gradient, max_norm))
    return norm(gradient)


def clip_grad_value(params: Iterable[Value | np.ndarray[Any, Any]], clip_value: float) -> None:
    """Move each parameter's gradient into [-clip_value, clip_value].

    `params` are `Value`s, or arrays of them. Raises ValueError when `clip_value` is not above 0.

    >>> a, b = Value(4.0), Value(0.5)
    >>> (a * b).backward()
    >>> clip_grad_value([a, b], 1.0)
    >>> a.grad, b.grad
    (0.5, 1.0)
    """
    values = flat(params)
    _write_gradients(values, clipped_by_value(gradients_of(values), clip_value))


def _write_gradients(params: Sequence[Value], gradient: Vector) -> None:
    for p, entry in zip(params, gradient.tolist(), strict=True):
        p.grad = entry
