"""A tangle as machine code: the numbers that it reads are copied to one block, and its results to where they belong.

May import: `builder`, `indices`, `instruction`, `machine_code`, `native`, `straight` and `tangles` of this folder;
NumPy.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain

import numpy as np

from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.indices import index_of
from tinygrad_edu.replay.instruction import Array, Call
from tinygrad_edu.replay.machine_code import FIELDS, MachineModule, machine_module
from tinygrad_edu.replay.native import MachineCode, raised
from tinygrad_edu.replay.straight import StraightLine, StraightLines
from tinygrad_edu.replay.tangles import Tangle

__all__ = ["CompiledTangle"]

#: So many examples are computed side by side, where there are several.
LANES = 8


class CompiledTangle:
    """A tangle, compiled when it is first bound to arrays: for one example, or for several side by side."""

    def __init__(self, tangle: Tangle, constants: Mapping[int, float]) -> None:
        self.tangle = tangle
        self.is_batched = any(var.batched for var in tangle.members)
        self.place = {variable: k for k, variable in enumerate(tangle.gives)}  # in the results
        self._given = [*chain(*tangle.takes.values()), *chain(*[rows.values() for rows in tangle.reads.values()])]
        self._results = [*tangle.gives, *chain(*tangle.writes.values())]
        self._constants = constants
        self._compiled: dict[int, tuple[MachineModule, MachineCode]] = {}

    @property
    def seconds(self) -> float:
        """What compiling has taken so far."""
        return sum(code.seconds for _, code in self._compiled.values())

    def _code(self, lanes: int) -> tuple[MachineModule, MachineCode]:
        if lanes not in self._compiled:
            written = machine_module(self._lines(), len(self._given), False, lanes)
            self._compiled[lanes] = written, MachineCode(written.text)
        return self._compiled[lanes]

    def _lines(self) -> StraightLines:
        """Its lines, with what is given counted first."""
        order = dict.fromkeys([*self._given, *[line.target for line in self.tangle.lines], *self._constants])
        number = {variable: k for k, variable in enumerate(order)}
        lines = [
            StraightLine(number[target], formula, tuple([number[k] for k in operands]))
            for target, formula, operands in self.tangle.lines
        ]
        constants = {number[k]: constant for k, constant in self._constants.items()}
        results = [number[k] for k in self._results]
        return StraightLines(lines, [], constants, results, [], len(number), len(number) + 1)

    def bound(
        self, arrays: Mapping[Var, Array], earlier: Sequence[tuple[CompiledTangle, Array]], batch: int
    ) -> tuple[Call, Array]:
        """The call that runs it on these arrays and on what earlier tangles gave, and where its results will be."""
        examples = batch if self.is_batched else 1
        lanes = LANES if examples > 1 else 1
        chunks = -(-examples // lanes)
        data = np.zeros((len(self._given), chunks * lanes))
        results = np.zeros((len(self._results), chunks * lanes))
        calls, start = list[Call](), 0
        for k, variables in self.tangle.takes.items():
            tangle, there = earlier[k]
            source = there[:, : examples if tangle.is_batched else 1]
            calls.append(_reading(data[start:, :examples], source, [tangle.place[v] for v in variables]))
            start += len(variables)
        for var, rows in self.tangle.reads.items():
            if len(arrays[var]) == var.rows:
                calls.append(_reading(data[start:, :examples], arrays[var], list(rows)))
            else:
                calls.append(_reading_matrix(data[start:, :examples], arrays[var], list(rows)))
            start += len(rows)
        calls.append(self._run_on(data, results, lanes, chunks, examples))
        start = len(self.place)
        for var in self.tangle.writes:
            calls.append(_writing(arrays[var], results[start : start + var.rows]))
            start += var.rows
        return partial(_run, calls), results

    def _run_on(self, data: Array, results: Array, lanes: int, chunks: int, examples: int) -> Call:
        """The machine code, with the addresses of these arrays; it has no parameters and no gradients of its own."""
        written, code = self._code(lanes)
        nothing, tape = np.zeros(lanes), np.zeros((written.tape, lanes))
        numbers = {"stride": chunks * lanes, "chunks": chunks, "last": examples - (chunks - 1) * lanes}
        arrays = {"data": data, "tape": tape, "outputs": results}
        values = {**{name: array.ctypes.data for name, array in arrays.items()}, **numbers}
        fields = np.array([values.get(name, nothing.ctypes.data) for name in FIELDS], dtype=np.int64)
        kept = [*arrays.values(), nothing, fields]  # what has an address must live as long
        address = ctypes.c_void_p(fields.ctypes.data)

        def run() -> None:
            code.function(address)
            if raised:  # by Python, when it was called back
                raise raised.pop()

        run.__dict__["kept"] = kept
        return run


def _reading(target: Array, source: Array, rows: Sequence[int]) -> Call:
    """The call that copies these rows; one column is copied to all."""
    index, target = index_of(rows), target[: len(rows)]
    if isinstance(index, slice):
        return partial(np.copyto, target, source[index])
    return lambda: np.copyto(target, source[index])


def _reading_matrix(target: Array, source: Array, rows: Sequence[int]) -> Call:
    """The same of an array that is a matrix, inside a grid: its numbers one after the other, each time anew."""
    target = target[: len(rows)]
    return lambda: np.copyto(target, source.reshape(-1, 1)[rows])


def _writing(array: Array, results: Array) -> Call:
    """The call that copies results to an array; a truth value is 1 or 0 there."""
    if len(array) != len(results):  # a matrix, inside a grid
        return lambda: np.copyto(array, results[:, 0].reshape(array.shape))
    return partial(np.copyto, array, results[:, : array.shape[1]], "unsafe")


def _run(calls: Sequence[Call]) -> None:
    for call in calls:
        call()
