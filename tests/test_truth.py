"""What a comparison says counts as Python's bool does, and combines as NumPy's does."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from tinygrad_edu import Value, where


@pytest.mark.parametrize(("left", "right"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_comparison_counts_as_a_bool_of_python_does(left, right):
    a, b = Value(1.0) < (2.0 if left else 0.0), Value(1.0) < (2.0 if right else 0.0)
    assert (bool(a), int(a), float(a), repr(a), f"{a}", hash(a)) == (
        left, int(left), float(left), repr(left), f"{left}", hash(left),
    )  # fmt: skip
    assert (a + b, a - b, a * b, -a, +a, abs(a), round(a)) == (
        left + right, left - right, left * right, -left, +left, abs(left), round(left),
    )  # fmt: skip
    assert (a + 1, 1 - a, 2.5 * a, a / 2, 7 // (1 + a), a**2, 2**a, a % 2) == (
        left + 1, 1 - left, 2.5 * left, left / 2, 7 // (1 + left), left**2, 2**left, left % 2,
    )  # fmt: skip
    assert (a == b, a != b, a < b, a <= b, a > b, a >= b) == (
        left == right, left != right, left < right, left <= right, left > right, left >= right,
    )  # fmt: skip
    assert ("x", "y")[a] == ("x", "y")[left]
    assert sum([a, b]) == left + right
    assert {True: "yes", False: "no"}[a] == {True: "yes", False: "no"}[left]
    assert pickle.loads(pickle.dumps(a)) == left
    assert (a * Value(3.0)).data == left * 3.0


@pytest.mark.parametrize(("left", "right"), [(True, True), (True, False), (False, True), (False, False)])
def test_comparisons_combine_as_in_numpy(left, right):
    a = Value(1.0) < (2.0 if left else 0.0)
    for b in (Value(1.0) < (2.0 if right else 0.0), right, np.bool_(right)):
        assert bool(a & b) is bool(b & a) is (left and right)
        assert bool(a | b) is bool(b | a) is (left or right)
        assert bool(a ^ b) is bool(b ^ a) is (left != right)
    assert bool(~a) is (not left)
    assert where(~a, 1.0, 2.0).data == (2.0 if left else 1.0)
    np.testing.assert_array_equal(a & np.array([True, False]), [left, False])
    mask = np.array([a, ~a])
    assert mask.dtype == bool
    assert np.array([5.0, 6.0])[mask] == (5.0 if left else 6.0)
    with pytest.raises(TypeError):
        a & 1.5
