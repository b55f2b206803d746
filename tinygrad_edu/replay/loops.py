"""Loops: runs of instructions on elements, each of which can be one pass over the arrays.

NumPy makes a pass for each instruction, and writes an array that the next one reads. In a loop, a number goes through
all the instructions of a run before the next number does: what nobody else reads is never written, and what is read by
several is read once. Only what costs little is in a run: for functions such as exp or tanh, NumPy has loops of its own
that are as quick, and whose last digit is theirs.

May import: `assembly`, `builder`, `cases`, `element_formulas`, `elementwise`, `instruction`, `memory`, `rows` and
`sweep` of this folder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from tinygrad_edu.replay.assembly import Assembly
from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.cases import Cases
from tinygrad_edu.replay.element_formulas import formula_of, has_formula
from tinygrad_edu.replay.elementwise import Elementwise
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.memory import Plan
from tinygrad_edu.replay.rows import Assemble
from tinygrad_edu.replay.sweep import Instructions

__all__ = ["Loop", "loops"]

#: Fewer instructions than these are not worth a loop; what compiles a longer one takes more than its share of time.
FEWEST, LONGEST = 2, 100


class Loop(NamedTuple):
    """Instructions that follow each other and write arrays of one shape."""

    members: list[Var]
    reads: list[Var]  # the arrays, or views, that are there before
    writes: list[Var]  # the members that are read by others


def loops(instructions: Instructions, plan: Plan, apart: Collection[Var] = ()) -> list[Loop]:
    """The loops of a program, in order; what is computed `apart`, such as by tangles, is in none.

    >>> from tinygrad_edu import Value
    >>> from tinygrad_edu.replay import record
    >>> w = Value(2.0)
    >>> program = record(lambda x: [(w * x + 1.0) / (x * x), (w - x).exp()], ((),), [w])
    >>> [len(loop.members) for loop in loops(program.instructions, program._plan)]
    [2]
    """
    found = [run for way in (instructions.forward, instructions.backward) for run in _runs(way, plan, apart)]
    place = {var: k for k, run in enumerate(found) for var in run}
    read = {instructions.output, instructions.gradient, *plan.inside}
    for var in (*instructions.forward, *instructions.backward):
        read.update(operand for operand in var.operands if place.get(operand) != place.get(var, -1))
    return [Loop(run, _operands(run), [var for var in run if var in read]) for run in found if len(run) >= FEWEST]


def _operands(run: Sequence[Var]) -> list[Var]:
    """What the members read that is not computed by one of them, each once."""
    members = set(run)
    return list(dict.fromkeys(operand for var in run for operand in var.operands if operand not in members))


def _runs(way: Sequence[Var], plan: Plan, apart: Collection[Var]) -> Iterator[list[Var]]:
    """Instructions on elements that are called one after the other."""
    run: list[Var] = []
    held: set[Var] = set()  # the members, and the arrays that they are computed inside
    for var in way:
        if not _is_called(var, plan):
            continue
        is_member = var not in apart and _is_cheap(var)
        if run and not (is_member and len(run) < LONGEST and _fits(var, run, held)):
            yield run
            run, held = [], set()
        if is_member:
            run.append(var)
            held.update(_with_wholes(var, plan))
    if run:
        yield run


def _is_called(var: Var, plan: Plan) -> bool:
    """Whether something happens there at a run: not for views, and what is put together where it is."""
    if isinstance(var.instruction, Assemble) and not var.instruction.clears:
        return not all(plan.is_inside(operand, var, k) for k, operand in enumerate(var.operands))
    return not (isinstance(var.instruction, Leaf) or var.is_view or var in plan.once)


def _fits(var: Var, run: Sequence[Var], held: set[Var]) -> bool:
    """Whether it has the shape of the others, and reads none of them but element by element."""
    first, members = run[0], set(run)
    others = [operand for operand in var.operands if operand not in members]
    return (var.rows, var.batched) == (first.rows, first.batched) and held.isdisjoint(map(_memory, others))


def _with_wholes(var: Var, plan: Plan) -> Iterator[Var]:
    yield var
    while var in plan.inside:
        var = plan.inside[var].whole
        yield var


def _memory(var: Var) -> Var:
    """The array that a view shows."""
    while var.is_view and var.operands:
        var = var.operands[0]
    return var


def _is_cheap(var: Var) -> bool:
    """Whether an instruction is a few operations of the processor for each element, and no call of a function."""
    instruction = var.instruction
    if isinstance(instruction, Cases):
        return True
    return isinstance(instruction, Elementwise) and has_formula(instruction.function) and _has_no_call(instruction)


@lru_cache(maxsize=4096)
def _has_no_call(instruction: Any) -> bool:
    code = Assembly(lanes=1)
    code.number(formula_of(instruction), {f"{{{k}}}": f"%a{k}" for k in range(len(instruction.arguments))})
    return code.calls == 0
