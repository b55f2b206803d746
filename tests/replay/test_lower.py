"""From scalars to the instructions of the forward program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from replay.comparing import exactly

from tinygrad_edu import (
    Program,
    Value,
    dot,
    fsum,
    ops,
    record,
    where,
)
from tinygrad_edu.functions import applied
from tinygrad_edu.op import RULE_BOOK, op
from tinygrad_edu.replay.scalars import ScalarGraph

INF, NAN = math.inf, math.nan
P = [Value(0.8), Value(-2.0)]
p, q = P


def program_of(outputs: Sequence[Value], inputs: Sequence[Value], params: Sequence[Value]) -> Program:
    """The program for a graph that eager code built, on an example whose numbers play no part."""
    graph = ScalarGraph(inputs, params)
    graph.include(outputs, joined=Value.apply(ops.fsum, outputs))
    return Program(graph, [()] * len(inputs), params, [], len(outputs) == 1)


def test_a_graph_of_values_that_hold_an_example_is_a_program_for_all() -> None:
    x, w = Value(5.0), Value(2.0)
    program = program_of([(x * w + Value(1.0)) ** 2], [x], [w])
    np.testing.assert_array_equal(program(np.array([1.0, -1.0])), [9.0, 1.0])
    mean, gradient = program.value_and_grad(np.array([1.0, -1.0]))
    np.testing.assert_array_equal([mean, *gradient], [5.0, 4.0])


NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, INF, -INF, NAN)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_answer_may_be_a_constant_at_every_batch_size(number: float) -> None:
    x, w = Value(5.0), Value(2.0)
    for answer in (Value(number), Value(number) * 1.0, fsum([Value(number), 0.0])):
        program = program_of([answer], [x], [w])
        listed = program_of([answer, answer, x, w, x], [x], [w])
        for batch in (0, 1, 2, 17):
            given = np.linspace(-1.0, 1.0, batch)
            np.testing.assert_array_equal(program(given), np.full(batch, number))
            mean, gradient = program.value_and_grad(given)
            np.testing.assert_array_equal(mean, number if batch else NAN)
            np.testing.assert_array_equal(gradient, [0.0])
            columns = [np.full(batch, number), np.full(batch, number), given, np.full(batch, 2.0), given]
            np.testing.assert_array_equal(listed(given), np.column_stack(columns))


def test_without_inputs_and_without_parameters() -> None:
    program = program_of([Value(3.0).exp()], [], [])
    np.testing.assert_array_equal(program(), [np.exp(3.0)])
    mean, gradient = program.value_and_grad()
    assert mean == np.exp(3.0)
    assert gradient.shape == (0,)
    assert record(lambda x, unused: x, ((), 4), [])(np.ones(2), np.ones((2, 4))).tolist() == [1.0, 1.0]


def test_the_two_zeros_are_two_constants() -> None:
    declared = op(
        "beside",
        lambda m, a, b: m.prefer(a, a < 0.0, lambda m, a, b: a / b, a, b),
        (lambda m, y, a, b: 1.0, lambda m, y, a, b: 0.0),
    )
    try:
        program = record(
            lambda x: [x / 0.0, x / -0.0, applied(declared, [x, 0.0]), applied(declared, [x, -0.0]), 0.0 * p], ((),), P
        )
    finally:
        del RULE_BOOK["beside"]
    exactly(program(np.array([2.0])), [[INF, -INF, INF, -INF, 0.0]])
    exactly(record(lambda: [p / 1.0 / 1.0, q / 0.0 / -0.0], (), P)(), [[0.8, INF]])  # q < 0
    x, w = Value(5.0), Value(2.0)
    exactly(program_of([Value(0.0), Value(-0.0), x], [x], [w])(np.array([2.0])), [[0.0, -0.0, 2.0]])


def test_equal_work_becomes_few_operations() -> None:
    """The listing names the operations; a convolution and a chain of × and + become matrix products."""
    weights = [[Value(0.1 * (i + j)) for j in range(3)] for i in range(2)]
    flat = [w for row in weights for w in row]

    def convolution(x: Any) -> Any:
        return fsum(dot(row, x[p : p + 3]).relu() for row in weights for p in range(6))

    def plain(x: Any) -> Any:
        total: Any = 0
        for row in weights:
            for p in range(6):
                total = total + sum(w * v for w, v in zip(row, x[p : p + 3], strict=True)).relu()
        return total

    x = np.random.default_rng(0).normal(size=(5, 8))
    programs = [record(function, (8,), flat) for function in (convolution, plain)]
    for program in programs:
        lines = str(program).splitlines()
        assert sum("@" in line for line in lines[: lines.index("backward")]) == 1
        assert "theta[2×3]" in str(program)
        assert any(line.endswith("Values") for line in lines)
    np.testing.assert_allclose(programs[0].value_and_grad(x)[1], programs[1].value_and_grad(x)[1], rtol=1e-12)


def test_no_gradient_flows_into_a_comparison_even_from_an_infinite_upstream() -> None:
    w = Value(1.0)
    program = record(lambda x: where(w > x, x, 1.0).log(), ((),), [w])
    values, gradient = program.values_and_grad(np.array([0.0]))
    np.testing.assert_array_equal(values, [-np.inf])
    np.testing.assert_array_equal(gradient, [0.0])
    where(w > 0.0, Value(0.0), 1.0).log().backward()
    assert w.grad == 0.0
