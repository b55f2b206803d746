"""Choices: what an index picks out of a table of options, and the gradient on its way back.

Three instructions share the work. `Places` turns indices into places in a flattened table, once for the forward and
the backward pass. `Choose` reads the options there. `ChooseTransposed` adds the gradients up there.

May import: `instruction` of this folder; NumPy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.replay.instruction import Array, Call, Instruction

# What the methods of an instruction are for is said once, in `Instruction`.
__all__: list[str] = []


@dataclass(frozen=True)
class Places(Instruction):
    """Where the options that indices name lie in a flattened table (count, width), or an IndexError.

    A table has `count` options, one below the other, and each option `width` columns. With `own`, there is one index
    for each column: index k picks an element of column k. Otherwise every index picks a whole row. `per_example` says
    whether each example has a table of its own, whose numbers then stand side by side for the examples.
    """

    count: int
    width: int
    own: bool
    per_example: bool

    @property
    def dtype(self) -> type:
        return int

    def _strides(self, m: Any, batch: int) -> tuple[int, Any]:
        """Place = index * first + second, in the shape (indices, columns of each, batch)."""
        columns = np.arange(self.width).reshape((-1, 1, 1) if self.own else (1, -1, 1))
        return (self.width * batch, columns * batch + m.arange(batch)) if self.per_example else (self.width, columns)

    def run(self, out: Array, *arrays: Array) -> Call:
        index = arrays[0]
        floored = np.empty_like(index)
        scale, offsets = self._strides(np, index.shape[1])
        factor = np.asarray(scale)
        places = out.reshape(index.shape[0], 1 if self.own else self.width, index.shape[1])
        are_places = scale == 1 and not offsets.any()
        whole = places[:, 0] if are_places else np.empty(index.shape, dtype=int)
        each = whole[:, None, :]
        unsigned = whole.view(np.uint64)  # as which a negative number is larger than any count

        def write() -> None:
            np.copyto(whole, index, "unsafe")
            np.floor(index, floored)
            # There is no quicker way to ask whether all of a few numbers are equal, and how large the largest is.
            is_whole = floored.tobytes() == index.tobytes()
            if whole.size and not (is_whole and unsigned.item(unsigned.argmax()) < self.count):
                raise self.error(index)
            if not are_places:
                np.multiply(whole, factor, whole)
                np.add(each, offsets, places)

        return write

    def error(self, index: Array) -> IndexError:
        """What to raise for indices among which some name no option."""
        numbers = np.asarray(index).ravel()
        is_one = (numbers >= 0) & (numbers < self.count) & (np.floor(numbers) == numbers)
        shown = numbers[~is_one][:8].tolist()
        return IndexError(f"an index must be a whole number from 0 to {self.count - 1}, and these are not: {shown}")

    def are_all_there(self, m: Any, index: Array) -> Array:
        """Whether each index names an option, as one truth value."""
        return ((index >= 0) & (index < self.count) & (m.floor(index) == index)).all()

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        scale, offsets = self._strides(m, batch)
        return (arrays[0].astype(int)[:, None, :] * scale + offsets).reshape(-1, batch)

    def text(self, *names: str) -> str:
        return f"places of {names[0]} among {self.count}×{self.width}"


@dataclass(frozen=True)
class Choose(Instruction):
    """The options at the given places."""

    def run(self, out: Array, *arrays: Array) -> Call:
        places, options = arrays
        if options.flags.c_contiguous:
            return partial(options.reshape(-1).take, places, None, out, "clip")
        return lambda: options.ravel().take(places, None, out, "clip")

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        places, options = arrays
        return options.ravel()[places]

    def text(self, *names: str) -> str:
        return f"{names[1]} at {names[0]}"


@dataclass(frozen=True)
class ChooseTransposed(Instruction):
    """The gradient of the options: what was handed to each choice, added up at the place that was chosen.

    An option that was not chosen gets 0 · upstream, as in eager code: 0, or nan where the upstream is not finite.
    """

    places: Places
    rows: int
    regroups = True

    def run(self, out: Array, *arrays: Array) -> Call:
        places, upstream = arrays
        once = self.places.own and self.places.per_example  # then every choice has options of its own
        flat = out.reshape(-1)
        handed = upstream.reshape(-1)
        is_view = np.may_share_memory(handed, upstream)

        def write() -> None:
            # The sum of squares is finite, unless one of them is not (or so large that it is, for the slower way).
            if not math.isfinite(handed.dot(handed) if is_view else np.add.reduce(upstream, None)):
                flat[...] = self._one_by_one(places, upstream).ravel()
            elif once:
                flat.fill(0.0)
                flat[places] = upstream
            else:
                np.copyto(flat, np.bincount(places.ravel(), upstream.ravel(), flat.size))

        return write

    def _one_by_one(self, places: Array, upstream: Array) -> Array:
        """What every choice hands to every option, (options, indices, columns of each, batch), added up."""
        width, batch = self.places.width, upstream.shape[1]
        columns = 1 if self.places.own else width
        index = places.reshape(-1, columns, batch) // (width * batch if self.places.per_example else width)
        gradient = upstream.reshape(-1, columns, batch)
        chosen = index[None] == np.arange(self.places.count)[:, None, None, None]
        handed = np.where(chosen, gradient, gradient * 0.0)
        handed = handed[:, :, 0] if self.places.own else handed.sum(axis=1)
        return handed if self.places.per_example else handed.sum(axis=2)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        places, upstream = [array.ravel() for array in arrays]
        width = batch if self.places.per_example else 1
        columns = self.places.width * width

        def added_up(numbers: Array) -> Array:
            return m.zeros(self.places.count * columns).at[places].add(numbers).reshape(-1, columns)

        # An option's column may have upstreams that are not finite and were handed to others: it gets 0 times those.
        infinite = m.where(m.abs(upstream) < math.inf, 0.0, 1.0)
        elsewhere = m.zeros(columns).at[places % columns].add(infinite) - added_up(infinite)
        return (added_up(upstream) + m.where(elsewhere > 0.0, math.nan, 0.0)).reshape(self.rows, width)

    def text(self, *names: str) -> str:
        return f"{names[1]} added up at {names[0]}"
