"""What is quicker for how many examples: arrays, or straight lines for one example after the other?

An array operation takes about as long as ten lines of Python over floats, however few numbers it computes. So where
nearly every scalar has an array operation of its own, straight lines are quicker, until there are so many examples that
arrays make up for it. That is decided by counting: array operations, and lines.

May import: `builder`, `instruction`, `memory`, `scalars`, `straight` and `sweep` of this folder.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.memory import Plan
from tinygrad_edu.replay.scalars import ScalarGraph
from tinygrad_edu.replay.straight import StraightLines, is_straight
from tinygrad_edu.replay.sweep import Instructions

__all__ = ["ALWAYS", "examples_by_line", "examples_by_machine"]

# Measured, in units of a line of Python over floats, which takes about 50 ns:
#: An array operation, and each row that it computes for one example.
CALL, ROW = 10.0, 0.04
#: Reading one number of an example or a parameter, and writing its gradient.
NUMBER = 0.6
#: What else running by line takes, once.
OVERHEAD = 80.0
#: Straight lines are compiled when they are first run, so they must be quicker by this factor.
WORTH_IT = 1.5
#: In machine code, with several examples side by side: an operator, a call of a function, and reading a number or
#: writing its gradient. What it takes to begin.
OPERATOR, FUNCTION, NATIVE_NUMBER, NATIVE_OVERHEAD = 0.006, 0.5, 0.02, 8.0
#: Compiling a line, which a hundred thousand calls should make up for.
COMPILED = 0.1
#: A row of an array of many examples, for each of them; functions are computed for several numbers at once there.
ROW_OF_MANY = 0.03
#: Where straight lines are quicker for any number of examples.
ALWAYS = sys.maxsize


def examples_by_line(graph: ScalarGraph, instructions: Instructions, plan: Plan, n_leaves: int) -> int:
    """Up to how many examples straight lines are quicker than arrays; 0 where they never are.

    A line is counted for every operation, and for every input that it hands a gradient back to.
    """
    calls, rows = _array_work([*instructions.forward, *instructions.backward], plan)
    handed_back = 0 if instructions.gradient is None else sum(map(len, graph.inputs))
    lines = sum(map(bool, graph.inputs)) + handed_back + NUMBER * n_leaves
    saved, spent = CALL * calls - WORTH_IT * OVERHEAD, max(WORTH_IT * lines - ROW * rows, 1.0)
    return int(saved / spent) if saved > spent and is_straight(graph) else 0


def examples_by_machine(lines: StraightLines, instructions: Instructions, plan: Plan, n_leaves: int) -> int:
    """The same for machine code."""
    calls, rows = _array_work([*instructions.forward, *instructions.backward], plan)
    spent, written = NATIVE_NUMBER * n_leaves, [*lines.forward, *lines.backward]
    for line in written:
        operators, functions = line.formula.work
        spent += OPERATOR * operators + FUNCTION * functions
    saved = CALL * calls - WORTH_IT * NATIVE_OVERHEAD - COMPILED * len(written)
    spent = WORTH_IT * spent - ROW_OF_MANY * rows
    if saved <= max(spent, 0.0):
        return 0
    return ALWAYS if spent <= 0.0 else int(saved / spent)


def _array_work(written: Iterable[Var], plan: Plan) -> tuple[int, int]:
    """How many calls these instructions are, and how many rows they compute for each example."""
    working = [var for var in written if not (isinstance(var.instruction, Leaf) or var.is_view or var in plan.once)]
    return len(working), sum([var.rows for var in working if var.batched])
