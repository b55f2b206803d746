"""Which sums of products are stacks of matrix products, and that they stay what eager code computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, dot, fsum, logsumexp, record
from tinygrad_edu.nn import MultiheadAttention
from tinygrad_edu.replay.run import Program
from tinygrad_edu.replay.scalars import Sum
from tinygrad_edu.replay.stacking import Stack, stacks

INF, NAN = math.inf, math.nan


def place(vector: tuple[int, ...]) -> int:
    return vector[0]


def matrix(first: int, count: int, length: int) -> list[tuple[int, ...]]:
    """Vectors of scalars of their own."""
    return [tuple(range(first + k * length, first + (k + 1) * length)) for k in range(count)]


ROWS, COLUMNS = matrix(100, 4, 4), matrix(200, 5, 4)


def all_sums(rows: Any, columns: Any, first: int = 0, *addends: int) -> dict[int, Sum]:
    """A sum for each row and each column."""
    return {first + k: Sum(row, column, addends) for k, (row, column) in enumerate(product(rows, columns))}


def test_each_row_with_each_column_is_one_product_whatever_the_order_of_the_sums() -> None:
    sums = all_sums(ROWS, COLUMNS)
    assert stacks(list(sums)[::-1], sums, place) == ([Stack([ROWS], [COLUMNS], list(range(20)))], [])


def test_what_there_is_more_of_are_columns() -> None:
    sums = all_sums(COLUMNS, ROWS)
    expected = [4 * column + row for row, column in product(range(4), range(5))]
    assert stacks(list(sums), sums, place) == ([Stack([ROWS], [COLUMNS], expected)], [])


def test_sums_that_share_no_factor_are_other_products_of_the_stack_in_their_place() -> None:
    later_rows, later_columns = matrix(300, 4, 4), matrix(400, 5, 4)
    sums = all_sums(later_rows, later_columns, 20) | all_sums(ROWS, COLUMNS)
    assert stacks(list(sums), sums, place)[0] == [Stack([ROWS, later_rows], [COLUMNS, later_columns], list(range(40)))]


def test_sums_that_nobody_needs_are_left_out() -> None:
    """Row i meets the columns up to i, as positions see those before them."""
    columns = COLUMNS[:4]
    sums = {k: s for k, s in all_sums(ROWS, columns).items() if k // 4 >= k % 4}
    (stack,), others = stacks(list(sums), sums, place)
    assert stack.sums == [0, None, None, None, 4, 5, None, None, 8, 9, 10, None, 12, 13, 14, 15]
    assert (stack.needed, others) == (list(sums), [])


@pytest.mark.parametrize("exchanged", [False, True])
def test_a_column_that_is_cut_off_is_continued_beside_zeros(exchanged: bool) -> None:
    rows = [(100,), (110, 111), (120, 121, 122), (130, 131, 132, 133)]
    sums = {}
    for k, (row, column) in enumerate(product(rows, COLUMNS)):
        factors = row, column[: len(row)]
        sums[k] = Sum(*(factors[::-1] if exchanged else factors), ())
    filled = [(*row, *[None] * (4 - len(row))) for row in rows]
    assert stacks(list(sums), sums, place) == ([Stack([filled], [COLUMNS], list(range(20)))], [])


def test_a_vector_that_goes_on_otherwise_is_not_continued() -> None:
    """Then both factors end with zeros."""
    columns = [(500, 501), (500, 999, 998, 997), *COLUMNS[1:3]]
    rows = [*matrix(100, 1, 2), *matrix(150, 3, 4)]
    sums = {k: Sum(row, column, ()) for k, (row, column) in enumerate(product(rows[1:], columns[1:]))}
    sums |= {20: Sum(rows[0], columns[0], ()), 21: Sum(rows[0], columns[2][:2], ())}
    (stack,), others = stacks(list(sums), sums, place)
    assert stack.rows == [[(*rows[0], None, None), *rows[1:]]]
    assert (500, 501, None, None) in stack.columns[0]
    assert others == []
    for scalar, factors in zip(stack.sums, product(stack.rows[0], stack.columns[0]), strict=True):
        if scalar is not None:
            pairs = [pair for pair in zip(*factors, strict=True) if None not in pair]
            assert pairs == list(zip(sums[scalar].left, sums[scalar].right, strict=True))


def test_sums_with_more_addends_are_another_stack_and_the_same_product_again_is_in_none() -> None:
    rows, columns = matrix(300, 4, 4), matrix(400, 4, 4)
    sums = all_sums(ROWS, COLUMNS) | all_sums(rows, columns, 20, 7) | {50: Sum(ROWS[0], COLUMNS[0], ())}
    sums[51] = Sum((), (), (1, 2, 3))
    found, others = stacks(list(sums), sums, place)
    assert sorted(stack.needed for stack in found) == [list(range(20)), list(range(20, 36))]
    assert others == [50, 51]


def test_no_more_than_two_shapes_are_stacks_those_with_most_to_do() -> None:
    sums: dict[int, Sum] = {}
    for n in (7, 5, 6):
        sums |= all_sums(matrix(1000 * n, 4, 4), matrix(1000 * n + 500, n, 4), 100 * n)
    found, others = stacks(list(sums), sums, place)
    assert sorted(len(stack.columns[0]) for stack in found) == [6, 7]
    assert others == list(range(500, 520))


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (matrix(100, 3, 4), matrix(200, 5, 4)),  # 60 products of two numbers
        (matrix(100, 1, 10), matrix(200, 20, 10)),  # no matrix
        (matrix(100, 10, 1), matrix(200, 10, 1)),  # nothing to add up
    ],
)
def test_small_products_are_no_stack(rows: Any, columns: Any) -> None:
    sums = all_sums(rows, columns)
    assert stacks(list(sums), sums, place) == ([], list(sums))


def test_what_is_hardly_asked_for_is_no_stack() -> None:
    """Row i meets columns i and i + 1 only."""
    rows, columns = matrix(100, 9, 4), matrix(200, 9, 4)
    some = [Sum(rows[k], columns[j], ()) for k in range(9) for j in (k, k + 1) if j < 9]
    sums = dict(enumerate(some))
    assert stacks(list(sums), sums, place) == ([], list(sums))
    sums = dict(enumerate([Sum(rows[k], columns[j], ()) for k in range(9) for j in range(9) if abs(k - j) < 2]))
    assert len(stacks(list(sums), sums, place)[0]) == 1


# Programs -------------------------------------------------------------------------------------------------

STEPS, SIZE, HEADS = 5, 4, 2
generator = np.random.default_rng(0)
PARTS = [(i, slice(start, start + SIZE)) for i in range(STEPS) for start in range(0, HEADS * SIZE, SIZE)]
EXAMPLES = generator.normal(size=(3, STEPS, HEADS * SIZE))


def parameters(count: int) -> list[Value]:
    return [Value(number) for number in np.random.default_rng(1).normal(size=count)]


def plain_product(weights: Any, inputs: Any) -> Any:
    products = [w * v for w, v in zip(weights, inputs, strict=True)]
    return sum(products[1:], products[0])


def exchanged(weights: Any, inputs: Any) -> Any:
    return dot(inputs, weights)


def attention(product: Callable[[Any, Any], Any], w: list[Value], x: Any) -> list[Any]:
    """Each position looks at those before it, in two heads; the weights scale queries, keys and values."""
    n = HEADS * SIZE
    queries, keys, values = (
        [[a * b for a, b in zip(w[k : k + n], row, strict=True)] for row in x] for k in (0, n, 2 * n)
    )
    found = []
    for i, part in PARTS:
        scores = [product(queries[i][part], key[part]) / 2.0 for key in keys[: i + 1]]
        total = logsumexp(scores)
        shares = [(score - total).exp() for score in scores]
        found += [product(shares, column) for column in zip(*[value[part] for value in values[: i + 1]], strict=True)]
    return found


def by_hand(w: Any, x: Any) -> Any:
    """The same in NumPy, for one example."""
    queries, keys, values = (x * part for part in np.split(w, 3))
    found = []
    for i, part in PARTS:
        powers = np.exp(keys[: i + 1, part] @ queries[i, part] / 2.0)
        found += [*(powers / powers.sum() @ values[: i + 1, part])]
    return np.array(found)


@pytest.mark.parametrize("batch", [0, 1, 3])
@pytest.mark.parametrize("product", [dot, exchanged, plain_product])
def test_a_causal_attention_is_two_stacks_and_what_numpy_computes(product: Any, batch: int) -> None:
    w = parameters(3 * HEADS * SIZE)
    program = record(lambda x: attention(product, w, x), (EXAMPLES.shape[1:],), w)
    assert str(program).count(f"{HEADS} matrices each") == 2
    expected = [by_hand(program.theta, x) for x in EXAMPLES[:batch]]
    np.testing.assert_allclose(
        program(EXAMPLES[:batch]), np.reshape(expected, (batch, STEPS * HEADS * SIZE)), rtol=1e-11, atol=1e-13
    )


def gradients_agree(program: Program, function: Callable[[Any], Any], w: list[Value], examples: Any) -> None:
    """Mean and gradient are those of eager code."""
    values, gradients = [], []
    for example in examples:
        for parameter in w:
            parameter.grad = 0.0
        loss = function(example)
        loss.backward()
        values.append(loss.data)
        gradients.append([parameter.grad for parameter in w])
    value, gradient = program.value_and_grad(examples)
    np.testing.assert_allclose(value, np.mean(values), rtol=1e-11)
    np.testing.assert_allclose(gradient, np.mean(gradients, axis=0), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("product", [dot, exchanged, plain_product])
def test_the_gradient_of_an_attention_is_that_of_eager_code(product: Any) -> None:
    w = parameters(3 * HEADS * SIZE)

    def loss(x: Any) -> Any:
        return fsum([found.tanh() for found in attention(product, w, x)])

    program = record(loss, (EXAMPLES.shape[1:],), w)
    for batch in (1, 2, 3):
        gradients_agree(program, loss, w, EXAMPLES[:batch])


@pytest.mark.parametrize("bad", [INF, -INF, NAN, 1e200])
def test_what_a_position_does_not_see_does_not_spoil_it(bad: float) -> None:
    """Neither its output nor, on the way back, any gradient; 0 · ∞ in the whole product would be nan."""
    w = parameters(STEPS)
    examples = EXAMPLES.copy()
    examples[1, 3, 2] = bad

    def scaled(x: Any) -> Any:
        return [[scale * number for number in row] for scale, row in zip(w, x, strict=True)]

    def outputs(x: Any) -> Any:
        ones = [Value(1.0)] * (3 * HEADS * SIZE)
        return attention(dot, ones, scaled(x))

    program = record(outputs, (EXAMPLES.shape[1:],), w)
    expected = [[value.data for value in outputs(x)] for x in examples]
    assert np.isfinite(np.reshape(expected, (3, STEPS, -1))[1, :3]).all()
    np.testing.assert_allclose(program(examples), expected, rtol=1e-10, atol=1e-13)

    def loss(x: Any) -> Any:
        return fsum([found.tanh() for found in outputs(x)])

    gradients_agree(record(loss, (EXAMPLES.shape[1:],), w), loss, w, examples[1:2])


def test_parameters_times_parameters_are_a_product_too() -> None:
    w = parameters(4 * 4 + 4 * 5)
    left, right = np.reshape(w[:16], (4, 4)), np.reshape(w[16:], (4, 5))

    def loss(x: Any) -> Any:
        return fsum([(x * dot(row, column)).tanh() for row, column in product(left, right.T)])

    program = record(loss, ((),), w)
    assert str(program).split("backward")[0].count("theta[16:36], 1 matrices each") == 1
    gradients_agree(program, loss, w, np.array([0.5, -1.0]))


def test_addends_are_added_to_what_is_needed() -> None:
    w = parameters(STEPS * (STEPS + 1) // 2)

    def loss(x: Any) -> Any:
        rows = [[scale.tanh() * number for number in x[k]] for k, scale in enumerate(w[:STEPS])]
        pairs = [(a, b) for k, a in enumerate(rows) for b in rows[: k + 1]]
        return fsum([(dot(a, b) + bias).tanh() for (a, b), bias in zip(pairs, w, strict=True)])

    program = record(loss, (EXAMPLES.shape[1:],), w)
    assert "1 matrices each" in str(program)
    gradients_agree(program, loss, w, EXAMPLES)


@pytest.mark.parametrize("is_causal", [False, True])
def test_the_attention_of_the_library_is_stacks(is_causal: bool) -> None:
    model = MultiheadAttention(8, num_heads=2, seed=0)
    w = model.parameters()

    def loss(x: Any) -> Any:
        return fsum([value.tanh() for value in model(x, is_causal=is_causal)[0].ravel()])

    program = record(loss, (EXAMPLES.shape[1:],), w)
    assert str(program).split("backward")[0].count("2 matrices each") == 2
    gradients_agree(program, loss, w, EXAMPLES)


def test_single_precision_gives_the_same_digits() -> None:
    w = parameters(3 * HEADS * SIZE)

    def loss(x: Any) -> Any:
        return fsum([found.tanh() for found in attention(dot, w, x)])

    program = record(loss, (EXAMPLES.shape[1:],), w)
    value, gradient = program.value_and_grad(EXAMPLES)
    single = program.twin(program.theta.astype(np.float32)).value_and_grad(EXAMPLES)
    np.testing.assert_allclose(single[0], value, rtol=1e-5)
    np.testing.assert_allclose(single[1], gradient, rtol=1e-3, atol=1e-5)
