"""Matrix products, where a learner wrote sums of products.

May import: `instruction` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.replay.instruction import Array, Call, Instruction, run_all

# What the methods of an instruction are for is said once, in `Instruction`.
__all__ = ["Factor", "product"]

#: So many numbers fill a line of the cache, in double precision.
_GAP = 8


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


class Factor(NamedTuple):
    """How the rows of an array are matrices, one after the other; their examples are the last axis, as everywhere."""

    rows: int  # of each matrix, as it lies
    transposed: bool  # whether it takes part as the transpose of what lies there
    holes: bytes = b""  # for each number of one example whether it is no number but a hole, and 0; empty if none is

    @property
    def T(self) -> Factor:  # noqa: N802 - what NumPy calls it
        """The transpose."""
        return self._replace(transposed=not self.transposed)

    def matrices(self, array: Array, count: int) -> Array:
        """The matrices in an array, as a view of shape (examples, count, rows, columns)."""
        columns = len(array) // (count * self.rows)
        stacked = array.reshape(count, self.rows, columns, array.shape[1])  # to divide an axis needs no copy
        return stacked.transpose(3, 0, 2, 1) if self.transposed else stacked.transpose(3, 0, 1, 2)

    def are_numbers(self, shape: Sequence[int]) -> Array:
        """For matrices of this shape, which of their elements are numbers."""
        if not self.holes:
            return np.ones((1, *shape[1:]), dtype=bool)
        return ~self.matrices(np.frombuffer(self.holes, bool).reshape(-1, 1), shape[1])


@dataclass(frozen=True)
class StackedMatMul(Instruction):
    """`count` matrix products for each example, whose factors are its own.

    Where a factor has a hole, nothing is added. A product of the whole would add 0 times what stands there in the other
    factor, which is the same where that is finite. Where it is not, the product is computed anew, without the holes.
    """

    count: int
    left: Factor
    right: Factor

    def _factors(self, *arrays: Array) -> tuple[Array, Array]:
        return self.left.matrices(arrays[0], self.count), self.right.matrices(arrays[1], self.count)

    @property
    def transposed(self) -> StackedMatMul:
        """What gives the transpose of each product; its operands are exchanged, too."""
        return StackedMatMul(self.count, self.right.T, self.left.T)

    def run(self, out: Array, *arrays: Array) -> Call:
        left, right = self._factors(*arrays)
        result = Factor(left.shape[2], False).matrices(out, self.count)
        (left, *takes_left), (right, *takes_right), (product, *_) = map(_with_rows, (left, right, result))
        multiply: Call = partial(np.matmul, left, right, product)
        if self.left.holes or self.right.holes:
            multiply = self._checked(multiply, left, right, product)
        calls = [*takes_left, *takes_right, multiply]
        if product is not result:
            calls.append(partial(np.copyto, result, product))
        return calls[0] if len(calls) == 1 else partial(run_all, calls)

    def _checked(self, multiply: Call, left: Array, right: Array, product: Array) -> Call:
        """The call that makes sure that no number spoils a product in which it has no part."""
        flat = product.reshape(-1)
        shared = np.may_share_memory(flat, product)

        def multiply_and_check() -> None:
            multiply()
            # The sum of squares is finite, unless one of them is not (or so large that it is, for the slower way).
            if not math.isfinite(flat.dot(flat) if shared else np.add.reduce(product, None)):
                self._number_by_number(left, right, product)

        return multiply_and_check

    def _number_by_number(self, left: Array, right: Array, product: Array) -> None:
        there = self._meetings(left, right)
        for k, (a, b) in enumerate(zip(left, right, strict=True)):
            for j in range(self.count):
                np.add.reduce(np.where(there[0, j], a[j, :, :, None] * b[j], 0.0), 1, None, product[k, j])

    def _meetings(self, left: Array, right: Array) -> Array:
        """Where the numbers of a row meet those of a column, (1, count, rows, length, columns)."""
        of_left, of_right = self.left.are_numbers(left.shape), self.right.are_numbers(right.shape)
        return of_left[..., None] & of_right[..., None, :, :]

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        left, right = self._factors(*arrays)
        if self.left.holes or self.right.holes:
            products = left[..., None] * right[..., None, :, :]
            product = m.where(self._meetings(left, right), products, 0.0).sum(axis=3)
        else:
            product = left @ right
        return product.transpose(1, 2, 3, 0).reshape(math.prod(product.shape[1:]), product.shape[0])

    def text(self, *names: str) -> str:
        left, right = (
            f"{name}{'ᵀ' if factor.transposed else ''}"
            for name, factor in zip(names, (self.left, self.right), strict=True)
        )
        return f"{left} @ {right}, {self.count} matrices each"


def _with_rows(matrices: Array) -> list[Any]:
    """The matrices as the library of products wants them: with rows or columns side by side in memory.

    If they are not, memory for them, and the call that copies them there.
    """
    if matrices.itemsize in matrices.strides[-2:]:
        return [matrices]
    examples, size = len(matrices), math.prod(matrices.shape[1:])
    # A gap behind each example: numbers that lie a power of two apart would drive each other out of the cache.
    apart = np.empty((examples, size + _GAP), matrices.dtype)[:, :size].reshape(matrices.shape)
    return [apart, partial(np.copyto, apart, matrices)]
