"""Tangles run as Python over floats, in the place of the array calls that they stand for.

May import: `as_python`, `builder`, `compiled_tangle`, `costs`, `indices`, `instruction`, `memory`, `sweep` and
`tangles` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from tinygrad_edu.replay.as_python import PythonFunction
from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.compiled_tangle import CompiledTangle
from tinygrad_edu.replay.costs import ALWAYS, CALL, FUNCTION, NATIVE_OVERHEAD, OPERATOR, ROW_OF_MANY, WORTH_IT
from tinygrad_edu.replay.indices import index_of
from tinygrad_edu.replay.instruction import Array, Call
from tinygrad_edu.replay.memory import Plan
from tinygrad_edu.replay.sweep import Instructions
from tinygrad_edu.replay.tangles import Tangle, tangles

__all__ = ["Tangles"]

#: Copying rows to or from the block of numbers of machine code, as `costs` counts.
COPY = 6.0


class Tangles:
    """The tangles of a program as functions; each is compiled when it is first called."""

    def __init__(self, instructions: Instructions, plan: Plan, one_example: bool, native: bool = False) -> None:
        self.tangles, constants = tangles(instructions, plan, one_example)
        self.place = {var: k for k, tangle in enumerate(self.tangles) for var in tangle.members}
        self.functions = [] if native else [self._function(tangle, constants) for tangle in self.tangles]
        self.compiled = [CompiledTangle(tangle, constants) for tangle in self.tangles] if native else []
        #: For up to so many examples they are quicker than arrays.
        self.most = _examples_by_compiled(self.tangles) if native else 1 if one_example else ALWAYS

    @property
    def operations(self) -> int:
        """How many array operations they stand for, all together."""
        return len(self.place)

    @property
    def lines(self) -> int:
        """How many lines they have, all together."""
        return sum(len(tangle.lines) for tangle in self.tangles)

    def _function(self, tangle: Tangle, constants: dict[int, float]) -> PythonFunction:
        given = [
            *[list(self.tangles[k].gives) for k in tangle.takes],
            *[list(r.values()) for r in tangle.reads.values()],
        ]
        results = [*tangle.gives, *[variable for rows in tangle.writes.values() for variable in rows]]
        return PythonFunction(tangle.lines, given, results, constants)

    @property
    def seconds(self) -> float | None:
        """What compiling them to machine code has taken so far; None where they stay Python."""
        return sum(tangle.seconds for tangle in self.compiled) if self.compiled else None

    def calls(self, arrays: Mapping[Var, Array], batch: int) -> dict[Var, Call]:
        """What to call in the place of the last instruction of each tangle, with these arrays."""
        if self.compiled:
            bound: list[tuple[CompiledTangle, Array]] = []
            found = {}
            for compiled in self.compiled:
                found[compiled.tangle.members[-1]], results = compiled.bound(arrays, bound, batch)
                bound.append((compiled, results))
            return found
        kept: list[Sequence[float]] = [()] * len(self.tangles)
        return {
            tangle.members[-1]: partial(
                _run,
                function,
                kept,
                k,
                list(tangle.takes),
                [_reader(arrays[var], list(rows)) for var, rows in tangle.reads.items()],
                len(tangle.gives),
                [_writer(arrays[var]) for var in tangle.writes],
            )
            for k, (tangle, function) in enumerate(zip(self.tangles, self.functions, strict=True))
        }


def _run(
    function: PythonFunction,
    kept: list[Sequence[float]],
    k: int,
    takes: Sequence[int],
    readers: Sequence[Callable[[], Sequence[float]]],
    gives: int,
    writers: Sequence[tuple[Any, int]],
) -> None:
    results = function(*[kept[place] for place in takes], *[read() for read in readers])
    kept[k] = results[:gives]
    start = gives
    for column, rows in writers:
        if rows == 1:
            column[0] = results[start]  # costs half as much
        else:
            column[:] = results[start : start + rows]
        start += rows


def _reader(array: Array, rows: Sequence[int]) -> Callable[[], Sequence[float]]:
    """What reads these rows of an array of one column, or of the matrix that it is inside a grid."""
    if array.shape[1] > 1:
        return lambda: array.reshape(-1)[rows].tolist()
    column = array[:, 0]
    index = index_of(rows)
    if isinstance(index, slice):
        read: Callable[[], Sequence[float]] = column[index].tolist
        return read
    return lambda: column[index].tolist()


def _writer(array: Array) -> tuple[Any, int]:
    """Where the numbers of such an array are written to, and how many there are."""
    return (array.flat if array.shape[1] > 1 else array[:, 0]), array.size


def _examples_by_compiled(work: Sequence[Tangle]) -> int:
    """Up to how many examples they are quicker than the calls in their place."""
    saved = spent = 0.0
    for tangle in work:
        copies = len(tangle.takes) + len(tangle.reads) + len(tangle.writes)
        saved += CALL * len(tangle.members) - WORTH_IT * (NATIVE_OVERHEAD + COPY * copies)
        batched = any(var.batched for var in tangle.members)
        spent -= ROW_OF_MANY * sum(var.rows for var in tangle.members if var.batched)
        for line in tangle.lines if batched else ():
            operators, functions = line.formula.work
            spent += WORTH_IT * (OPERATOR * operators + FUNCTION * functions)
    if saved <= max(spent, 0.0):
        return 0
    return ALWAYS if spent <= 0.0 else int(saved / spent)
