"""Which scalars become one matrix product or one look-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import (
    Value,
    choose,
    dot,
    fsum,
    record,
)
from tinygrad_edu.nn import Conv2d


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
