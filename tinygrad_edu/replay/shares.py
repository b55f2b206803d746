"""A large batch, some examples at a time: as many as the processor keeps at hand.

The arrays of ten thousand examples are read from far away by every instruction; those of a thousand stay in the cache,
and products of matrices are quicker, too. So a large batch is run in shares, whose means and gradients add up to those
of the batch. That also bounds the memory that a program needs, however large a batch is.

May import: `bind`, `builder`, `instruction`, `memory` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.replay.bind import Bound
from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.instruction import Array
from tinygrad_edu.replay.memory import Plan

__all__ = ["InShares", "share_size"]

#: So many bytes a processor has in its second cache, and calls for fewer examples than these cost more than they save.
CACHE, FEWEST = 2**20, 1000


def share_size(written: Sequence[Var], plan: Plan) -> int:
    """How many examples a share has."""
    rows = sum([var.rows for var in written if var.batched and plan.home(var) in ("given", "own")])
    return int(max(FEWEST, CACHE // (8 * max(rows, 1))))


class InShares:
    """A program's numbers for one large batch, which is run in shares.

    `take` data, run `forward` or `everything`, and read `values`, `mean` and `gradient`.
    """

    def __init__(self, bound_to: Callable[[int], Bound], share: int, batch: int) -> None:
        self.batch = batch
        self._share = -(-batch // (batch // share))  # all equal, but for the last one, which may be smaller
        rest = batch % self._share
        self._bound = {size: bound_to(size) for size in (self._share, rest) if size}
        self._arrays: Sequence[Any] = ()
        first = self._bound[self._share]
        self.noises: list[Any] = []
        self.values = np.empty((len(first.values), batch), first.values.dtype)
        self.mean: Any = np.float64(0.0)
        self.gradient = np.zeros_like(first.gradient)
        self.forward: list[Callable[[], object]] = [self._run_forward]
        self.everything: list[Callable[[], object]] = [self._run_both_ways]

    def take(self, arrays: Sequence[Array]) -> None:
        """The data, which are read, share by share, when it runs."""
        self._arrays = arrays

    def run(self, calls: Sequence[Callable[[], object]]) -> None:
        """Make the calls, and let the data go."""
        try:
            for call in calls:
                call()
        finally:
            self._arrays = ()

    def _run_forward(self) -> None:
        for bound, examples in self._shares():
            bound.run(bound.forward)
            self.values[:, examples] = bound.values

    def _run_both_ways(self) -> None:
        self.mean = np.float64(0.0)
        self.gradient.fill(0.0)
        for bound, examples in self._shares():
            bound.run(bound.everything)
            self.values[:, examples] = bound.values
            part = bound.batch / self.batch
            self.mean += part * bound.mean[()]
            self.gradient += part * bound.gradient

    def _shares(self) -> Iterator[tuple[Bound, slice]]:
        """Each share's examples, and the arrays that hold them."""
        for start in range(0, self.batch, self._share):
            examples = slice(start, min(start + self._share, self.batch))
            bound = self._bound[examples.stop - start]
            for target, array in zip(bound.inputs, self._arrays, strict=True):
                np.copyto(target, array[examples])
            yield bound, examples
