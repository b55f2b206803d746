"""Reductions over any axes: NumPy's numbers and shapes, and the slopes of differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from arrays.differences import check
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, valid_tuple_axes

from tinygrad_edu import RecordingError, Value, array, record
from tinygrad_edu.arrays.reductions import along, axes_of, product_of
from tinygrad_edu.functions import fsum

FUNCTIONS = "sum mean prod var std max min ptp nansum nanmean nanmax nanmin nanprod"


@pytest.mark.parametrize("name", FUNCTIONS.split())
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 4)
def test_over_any_axes(name: str, data: st.DataObject) -> None:
    shape = data.draw(array_shapes(min_dims=1, max_dims=3, max_side=3))
    one, several = st.integers(-len(shape), len(shape) - 1), valid_tuple_axes(len(shape), min_size=1)
    axes = data.draw(st.one_of(st.none(), one, several))
    keepdims = data.draw(st.booleans())
    size = math.prod(shape)
    x = 0.5 + np.random.default_rng(data.draw(st.integers(0, 99))).permutation(size).reshape(shape) / 4.0
    if name in ("var", "std") and (np.ptp(x, axis=axes) == 0.0).any():
        return  # of one number it is 0, and a kink
    check(lambda a: getattr(np, name)(a, axis=axes, keepdims=keepdims), x)


def test_as_methods_and_by_reduce() -> None:
    x = np.array([[1.0, 5.0], [4.0, 2.0]])
    a = array(x)
    for name in ("sum", "mean", "prod", "var", "std", "max", "min"):
        np.testing.assert_allclose(getattr(a, name)(axis=1).data, getattr(x, name)(axis=1))
        np.testing.assert_allclose(getattr(a, name)(0, keepdims=True).data, getattr(x, name)(0, keepdims=True))
    assert (a.var(ddof=1).data, a.std(ddof=1).data) == pytest.approx((x.var(ddof=1), x.std(ddof=1)))
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        assert np.std(a, correction=1).data == pytest.approx(x.std(ddof=1))
    assert a.sum(axis=1, keepdims=1).shape == np.average(a, axis=1, weights=[1, 1], keepdims=np.True_).shape == (2, 1)
    for ufunc in (np.add, np.multiply, np.maximum, np.minimum):
        np.testing.assert_allclose(ufunc.reduce(a).data, ufunc.reduce(x))
        assert ufunc.reduce(a, axis=None).data == ufunc.reduce(x, axis=None)
    assert np.ptp(a, axis=0, out=array(np.zeros(2))).data.tolist() == [3.0, 3.0]
    assert np.average(a, axis=1, returned=True)[1] == 2
    assert np.average(a, weights=array([[1.0, 0.0], [0.0, 1.0]])).data == 1.5
    with pytest.raises(ValueError, match=r"weights have the shape of a, \(2, 2\)"):
        np.average(a, weights=[1.0, 2.0, 3.0])


def test_several_axes_at_once_of_any_function_whose_order_does_not_count() -> None:
    x = np.array([[[1.0, 5.0], [4.0, 2.0], [3.0, -6.0]]]) + 0.125
    for ufunc in (np.hypot, np.fmax, np.fmin, np.logaddexp2):
        for axis in (None, (0, 1), (2, -2), (0, 1, 2), 1):
            check(lambda a, ufunc=ufunc, axis=axis: ufunc.reduce(a, axis=axis), x)
            check(lambda a, ufunc=ufunc, axis=axis: ufunc.reduce(a, axis=axis, keepdims=True), x)
    mask = x > 0.0
    check(lambda a: np.hypot.reduce(a, axis=(1, 2), where=mask, initial=2.0), x)
    target = array([0.0])
    assert np.hypot.reduce(array(x), axis=(1, 2), out=target) is target
    for wrong, axis in ((np.arctan2, None), (np.float_power, (0, 1)), (np.hypot, (0, 5)), (np.hypot, (1, 1))):
        with pytest.raises(ValueError, match=r"not reorderable|axis"):
            wrong.reduce(array(x), axis=axis)


def test_of_nothing() -> None:
    none = array(np.zeros((0, 2)))
    assert np.sum(none, axis=0).data.tolist() == [0.0, 0.0]
    assert np.prod(none).data == 1.0
    assert np.sum(none, axis=1).shape == (0,)
    assert math.isnan(np.mean(none).data)
    for extreme in (np.max, np.min):
        with pytest.raises(ValueError, match="of no Values at all does not exist"):
            extreme(none)


def test_equal_extremes_share_the_slope() -> None:
    a = array([2.0, 2.0, 1.0])
    np.max(a).backward()
    assert a.grad.tolist() == [0.5, 0.5, 0.0]


def test_nan_is_left_out_by_the_functions_that_say_so() -> None:
    a = array([1.0, np.nan, 3.0])
    assert [np.nansum(a).data, np.nanmean(a).data, np.nanprod(a).data, np.nanmax(a).data] == [4.0, 2.0, 3.0, 3.0]
    np.nanmean(a).backward()
    assert a.grad.tolist() == [0.5, 0.0, 0.5]
    assert math.isnan(np.nanmean(array([np.nan])).data)
    with pytest.raises(RecordingError, match="leaving out what is nan while recording"):
        record(np.nanmean, (2,), [])
    assert math.isnan(np.max(a).data)


@pytest.mark.parametrize("axis", [2, -3, (0, 0), (0, -2)])
def test_axes_that_there_are_not(axis: Any) -> None:
    with pytest.raises((np.exceptions.AxisError, ValueError)):
        np.sum(array(np.ones((2, 2))), axis=axis)


def test_what_a_reduction_does_not_take() -> None:
    a = array([1.0, 2.0])
    with pytest.raises(TypeError, match="takes no dtype=float64; leave it out"):
        np.sum(a, dtype=float)
    with pytest.raises(TypeError, match="takes no middle=; leave it out"):
        along(None, fsum, a, middle=1.5)
    assert np.sum(a, dtype=object, where=True).data == 3.0
    with pytest.raises(TypeError, match="takes no dtype="):
        np.cumsum(a, dtype=float)


def test_a_mask_and_a_number_to_begin_with() -> None:
    x, mask = np.array([[1.0, 5.0], [4.0, 2.0]]), np.array([[True, False], [True, True]])
    for name in ("sum", "prod", "mean", "var", "std"):
        check(lambda a, name=name: getattr(np, name)(a, axis=0, where=[[True], [True]]), x)
        check(lambda a, name=name: getattr(np, name)(a[:1] + a, where=mask), x)
    for name in ("sum", "prod", "max", "min"):
        check(lambda a, name=name: getattr(np, name)(a, axis=1, where=mask, initial=3.0), x)
        check(lambda a, b, name=name: getattr(a, name)(initial=b[0] * 2.0), x, [1.7])
    for ufunc in (np.add, np.multiply, np.maximum, np.minimum):
        check(lambda a, ufunc=ufunc: ufunc.reduce(a, axis=1, where=mask, initial=1.5, keepdims=True), x)
        target = array(np.zeros(2))
        assert ufunc.reduce(array(x), where=mask, initial=1.5, out=target) is target
        assert target.data.tolist() == ufunc.reduce(x, where=mask, initial=1.5).tolist()
    assert np.sum(array(x), where=array([1.0, 0.0])).data == 5.0
    with pytest.raises(RecordingError, match=r"np\.where"):
        record(lambda z: np.sum(z, where=z > 0), (2,), [])


def test_numpys_later_names_for_sums_of_the_first_few() -> None:
    x = np.array([[1.0, np.nan], [4.0, 2.0]])
    np.testing.assert_allclose(np.nancumsum(array(x), axis=1).data, np.nancumsum(x, axis=1))
    np.testing.assert_allclose(np.nancumprod(array(x)).data, np.nancumprod(x))
    if hasattr(np, "cumulative_sum"):
        check(lambda a: np.cumulative_sum(a, axis=0, include_initial=True), x[1:])
        check(np.cumulative_prod, x[1])
        with pytest.raises(ValueError, match="along which axis"):
            np.cumulative_sum(array(x))


def test_sums_of_the_first_few() -> None:
    x = np.arange(1.0, 7.0).reshape(2, 3)
    for function in (np.cumsum, np.cumprod):
        for axis in (None, 0, 1, -1):
            np.testing.assert_allclose(function(array(x), axis).data, function(x, axis))
        target = array(np.zeros((2, 3)))
        assert function(array(x), axis=1, out=target) is target
        assert target.data.tolist() == function(x, axis=1).tolist()
    assert np.cumsum(array([])).shape == (0,)


def test_the_small_parts() -> None:
    assert along(None, fsum, [[1.0, 2.0]]).data == 3.0
    assert (axes_of((1, -3), 3), axes_of(np.int64(0), 1)) == ((1, 0), (0,))
    assert product_of([]).data == 1.0
    assert product_of([Value(2.0)]).data == 2.0
    assert bool(np.any(array([0.0, 1.0]))) is not bool(np.all(array([0.0, 1.0])))
    assert np.trace(array(np.arange(9.0).reshape(3, 3)), offset=1).data == 6.0
