"""Local derivatives that are matrices, and gradients that arrive in pieces: both know what × and + mean for them.

The reverse sweep computes `gradient + upstream * local_derivative`, and asks for nothing more. Where `local_derivative`
is a `LinearMap`, the product writes instructions that apply the transpose of a matrix. Where only some rows of an array
were used, it is a `Parts`, and the sum waits until all parts are there.

May import: `builder`, `indices` and `rows` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.indices import Index, index_of, row_numbers
from tinygrad_edu.replay.rows import Assemble

__all__ = ["LinearMap", "Parts", "scattered"]


class LinearMap:
    """A local derivative that is a matrix: `upstream * map` applies its transpose, and writes instructions."""

    def __init__(self, transposed: Callable[[Var], Any]) -> None:
        self.transposed = transposed

    def __rmul__(self, upstream: Var) -> Any:
        return self.transposed(upstream)


class Parts:
    """A gradient in the making: each part belongs to some of the rows."""

    def __init__(self, builder: Builder, rows: int, parts: Sequence[tuple[Index, Var]]) -> None:
        self.builder = builder
        self.rows = rows
        self.parts = list(parts)
        self._total: Var | None = None

    def __add__(self, other: Any) -> Parts:
        more = other.parts if isinstance(other, Parts) else [(None, other)]
        return Parts(self.builder, self.rows, [*self.parts, *more])

    __radd__ = __add__

    def __mul__(self, local: Any) -> Any:
        return self.total() * local

    def total(self) -> Var:
        """All parts, put together."""
        if self._total is None:
            is_whole = len(self.parts) == 1 and self.parts[0][0] is None
            self._total = self.parts[0][1] if is_whole else self._assembled()
        return self._total

    def _assembled(self) -> Var:
        """One array, to which each part is written; it is added where an earlier part has written before."""
        written = np.zeros(self.rows, dtype=bool)
        parts: list[tuple[Index, bool]] = []
        clears = False
        for index, _ in self.parts:
            rows = row_numbers(index, self.rows)
            added = bool(written[rows].any())
            clears = clears or (added and not written[rows].all())
            parts.append((index, added))
            written[rows] = True
        operands = [var for _, var in self.parts]
        batched = any(operand.batched for operand in operands)
        return self.builder.write(Assemble(self.rows, batched, tuple(parts), clears), operands, self.rows, batched)


def scattered(builder: Builder, rows: int, index: slice | np.ndarray[Any, Any], var: Var) -> Parts:
    """The transpose of `builder.rows`: where a row was read more than once, what belongs to it is added up."""
    if isinstance(index, np.ndarray):
        found, counts = np.unique(index, return_counts=True)
        if len(found) < len(index):
            order = np.argsort(index, kind="stable")
            side_by_side = var if np.array_equal(order, np.arange(len(index))) else builder.rows(var, order)
            sums = builder.segment_sum(side_by_side, tuple(counts.tolist()))
            return Parts(builder, rows, [(index_of(found.tolist()), sums)])
    return Parts(builder, rows, [(index, var)])
