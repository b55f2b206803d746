"""What is chosen is one of the elements, and the derivative flows to it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arrays.differences import check
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Value, array, record

SOME = settings(max_examples=settings.default.max_examples // 4)


def test_a_mask_chooses_at_once_and_a_recorded_condition_is_a_node() -> None:
    a = array([1.0, -2.0])
    chosen = np.where(a > 0, a, 0.5)
    assert chosen[0] is a[0]
    assert chosen[1].op is None
    assert [places.tolist() for places in np.where(a > 0)] == [[0]]
    assert np.where(array([1.0, 0.0]), a, 9.0).data.tolist() == [1.0, 9.0]
    program = record(lambda x: np.where(x > 0, x, x * x).sum(), (2,), [])
    assert "where(" in str(program)
    assert program(np.array([[1.0, -2.0], [-3.0, 4.0]])).tolist() == [5.0, 13.0]


def test_select_and_choose() -> None:
    a = array([1.0, -2.0, 5.0])
    assert np.select([a > 4, a > 0], [10.0, a], default=-1.0).data.tolist() == [1.0, -1.0, 10.0]
    assert np.choose([0, 1, 0], [a, [7.0, 8.0, 9.0]]).data.tolist() == [1.0, 8.0, 5.0]


def test_clip_by_numbers_by_values_and_on_one_side() -> None:
    x = np.array([-2.0, 0.5, 3.0])
    a, low = array(x), Value(-1.0)
    assert np.clip(a, -1.0, 1.0)[0].op.name == "clip"
    assert np.clip(a, low, None).data.tolist() == [-1.0, 0.5, 3.0]
    assert np.clip(a, None, 1.0).data.tolist() == [-2.0, 0.5, 1.0]
    np.clip(a, low, 1.0).sum().backward()
    assert (low.grad, a.grad.tolist()) == (1.0, [0.0, 1.0, 0.0])
    assert a.clip(0.0, 1.0, out=array(np.zeros(3))).data.tolist() == [0.0, 0.5, 1.0]
    with pytest.raises(TypeError, match="written into an array of float64"):
        np.clip(a, 0.0, 1.0, out=np.zeros(3))
    with pytest.raises(TypeError, match="takes no where="):
        np.clip(a, 0.0, 1.0, where=[True, False, True])
    with pytest.raises(ValueError, match="low <= high"):
        np.clip(a, 1.0, 0.0)


def test_numbers_that_are_none() -> None:
    a = array([np.nan, np.inf, -np.inf, 1.5])
    largest = np.finfo(float).max
    assert np.nan_to_num(a).data.tolist() == [0.0, largest, -largest, 1.5]
    assert np.nan_to_num(a, nan=9.0, posinf=1.0, neginf=-1.0).data.tolist() == [9.0, 1.0, -1.0, 1.5]
    assert np.nan_to_num(a, copy=False) is a
    assert a.data.tolist() == [0.0, largest, -largest, 1.5]
    assert np.round(Value(2.5)).data == 2.0
    assert np.round(array([1.25, -0.375]), 2).data.tolist() == np.round([1.25, -0.375], 2).tolist()


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=6), st.floats(0.0, 1.0))
@SOME
def test_orders_are_numpys(numbers: list[int], share: float) -> None:
    x = np.array(numbers) + np.arange(len(numbers)) * 1e-2
    check(np.sort, x)
    np.testing.assert_allclose(np.quantile(array(x), share).data, np.quantile(x, share), rtol=1e-12, atol=1e-14)
    check(np.median, x)
    check(lambda a: np.percentile(a, [20.0, 50.0]), x)


def test_sorting_keeps_the_values_and_equal_ones_their_order() -> None:
    a = array([2.0, 1.0, 2.0])
    assert [value is a[k] for value, k in zip(np.sort(a), (1, 0, 2), strict=True)] == [True] * 3
    assert np.sort(array([[2.0, 1.0], [0.0, 5.0]]), axis=None).data.tolist() == [0.0, 1.0, 2.0, 5.0]
    a.sort()
    assert a.data.tolist() == [1.0, 2.0, 2.0]
    found, index, inverse, counts = np.unique(a, return_index=True, return_inverse=True, return_counts=True)
    assert (found.data.tolist(), index.tolist(), inverse.tolist(), counts.tolist()) == (
        [1.0, 2.0],
        [0, 1],
        [0, 1, 1],
        [1, 2],
    )
    assert np.unique(a)[1] is a[1]


def test_a_partition_has_one_number_in_its_place() -> None:
    x = np.random.default_rng(0).permutation(np.arange(9.0))
    a = array(x)
    parted = np.partition(a, 3)
    assert (parted[3].data, set(parted[:3].data), parted[3] in a) == (3.0, {0.0, 1.0, 2.0}, True)
    assert np.partition(a.reshape(3, 3), 1, axis=None).shape == (9,)
    a.partition([0, 8])
    assert (a[0].data, a[8].data) == (0.0, 8.0)


def test_quantiles_of_what_is_not_nan() -> None:
    x = np.array([[3.0, np.nan, 1.0, 2.0], [np.nan] * 4])
    np.testing.assert_allclose(np.nanmedian(array(x), axis=1).data, [2.0, np.nan])
    assert np.nanquantile(array(x), 0.25).data == np.nanpercentile(array(x), 25).data == 1.5
    assert np.nanpercentile(array(x), [0, 50]).data.tolist() == [1.0, 2.0]
    assert np.nanquantile(array(x), [0.0, 1.0], axis=1, keepdims=True).shape == (2, 2, 1)
    with pytest.raises(TypeError, match="weights"):
        np.quantile(array([1.0]), 0.5, weights=[1.0])


def test_quantiles_have_a_slope_by_their_share() -> None:
    a = np.array([[4.0, 1.0, 2.0], [9.0, 3.0, 5.0]])
    for q in (0.3, [0.3, 0.9], [[0.1], [0.7]]):
        check(lambda q: np.quantile(a, q), q)
        check(lambda a, q: np.quantile(a, q, axis=1), a, q)
        check(lambda a, q: np.nanquantile(a, q, axis=1), a, q)
        check(lambda a, q: np.percentile(a, q * 100.0, axis=0), a, q)
        check(lambda a, q: np.nanpercentile(a, q * 100.0), a, q)
    for share, slope in ((0.0, 2.0), (0.5, 4.0), (1.0, 4.0)):  # where two numbers meet: up to the next, or the last
        q = Value(share)
        quantile = np.quantile([1.0, 2.0, 4.0], q)
        quantile.backward()
        assert (quantile.data, q.grad) == (np.quantile([1.0, 2.0, 4.0], share), slope)
    assert np.quantile([3.0], Value(0.4)).data == 3.0
    assert np.quantile(array([3.0, 4.0]), [Value(0.5), 1]).data.tolist() == [3.5, 4.0]
    for too_much in (Value(1.5), [0.5, Value(np.nan)]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            np.quantile(array([1.0]), too_much)


def test_quantiles_of_nan_and_of_too_much() -> None:
    assert math.isnan(np.median(array([1.0, np.nan])).data)
    for share in (-0.1, 1.5, np.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            np.quantile(array([1.0, 2.0]), share)
    assert np.quantile(array([[1.0, 2.0], [3.0, 4.0]]), [0.0, 1.0], axis=0, keepdims=True).shape == (2, 1, 2)


def test_bins() -> None:
    a = array([1.0, 2.0, 4.0])
    assert np.bincount([0, 2, 2], weights=a, minlength=5).data.tolist() == [1.0, 0.0, 6.0, 0.0, 0.0]
    assert np.bincount(array([0.0, 1.0, 1.0])).tolist() == [1, 2]
    with pytest.raises(ValueError, match="negative"):
        np.bincount([0, -1, 1], weights=a)
    with pytest.raises(TypeError, match=r"np\.bincount needs whole numbers"):
        np.bincount(a / 3.0)
    with pytest.raises(TypeError, match=r"np\.choose needs whole numbers"):
        np.choose([0.5], [a])
    with pytest.raises(ValueError, match="a weight for each of the 2 numbers, not 3"):
        np.bincount([0, 1], weights=a)


def test_lines_between_points() -> None:
    places, heights = [0.0, 1.0, 3.0], [1.0, 5.0, 2.0]
    for x in (-1.0, 0.0, 0.25, 1.0, 2.0, 3.0, 4.0):
        assert np.interp(Value(x), places, heights).data == pytest.approx(np.interp(x, places, heights))
        assert np.interp(x, places, array(heights)).data == pytest.approx(np.interp(x, places, heights))
    assert np.interp([-1.0, 9.0], places, array(heights), left=-7.0, right=Value(8.0)).data.tolist() == [-7.0, 8.0]
    assert math.isnan(np.interp(Value(np.nan), places, heights).data)
    assert np.interp(Value(0.5), [0.0], [3.0]).data == 3.0
    x = np.array([-1.0, 0.25, 0.75, 2.0, 4.0])
    check(lambda places: np.interp(x, places, heights), places)
    check(lambda x, places, heights: np.interp(x, places, heights), x, places, heights)
    with pytest.raises(ValueError, match="xp and fp are points"):
        np.interp(Value(0.5), [0.0, 1.0], [3.0])


def test_statistics_of_rows_and_columns() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 3, 4))
    for arguments in ({}, {"rowvar": False}, {"bias": True}, {"ddof": 0}, {"y": y}, {"y": y, "rowvar": False}):
        given = {name: array(a) if name == "y" else a for name, a in arguments.items()}
        np.testing.assert_allclose(np.cov(array(x), **given).data, np.cov(x, **arguments))
    assert np.cov(array(x[0])).data == pytest.approx(np.cov(x[0]))
    assert np.corrcoef(array(x[0])).data == pytest.approx(1.0)
    with pytest.raises(TypeError, match="takes no dtype="):
        np.corrcoef(array(x), dtype=np.float32)


def test_differences_of_neighbors() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4))
    for ours, theirs in zip(np.gradient(array(x), 0.5), np.gradient(x, 0.5), strict=True):
        np.testing.assert_allclose(ours.data, theirs)
    np.testing.assert_allclose(np.gradient(array(x), 1.0, 2.0)[1].data, np.gradient(x, 1.0, 2.0)[1])
    with pytest.raises(ValueError, match="at least two numbers"):
        np.gradient(array([1.0]))
