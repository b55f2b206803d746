"""Tangles: runs of small array instructions, written out as straight lines within an array program.

An array operation on one number takes as long as on a hundred. So where a network has a loss of its own, or a penalty
in which hardly two operations are alike, most of the calls compute next to nothing. A run of such instructions is
written out here, row by row, as lines over single numbers: what they read from arrays, what they hand on to later
tangles, and what they write to arrays, for those that come after them.

May import: `number_systems`; `builder`, `cases`, `costs`, `element_formulas`, `elementwise`, `formulas`,
`indices`, `instruction`, `memory`, `prefer`, `rows`, `straight`, `sums` and `sweep` of this folder.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any, NamedTuple

from tinygrad_edu.number_systems import Symbol
from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.cases import Cases
from tinygrad_edu.replay.costs import CALL, NUMBER
from tinygrad_edu.replay.element_formulas import formula_of, has_formula, placeholders
from tinygrad_edu.replay.elementwise import Elementwise
from tinygrad_edu.replay.formulas import LineFormula, Rules
from tinygrad_edu.replay.indices import row_numbers
from tinygrad_edu.replay.instruction import Constant, Leaf, filled
from tinygrad_edu.replay.memory import Plan
from tinygrad_edu.replay.prefer import Prefer
from tinygrad_edu.replay.rows import Assemble, Repeat, Rows, Spread
from tinygrad_edu.replay.straight import StraightLine
from tinygrad_edu.replay.sums import SegmentMax, SegmentSum
from tinygrad_edu.replay.sweep import Instructions

__all__ = ["Tangle", "tangles"]

#: An instruction of more lines than these is better computed as an array.
FEW = 8
#: What running a tangle takes beside its lines, and reading or writing one array, as `costs` counts.
TANGLE, ARRAY = 20.0, 4.0
#: A tangle takes the place of array calls that cost so many times as much.
WORTH_IT = 1.5

_BY_ROWS = (Elementwise, Cases, Prefer, Rows, Repeat, Spread, Constant, Assemble, SegmentSum, SegmentMax)


class Tangle(NamedTuple):
    """Some instructions that follow each other, as lines; what it reads and writes are rows of arrays.

    Its variables are numbers, and those of all tangles of a program are told apart.
    """

    members: list[Var]
    lines: list[StraightLine]
    reads: dict[Var, dict[int, int]]  # from which array, and from which of its rows, which variable is read
    takes: dict[int, list[int]]  # from which earlier tangle which variables are taken
    gives: dict[int, None]  # the variables that later tangles take
    writes: dict[Var, list[int]]  # to which array which variables are written, one for each row


def tangles(instructions: Instructions, plan: Plan, one_example: bool) -> tuple[list[Tangle], dict[int, float]]:
    """The tangles of a program that are worth it, in order, and the constants in them by variable.

    With `one_example` all arrays have a single column; else only those that are the same for all examples.

    >>> from tinygrad_edu import Value
    >>> from tinygrad_edu.replay import record
    >>> a, b = Value(1.0), Value(2.0)
    >>> def unlike(a, b):
    ...     return (a * b.exp() - b).tanh() / (a + 2.0)
    >>> program = record(lambda: unlike(a, unlike(b, unlike(b, a))), (), [a, b])
    >>> found, _ = tangles(program.instructions, program._plan, one_example=True)
    >>> [len(tangle.lines) for tangle in found]
    [17, 49]
    """
    return _Tangled(instructions, plan, one_example).written()


class _Tangled:
    """Tangles being written."""

    def __init__(self, instructions: Instructions, plan: Plan, one_example: bool) -> None:
        self.ways = instructions.forward, instructions.backward
        self.plan = plan
        self.one_example = one_example
        self.kept = {instructions.output, instructions.gradient}
        self.variables = 0
        self.constants: dict[int, float] = {}
        self.tangle_of: dict[Var, int] = {}
        self.tangles: list[Tangle] = []
        self._rows: dict[Var, list[int]] = {}  # the variables of what tangles compute
        self._source: dict[int, int] = {}  # the tangle that computes a variable
        self._constant: dict[str, int] = {}

    def written(self) -> tuple[list[Tangle], dict[int, float]]:
        runs = [run for way in self.ways for run in self._runs(way)]
        readers = Counter(chain.from_iterable({*map(_memory, var.operands)} for var in self._computed()))
        runs = [run for run in runs if self._is_worth_it(run, readers)]
        for k, run in enumerate(runs):
            self.tangle_of.update(dict.fromkeys(run, k))
        read_as_arrays = self._read_as_arrays()
        for run in runs:
            self.tangles.append(Tangle(run, [], {}, {}, {}, {}))
            for var in run:
                self._rows[var] = list(self._written(var))
                if var in read_as_arrays:
                    self.tangles[-1].writes[var] = self._rows[var]
            self._own_all_that_is_written()
        return self.tangles, self.constants

    def _own_all_that_is_written(self) -> None:
        """What a tangle hands on is a variable of its own: of this tangle, and no constant."""
        tangle = self.tangles[-1]
        for variables in tangle.writes.values():
            for variable in variables:
                if variable not in self.constants:
                    self._taken(variable)

    # Which instructions -----------------------------------------------------------------------------------

    def _computed(self) -> Iterator[Var]:
        return (var for way in self.ways for var in way if self._is_computed(var))

    def _is_computed(self, var: Var) -> bool:
        return not (isinstance(var.instruction, Leaf) or var.is_view or var in self.plan.once)

    def _runs(self, way: Sequence[Var]) -> list[list[Var]]:
        """Instructions that follow each other, and can be written as lines."""
        runs: list[list[Var]] = [[]]
        for var in filter(self._is_computed, way):
            if self._is_small(var):
                runs[-1].append(var)
            elif runs[-1]:
                runs.append([])
        return [run for run in runs if run]

    def _is_small(self, var: Var) -> bool:
        if var.batched and not self.one_example:
            return False
        return isinstance(var.instruction, _BY_ROWS) and _work(var) <= FEW and all(map(_is_by_rows, var.operands))

    def _is_worth_it(self, run: Sequence[Var], readers: Counter[Var]) -> bool:
        """Whether the lines, with what they read and write, cost less than the calls."""
        members = set(run)
        read = {_memory(operand) for var in run for operand in var.operands} - members
        inside = Counter(chain.from_iterable({*map(_memory, var.operands)} for var in run))
        handed_on = [var for var in run if var in self.kept or readers[var] > inside[var]]
        arrays = len(read) + len(handed_on)
        spent = TANGLE + sum(map(_work, run)) + ARRAY * arrays + NUMBER * sum(min(v.rows, FEW) for v in handed_on)
        return CALL * len(run) > WORTH_IT * spent

    def _read_as_arrays(self) -> set[Var]:
        found = {_memory(var) for var in self.kept if var is not None}
        for var in self._computed():
            if var not in self.tangle_of:
                found.update(map(_memory, var.operands))
        return found

    # Lines ------------------------------------------------------------------------------------------------

    def _written(self, var: Var) -> Iterator[int]:
        """The lines of an instruction; the variable of each of its rows."""
        match var.instruction:
            case Elementwise() | Cases() as instruction:
                formula = LineFormula(formula_of(instruction))
                for row in range(var.rows):
                    yield self._line(formula, [self._row(operand, row) for operand in var.operands])
            case Prefer(otherwise, numbers):
                formula = LineFormula(_preferred(otherwise, len(numbers)))
                for row in range(var.rows):
                    operands = [self._row(operand, row) for operand in var.operands]
                    known = [None if number is None else self._known(number) for number in numbers]
                    yield self._line(formula, [*operands[:2], *filled(known, operands[2:])])
            case SegmentSum(lengths):
                yield from self._folded(var, lengths, lambda m, a, b: a + b)
            case SegmentMax(lengths):
                yield from self._folded(var, lengths, lambda m, a, b: m.maximum(a, b))
            case Assemble():
                yield from self._assembled(var, var.instruction)
            case Rows(index):
                yield from [self._row(var.operands[0], int(row)) for row in row_numbers(index, var.operands[0].rows)]

    def _folded(self, var: Var, lengths: Sequence[int], join: Callable[[Any, Any, Any], Any]) -> Iterator[int]:
        formula = LineFormula(join(Rules(), Symbol("{0}"), Symbol("{1}")))
        for start, end in pairwise(accumulate(lengths, initial=0)):
            total = self._row(var.operands[0], start)
            for row in range(start + 1, end):
                total = self._line(formula, [total, self._row(var.operands[0], row)])
            yield total

    def _assembled(self, var: Var, assemble: Assemble) -> list[int]:
        zero, added_up = self._known(0.0), LineFormula(Symbol("{0}") + Symbol("{1}"))
        rows = [zero] * var.rows
        for (index, added), part in zip(assemble.parts, var.operands, strict=True):
            for k, row in enumerate(row_numbers(index, var.rows).tolist()):
                number = self._row(part, k)
                rows[row] = self._line(added_up, [rows[row], number]) if added else number
        return rows

    def _line(self, formula: LineFormula, operands: Sequence[int]) -> int:
        target = self._new()
        self._source[target] = len(self.tangles) - 1
        self.tangles[-1].lines.append(StraightLine(target, formula, tuple(operands)))
        return target

    def _new(self) -> int:
        self.variables += 1
        return self.variables - 1

    def _row(self, var: Var, row: int) -> int:
        """The variable of a row of any array, in this tangle."""
        if var.rows == 1:
            row = 0
        if var in self._rows:
            return self._taken(self._rows[var][row])
        match var.instruction:
            case Constant(numbers):
                return self._known(numbers[row])
            case Rows(slice() as index):
                return self._row(var.operands[0], range(*index.indices(var.operands[0].rows))[row])
            case Repeat():
                return self._row(var.operands[0], 0)
            case Spread():
                return self._row(var.operands[0], row)
        read = self.tangles[-1].reads.setdefault(var, {})
        if row not in read:
            read[row] = self._new()
            self._source[read[row]] = len(self.tangles) - 1
        return read[row]

    def _taken(self, variable: int) -> int:
        """A variable as it is at hand in this tangle: another one may have to give it."""
        source, here = self._source.get(variable), len(self.tangles) - 1
        if source is not None and source != here:
            self.tangles[source].gives[variable] = None
            taken = self.tangles[here].takes.setdefault(source, [])
            if variable not in taken:
                taken.append(variable)
        return variable

    def _known(self, number: float) -> int:
        if repr(number) not in self._constant:
            self._constant[repr(number)] = variable = self._new()
            self.constants[variable] = number
        return self._constant[repr(number)]


def _memory(var: Var) -> Var:
    """The array that a view shows."""
    while var.is_view and var.operands:
        var = var.operands[0]
    return var


def _is_by_rows(operand: Var) -> bool:
    """Whether the rows of an operand are rows of what is computed or given, and no matrix."""
    while operand.is_view and operand.operands:
        if not isinstance(operand.instruction, (Rows, Repeat, Spread)):
            return False
        operand = operand.operands[0]
    return True


def _work(var: Var) -> float:
    """How many lines an instruction is; inf where a number of it cannot be written."""
    match var.instruction:
        case Elementwise(function, numbers):
            are_finite = all(number is None or math.isfinite(number) for number in numbers)
            return var.rows if has_formula(function) and are_finite else math.inf
        case Cases(numbers):
            return var.rows if all(map(math.isfinite, numbers)) else math.inf
        case Prefer():
            return var.rows
        case SegmentSum(lengths) | SegmentMax(lengths):
            return sum(lengths) - len(lengths)
        case Assemble(rows, _, parts):
            added = sum(len(row_numbers(index, rows)) for index, is_added in parts if is_added)
            return added + rows / 4
    return var.rows / 4


def _preferred(otherwise: Callable[..., Any], count: int) -> Any:
    """The same of the plain number {0}, of whether it is good, and of what the other formula takes."""
    plain, good, *inputs = placeholders(2 + count)
    return Rules().prefer(plain, good, otherwise, *inputs)
