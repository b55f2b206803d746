"""Matrix products, where a learner wrote sums of products.

May import: `instruction` of this folder; NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.replay.instruction import Array, Call, Instruction

# What the methods of an instruction are for is said once, in `Instruction`.
__all__ = ["product"]


def product(left: Array, right: Array, out: Array) -> Call:
    """The call of out = left @ right, with `dot` where it can: it has half the overhead of `matmul`.

    But `dot` wants contiguous memory to write to; it copies a matrix with gaps that meets a vector; and it skips a
    factor of one element that is 0, where 0 · nan is nan.
    """
    meets_vector = 1 in out.shape
    has_gaps = not (_is_one_segment(left) and _is_one_segment(right))
    if out.flags.c_contiguous and left.size > 1 and right.size > 1 and not (meets_vector and has_gaps):
        return partial(np.dot, left, right, out)
    # A column times a row is the product of each with each, and `matmul` is slow at it.
    return partial(np.multiply if left.shape[1] == 1 else np.matmul, left, right, out)


def _is_one_segment(array: Array) -> bool:
    """Whether its elements lie side by side, in the one order or the other."""
    return bool(array.flags.forc)


def _as_matrix(array: Array, rows: int) -> Array:
    """The array as a matrix of so many rows: the rest of its rows become columns, beside those for the examples."""
    return array if array.shape[0] == rows else array.reshape(rows, array.size // rows)


@dataclass(frozen=True)
class MatMul(Instruction):
    """left @ right, each regrouped into so many rows and perhaps transposed."""

    left_rows: int
    left_transposed: bool
    right_rows: int
    right_transposed: bool
    regroups = True

    def _factors(self, left: Array, right: Array) -> tuple[Array, Array]:
        left, right = _as_matrix(left, self.left_rows), _as_matrix(right, self.right_rows)
        return left.T if self.left_transposed else left, right.T if self.right_transposed else right

    def run(self, out: Array, *arrays: Array) -> Call:
        left, right = self._factors(*arrays)
        shape = (left.shape[0], right.shape[1])
        result = out if out.shape == shape else out.reshape(shape)
        if np.shares_memory(left, arrays[0]) and np.shares_memory(right, arrays[1]):
            return product(left, right, result)
        return lambda: np.matmul(*self._factors(*arrays), result)  # a factor is a copy, to be made anew each time

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        left, right = self._factors(*arrays)
        # A column for each example and position, which are rows and columns elsewhere; or the sum over the examples.
        return (left @ right).reshape(-1, 1 if self.right_transposed else arrays[1].shape[1])

    def text(self, *names: str) -> str:
        left, right = (
            f"{name}{'ᵀ' if transposed else ''}"
            for name, transposed in zip(names, (self.left_transposed, self.right_transposed), strict=True)
        )
        return f"{left} @ {right}"
