"""Where does each array of a program live? The answer is a plan, and the same for every batch size.

Some arrays have memory of their own. Two kinds need none: what is a part of a larger array can be computed in its rows
there, and what is like an array that is not read any more can be written over it; so a program needs less memory, and
what it needs stays near the processor. What depends on constants alone is computed once, when the memory is given out.

May import: `builder`, `elementwise`, `indices`, `instruction`, `prefer` and `rows` of this folder; NumPy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.elementwise import Elementwise
from tinygrad_edu.replay.indices import Grid, Index
from tinygrad_edu.replay.instruction import Constant, Leaf
from tinygrad_edu.replay.prefer import Prefer
from tinygrad_edu.replay.rows import Assemble, Spread

__all__ = ["Part", "Plan", "planned"]


class Part(NamedTuple):
    """A place in a larger array: the part of this number of that `Assemble`."""

    whole: Var
    number: int

    @property
    def rows(self) -> Index:
        """Its rows in the larger array."""
        assert isinstance(self.whole.instruction, Assemble)
        return self.whole.instruction.parts[self.number][0]


class Plan(NamedTuple):
    """Where the arrays live that have no memory of their own. Views are where their operands are."""

    inside: dict[Var, Part]  # computed in its rows of a larger array
    over: dict[Var, Var]  # written over an array that is not read any more
    once: set[Var]  # computed once, because nothing that it depends on ever changes

    def home(self, var: Var) -> str:
        """In a word: "given", "view", "inside", "over" or "own"."""
        if isinstance(var.instruction, Leaf):
            return "given"
        if var.is_view:
            return "view"
        return "inside" if var in self.inside else "over" if var in self.over else "own"

    def is_inside(self, var: Var, whole: Var, number: int) -> bool:
        """Whether a variable is computed in the place of the part of this number."""
        return var in self.inside and self.inside[var].whole is whole and self.inside[var].number == number

    def holds_data(self, var: Var) -> bool:
        """Whether it is an input, or an array with one inside."""
        return is_data(var) or any(is_data(v) and self.is_inside(v, var, k) for k, v in enumerate(var.operands))


def planned(written: Sequence[Var], kept: Collection[Var | None]) -> Plan:
    """The plan for these instructions; what is `kept` is read when all of them have run."""
    uses = Counter(operand for var in written for operand in var.operands)
    uses.update(var for var in kept if var is not None)
    inside = _inside(written, uses)
    once = _once(written, inside)
    return Plan(inside, _over(written, kept, inside, once), once)


def _inside(written: Sequence[Var], uses: Mapping[Var, int]) -> dict[Var, Part]:
    """Parts of assembled arrays that need no copy: they can be written to a view, and nothing is added to them there.

    Where something is added to a part, nobody else may read it, and each of its rows must be written at every run: else
    what was added at one run would be there at the next.
    """
    inside: dict[Var, Part] = {}
    for var in written:
        if isinstance(var.instruction, Assemble) and not var.instruction.clears:
            only_writes = var.instruction.only_writes
            for number, ((index, added), operand) in enumerate(zip(var.instruction.parts, var.operands, strict=True)):
                is_free = operand not in inside and (only_writes or _may_be_added_to(operand, uses, inside))
                if is_free and not added and _can_be_written_to_a_view(operand, index, var):
                    inside[operand] = Part(var, number)
    apart = {var for var in inside if var.instruction.regroups and not _lies_side_by_side(var, inside)}
    return {var: part for var, part in inside.items() if var not in apart}


def _may_be_added_to(var: Var, uses: Mapping[Var, int], inside: Mapping[Var, Part]) -> bool:
    """Whether it is read once, and written as a whole at every run; so must be what is computed inside it."""
    if uses[var] > 1 or not isinstance(var.instruction, Assemble):
        return uses[var] == 1
    parts = [operand for operand in var.operands if operand in inside and inside[operand].whole is var]
    return var.instruction.writes_all and all(_may_be_added_to(part, uses, inside) for part in parts)


def _can_be_written_to_a_view(operand: Var, index: Index, whole: Var) -> bool:
    if is_data(operand):  # is copied in anyway, its examples one after the other, and so has the whole of it to be
        others = [other for other in whole.operands if other is not operand]
        return isinstance(index, slice) and index.step == 1 and all(isinstance(o.instruction, Spread) for o in others)
    is_computed = not operand.is_view and not isinstance(operand.instruction, Leaf)
    return is_computed and operand.dtype is not bool and not isinstance(index, np.ndarray)


def is_data(var: Var) -> bool:
    """Whether it is an input."""
    return isinstance(var.instruction, Leaf) and var.instruction.name.startswith("x")


def _lies_side_by_side(var: Var, inside: Mapping[Var, Part]) -> bool:
    """Whether its rows can be regrouped without a copy. The matrix inside a grid is as it should be."""
    if isinstance(inside[var].rows, Grid):
        return True
    while var in inside:
        index = inside[var].rows
        if isinstance(index, Grid) or (isinstance(index, slice) and index.step != 1):
            return False
        var = inside[var].whole
    return True


def _once(written: Sequence[Var], inside: Mapping[Var, Part]) -> set[Var]:
    """Constants, the seed, and what is made of such alone.

    What is computed inside a larger array may be added to there, so it is computed anew each time.
    """
    once: set[Var] = set()
    for var in written:
        is_fixed = isinstance(var.instruction, Constant) or var.instruction == Leaf("seed")
        if is_fixed or (var.operands and once.issuperset(var.operands) and var not in inside):
            once.add(var)
    return once


def _over(
    written: Sequence[Var], kept: Collection[Var | None], inside: Mapping[Var, Part], once: Collection[Var]
) -> dict[Var, Var]:
    """For each variable that needs no memory of its own the first one that had that memory, and is not read any more.

    A variable that is computed number by number is written over an operand, if that is read for the last time there.
    """
    last_read = _last_read(written, kept)
    first: dict[Var, Var] = {}  # for each variable with memory the one that it was given to
    free: dict[Any, list[Var]] = {}
    expiring: dict[int, list[Var]] = {}
    for position, var in enumerate(written):
        ended = expiring.pop(position, [])
        has_memory = not (var.is_view or var in inside or var in once or isinstance(var.instruction, (Leaf, Assemble)))
        if has_memory:
            below = [k for k, v in enumerate(ended) if _kind(v) == _kind(var) and _may_be_written_over(var, v)]
            same = free.get(_kind(var))
            first[var] = first[ended.pop(below[0])] if below else same.pop() if same else var
            expiring.setdefault(last_read.get(var, position + 1), []).append(var)
        for v in ended:
            free.setdefault(_kind(v), []).append(first[v])
    return {var: home for var, home in first.items() if home is not var}


def _kind(var: Var) -> Any:
    """What memory it needs."""
    return var.rows, var.batched, var.dtype


def _last_read(written: Sequence[Var], kept: Collection[Var | None]) -> dict[Var, int]:
    """Where each variable is read for the last time, by itself or as a view; what is kept, after the end."""
    last: dict[Var, int] = {var: len(written) for var in kept if var is not None}
    for position in range(len(written) - 1, -1, -1):
        var = written[position]
        moment = last.get(var, position) if var.is_view else position
        for operand in var.operands:
            last[operand] = max(last.get(operand, 0), moment)
    return last


def _may_be_written_over(var: Var, operand: Var) -> bool:
    """Whether the instruction of `var` has read all that it needs of a number of `operand` when it writes there."""
    if isinstance(var.instruction, Prefer):
        return operand is var.operands[0] and all(operand is not other for other in var.operands[1:])
    return isinstance(var.instruction, Elementwise) and var.instruction.works_in_place
