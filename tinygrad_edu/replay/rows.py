"""Instructions that move rows and compute nothing: some of them, a matrix of them, one many times, many in one array.

Most are views, which cost nothing at a run.

May import: `indices` and `instruction` of this folder; NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.replay.indices import Grid, Index, check_rows, index_text, row_numbers, rows_in_place
from tinygrad_edu.replay.instruction import Array, Call, Instruction, run_all

# What the methods of an instruction are for is said once, in `Instruction`.
__all__: list[str] = []


@dataclass(frozen=True, eq=False)
class Rows(Instruction):
    """Some rows of an array: a view where they are evenly spaced."""

    index: slice | np.ndarray[Any, Any]

    @property
    def is_view(self) -> bool:
        return isinstance(self.index, slice)

    def key(self) -> Any:
        if isinstance(self.index, slice):
            return Rows, self.index.start, self.index.stop, self.index.step
        return Rows, self.index.tobytes()

    def view(self, *arrays: Array, batch: int) -> Array:
        check_rows(self.index, len(arrays[0]))  # NumPy would cut a slice off
        return arrays[0][self.index]

    def run(self, out: Array, *arrays: Array) -> Call:
        check_rows(self.index, len(arrays[0]))  # with "clip", NumPy would take another row
        return partial(arrays[0].take, self.index, 0, out, "clip")  # "clip" writes to `out` without a buffer

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return arrays[0][self.index]

    def text(self, *names: str) -> str:
        return index_text(names[0], self.index)


@dataclass(frozen=True)
class Matrix(Instruction):
    """A matrix inside a column of parameters."""

    grid: Grid

    @property
    def is_view(self) -> bool:
        return True

    def view(self, *arrays: Array, batch: int) -> Array:
        return self.grid.view(arrays[0])

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return arrays[0][self.grid.rows(), 0]

    def text(self, *names: str) -> str:
        return index_text(names[0], self.grid)


@dataclass(frozen=True)
class Repeat(Instruction):
    """One row, seen `times` times."""

    times: int

    @property
    def is_view(self) -> bool:
        return True

    def view(self, *arrays: Array, batch: int) -> Array:
        return np.broadcast_to(arrays[0], (self.times, arrays[0].shape[1]))

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return m.broadcast_to(arrays[0], (self.times, arrays[0].shape[1]))

    def text(self, *names: str) -> str:
        return names[0]


@dataclass(frozen=True)
class Spread(Instruction):
    """What is the same for all examples, seen once per example."""

    @property
    def is_view(self) -> bool:
        return True

    def view(self, *arrays: Array, batch: int) -> Array:
        return np.broadcast_to(arrays[0], (arrays[0].shape[0], batch))

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return m.broadcast_to(arrays[0], (arrays[0].shape[0], batch))

    def text(self, *names: str) -> str:
        return names[0]


@dataclass(frozen=True, eq=False)
class Assemble(Instruction):
    """An array put together: each part is written to its rows, or added to what earlier parts wrote there."""

    rows: int
    batched: bool
    parts: tuple[tuple[Index, bool], ...]  # to which rows, and whether it is added there
    clears: bool  # whether to begin with zeros, because a part is added to rows of which some hold nothing yet

    @property
    def only_writes(self) -> bool:
        """Whether each row is written once at a run, and nothing is added to it."""
        return not self.clears and not any(added for _, added in self.parts)

    @property
    def writes_all(self) -> bool:
        """Whether each row is written at every run; else some hold the zeros of their memory."""
        written = np.zeros(self.rows, dtype=bool)
        for index, _ in self.parts:
            written[row_numbers(index, self.rows)] = True
        return self.clears or bool(written.all())

    def run(self, out: Array, *arrays: Array | None) -> Call:
        """As for any instruction; None in the place of a part says that it was computed in its rows of `out`."""
        writes: list[Call] = [partial(out.fill, 0.0)] if self.clears else []
        for (index, added), part in zip(self.parts, arrays, strict=True):
            if part is not None:
                writes.append(_write_part(out, index, added, part))
        return writes[0] if len(writes) == 1 else partial(run_all, writes)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        assembled = m.zeros((self.rows, batch if self.batched else 1))
        for (index, added), part in zip(self.parts, arrays, strict=True):
            rows = row_numbers(index, self.rows)
            target, part = assembled.at[rows], part.reshape(len(rows), -1)
            assembled = target.add(part) if added else target.set(part)
        return assembled

    def text(self, *names: str) -> str:
        return f"{len(names)} parts: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"


def _write_part(out: Array, index: Index, added: bool, part: Array) -> Call:
    """The call that writes one part, or adds it; no row is there twice."""
    target = rows_in_place(out, index)
    if target is not None:
        part = part.reshape(target.shape) if isinstance(index, Grid) else part
        return partial(np.add, target, part, target) if added else partial(np.copyto, target, part)
    assert isinstance(index, np.ndarray)
    first, last = index.min(), index.max()
    if last - first + 1 == len(index) and part.shape[1] == out.shape[1] and part.dtype == out.dtype:
        return _write_reordered(out[first : last + 1], index.argsort(), added, part)
    if out.shape[1] == 1:  # one example: plain vectors are twice as fast
        out, part = out[:, 0], part[:, 0]

    def write() -> None:
        if added:
            out[index] += part
        else:
            out[index] = part

    return write


def _write_reordered(target: Array, order: Array, added: bool, part: Array) -> Call:
    """The call for all rows of a target, in another order: to read out of order is quicker than to write so."""
    if not added:
        return partial(part.take, order, 0, target, "clip")  # "clip" writes to `target` without a buffer
    reordered = np.empty(target.shape, target.dtype)

    def add() -> None:
        part.take(order, 0, reordered, "clip")
        np.add(target, reordered, target)

    return add
