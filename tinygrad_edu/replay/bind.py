"""Step 5, bind: for a batch size, give each array its memory, and make the calls that fill it.

The memory is given out as `memory` has planned it. Each call has its operands and its result bound, so that to run a
program is to make the calls, one after the other.

May import: `builder`, `by_tangle`, `compiled_loops`, `indices`, `instruction`, `memory`, `rows` and `sweep` of this
folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.by_tangle import Tangles
from tinygrad_edu.replay.compiled_loops import CompiledLoops
from tinygrad_edu.replay.indices import rows_in_place
from tinygrad_edu.replay.instruction import Array, Call, Constant, Leaf
from tinygrad_edu.replay.memory import Plan
from tinygrad_edu.replay.rows import Assemble
from tinygrad_edu.replay.sweep import Instructions

__all__ = ["Bound"]


class Bound:
    """A program's arrays for one batch size, and the calls that fill them.

    Copy data to `inputs` and random numbers to `noises`, run `forward` or `everything`, and read `values`, `mean` and
    `gradient`.
    """

    def __init__(
        self,
        instructions: Instructions,
        plan: Plan,
        shapes: Sequence[tuple[int, ...]],
        n_noises: int,
        theta: Array,
        batch: int,
        tangles: Tangles | None = None,
        loops: CompiledLoops | None = None,
    ) -> None:
        self.batch = batch
        self._tangles = tangles
        self.inputs: list[Any] = []
        self._number = theta.dtype  # what all numbers are, as the parameters are
        self.noises: list[Any] = [np.empty((1, batch), self._number) for _ in range(n_noises)]
        self._plan = plan
        self._arrays: dict[Var, Array] = {}
        self._give(instructions.leaves, theta, shapes)
        with np.errstate(all="ignore"):  # a constant may be too large for a float32: then it is inf
            ways = [self._calls(way) for way in (instructions.forward, instructions.backward)]
        instead: dict[Var, Call | None] = {}
        if tangles is not None:
            instead.update(tangles.calls(self._arrays, batch))
        if loops is not None:
            instead.update(loops.calls(self._arrays))
        self.forward, backward = (
            [call for var, own in way if self._is_called(var) and (call := instead.get(var, own)) is not None]
            for way in ways
        )
        self.everything = [*self.forward, *backward]
        output = self._arrays[instructions.output]
        self.values = np.broadcast_to(output, (output.shape[0], batch))
        self.mean: Any = np.full((), np.nan, self._number)
        self.gradient = np.zeros_like(theta)
        if batch:
            weights = np.full(output.shape[1], 1.0 / output.shape[1], self._number)
            self.everything.append(partial(np.dot, weights, output[0], self.mean))
            if instructions.gradient is not None:
                self.gradient = self._arrays[instructions.gradient].reshape(-1)

    def _give(self, leaves: dict[str, Var], theta: Array, shapes: Sequence[tuple[int, ...]]) -> None:
        """The arrays of the leaves. That of an input is a view, because for callers the batch is the first axis."""
        arrays = self._arrays
        arrays[leaves["theta"]] = theta.reshape(-1, 1)
        for k, shape in enumerate(shapes):
            array = self._array(leaves[f"x{k}"])
            self.inputs.append(array.T.reshape(self.batch, *shape))
        for k, array in enumerate(self.noises):
            arrays[leaves[f"noise{k}"]] = array
        if "seed" in leaves:
            per_example = 1.0 / self.batch if self.batch else 0.0
            is_batched = leaves["seed"].batched
            share = np.full((1, self.batch), per_example) if is_batched else np.ones((1, 1))
            arrays[leaves["seed"]] = share.astype(self._number)

    def _calls(self, written: Sequence[Var]) -> list[tuple[Var, Call]]:
        """The calls for these instructions; what depends on constants only is computed here and now."""
        calls = []
        for var in written:
            call = self._call(var)
            if var in self._plan.once:
                self.run([call] if call else [])
            elif call or (self._tangles and var in self._tangles.place):
                calls.append((var, call or _nothing))
        return calls

    def _is_called(self, var: Var) -> bool:
        """Whether it has a call of its own, or one for the tangle that ends with it."""
        tangles = self._tangles
        return tangles is None or var not in tangles.place or var is tangles.tangles[tangles.place[var]].members[-1]

    def _call(self, var: Var) -> Call | None:
        """The call that fills the array of a variable, if one is needed."""
        if isinstance(var.instruction, Leaf):
            return None
        operands = [self._arrays[operand] for operand in var.operands]
        if var.is_view:
            view = var.instruction.view(*operands, batch=self.batch)
            self._arrays[var] = view.astype(self._number) if isinstance(var.instruction, Constant) else view
            return None
        out = self._array(var)
        if isinstance(var.instruction, Assemble):
            return self._assembling(var, var.instruction, out)
        return var.instruction.run(out, *operands)

    def _assembling(self, var: Var, assemble: Assemble, out: Array) -> Call | None:
        """The call that writes the parts which are not there already; what never changes is written here and now."""
        fixed, changing = list[Array | None](), list[Array | None]()
        keeps = assemble.only_writes and var not in self._plan.inside  # for there, others may add to it
        for number, operand in enumerate(var.operands):
            array = None if self._plan.is_inside(operand, var, number) else self._arrays[operand]
            stays = keeps and operand in self._plan.once
            fixed.append(array if stays else None)
            changing.append(None if stays else array)
        if any(array is not None for array in fixed):
            assemble.run(out, *fixed)()
        return assemble.run(out, *changing) if any(array is not None for array in changing) else None

    def _array(self, var: Var) -> Array:
        """The array of a variable, where the plan says that it lives."""
        if var not in self._arrays:
            self._arrays[var] = self._allocated(var)
        return self._arrays[var]

    def _allocated(self, var: Var) -> Array:
        if var in self._plan.over:
            return self._arrays[self._plan.over[var]]
        if var in self._plan.inside:
            part = self._plan.inside[var]
            return rows_in_place(self._array(part.whole), part.rows)
        columns = self.batch if var.batched else 1
        if self._plan.holds_data(var):  # as it is given: the numbers of each example side by side
            return np.zeros((columns, var.rows), self._number).T
        return np.zeros((var.rows, columns), self._number if var.dtype is float else var.dtype)

    @staticmethod
    def run(calls: Sequence[Call]) -> None:
        """Make the calls, with IEEE results and no warnings."""
        with np.errstate(all="ignore"):
            for call in calls:
                call()


def _nothing() -> None:
    """The call of what is computed in its place."""
