"""Norms, determinants, inverses and solutions: NumPy's numbers, and the slopes of differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arrays.differences import check, check_recorded
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import array

RNG = np.random.default_rng(1)
SOME = settings(max_examples=settings.default.max_examples // 10)


@pytest.mark.parametrize("order", [None, 1, 2, 3, 0.5, np.inf, -np.inf, -1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_norms_of_vectors(order: Any, keepdims: bool) -> None:
    check(lambda a: np.linalg.norm(a, order, axis=1, keepdims=keepdims), RNG.normal(size=(2, 3)))
    check(lambda a: np.linalg.norm(a, order), RNG.normal(size=4))


@pytest.mark.parametrize("order", [None, "fro", 1, -1, np.inf, -np.inf])
def test_norms_of_matrices(order: Any) -> None:
    check(lambda a: np.linalg.norm(a, order), RNG.normal(size=(3, 2)))
    check(lambda a: np.linalg.norm(a, order, axis=(0, 2)), RNG.normal(size=(2, 3, 2)))
    if hasattr(np.linalg, "matrix_norm"):
        check(lambda a: np.linalg.matrix_norm(a, ord=order or "fro", keepdims=True), RNG.normal(size=(2, 2, 3)))
        check(lambda a: np.linalg.vector_norm(a, axis=0), RNG.normal(size=(2, 3)))


def test_how_many_numbers_are_not_0_has_no_slope() -> None:
    a = array([0.0, 3.0, -2.0])
    count = np.linalg.norm(a, 0)
    count.backward()
    assert (count.data, a.grad.tolist()) == (2.0, [0.0] * 3)
    with pytest.raises(ValueError, match="the order of a norm is a number"):
        np.linalg.norm(a, "fro2")


@given(size=st.integers(1, 5), seed=st.integers(0, 999))
@SOME
def test_by_elimination(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(size, size))
    if abs(np.linalg.det(a)) < 0.05:
        return  # so near to singular that differences say little
    check(np.linalg.det, a, atol=1e-4)
    check(np.linalg.inv, a, atol=1e-2)
    check(np.linalg.solve, a, rng.normal(size=size), atol=1e-2)


def test_the_logarithm_of_a_determinant() -> None:
    a = RNG.normal(size=(3, 3))
    check(lambda a: np.linalg.slogdet(a).logabsdet, a)
    check(lambda a: sum(np.linalg.slogdet(np.stack([a, -a]))), a)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_roots_of_matrices(size: int) -> None:
    half = RNG.normal(size=(size, size))
    positive = half @ half.T + np.eye(size)
    check(np.linalg.cholesky, positive)
    check(lambda a: np.linalg.cholesky(np.stack([a, 2.0 * a])), positive)
    check_recorded(np.linalg.cholesky, positive)
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        check(lambda a: np.linalg.cholesky(a, upper=True), positive)


def test_a_root_that_there_is_not() -> None:
    root = np.linalg.cholesky(array([[1.0, 2.0], [2.0, 1.0]]))
    assert np.isnan(root[1, 1])
    with pytest.raises(np.linalg.LinAlgError, match="cholesky needs a square matrix"):
        np.linalg.cholesky(array([[1.0, 2.0]]))


def test_stacks_of_matrices() -> None:
    a = RNG.normal(size=(2, 3, 3)) + 3 * np.eye(3)
    check(np.linalg.det, a)
    check(np.linalg.inv, a)
    check(lambda a, b: np.linalg.solve(a, b), a, RNG.normal(size=(2, 3, 2)))
    check(lambda a, b: np.linalg.solve(a[0], b), a, RNG.normal(size=3))


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_slopes_of_a_determinant_that_is_0_are_its_cofactors(size: int) -> None:
    a = RNG.normal(size=(size, size))
    a[-1] = a[0]
    check(np.linalg.det, a)
    check(np.linalg.det, np.diag(np.r_[np.ones(size - 1), 0.0]))
    assert np.linalg.det(array(np.zeros((0, 0)))).data == 1.0


def test_exchanged_rows() -> None:
    check(np.linalg.inv, [[0.0, 1.0], [2.0, 0.0]])
    assert np.linalg.det(array(np.eye(4)[[1, 0, 2, 3]])).data == -1.0


@pytest.mark.parametrize("function", [np.linalg.inv, lambda a: np.linalg.solve(a, np.ones(2))])
def test_a_singular_matrix_is_refused(function: Any) -> None:
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        function(array([[1.0, 2.0], [2.0, 4.0]]))


def test_nan_is_not_lost() -> None:
    assert np.isnan(np.linalg.det(array([[np.nan, 1.0], [1.0, 1.0]])).data)
    a = np.eye(4)
    a[2, 1] = np.nan
    assert np.isnan(np.linalg.inv(array(a)).data).any()


def test_shapes_that_do_not_fit() -> None:
    for function in (np.linalg.det, np.linalg.inv):
        with pytest.raises(np.linalg.LinAlgError, match=r"square matrix, not an array of shape \(2, 3\)"):
            function(array(np.ones((2, 3))))
    with pytest.raises(ValueError, match="solve needs 2 numbers on the right"):
        np.linalg.solve(array(np.eye(2)), np.ones(3))
