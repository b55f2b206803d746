"""Tangles are the right instructions, and their lines say where each number comes from and goes to."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import MLP, Program, Value, record
from tinygrad_edu.replay.tangles import Tangle, tangles


def penalty(knobs: list[Value]) -> Value:
    """A function in which hardly two operations are alike."""
    a, b, c = knobs
    for _ in range(4):
        a, b, c = (a * b).tanh() - c, (b + c).sigmoid() / (a * a + 1.0), (c - a).exp() * b
    return a + b * c


KNOBS = [Value(0.3, "a"), Value(-0.2, "b"), Value(0.5, "c")]


def with_penalty() -> Program:
    model = MLP(8, [12, 4], "tanh", seed=0)
    return record(lambda x: sum(model(x)) ** 2 + penalty(KNOBS), (8,), [*model.parameters(), *KNOBS])


def found(program: Program, one_example: bool) -> list[Tangle]:
    return tangles(program.instructions, program._plan, one_example)[0]


def test_what_a_network_computes_stays_on_arrays_and_what_is_unlike_does_not() -> None:
    program = with_penalty()
    for one_example in (True, False):
        members = [var for tangle in found(program, one_example) for var in tangle.members]
        assert len(members) > 60
        assert len(members) == len(set(members))
        assert max(var.rows for var in members) <= 8
    assert not any(var.batched for var in members)  # of several examples, only what is the same for all of them


def test_nothing_is_taken_from_arrays_where_they_are_quicker() -> None:
    model = MLP(8, [12, 4], "tanh", seed=0)
    program = record(lambda x: sum(model(x)) ** 2, (8,), model.parameters())
    assert found(program, one_example=False) == []


def test_a_tangle_reads_rows_hands_numbers_on_and_writes_what_arrays_need() -> None:
    knobs = [Value(0.1 * k) for k in (1, 2, 3)]
    program = record(lambda: penalty(knobs), (), knobs)
    forward, backward = found(program, one_example=True)
    leaves = {var.instruction.text(): sorted(rows) for var, rows in forward.reads.items()}
    assert leaves == {"theta": [0, 1, 2]}
    assert list(forward.writes) == [program.instructions.output]
    assert list(backward.takes) == [0]
    at_hand = {*forward.reads[next(iter(forward.reads))].values(), *[line.target for line in forward.lines]}
    assert set(backward.takes[0]) == set(forward.gives) <= at_hand
    assert list(backward.writes) == [program.instructions.gradient]
    assert [len(rows) for rows in backward.writes.values()] == [3]


def test_all_that_a_line_is_made_of_is_there_before_it() -> None:
    program = with_penalty()
    written, constants = tangles(program.instructions, program._plan, one_example=True)
    given: list[Any] = []
    for tangle in written:
        there = {*constants, *[v for rows in tangle.reads.values() for v in rows.values()]}
        for place, variables in tangle.takes.items():
            assert set(variables) <= set(given[place])
            there.update(variables)
        for line in tangle.lines:
            assert there.issuperset(line.operands)
            there.add(line.target)
        assert there.issuperset([*tangle.gives, *[v for rows in tangle.writes.values() for v in rows]])
        given.append(tangle.gives)


def test_a_program_with_tangles_gives_the_numbers_of_one_without() -> None:
    program = with_penalty()
    (arrays, _), *others = program.twins(program.theta)
    assert len(others) == 2
    x = np.random.default_rng(0).normal(size=(1, 8))
    for other, _ in others:
        np.testing.assert_allclose(other.value_and_grad(x)[0], arrays.value_and_grad(x)[0], rtol=1e-14)
        np.testing.assert_allclose(other.value_and_grad(x)[1], arrays.value_and_grad(x)[1], rtol=1e-12)
