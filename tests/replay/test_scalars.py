"""Numbered scalars: constants folded, equal ones shared, sums gathered, levels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu import Value, dot, fsum, ops, record
from tinygrad_edu.replay.scalars import ScalarGraph, Sum


def graph_of(output: Callable[..., Value]) -> tuple[ScalarGraph, dict[int, Sum]]:
    """The scalars of a function of one input, 0, and three parameters, 1 to 3."""
    leaves = [Value(2.0), Value(3.0), Value(5.0), Value(7.0)]
    graph = ScalarGraph(leaves[:1], leaves[1:])
    result = output(*leaves)
    graph.include([result], Value.apply(ops.fsum, [result]))
    return graph, graph.gather_sums()


def test_a_sum_is_gathered_from_two_products_or_three_terms_on() -> None:
    for function, sums in (
        (lambda x, a, b, c: a + b, {}),
        (lambda x, a, b, c: a * x + b, {}),
        (lambda x, a, b, c: a + b + c, {5: Sum((), (), (1, 2, 3))}),
        (lambda x, a, b, c: a + (b + c), {5: Sum((), (), (1, 2, 3))}),
        (lambda x, a, b, c: a * x + b * x, {6: Sum((1, 2), (0, 0), ())}),
        (lambda x, a, b, c: a * x + b + c, {6: Sum((1,), (0,), (2, 3))}),
        (lambda x, a, b, c: fsum([a]), {4: Sum((), (), (1,))}),
        (lambda x, a, b, c: dot([a], [x], b), {4: Sum((1,), (0,), (2,))}),
        (lambda x, a, b, c: dot([a], [x]), {5: Sum((1,), (0,), ())}),
    ):
        assert graph_of(function)[1] == sums


def test_a_sum_takes_in_what_only_it_uses() -> None:
    def shared(x: Any, a: Any, b: Any, c: Any) -> Any:
        product, total = a * x, a + b + c
        return product.tanh() + product + total + total.exp()

    graph, sums = graph_of(shared)
    assert sums == {8: Sum((), (), (1, 2, 3)), 11: Sum((), (), (5, 4, 8, 10))}
    assert graph.levels(sums) == [[4, 8], [5, 10], [11]]
    assert graph.recorded == 8


def test_what_is_multiplied_by_1_is_what_it_is() -> None:
    graph = ScalarGraph([Value(2.0)], [])
    one = graph.constant(1.0)
    assert graph.operation(ops.multiply, (0, one)) == 0
    assert graph.operation(ops.multiply, (one, 0)) == 0
    assert graph.operation(ops.multiply, (0, 0)) == 2
    assert graph.operation(ops.multiply, (0, 0)) == 2
    assert graph.varies == [True, False, True]
    assert ScalarGraph([Value(2.0)], [Value(3.0)]).varies == [True, False]
    assert (graph.constant(0.0), graph.constant(-0.0), graph.constant(0.0)) == (3, 4, 3)
    assert graph.constants == {1: 1.0, 3: 0.0, 4: 0.0}


def test_a_sum_that_is_an_output_is_no_part_of_another() -> None:
    a, b = Value(2.0), Value(3.0)

    def sums(x: Any) -> list[Any]:
        total, product = x + a + b, x * a
        return [total, total + x + a, product, product + b + x, dot([a, b], [x, x], total)]

    program = record(sums, ((),), [a, b])
    np.testing.assert_array_equal(program(np.array([1.0])), [[6.0, 9.0, 2.0, 6.0, 11.0]])


def test_a_sum_of_two_keeps_the_sign_of_zero() -> None:
    """Of more, and of products, NumPy decides it."""
    w = [Value(-0.0), Value(-0.0)]
    functions: dict[str, Callable[[], Any]] = {
        "-0.0 + -0.0": lambda: w[0] + w[1],
        "-0.0 + 0.0": lambda: w[0] + 0.0,
        "0 + -0.0": lambda: sum(w[:1]),
        "0 + -0.0 + -0.0": lambda: sum(w),
        "-0.0 - 0.0": lambda: w[0] - 0.0,
        "-0.0 * 1.0": lambda: w[0] * 1.0,
        "-0.0 * -1.0": lambda: w[0] * -1.0,
        "-0.0 ** 1": lambda: w[0] ** 1,
    }
    for name, function in functions.items():
        ours, theirs = record(function, (), w)()[0], function().data
        assert math.copysign(1.0, ours) == math.copysign(1.0, theirs), name


def test_what_constants_make_is_a_constant_and_equal_work_is_done_once() -> None:
    """x is 0 and w is 1. The others are numbered in the order in which they are met."""
    x, w = Value(2.0), Value(3.0)
    graph = ScalarGraph([x], [w])
    outputs = [(Value(2.0) * 3.0).exp() * x, x * w, x * w + Value(4.0), w * x]
    graph.include(outputs, joined=fsum(outputs))
    assert sorted(graph.constants.values()) == [2.0, 3.0, 4.0, 6.0, math.exp(6.0)]
    assert graph.outputs[1] != graph.outputs[3], "only the order that was written is known to be the same work"
    operations = [operation.method for operation in graph.operations if operation is not None]
    assert operations == ["multiply", "multiply", "add", "multiply"]
    assert graph.varies[graph.outputs[0]]
    assert graph.recorded == 7


def test_a_level_is_one_more_than_the_highest_of_the_inputs() -> None:
    graph, sums = graph_of(lambda x, a, b, c: (a * x).tanh() * b.exp() - c)
    by_level = [[graph.operations[k].method for k in level] for level in graph.levels(sums)]
    assert by_level == [["multiply", "exp"], ["tanh"], ["multiply"], ["subtract"]]


def test_a_sum_of_dots_leaves_them_alone_and_zeros_out() -> None:
    graph, sums = graph_of(lambda x, a, b, c: fsum([dot([a], [x], b), dot([b], [x], 0.0), Value(0.0)]))
    assert [graph.operations[k].method for k in sums] == ["fsum", "dot", "dot"]
    assert [(len(s.left), len(s.addends)) for s in sums.values()] == [(0, 2), (1, 0), (1, 1)]


def test_0_and_minus_0_are_two_constants_and_all_nans_are_one() -> None:
    graph = ScalarGraph([], [])
    nan = math.nan
    assert [graph.constant(number) for number in (0.0, -0.0, nan, 0.0, -nan, float("nan"))] == [0, 1, 2, 0, 2, 2]
