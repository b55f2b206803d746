"""Which instructions become one loop, and what it reads and writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.comparing import leaf

from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.loops import LONGEST, Loop, loops
from tinygrad_edu.replay.memory import planned
from tinygrad_edu.replay.rows import Assemble
from tinygrad_edu.replay.sweep import Instructions


@pytest.fixture
def builder() -> Builder:
    return Builder()


def loops_of(builder: Builder, output: Var, apart: Any = ()) -> list[Loop]:
    instructions = Instructions(builder.written, [], output, None, {})
    return loops(instructions, planned(builder.written, {output}), apart)


def test_cheap_instructions_that_follow_each_other_are_a_loop_that_writes_only_what_others_read(
    builder: Builder,
) -> None:
    x, y = leaf(builder, "x", 4), leaf(builder, "y", 4)
    a = x * y
    b = builder.where(a > 0.0, 1.0, 0.0)
    c = a + b
    d = builder.tanh(c)
    (loop,) = loops_of(builder, d)
    assert loop == Loop([a, a > 0.0, b, c], [x, y], [c])


def test_functions_that_cost_more_end_a_loop_and_one_instruction_is_none(builder: Builder) -> None:
    x = leaf(builder, "x", 4)
    a = builder.exp(x * 2.0)
    b = a + 1.0
    c = 1.0 / b
    d = builder.power(c, 3.0)
    assert [loop.members for loop in loops_of(builder, d * 2.0)] == [[b, c]]


def test_another_shape_ends_a_loop(builder: Builder) -> None:
    x = leaf(builder, "x", 4)
    a, b = x * 2.0, x + 1.0
    view = builder.rows(x, slice(0, 2, 1))
    c, d = view * 3.0, view - 1.0
    e = d + c
    assert [loop.members for loop in loops_of(builder, e)] == [[a, b], [c, d, e]]


def test_what_reads_other_elements_of_a_member_is_in_another_loop(builder: Builder) -> None:
    x = leaf(builder, "x", 1)
    a = x * 2.0
    b = a + 1.0
    spread = builder.repeat(b, 3)
    c = spread * 2.0
    assert [loop.members for loop in loops_of(builder, c + spread)] == [[a, b], [c, c + spread]]


def test_what_reads_an_array_that_a_member_is_computed_inside_is_in_another_loop(builder: Builder) -> None:
    x = leaf(builder, "x", 2)
    a, b = x * 2.0, x + 1.0
    parts = ((slice(0, 2, 1), False), (slice(2, 4, 1), False))
    whole = builder.write(Assemble(4, True, parts, False), [a, b], 4, True)
    view = builder.rows(whole, slice(1, 3, 1))
    c = view * view
    d = c + x
    found = loops_of(builder, d)
    assert [(loop.members, loop.writes) for loop in found] == [([a, b], [a, b]), ([c, d], [d])]


def test_what_is_computed_apart_is_in_no_loop_and_a_long_run_is_cut(builder: Builder) -> None:
    x = leaf(builder, "x", 4)
    members = [x]
    for k in range(LONGEST + 5):
        members.append(members[-1] * (2.0 + k))
    assert [len(loop.members) for loop in loops_of(builder, members[-1])] == [LONGEST, 5]
    found = loops_of(builder, members[-1], apart={members[3]})
    assert [loop.members[0] for loop in found] == [members[1], members[4], members[4 + LONGEST]]
    assert found[0].writes == [members[2]]


def test_rows_in_another_order_are_no_loop(builder: Builder) -> None:
    a = leaf(builder, "x", 4) * 2.0
    b = builder.rows(a, np.array([3, 0, 1, 2])) + a
    assert loops_of(builder, b) == []
