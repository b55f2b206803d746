"""Each of NumPy's functions of single numbers, on arrays of Values: NumPy's numbers, and the slopes of differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arrays.differences import check
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, mutually_broadcastable_shapes

from tinygrad_edu import Value, array
from tinygrad_edu.arrays.elementwise import TRUTH, elements_of, on_elements

#: From where the numbers come, so that the function is smooth there.
ONE: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("exp", "exp2", "expm1", "sin", "cos", "tanh", "sinh", "cosh", "arctan", "arcsinh"), (-2.0, 2.0)),
    **dict.fromkeys(("negative", "positive", "square", "conjugate", "deg2rad", "radians", "rad2deg"), (-2.0, 2.0)),
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "cbrt", "reciprocal", "absolute", "fabs", "sign"), (0.3, 3.0)),
    **dict.fromkeys(("floor", "ceil", "trunc", "rint"), (0.6, 0.9)),
    **dict.fromkeys(("arcsin", "arccos", "arctanh", "tan", "log1p"), (-0.8, 0.8)),
    "arccosh": (1.2, 3.0), "degrees": (-2.0, 2.0),
}  # fmt: skip
TWO: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("add", "subtract", "multiply", "logaddexp", "logaddexp2"), (-2.0, 2.0)),
    **dict.fromkeys(("divide", "true_divide", "hypot", "arctan2", "power", "float_power"), (0.5, 2.0)),
    **dict.fromkeys(("maximum", "minimum", "fmax", "fmin"), (-2.0, 2.0)),
}  # fmt: skip


def numbers(shape: Any, low: float, high: float) -> st.SearchStrategy[Any]:
    return arrays(np.float64, shape, elements=st.floats(low, high))


@pytest.mark.parametrize("name", ONE)
@settings(max_examples=settings.default.max_examples // 3)
@given(data=st.data())
def test_functions_of_one_number(name: str, data: st.DataObject) -> None:
    x = data.draw(array_shapes(max_dims=3, max_side=3).flatmap(lambda shape: numbers(shape, *ONE[name])))
    check(getattr(np, name), x)


@pytest.mark.parametrize("name", TWO)
@settings(max_examples=settings.default.max_examples // 3)
@given(data=st.data())
def test_functions_of_two_numbers_and_their_broadcasting(name: str, data: st.DataObject) -> None:
    shapes = data.draw(mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3, min_side=1)).input_shapes
    x, y = (data.draw(numbers(shape, *TWO[name])) for shape in shapes)
    if name in ("maximum", "minimum", "fmax", "fmin"):
        y = y + 0.01 * (np.abs(np.subtract.outer(x.ravel(), y.ravel())) < 1e-3).any()
        if (np.abs(np.subtract.outer(x.ravel(), y.ravel())) < 1e-4).any():
            return  # a kink, where differences have no slope
    check(lambda a, b: getattr(np, name)(a, b), np.atleast_1d(x), np.atleast_1d(y))


@pytest.mark.parametrize("name", sorted(TRUTH - {"bitwise_and", "bitwise_or", "bitwise_xor", "invert"}))
def test_whether_something_holds(name: str) -> None:
    ufunc = getattr(np, name)
    special = np.array([0.0, -0.0, 1.0, -2.5, np.inf, -np.inf, np.nan])
    pairs = np.meshgrid(special, special) if ufunc.nin == 2 else [special]
    answer = ufunc(*map(array, pairs))
    assert answer.dtype == bool
    np.testing.assert_array_equal(answer, ufunc(*pairs))


def test_a_plain_exponent_is_a_setting_and_other_plain_numbers_are_one_leaf() -> None:
    a = array([1.0, 2.0, 3.0])
    assert {value.inputs for value in np.power(a, 2)} == {(value,) for value in a}
    assert len({value.inputs[1] for value in a + 0.5}) == 1
    assert len({value.inputs[0] for value in np.maximum(0.5, a)}) == 1


def test_what_a_ufunc_is_on_single_values() -> None:
    assert elements_of(np.exp)(Value(0.0)).data == 1.0
    assert elements_of(np.spacing) is elements_of(np.gcd) is on_elements(np.spacing) is None
    doubled = np.frompyfunc(lambda v: v * 2.0, 1, 1)
    assert doubled(array([1.0, 2.0])).data.tolist() == [2.0, 4.0]
    assert on_elements(np.add) is np.add
    total, rest = np.divmod(array([7.5]), 2.0)
    assert (total.data.tolist(), rest.data.tolist()) == ([3.0], [1.5])
    assert np.signbit(array([-0.0, 0.0])).tolist() == [True, False]
    for nan in (np.fmax(array([np.nan, 1.0]), [2.0, np.nan]), np.fmin(array([np.nan, 1.0]), [2.0, np.nan])):
        assert nan.data.tolist() == [2.0, 1.0]
