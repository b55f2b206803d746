"""Matrix products."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from replay.comparing import computes

from tinygrad_edu import Value, dot, fsum, record
from tinygrad_edu.replay.products import Factor, MatMul, StackedMatMul, product

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("number", [NAN, INF])
def test_0_times_what_is_not_finite_is_nan_in_a_product_of_one_number_too(number: float) -> None:
    """NumPy's `dot` leaves a factor of one element out where it is 0."""
    w = [Value(number), Value(number)]
    two = record(lambda x: [dot([v], [x]) for v in w], ((),), w)
    np.testing.assert_array_equal(two(np.array([0.0])), [[NAN, NAN]])
    one = record(lambda x: dot([w[0]], [x]), ((),), w)
    one.theta = [0.0, 0.0]
    np.testing.assert_array_equal(one(np.array([number, 1.0])), [NAN, 0.0])
    values = record(lambda x: [dot([w[0], w[1]], x), dot([w[1], w[0]], x)], (2,), w)
    values.theta = [0.0, 0.0]
    np.testing.assert_array_equal(values(np.array([[number, 1.0]])), [[NAN, NAN]])


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_factor_that_is_copied_is_copied_at_every_call(batch: int) -> None:
    """The columns of an example, side by side, are no view of the arrays that the caller gives."""
    w = [Value(0.5), Value(-1.5)]
    values = record(lambda x: [dot(w, column) for column in x.T], ((2, 3),), w, check=(np.ones((1, 2, 3)),))
    squares = record(lambda x: fsum(dot(w, column) ** 2 for column in x.T), ((2, 3),), w, check=(np.ones((1, 2, 3)),))
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(batch, 2, 3))
        y = np.einsum("k,bkp->bp", [0.5, -1.5], x)
        np.testing.assert_allclose(values(x), y, rtol=1e-13)
        by_hand = 2.0 * np.einsum("bp,bkp->k", y, x) / batch
        np.testing.assert_allclose(squares.value_and_grad(x)[1], by_hand, rtol=1e-12)


WEIGHTS = [[1.0], [2.0], [3.0], [4.0]]  # the matrix [[1, 2], [3, 4]]


def test_a_matrix_times_a_column_for_each_example() -> None:
    values = [[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]]
    computes(MatMul(2, False, 2, False), [[1.0, 2.0, 8.0], [3.0, 4.0, 18.0]], WEIGHTS, values)


def test_positions_of_an_example_are_columns_too() -> None:
    """Two inputs at two positions are four rows, and so are two outputs at two positions."""
    values = [[1.0, 2.0], [0.0, 3.0], [1.0, 4.0], [1.0, 5.0]]  # at the first position (1, 1) and (2, 4)
    computes(MatMul(2, False, 2, False), [[3.0, 10.0], [2.0, 13.0], [7.0, 22.0], [4.0, 29.0]], WEIGHTS, values)


def test_the_gradients_of_both_factors_are_products_with_a_transpose() -> None:
    upstream, values = [[1.0, 2.0], [0.0, 1.0]], [[5.0, 6.0], [7.0, 8.0]]
    computes(MatMul(2, False, 2, True), [[17.0], [23.0], [6.0], [8.0]], upstream, values)  # summed over the examples
    computes(MatMul(2, True, 2, False), [[1.0, 5.0], [2.0, 8.0]], WEIGHTS, upstream)


@pytest.mark.parametrize("contiguous", [True, False])
def test_a_product_is_written_to_memory_of_any_kind(contiguous: bool) -> None:
    out = np.zeros((2, 2)) if contiguous else np.zeros((2, 4))[:, ::2]
    product(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0, 1.0], [1.0, 0.0]]), out)()
    np.testing.assert_array_equal(out, [[2.0, 1.0], [4.0, 3.0]])


@pytest.mark.parametrize("shape", list(itertools.product((1, 3), (1, 2), (1, 4))))
@pytest.mark.parametrize("gaps", [False, True])
def test_a_product_of_any_shape_is_that_of_numpy_and_keeps_nan(shape: tuple[int, int, int], gaps: bool) -> None:
    """Vectors, columns times rows, matrices with gaps; 0 · nan and 0 · inf are nan wherever they stand."""
    rows, inner, columns = shape
    step = 2 if gaps else 1
    generator = np.random.default_rng(0)
    left, right = generator.normal(size=(rows, step * inner)), generator.normal(size=(inner, step * columns))
    left, right, out = left[:, ::step], right[:, ::step], np.zeros((rows, step * columns))[:, ::step]
    run = product(left, right, out)
    run()
    np.testing.assert_allclose(out, np.einsum("ik,kj->ij", left, right), rtol=1e-14)
    for number in (np.nan, np.inf):
        left[...], right[...] = 0.0, 1.0
        right[0, -1] = number
        with np.errstate(invalid="ignore"):
            run()
        assert np.isnan(out[:, -1]).all()


