"""What moves keeps its identity, what looks gives NumPy's answer, and what is made like an array is made of Values."""

from __future__ import annotations

import numpy as np
import pytest
from arrays.differences import check

from tinygrad_edu import Value, ValueArray, array

X = np.array([[3.0, -1.0], [0.5, 2.0]])


def test_moved_elements_are_the_same_values() -> None:
    a = array(X)
    assert np.concatenate([a, a])[2, 0] is a[0, 0]
    assert np.stack([a, a], axis=2)[1, 0, 1] is a[1, 0]
    assert np.flip(a)[0, 0] is a[1, 1]
    assert np.take(a, [1], axis=1)[0, 0] is a[0, 1]
    assert all(part[0, 0] is whole for part, whole in zip(np.split(a, 2), a[:, 0], strict=True))
    assert isinstance(np.broadcast_arrays(a, a[0])[1], ValueArray)


def test_numbers_that_come_in_on_the_way_become_leaves() -> None:
    padded = np.pad(array([1.0]), 1, constant_values=0.5)
    assert [type(value) for value in padded] == [Value] * 3
    assert padded.data.tolist() == [0.5, 1.0, 0.5]
    assert np.concatenate([array([1.0]), [2.0], np.array([3])]).data.tolist() == [1.0, 2.0, 3.0]
    assert np.insert(array([1.0, 3.0]), 1, 2.0).data.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "name",
    ["argmax", "argmin", "argsort", "argwhere", "count_nonzero", "flatnonzero", "nonzero", "isposinf", "nanargmax"],
)
def test_what_looks_gives_numpys_answer(name: str) -> None:
    np.testing.assert_array_equal(getattr(np, name)(array(X)), getattr(np, name)(X))


def test_what_looks_at_two() -> None:
    a = array(X)
    assert (np.allclose(a, X), np.array_equal(a, X), np.array_equal(a, X + 1)) == (True, True, False)
    assert np.searchsorted(array([1.0, 2.0]), [Value(1.5), 5.0]).tolist() == [1, 2]
    assert np.digitize(a, [0.0, 1.0]).tolist() == np.digitize(X, [0.0, 1.0]).tolist()
    assert np.isclose(a, X + 1e-12).all()
    counts, edges = np.histogram(a, 2)
    assert (counts.tolist(), edges.tolist()) == ([2, 2], [-1.0, 1.0, 3.0])
    assert a.argmax(axis=1).tolist() == [0, 1]


def test_what_looks_and_answers_with_floats_or_text() -> None:
    a = array(X)
    assert np.histogram_bin_edges(a, 2).tolist() == [-1.0, 1.0, 3.0]
    assert np.histogram2d(a[0], a[1], bins=2)[0].tolist() == np.histogram2d(X[0], X[1], bins=2)[0].tolist()
    assert np.einsum_path("ij,jk", a, a)[0] == np.einsum_path("ij,jk", X, X)[0]
    assert np.histogram(a[0], 2, weights=[5.0, 7.0])[0].tolist() == [7.0, 5.0]
    with pytest.raises(TypeError, match=r"np\.bincount\(places, weights=a\) sums Values"):
        np.histogram([0.5, 1.5], 2, weights=a[0])
    infinite = array([np.inf, -np.inf, 0.0])
    assert (np.isposinf(infinite).tolist(), np.isneginf(infinite).tolist()) == (
        [True, False, False],
        [False, True, False],
    )
    assert np.common_type(a, a) is np.dtype(object)


