"""Sums and largest numbers: over runs of rows that follow each other, and over the examples of a batch.

May import: `instruction` and `products` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.replay.instruction import Array, Call, Instruction
from tinygrad_edu.replay.products import product

# What the methods of an instruction are for is said once, in `Instruction`.
__all__: list[str] = []


@dataclass(frozen=True)
class SumBatch(Instruction):
    """The sum over the examples."""

    def run(self, out: Array, *arrays: Array) -> Call:
        return product(arrays[0], np.ones((arrays[0].shape[1], 1), arrays[0].dtype), out)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return arrays[0].sum(axis=1, keepdims=True)

    def text(self, *names: str) -> str:
        return f"sum of {names[0]} over the batch"


def _reduced(ufunc: np.ufunc, array: Array, lengths: Sequence[int], out: Array) -> Call:
    """The call that reduces each run of rows to one."""
    if len(lengths) == array.shape[1] == 1:
        return partial(ufunc.reduce, array[:, 0], 0, None, out.reshape(()))
    if len(set(lengths)) == 1:
        cube = array.reshape(len(lengths), lengths[0], array.shape[1])  # a view: only the axis of rows is divided
        return partial(ufunc.reduce, cube, 1, None, out)
    if array.shape[1] == 1:  # one example: a plain vector is twice as fast
        array, out = array[:, 0], out[:, 0]
    return partial(ufunc.reduceat, array, _starts(lengths), 0, None, out)


def _starts(lengths: Sequence[int]) -> np.ndarray[Any, Any]:
    """The row that each run begins with."""
    return np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.intp)


def _runs(lengths: Sequence[int]) -> np.ndarray[Any, Any]:
    """For each row the number of its run."""
    return np.repeat(np.arange(len(lengths)), lengths)


@dataclass(frozen=True)
class SegmentSum(Instruction):
    """The sums of consecutive runs of rows, which have the given lengths.

    Each addition is rounded, in the order that is quickest for NumPy, where eager `fsum` rounds the whole sum once.
    """

    lengths: tuple[int, ...]

    def run(self, out: Array, *arrays: Array) -> Call:
        (array,), runs, length = arrays, len(self.lengths), self.lengths[0]
        if length == 1 or len(set(self.lengths)) > 1:
            return _reduced(np.add, array, self.lengths, out)
        ones = np.ones((1, length), array.dtype)  # a product with ones is the quickest sum
        if array.shape[1] == 1:
            return product(array.reshape(runs, length), ones.T, out)
        if runs == 1:
            return product(ones, array, out)
        return partial(np.matmul, ones, array.reshape(runs, length, array.shape[1]), out[:, None])

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        sums = m.zeros((len(self.lengths), arrays[0].shape[1]))
        return sums.at[_runs(self.lengths)].add(arrays[0])

    def text(self, *names: str) -> str:
        widths = sorted(set(self.lengths))
        many = str(widths[0]) if len(widths) == 1 else f"{widths[0]} to {widths[-1]}"
        return f"sums of {many} rows of {names[0]}, rounded as they go"


@dataclass(frozen=True)
class SegmentMax(Instruction):
    """The largest of each consecutive run of rows, nan where there is one."""

    lengths: tuple[int, ...]

    def run(self, out: Array, *arrays: Array) -> Call:
        return _reduced(np.maximum, arrays[0], self.lengths, out)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        largest = m.full((len(self.lengths), arrays[0].shape[1]), -np.inf)
        return largest.at[_runs(self.lengths)].max(arrays[0])

    def text(self, *names: str) -> str:
        return f"largest of each of {len(self.lengths)} runs of {names[0]}"