def test_a_product_of_two_single_numbers_keeps_nan() -> None:
    out = np.zeros((1, 1))
    product(np.array([[0.0]]), np.array([[np.nan]]), out)()
    assert np.isnan(out[0, 0])


LEFT, RIGHT = (Factor(2, False), Factor(3, True)), (Factor(3, False), Factor(4, True))


def stacked(shape: tuple[int, ...], batch: int, transposed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers as matrices (batch, *shape), and as the rows of an array, perhaps each matrix transposed."""
    matrices = np.random.default_rng(shape).integers(-9, 9, (batch, *shape)).astype(float)
    lying = matrices.swapaxes(2, 3) if transposed else matrices
    return matrices, lying.reshape(batch, math.prod(shape)).T


@pytest.mark.parametrize("batch", [0, 1, 3])
@pytest.mark.parametrize("left", LEFT)
@pytest.mark.parametrize("right", RIGHT)
def test_each_example_has_a_stack_of_products_of_its_own(left: Factor, right: Factor, batch: int) -> None:
    (a, a_rows), (b, b_rows) = stacked((2, 2, 3), batch, left.transposed), stacked((2, 3, 4), batch, right.transposed)
    expected = np.einsum("esij,esjk->esik", a, b)
    instruction = StackedMatMul(2, left, right)
    computes(instruction, expected.reshape(batch, 16).T, a_rows, b_rows)
    computes(instruction, expected.reshape(batch, 16).T, a_rows.copy(), np.repeat(b_rows, 2, axis=0)[::2])
    computes(instruction.transposed, expected.swapaxes(2, 3).reshape(batch, 16).T, b_rows, a_rows)


@pytest.mark.parametrize("number", [NAN, INF, 2.0**1000])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("left", LEFT)
@pytest.mark.parametrize("right", RIGHT)
def test_what_meets_a_hole_is_not_looked_at(left: Factor, right: Factor, batch: int, number: float) -> None:
    """Products that a hole takes part in are left out; those of other zeros are not. The sum of huge squares is inf."""
    (a, _), (b, _) = stacked((2, 2, 3), batch, False), stacked((2, 3, 4), batch, False)
    a_is_hole, b_is_hole = np.zeros(a.shape[1:], dtype=bool), np.zeros(b.shape[1:], dtype=bool)
    a_is_hole[0, 0, 1:] = a_is_hole[1, :, 2] = b_is_hole[1, 0, 3] = True
    a[:, a_is_hole] = b[:, b_is_hole] = a[-1, 0, 1, 2] = 0.0
    b[0, 0, 2, 1] = b[0, 1, 2, 0] = a[-1, 1, 0, 0] = number
    expected = np.zeros((batch, 2, 2, 4))
    with np.errstate(invalid="ignore", over="ignore"):
        for e, s, i, j, k in np.ndindex(batch, 2, 2, 4, 3):
            if not (a_is_hole[s, i, k] or b_is_hole[s, k, j]):
                expected[e, s, i, j] += a[e, s, i, k] * b[e, s, k, j]

    def lying(matrices: np.ndarray, factor: Factor) -> np.ndarray:
        return np.swapaxes(matrices, -1, -2) if factor.transposed else matrices

    left = left._replace(holes=lying(a_is_hole, left).tobytes())
    right = right._replace(holes=lying(b_is_hole, right).tobytes())
    rows = [lying(matrices, factor).reshape(batch, -1).T for matrices, factor in ((a, left), (b, right))]
    assert np.isfinite(expected[0, 0, 0, 1])
    computes(StackedMatMul(2, left, right), expected.reshape(batch, 16).T, *rows)


def test_a_stack_may_be_written_into_a_larger_array() -> None:
    a, b = np.arange(8.0).reshape(-1, 1), np.arange(8.0, 16.0).reshape(-1, 1)
    out = np.zeros((17, 1))
    StackedMatMul(2, Factor(2, False), Factor(2, True)).run(out[1::2], a, b)()
    expected = [a[s : s + 4].reshape(2, 2) @ b[s : s + 4].reshape(2, 2).T for s in (0, 4)]
    np.testing.assert_array_equal(out[1::2].ravel(), np.ravel(expected))
    np.testing.assert_array_equal(out[::2], 0.0)


def test_how_a_product_is_written() -> None:
    assert StackedMatMul(4, Factor(2, True), Factor(2, False)).text("a", "b") == "aᵀ @ b, 4 matrices each"
    assert MatMul(2, False, 2, True).text("a", "b") == "a @ bᵀ"
    assert MatMul(2, True, 2, False).text("a", "b") == "aᵀ @ b"
