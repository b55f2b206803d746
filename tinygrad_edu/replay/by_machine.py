"""A program run by machine code: straight lines, compiled, several examples side by side.

It is what `bind` makes of a program that was recorded with `native`, and is used in the same way.

May import: `by_example`, `machine_code` and `native` of this folder; NumPy.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from tinygrad_edu.replay.by_example import Functions
from tinygrad_edu.replay.machine_code import FIELDS, MachineModule, machine_module
from tinygrad_edu.replay.native import MachineCode, raised

__all__ = ["ByMachine", "CompiledFunctions"]

#: So many examples are computed side by side, where there are several.
LANES = 8


class CompiledFunctions:
    """A program's lines as machine code, for all batch sizes; each way is compiled when it is first called."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self._compiled: dict[tuple[bool, int], tuple[MachineModule, MachineCode]] = {}

    def __call__(self, differentiated: bool, lanes: int) -> tuple[MachineModule, MachineCode]:
        """The module for so many examples side by side, and its code."""
        key = differentiated, lanes
        if key not in self._compiled:
            written = machine_module(self.functions.lines, self.functions.n_data, differentiated, lanes)
            self._compiled[key] = written, MachineCode(written.text)
        return self._compiled[key]

    @property
    def seconds(self) -> float:
        """What compiling has taken so far."""
        return sum(code.seconds for _, code in self._compiled.values())


class ByMachine:
    """A program's numbers for one batch size.

    Copy data to `inputs` and random numbers to `noises`, run `forward` or `everything`, and read `values`, `mean` and
    `gradient`.
    """

    def __init__(
        self, compiled: CompiledFunctions, shapes: Sequence[tuple[int, ...]], n_noises: int, theta: Any, batch: int
    ) -> None:
        functions = compiled.functions
        self.batch = batch
        self._compiled = compiled
        self._examples = batch if functions.is_batched else min(batch, 1)
        self._lanes = 1 if self._examples <= 1 else LANES
        self._chunks = max(1, -(-self._examples // self._lanes))
        width = max(self._chunks * self._lanes, batch)
        self._data = np.zeros((functions.n_data, width))
        self._outputs = np.zeros((functions.n_outputs, width))
        self._sums = np.zeros((len(theta), self._lanes))
        self._theta = theta
        self.inputs, self.noises = self._places(shapes, n_noises)
        # When it is called for the first time, each puts the machine code in its place.
        self.forward: list[Callable[[], object]] = [self._compile_forward] if batch else []
        self.everything: list[Callable[[], object]] = [self._compile_both_ways] if batch else []
        self.values = self._outputs[:, :batch]
        if self._examples != batch:  # one for all
            self.values = np.broadcast_to(self._outputs[:, :1], (functions.n_outputs, batch))
        self.gradient = np.zeros(len(theta))
        if self._examples == 1:
            self.mean: Any = self._outputs[0, :1].reshape(())
        else:
            self.mean = np.full((), np.nan)
            self.everything += [self._average] if batch else []
        self._kept: list[Any] = []

    def _places(self, shapes: Sequence[tuple[int, ...]], n_noises: int) -> tuple[list[Any], list[Any]]:
        """Where the inputs and the noises are copied to: rows of the data, the batch first for inputs."""
        sizes = [math.prod(shape) for shape in shapes] + [1] * n_noises
        ends = np.cumsum([0, *sizes])
        rows = [self._data[start:end, : self.batch] for start, end in pairwise(ends.tolist())]
        inputs = [row.T.reshape(self.batch, *shape) for row, shape in zip(rows, shapes, strict=False)]
        return inputs, rows[len(shapes) :]

    def _average(self) -> None:
        with np.errstate(all="ignore"):
            np.dot(np.full(self.batch, 1.0 / self.batch), self.values[0], self.mean)

    def _compile_forward(self) -> None:
        self.forward[0] = self._bound(differentiated=False)
        self.forward[0]()

    def _compile_both_ways(self) -> None:
        self.everything[0] = self._bound(differentiated=True)
        self.everything[0]()

    def _bound(self, differentiated: bool) -> Callable[[], None]:
        """The machine code, with the addresses of these arrays."""
        written, code = self._compiled(differentiated, self._lanes)
        tape = np.zeros((written.tape, self._lanes))
        arrays = {
            "data": self._data, "theta": self._theta, "tape": tape, "sums": self._sums, "outputs": self._outputs,
            "gradient": self.gradient,
        }  # fmt: skip
        numbers = {
            "stride": self._data.shape[1] if len(self._data) else self._outputs.shape[1],
            "chunks": self._chunks,
            "last": self._examples - (self._chunks - 1) * self._lanes,
            "seed": np.array([1.0 / self._examples]).view(np.int64).item(),
        }
        values = {**{name: array.ctypes.data for name, array in arrays.items()}, **numbers}
        fields = np.array([values[name] for name in FIELDS], dtype=np.int64)
        address = ctypes.c_void_p(fields.ctypes.data)
        self._kept += [*arrays.values(), fields]  # what has an address must live as long
        return partial(code.function, address)

    @staticmethod
    def run(calls: Sequence[Callable[[], object]]) -> None:
        """Make the calls; machine code warns of nothing."""
        for call in calls:
            call()
        if raised:  # by Python, when it was called back
            raise raised.pop()
