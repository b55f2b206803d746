"""Loops as machine code: compiled once for all arrays that lie alike, and called with the addresses of some.

May import: `builder`, `cases`, `element_formulas`, `elementwise`, `instruction`, `loop_code`, `loops` and `native` of
this folder; NumPy.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np

from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.cases import Cases
from tinygrad_edu.replay.element_formulas import formula_of
from tinygrad_edu.replay.elementwise import Elementwise
from tinygrad_edu.replay.instruction import Array, Call
from tinygrad_edu.replay.loop_code import ALONG, APART, SAME, LoopStep, Operand, loop_module
from tinygrad_edu.replay.loops import Loop
from tinygrad_edu.replay.native import MachineCode

__all__ = ["CompiledLoops"]

#: So many different loops of a program are compiled, and what comes later stays on arrays: each takes 10 milliseconds.
#: They are told apart by their text, so that the equal steps of a recurrence are one.
MOST = 64


class CompiledLoops:
    """The loops of a program, each compiled when it is first bound to arrays that lie as they do.

    Where a program has several sets of loops, they share what is `compiled`, by its text.
    """

    def __init__(self, loops: Sequence[Loop], compiled: dict[str, MachineCode]) -> None:
        self.loops = loops
        self._compiled = compiled

    @property
    def operations(self) -> int:
        """How many array operations they stand for, all together."""
        return sum(len(loop.members) for loop in self.loops)

    @property
    def seconds(self) -> float:
        """What compiling has taken so far."""
        return sum(code.seconds for code in self._compiled.values())

    def calls(self, arrays: Mapping[Var, Array]) -> dict[Var, Call | None]:
        """For the members of these loops, what is called in their place: the loop for the last one, for others None.

        Of a loop that these arrays do not allow, nothing.
        """
        found: dict[Var, Call | None] = {}
        for loop in self.loops:
            call = self._call(loop, arrays)
            if call is not None:
                found.update(dict.fromkeys(loop.members))
                found[loop.members[-1]] = call
        return found

    def _call(self, loop: Loop, arrays: Mapping[Var, Array]) -> Call | None:
        given = [arrays[var] for var in (*loop.reads, *loop.writes)]
        places = _Places.of(loop, given)
        code = None if places is None else self._code(loop, places)
        if places is None or code is None:
            return None
        call = partial(code.function, ctypes.c_void_p(places.fields.ctypes.data))
        call.__dict__["kept"] = [*given, places.fields]  # what has an address must live as long
        return call

    def _code(self, loop: Loop, places: _Places) -> MachineCode | None:
        text = _module(loop, places)
        if text not in self._compiled:
            if len(self._compiled) >= MOST:
                return None
            self._compiled[text] = MachineCode(text)
        return self._compiled[text]


class _Places:
    """Where the arrays of a loop lie, in as few rows as they can be seen in."""

    def __init__(self, shape: tuple[int, int], arrays: Sequence[Array], single: bool) -> None:
        self.single = single
        seen = [np.broadcast_to(array, shape) for array in arrays]
        steps = [_strides(array) for array in seen]
        rows, columns = shape
        if columns == 1:
            steps = [(0, row) for row, _ in steps]
            rows, columns = 1, rows
        elif all(row == columns * gap for row, gap in steps):
            rows, columns = 1, rows * columns
        self.fields = np.array(
            [rows, columns, *[n for a, (row, gap) in zip(seen, steps, strict=True) for n in (a.ctypes.data, row, gap)]],
            dtype=np.int64,
        )
        self.operands = [
            Operand(SAME if gap == 0 else ALONG if gap == array.itemsize else APART, array.dtype == bool)
            for array, (_, gap) in zip(seen, steps, strict=True)
        ]

    @staticmethod
    def of(loop: Loop, arrays: Sequence[Array]) -> _Places | None:
        """The places, or None where these arrays are not for a loop."""
        results = arrays[len(loop.reads) :]
        shape = results[0].shape
        floats = {array.dtype for array in arrays if array.dtype != bool}
        if 0 in shape or floats not in ({np.dtype(np.float64)}, {np.dtype(np.float32)}):
            return None
        if any(result.shape != shape for result in results) or not _fit(arrays, shape):
            return None
        if any(_meet(array, result) for array, result in product(arrays[: len(loop.reads)], results)):
            return None
        return _Places(shape, arrays, floats == {np.dtype(np.float32)})


def _fit(arrays: Sequence[Array], shape: tuple[int, int]) -> bool:
    """Whether all can be seen in this shape; a matrix inside a grid cannot."""
    return all(size in (1, whole) for array in arrays for size, whole in zip(array.shape, shape, strict=True))


def _meet(array: Array, result: Array) -> bool:
    """Whether writing one element may change another one that is still to be read."""
    same = (array.ctypes.data, array.strides, array.shape) == (result.ctypes.data, result.strides, result.shape)
    return not same and np.shares_memory(array, result)


def _strides(array: Array) -> tuple[int, int]:
    """How far apart rows and columns are; 0 where there is one."""
    row, gap = (0 if count == 1 else stride for count, stride in zip(array.shape, array.strides, strict=True))
    return row, gap


def _module(loop: Loop, places: _Places) -> str:
    number = {var: k for k, var in enumerate((*loop.reads, *loop.members))}
    steps = []
    for var in loop.members:
        assert isinstance(var.instruction, (Elementwise, Cases))
        steps.append(LoopStep(formula_of(var.instruction), tuple([number[operand] for operand in var.operands])))
    count = len(loop.reads)
    written = [number[var] - count for var in loop.writes]
    operands = places.operands
    writes = list(zip(written, operands[count:], strict=True))
    return loop_module(operands[:count], steps, writes, places.single)