def test_what_is_put_between_and_around() -> None:
    x, y = np.array([1.0, 4.0, 9.0]), np.array([5.0, 7.0])
    check(lambda y: np.insert(x, 1, y), y)
    check(lambda x, y: np.insert(x, [0, 2], y), x, y)
    check(lambda y: np.insert(np.ones((2, 2)), 1, y, axis=1), y)
    check(lambda y: np.ediff1d(x, to_end=y), y)
    check(lambda x, y: np.ediff1d(x.reshape(3, 1), y, to_begin=8.0), x, y)
    check(lambda x: np.ediff1d(x, [1.0, 2.0], 3), x)
    v = Value(2.0)
    assert np.pad(array(x), 1, constant_values=v)[0] is np.insert(array(x), 0, v)[0] is v
    assert np.insert(x, 0, v)[0] is v
    for lost in (lambda: np.pad(x, 1, constant_values=v), lambda: np.sum(x, initial=v)):
        with pytest.raises(TypeError, match=r"or array\(x\) for an array x of numbers that it is to stand in"):
            lost()
    assert np.sum(array(x), initial=v).data == 16.0


def test_arrays_like_another() -> None:
    a, x = array(X), Value(7.0)
    assert np.zeros_like(a).data.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert np.empty_like(a, shape=(2,)).data.tolist() == [0.0, 0.0]
    assert np.ones_like(a[0]).data.tolist() == [1.0, 1.0]
    assert np.full_like(a, x)[1, 1] is x
    plain = np.zeros_like(a, dtype=float)
    assert (type(plain), plain.dtype) == (np.ndarray, np.float64)
    assert len(set(map(id, np.zeros_like(a).flat))) == 4


def test_writing() -> None:
    a = array([1.0, 2.0])
    np.copyto(a, [5.0, 6.0], where=[True, False])
    assert a.data.tolist() == [5.0, 2.0]
    x = Value(9.0)
    a.put([0], [x])
    np.put(a, ind=[1], v=3.0)
    assert (a[0] is x, a.data.tolist()) == (True, [9.0, 3.0])
    np.place(a, [True, False], [x * 2.0])
    np.putmask(a, a < 5.0, values=0.5)
    assert a.data.tolist() == [18.0, 0.5]
    square = array(X)
    np.fill_diagonal(square, [x, 0.0])
    np.put_along_axis(square, np.array([[1], [0]]), 7.0, axis=1)
    assert (square[0, 0] is x, square.data.tolist()) == (True, [[9.0, 7.0], [7.0, 0.0]])
    assert all(isinstance(value, Value) for value in [*a, *square.ravel()])
    for write in (np.put, np.place, np.putmask):
        with pytest.raises(TypeError, match="written into an array of float64"):
            write(np.zeros(2), [True, False], a)


def test_real_numbers_are_complex_ones_too() -> None:
    a = array(X)
    assert np.real(a) is not None
    assert (np.imag(a).data.tolist(), a.imag.data.tolist()) == ([[0.0, 0.0]] * 2, [[0.0, 0.0]] * 2)
    assert (np.isreal(a).all(), np.iscomplex(a).any(), np.iscomplexobj(a)) == (True, False, False)
    assert (np.real(a[0, 0]), np.imag(a[0, 0]).data) == (a[0, 0], 0.0)
    with pytest.raises(TypeError, match="no imaginary part"):
        a.imag = 1.0
    assert np.result_type(a, 1.0) is np.dtype(object)
    assert a.conj().data.tolist() == X.tolist()


def test_distances_that_are_equal() -> None:
    line = np.linspace(Value(1.0), Value(3.0), 5)
    assert line.data.tolist() == [1.0, 1.5, 2.0, 2.5, 3.0]
    assert np.linspace(array([0.0, 1.0]), 2.0, 3).data.tolist() == np.linspace([0.0, 1.0], 2.0, 3).tolist()
    assert np.linspace(Value(0.0), 1.0, 4, endpoint=False).data.tolist() == [0.0, 0.25, 0.5, 0.75]
    with pytest.raises(TypeError, match="takes no retstep="):
        np.linspace(Value(0.0), 1.0, retstep=True)


def test_as_text() -> None:
    assert np.array_repr(array([1.0])) == repr(array([1.0]))
    assert np.array_str(array([1.0, 2.0])) == "[1. 2.]"
    assert np.array2string(array([1.0 / 3.0]), precision=2) == "[0.33]"
    assert np.array_str(Value(1.0)) == "1.0"
