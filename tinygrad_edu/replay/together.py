"""Step 4, in the end: slopes that several steps have alike are computed together.

A local derivative depends on numbers of the forward pass alone. So the slopes of tanh at the steps of a recurrence need
not wait for the gradient to come by, step after step: one array operation computes them for several steps. Of small
arrays that takes as long as for one.

May import: `builder`, `cases`, `elementwise`, `prefer` and `rows` of this folder.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.cases import Cases
from tinygrad_edu.replay.elementwise import Elementwise
from tinygrad_edu.replay.prefer import Prefer
from tinygrad_edu.replay.rows import Assemble

__all__ = ["slopes_together"]

#: So many rows are computed together: few enough to be near the processor still when the sweep needs them, of which it
#: needs the last first. Where that is not for as many slopes as `LEAST`, each is computed by itself.
ROWS, LEAST = 150, 3


def slopes_together(builder: Builder, forward: Collection[Var], backward: Sequence[Var]) -> dict[Var, Var]:
    """Write the backward instructions anew where slopes can be computed together: what stands for which of them.

    >>> from tinygrad_edu import Value
    >>> from tinygrad_edu.replay import record
    >>> w = Value(0.5)
    >>> def recurrence(x):
    ...     state = 0.0
    ...     for number in x:
    ...         state = (w * state + number).tanh()
    ...     return state
    >>> print(str(record(recurrence, (6,), [w])).count("saturated_tanh_slope"))
    1
    """
    slopes = _Slopes(builder, forward)
    for var in backward:
        slopes.look_at(var)
    together = slopes.together()
    instead: dict[Var, Var] = {}
    for var in backward:
        if var in together:
            instead[var] = slopes.rows(*together[var])
        elif any(operand in instead for operand in var.operands):
            operands = [instead.get(operand, operand) for operand in var.operands]
            instead[var] = builder.write(var.instruction, operands, var.rows, var.batched)
    return instead


class _Slopes:
    """The backward instructions that no gradient goes into, number by number, and which of them are alike."""

    def __init__(self, builder: Builder, forward: Collection[Var]) -> None:
        self.builder = builder
        self.forward = set(forward)
        self.alike: list[list[Var]] = []  # for each kind of them all, in the order in which the sweep needs them
        self._kinds: dict[Any, int] = {}
        self._kind: dict[Var, int] = {}
        self._wholes: dict[tuple[int, int], Var] = {}  # by kind and the place of the first
        self._stacks: dict[tuple[int, ...], Var] = {}  # by what is in them

    def look_at(self, var: Var) -> None:
        """Take note of an instruction, if it is such a one; what is the same for all examples is left to `tangles`."""
        by_number = isinstance(var.instruction, (Elementwise, Cases, Prefer))
        if var.batched and by_number and all(self._fits(operand, var) for operand in var.operands):
            kind = (var.instruction.key(), var.rows, *map(self._kind.get, var.operands))
            self._kind[var] = self._kinds.setdefault(kind, len(self._kinds))
            if self._kind[var] == len(self.alike):
                self.alike.append([])
            self.alike[self._kind[var]].append(var)

    def _fits(self, operand: Var, var: Var) -> bool:
        is_known = operand in self._kind or (operand in self.forward and operand.dtype is float)
        return is_known and operand.batched and operand.rows == var.rows

    def together(self) -> dict[Var, tuple[int, int]]:
        """The slopes that are computed with others: of which kind, and which of them, each is."""
        joined: set[int] = set()
        for kind, members in enumerate(self.alike):
            columns = zip(*[var.operands for var in members], strict=True)
            if ROWS // members[0].rows >= LEAST <= len(members) and all(self._is_one(c, joined) for c in columns):
                joined.add(kind)
        return {var: (kind, place) for kind in joined for place, var in enumerate(self.alike[kind])}

    def _is_one(self, operands: Sequence[Var], joined: Collection[int]) -> bool:
        """Whether these can be one array: numbers of the forward pass, or all slopes of a kind, in their order."""
        kind = self._kind.get(operands[0])
        return kind is None or (kind in joined and [*map(id, operands)] == [*map(id, self.alike[kind])])

    def rows(self, kind: int, place: int) -> Var:
        """The slope at this place among those of a kind, as some rows of an array."""
        rows = self.alike[kind][0].rows
        size = ROWS // rows
        first = place % size * rows
        return self.builder.rows(self._whole(kind, place - place % size, size), slice(first, first + rows, 1))

    def _whole(self, kind: int, start: int, size: int) -> Var:
        """The array of so many slopes of a kind."""
        if (kind, start) not in self._wholes:
            members = self.alike[kind][start : start + size]
            columns = zip(*[var.operands for var in members], strict=True)
            operands = [self._column(column, start, size) for column in columns]
            instruction, rows = members[0].instruction, members[0].rows * len(members)
            self._wholes[kind, start] = self.builder.write(instruction, operands, rows, batched=True)
        return self._wholes[kind, start]

    def _column(self, operands: Sequence[Var], start: int, size: int) -> Var:
        """These operands as one array."""
        if operands[0] in self._kind:
            return self._whole(self._kind[operands[0]], start, size)
        these = tuple(map(id, operands))
        if these not in self._stacks:
            rows = operands[0].rows
            parts = tuple([(slice(k * rows, (k + 1) * rows, 1), False) for k in range(len(operands))])
            stack = Assemble(rows * len(operands), True, parts, clears=False)
            self._stacks[these] = self.builder.write(stack, operands, stack.rows, batched=True)
        return self._stacks[these]
