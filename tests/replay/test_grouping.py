"""Which scalars become one matrix product or one look-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, choose, dot, fsum, ops, record
from tinygrad_edu.nn import Conv2d, LSTMCell
from tinygrad_edu.replay.grouping import Block, LookUp, Variation, groups, look_ups, matrix_blocks
from tinygrad_edu.replay.scalars import ScalarGraph, Sum


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_many_products_of_a_row_and_a_column_of_their_own_are_computed_together(count: int) -> None:
    w, x = np.arange(1.0, 2 * count + 1).reshape(count, 2) / 5, np.array([np.linspace(-1.0, 1.0, 2 * count)] * 3)
    x *= [[1.0], [0.5], [2.0]]
    weights = [[Value(number) for number in row] for row in w]
    flat = [v for row in weights for v in row]
    program = record(
        lambda x: fsum(dot(row, x[2 * k : 2 * k + 2]).tanh() for k, row in enumerate(weights)), (2 * count,), flat
    )
    forward = str(program).split("backward")[0]
    assert forward.count("@") == (count if count < 3 else 0)
    y = np.tanh(np.einsum("kj,bkj->bk", w, x.reshape(3, count, 2)))
    np.testing.assert_allclose(program(x), y.sum(axis=1), rtol=1e-13)
    by_hand = np.einsum("bk,bkj->kj", 1.0 - y**2, x.reshape(3, count, 2)) / 3
    np.testing.assert_allclose(program.value_and_grad(x)[1], by_hand.ravel(), rtol=1e-12)


def test_two_indices_into_one_table_are_one_look_up() -> None:
    table = [[Value(float(3 * r + c)) for c in range(2)] for r in range(3)]
    flat = [v for row in table for v in row]
    program = record(lambda k: [choose(i, column) for i in k for column in zip(*table, strict=True)], (2,), flat)
    assert str(program).count("places of x0 among 3×2") == 1
    assert str(program).count("places of") == 1
    np.testing.assert_array_equal(program(np.array([[2, 0]])), [[6.0, 7.0, 0.0, 1.0]])


def test_one_product_with_two_addends_is_two_sums() -> None:
    w, b = [Value(2.0), Value(3.0)], [Value(10.0), Value(20.0)]
    program = record(lambda x: [dot(w, x, b[0]), dot(w, x, b[1]), dot(x, w, b[0]), dot(w, x)], (2,), [*w, *b])
    np.testing.assert_array_equal(program(np.array([[1.0, 2.0], [0.0, 1.0]])), [[18, 28, 18, 8], [13, 23, 13, 3]])


def test_products_of_their_own_and_a_matrix_product_side_by_side() -> None:
    w = [Value(0.5 * k - 1.0) for k in range(8)]
    x = np.random.default_rng(0).normal(size=(3, 8))

    def function(x: Any) -> list[Any]:
        alone = [dot(w[k : k + 2], x[k : k + 2]) for k in (0, 2, 4)]
        return [v.tanh() for v in [*alone, dot(w[4:6], x[6:8]), dot(w[6:8], x[6:8])]]

    m = 0.5 * np.arange(8.0) - 1.0
    by_hand = [x[:, k : k + 2] @ m[k : k + 2] for k in (0, 2, 4)] + [x[:, 6:8] @ m[4:6], x[:, 6:8] @ m[6:8]]
    program = record(function, (8,), w)
    np.testing.assert_allclose(program(x), np.tanh(np.column_stack(by_hand)), rtol=1e-13)
    assert str(program).split("backward")[0].count("@") == 1


def test_two_indices_with_a_table_each_look_into_their_own() -> None:
    w = [Value(2.0), Value(3.0), Value(5.0), Value(7.0)]
    program = record(
        lambda i, j, x: choose(i, [w[0] * x, w[1] * x]) - 0.5 * choose(j, [w[2] * x, w[3] * x]), ((), (), ()), w
    )
    i, j, x = np.array([0, 1, 1, 0]), np.array([0, 0, 1, 1]), np.array([1.0, 2.0, -1.0, 4.0])
    np.testing.assert_array_equal(program(i, j, x), np.array([2.0, 3.0])[i] * x - np.array([2.5, 3.5])[j] * x)
    np.testing.assert_array_equal(program.value_and_grad(i, j, x)[1], [5 / 4, 1 / 4, -3 / 8, -3 / 8])


@pytest.mark.parametrize("padding", [0, 1])
def test_a_convolution_is_one_matrix_product_and_padding_does_not_change_that(padding: int) -> None:
    convolution = Conv2d(1, 3, 3, padding=padding, seed=0)
    program = record(
        lambda x: fsum(v.tanh() for channel in convolution([x]) for row in channel for v in row),
        ((6, 6),),
        convolution.parameters(),
    )
    lines = str(program).splitlines()
    assert sum("@" in line for line in lines[: lines.index("backward")]) == 1
    image = np.random.default_rng(0).normal(size=(6, 6))
    mean, gradient = program.value_and_grad(image[None])
    eager = fsum(v.tanh() for channel in convolution([image]) for row in channel for v in row)
    eager.backward()
    np.testing.assert_allclose(mean, eager.data, rtol=1e-12)
    np.testing.assert_allclose(gradient, [p.grad for p in convolution.parameters()], rtol=1e-11)


def test_the_order_of_factors_and_a_sum_around_them_leave_a_product_a_matrix_product() -> None:
    weights = [[Value(0.1 * (i - j)) for j in range(3)] for i in range(4)]
    flat = [w for row in weights for w in row]
    functions: list[Callable[[Any], Any]] = [
        lambda x: fsum(sum(v * w for v, w in zip(x, row, strict=True)).tanh() for row in weights),
        lambda x: fsum(dot(x, row).tanh() for row in weights),
        lambda x: fsum(dot(row, x) for row in weights),
    ]
    for function in functions:
        program = record(function, (3,), flat)
        lines = str(program).splitlines()
        products = [line for line in lines[: lines.index("backward")] if "@" in line]
        assert len(products) == 1
        assert "theta[4×3]" in products[0]


# By hand --------------------------------------------------------------------------------------------------


#: Scalars below 10 are parameters, those from 20 on constants, and the others vary with the examples.
variation = [Variation.PARAMETERS] * 10 + [Variation.EXAMPLES] * 10 + [Variation.NOTHING] * 10


def products(left: list[int], right: list[int], *addends: int) -> Sum:
    return Sum(tuple(left), tuple(right), addends)


def test_scalars_of_one_operation_are_a_group_but_not_those_that_all_examples_share() -> None:
    graph = ScalarGraph([Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)])
    level = [graph.operation(ops.tanh, (k,)) for k in range(4)]
    level += [graph.operation(ops.exp, (0,)), graph.operation(ops.logsumexp, (0, 1))]
    level += [graph.operation(ops.logsumexp, (1,)), graph.operation(ops.choose, (0, 2, 3))]
    level.append(graph.operation(ops.add, (0, 1)))
    found = groups(level, graph, {level[-1]: Sum((), (), (0, 1))})
    assert [(group.way, group.operation.method, group.scalars) for group in found] == [
        ("elementwise", "tanh", level[:2]),
        ("elementwise", "tanh", level[2:4]),
        ("elementwise", "exp", [level[4]]),
        ("runs", "logsumexp", level[5:7]),
        ("tables", "choose", [level[7]]),
        ("sums", "add", [level[8]]),
    ]


def test_all_rows_of_weights_with_all_columns_of_values_are_a_block() -> None:
    """Rows of weights (0, 1) and (2, 3), and columns of values (10, 11) and (11, 12); factors in any order."""
    sums = {
        30: products([0, 1], [10, 11]),
        31: products([0, 12], [11, 1]),
        32: products([2, 11], [10, 3]),
        33: products([2, 3], [11, 12]),
    }
    blocks, others = matrix_blocks([30, 31, 32, 33], sums, variation)
    assert blocks == [Block([(0, 1), (2, 3)], [(10, 11), (11, 12)], [30, 31, 32, 33])]
    assert others == []


def test_rows_are_in_the_order_of_the_parameters_whatever_the_order_of_the_sums() -> None:
    sums = {30: products([4], [10]), 31: products([0], [10]), 32: products([0], [11]), 33: products([4], [11])}
    blocks, _ = matrix_blocks([30, 31, 32, 33], sums, variation)
    assert blocks == [Block([(0,), (4,)], [(10,), (11,)], [31, 32, 30, 33])]


def test_gates_that_are_computed_unit_by_unit_are_one_matrix_of_the_parameters() -> None:
    cell = LSTMCell(2, 3, seed=0)
    program = record(lambda x: fsum(cell(x, ([0.5] * 3, [0.0] * 3))[0]), ((2,),), cell.parameters())
    assert " = theta[12×6] @ v1 " in str(program)


def test_rows_that_do_not_meet_all_columns_are_other_blocks() -> None:
    sums = {30: products([0], [10]), 31: products([1], [10]), 32: products([0], [11])}
    blocks, others = matrix_blocks([30, 31, 32], sums, variation)
    assert blocks == [Block([(0,), (1,)], [(10,)], [30, 31]), Block([(0,)], [(11,)], [32])]
    assert others == []


def test_sums_with_more_addends_are_other_blocks_and_the_same_product_again_is_none() -> None:
    sums = {30: products([0], [10], 5), 31: products([1], [10], 6), 32: products([2], [10]), 33: products([0], [10], 7)}
    blocks, others = matrix_blocks([30, 31, 32, 33], sums, variation)
    assert [block.scalars for block in blocks] == [[30, 31], [32]]
    assert others == [33]


def test_products_of_two_of_a_kind_and_products_that_no_example_changes_are_no_block() -> None:
    sums = {30: products([0, 10], [10, 11]), 31: products([0], [1]), 32: products([0], [20]), 33: products([20], [10])}
    blocks, others = matrix_blocks([30, 31, 32, 33], sums, variation)
    assert blocks == [Block([(20,)], [(10,)], [33])]
    assert others == [30, 31, 32]


def test_a_constant_may_stand_among_the_values() -> None:
    blocks, _ = matrix_blocks([30], {30: products([20, 0], [1, 10])}, variation)
    assert blocks == [Block([(1, 0)], [(20, 10)], [30])]


@pytest.mark.parametrize(("count", "kept"), [(1, 1), (2, 2), (3, 0)])
def test_more_than_two_blocks_of_a_single_product_are_none(count: int, kept: int) -> None:
    sums = {30 + k: products([k], [10 + k]) for k in range(count)}
    blocks, others = matrix_blocks(list(sums), sums, variation)
    assert (len(blocks), len(others)) == (kept, count - kept)


def test_choices_by_different_indices_from_one_table_are_one_look_up() -> None:
    inputs = [(100, 1, 2), (100, 3, 4), (101, 1, 2), (101, 3, 4)]
    assert look_ups([0, 1, 2, 3], inputs) == [LookUp([100, 101], [(1, 2), (3, 4)], False, [0, 1, 2, 3])]


def test_other_choices_are_one_look_up_for_each_number_of_options() -> None:
    inputs = [(100, 1, 2), (101, 3, 4), (102, 5, 6, 7), (100, 7, 8)]
    assert look_ups([0, 1, 2, 3], inputs) == [
        LookUp([100, 100, 101], [(1, 2), (7, 8), (3, 4)], True, [0, 3, 1]),
        LookUp([102], [(5, 6, 7)], True, [2]),
    ]
