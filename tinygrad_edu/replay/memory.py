"""Where does each array of a program live? The answer is a plan, and the same for every batch size.

Most arrays have memory of their own. Two kinds need none: what is a part of a larger array can be computed in its rows
there, and numbers that replace some of a plain formula's can be written over these. And what depends on constants alone
is computed once, when the memory is given out.

May import: `builder`, `elementwise`, `indices`, `instruction`, `prefer` and `rows` of this folder; NumPy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

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
    over: dict[Var, Var]  # written over the plain numbers, some of which it replaces
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
    inside = _inside(written, uses)
    once = _once(written, inside)
    return Plan(inside, _over(written, uses, kept, inside, once), once)


def _inside(written: Sequence[Var], uses: Mapping[Var, int]) -> dict[Var, Part]:
    """Parts of assembled arrays that need no copy: they can be written to a view, and nothing is added to them there.

    Where something is added to a part, nobody else may read it.
    """
    inside: dict[Var, Part] = {}
    for var in written:
        if isinstance(var.instruction, Assemble) and not var.instruction.clears:
            only_writes = var.instruction.only_writes
            for number, ((index, added), operand) in enumerate(zip(var.instruction.parts, var.operands, strict=True)):
                is_free = operand not in inside and (only_writes or uses[operand] == 1)
                if is_free and not added and _can_be_written_to_a_view(operand, index, var):
                    inside[operand] = Part(var, number)
    apart = {var for var in inside if var.instruction.regroups and not _lies_side_by_side(var, inside)}
    return {var: part for var, part in inside.items() if var not in apart}


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
    written: Sequence[Var],
    uses: Mapping[Var, int],
    kept: Collection[Var | None],
    inside: Mapping[Var, Part],
    once: Collection[Var],
) -> dict[Var, Var]:
    """For each `Prefer` its plain numbers, where nobody else reads these and they are computed anew each time."""
    over: dict[Var, Var] = {}
    for var in written:
        if isinstance(var.instruction, Prefer) and var not in inside:
            plain = var.operands[0]
            is_read_elsewhere = uses[plain] > 1 or plain in kept
            is_computed_anew = isinstance(plain.instruction, Elementwise) and plain not in once
            if is_computed_anew and not is_read_elsewhere:
                over[var] = plain
    return over
