"""What may stand beside a `Value`, what it may be turned into, and the sentences for all the rest."""

from __future__ import annotations

import json
import math
import operator
import pickle
import statistics
from fractions import Fraction

import numpy as np
import pytest

from tinygrad_edu import Value, dot, where
from tinygrad_edu.coercion import _ELSEWHERE


@pytest.mark.parametrize(
    "read",
    [
        float,
        int,
        complex,
        operator.index,
        math.exp,
        math.sqrt,
        lambda v: math.hypot(v, 1.0),
        lambda v: math.fsum([v]),
        lambda v: statistics.fmean([v]),
        lambda v: math.pow(v, 2.0),
        lambda v: np.asarray([v], float),
        lambda v: np.zeros(3).__setitem__(0, v),
        lambda v: np.array([v]).astype(float),
        lambda v: np.float64(v),
        lambda v: range(v),
        lambda v: "%.2f" % v,  # noqa: UP031 - this too calls float
    ],
)
def test_a_value_never_turns_into_a_plain_number_unasked(read):
    with pytest.raises(TypeError, match=r"write v\.data for its number, or the method .* v\.exp\(\) instead of math"):
        read(Value(2.0))


def test_its_number_is_read_where_it_is_asked_for():
    v = Value(2.5)
    assert (v.data, f"{v:.2f}", bool(v), v > 2) == (2.5, "2.50", True, True)
    assert json.dumps(v.data) == "2.5"


@pytest.mark.parametrize("name", sorted(_ELSEWHERE))
def test_a_name_of_another_engine_is_told_ours(name):
    v = Value(1.0)
    with pytest.raises(AttributeError, match=f"^a Value has no attribute '{name}': ") as caught:
        getattr(v, name)
    assert (caught.value.name, caught.value.obj) == (name, v)
    with pytest.raises(AttributeError, match=f"no attribute '{name}': "):
        setattr(v, name, 1.0)
    assert not hasattr(Value, name)
    assert name not in dir(v)


def test_what_the_sentences_name_is_there():
    v = Value(1.0)
    for name in (
        "data",
        "grad",
        "op",
        "inputs",
        "local_derivatives",
        "label",
        "detach",
        "backward_steps",
        "log_sigmoid",
    ):
        assert hasattr(v, name)
    assert {"data", "grad", "tanh", "backward", "label"} <= set(dir(v))


def test_any_other_name_is_refused_as_python_does():
    v = Value(1.0)
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'color'"):
        _ = v.color
    with pytest.raises(AttributeError, match="'Value' object has no attribute 'color'"):
        v.color = "red"


@pytest.mark.parametrize("label", [("a",), 1, 0, None, b"w", ["w"], False])
def test_a_label_is_text(label):
    with pytest.raises(TypeError, match="a label is text, such as 'w', not "):
        Value(1.0, label)
    v = Value(1.0, "kept")
    with pytest.raises(TypeError, match="a label is text"):
        v.label = label
    assert v.label == "kept"


@pytest.mark.parametrize("number", ["abc", None, 1j, [1.0], np.zeros(2), Value(1.0)])
def test_data_is_a_number(number):
    v = Value(1.0)
    with pytest.raises(TypeError, match="a Value holds"):
        v.data = number
    assert v.data == 1.0


@pytest.mark.parametrize("number", [2, True, np.float32(2.0), np.int64(2), Fraction(4, 2), np.array(2.0)])
def test_data_of_any_real_kind_is_kept_as_a_float(number):
    v = Value(1.0)
    v.data = number
    assert type(v.data) is float
    assert v.data == float(number)


def test_a_value_has_no_subclasses_and_says_what_to_do_instead():
    with pytest.raises(TypeError, match=r"declare an operation with tinygrad_edu.operation\(\.\.\.\)"):

        class Tensor(Value):
            pass


def test_an_array_beside_a_value_works_element_by_element():
    v = Value(3.0)
    for operate in (operator.add, operator.mul, operator.floordiv, operator.mod, operator.pow):
        ours = operate(v, np.array([1.0, 2.0]))
        assert [node.data for node in ours] == operate(3.0, np.array([1.0, 2.0])).tolist()
        assert all(type(node) is Value for node in ours)


@pytest.mark.parametrize("method", ["maximum", "minimum", "power", "arctan2", "hypot", "logaddexp", "heaviside"])
@pytest.mark.parametrize("other", ["2", None, 1j, [1.0], np.zeros(2)], ids=repr)
def test_a_method_refuses_what_is_no_number(method, other):
    with pytest.raises(TypeError, match="a Value holds one real number") as caught:
        getattr(Value(1.0), method)(other)
    assert "NotImplemented" not in str(caught.value)


def test_python_rounds_it():
    v = Value(2.5)
    whole = [round(v), math.floor(v), math.ceil(v), math.trunc(v), v // 1, v % 1, 7 // v, 7 % v]
    assert [node.data for node in whole] == [2.0, 2.0, 3.0, 2.0, 2.0, 0.5, 2.0, 2.0]
    assert [node.op.method for node in whole[:4]] == ["rint", "floor", "ceil", "trunc"]
    assert [node.data for node in (*divmod(v, 2), *divmod(7, v))] == [1.0, 0.5, 2.0, 2.0]
    with pytest.raises(TypeError, match=r"round\(v.data, digits\) rounds its number"):
        round(v, 1)


def test_numpy_rounds_arrays_of_values():
    values = np.array([Value(-1.5), Value(2.5)])
    for ufunc in (np.floor, np.ceil, np.trunc, np.rint):
        assert [node.data for node in ufunc(values)] == ufunc(np.array([-1.5, 2.5])).tolist()
    pairs = np.array([Value(-7.0), Value(7.5)]), np.array([Value(2.0), Value(-2.0)])
    for ufunc in (np.remainder, np.floor_divide, np.arctan2, np.hypot):
        numbers = [np.array([v.data for v in side]) for side in pairs]
        assert [node.data for node in ufunc(*pairs)] == pytest.approx(ufunc(*numbers).tolist(), rel=1e-15)


def test_an_index_given_as_a_value_is_not_taken_for_a_number():
    with pytest.raises(TypeError, match=r"write v\.data"):
        [10, 20][Value(1.0)]
    assert dot([1.0], [Value(2.0)]).data == 2.0


# What a comparison says -----------------------------------------------------------------------------------


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


def test_a_gradient_of_none_is_told_what_to_write():
    p = Value(1.0)
    p.grad = 2
    with pytest.raises(TypeError, match=r"p\.grad = 0\.0"):
        p.grad = None
    with pytest.raises(TypeError, match="one real number"):
        p.grad = "0"
    assert p.grad == 2.0
