"""Products of arrays of any shapes that fit, and what is said of those that do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arrays.differences import check
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Value, ValueArray, array
from tinygrad_edu.arrays.products import dots
from tinygrad_edu.arrays.value_array import values_of

SOME = settings(max_examples=settings.default.max_examples // 4)
SIZES = st.integers(1, 3)


def drawn(shape: tuple[int, ...], seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


@given(n=SIZES, k=SIZES, m=SIZES, left=st.lists(SIZES, max_size=2), vector=st.sampled_from(["", "left", "right"]))
@SOME
def test_matmul_of_any_shapes(n: int, k: int, m: int, left: list[int], vector: str) -> None:
    a = drawn((k,)) if vector == "left" else drawn((*left, n, k))
    b = drawn((k,), 1) if vector == "right" else drawn((k, m), 1)
    check(lambda a, b: a @ b, a, b)
    check(np.dot, a, b)


@given(shape=st.lists(SIZES, min_size=1, max_size=2), k=SIZES, more=st.lists(SIZES, min_size=1, max_size=2))
@SOME
def test_inner_tensordot_and_outer(shape: list[int], k: int, more: list[int]) -> None:
    check(np.inner, drawn((*shape, k)), drawn((*more, k), 1))
    check(lambda a, b: np.tensordot(a, b, 1), drawn((*shape, k)), drawn((k, *more), 1))
    check(lambda a, b: np.tensordot(a, b, 0), drawn((2,)), drawn((k,), 1))
    check(np.outer, drawn((*shape,)), drawn((*more,), 1))


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk", [(2, 3), (3, 2)]), ("ij,kj->ki", [(2, 3), (4, 3)]), ("ij->ji", [(2, 3)]), ("ij->", [(2, 3)]),
        ("ii", [(3, 3)]), ("iij->j", [(2, 2, 3)]), ("i,j->ij", [(2,), (3,)]), ("i,i,i->", [(3,), (3,), (3,)]),
        ("...ij,...jk->...ik", [(2, 2, 3), (3, 2)]), ("ij,j->i", [(2, 3), (3,)]),
        ("ij,ij->ij", [(2, 3), (1, 3)]), ("abc,cd,be->ade", [(2, 3, 2), (2, 2), (3, 2)]), ("i->i", [(3,)]),
    ],
)  # fmt: skip
def test_einsum(subscripts: str, shapes: list[tuple[int, ...]]) -> None:
    check(lambda *arrays: np.einsum(subscripts, *arrays), *[drawn(shape, k) for k, shape in enumerate(shapes)])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda a, v: a @ a, "matmul needs axes of the same length .* have 3 and 2: shapes"),
        (lambda a, v: np.dot(a, a), r"axes to sum over have lengths \[3\] in a and \[2\] in b"),
        (lambda a, v: a @ array(2.0), "single number; write a . b"),
        (lambda a, v: np.einsum("ij,jk", a, a), "the axis 'j' has length 3 in one array and 2 in another"),
        (lambda a, v: np.einsum("ij,j", a), "speaks of 2 arrays, and there are 1"),
        (lambda a, v: np.einsum("ijk", a), "'ijk' names 3 axes"),
        (lambda a, v: np.einsum("ij->ik", a), "should have letters of the arrays"),
        (lambda a, v: np.einsum("ij->ii", a), "each once"),
        (lambda a, v: np.cross(v[:2], v[:2]), "three numbers, not of 2 and 2"),
        (lambda a, v: np.correlate(v, v, "most"), "mode is 'valid', 'same' or 'full'"),
    ],
)
def test_what_does_not_fit_is_told(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(array(np.ones((2, 3))), array(np.ones(3)))


def test_the_shorter_vector_slides_over_the_longer() -> None:
    for mode in ("full", "same", "valid"):
        check(lambda a, b, mode=mode: np.convolve(a, b, mode), drawn((3,)), drawn((5,), 1))
        check(lambda a, b, mode=mode: np.correlate(a, b, mode), drawn((2,)), drawn((5,), 1))


@pytest.mark.parametrize("subscripts", [",", ",->", ",,", ",i->i", "...,..."])
def test_einsum_of_single_numbers(subscripts: str) -> None:
    count = subscripts.partition("->")[0].count(",") + 1
    arrays = [np.array(0.3 + k) for k in range(count)]
    if "i" in subscripts:
        arrays[-1] = drawn((3,))
    check(lambda *arrays: np.einsum(subscripts, *arrays), *arrays)
    assert np.einsum(subscripts, *[Value(each) if not each.ndim else each for each in arrays]) is not None


def test_einsum_by_lists_of_axes() -> None:
    a, b = drawn((2, 3)), drawn((3, 2), 1)
    check(lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), a, b)
    check(lambda a, b: np.einsum(a, [0, 1], b, [1, 0]), a, b)
    check(lambda a: np.einsum(a, [..., 1], [...]), a)
    with pytest.raises(TypeError, match="takes no dtype=float32"):
        np.einsum("ij", array(a), dtype=np.float32)
    with pytest.raises(TypeError, match="after each array a list of its axes"):
        np.einsum(array(a), [0, 1], array(b))


def test_with_plain_arrays_on_either_side() -> None:
    x, w = drawn((2, 3)), drawn((3, 2), 1)
    for product in (array(x) @ w, x @ array(w), np.dot(x, array(w)), np.einsum("ij,jk", x, array(w))):
        assert isinstance(product, ValueArray)
        np.testing.assert_allclose(product.data, x @ w)
    np.testing.assert_allclose(np.dot(2.0, array(x)).data, 2.0 * x)
    assert np.dot(array(2.0), array(3.0)).data == 6.0
    assert np.vdot(array(x), x).data == pytest.approx((x * x).sum())


def test_of_nothing() -> None:
    assert (array(np.zeros((2, 0))) @ array(np.zeros((0, 3)))).data.tolist() == [[0.0] * 3] * 2
    assert np.dot(array([]), array([])).data == 0.0


def test_a_product_of_one_row_and_one_column_is_a_product_and_no_sum() -> None:
    assert {value.op.name for value in np.outer(array([1.0, 2.0]), array([3.0])).flat} == {"*"}
    assert {value.op.name for value in dots(values_of([[1.0, 2.0]]), values_of([[3.0, 4.0]])).flat} == {"dot"}


def test_powers_and_newer_products() -> None:
    a = drawn((3, 3)) + 2 * np.eye(3)
    for n in (0, 1, 3, -2):
        np.testing.assert_allclose(np.linalg.matrix_power(array(a), n).data, np.linalg.matrix_power(a, n), atol=1e-12)
    for name in ("vecdot", "matvec", "vecmat"):
        if hasattr(np, name):
            left, right = (a, a[0]) if name == "matvec" else (a[0], a)
            np.testing.assert_allclose(
                getattr(np, name)(array(left), array(right)).data, getattr(np, name)(left, right)
            )
    for mode in ("full", "same", "valid"):
        check(lambda u, v, mode=mode: np.convolve(u, v, mode), a.ravel()[:5], a.ravel()[:3])
        check(lambda u, v, mode=mode: np.correlate(u, v, mode), a.ravel()[:3], a.ravel()[:5])
