"""What may stand beside a Value, what a Value may be turned into, and what is said of all the rest."""

from __future__ import annotations

import copy
import json
import math
import operator
import pickle
import statistics
from contextlib import nullcontext
from fractions import Fraction

import numpy as np
import pytest

from tinygrad_edu import Value, array, as_value, dot, trace_sources


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
    said = "a Value and a list do not combine" if isinstance(other, list) else "a Value holds one real number"
    with pytest.raises(TypeError, match=said) as caught:
        getattr(Value(1.0), method)(other)
    assert "NotImplemented" not in str(caught.value)


@pytest.mark.parametrize("operate", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow])
@pytest.mark.parametrize("other", [[1.0, 2.0], (1.0, 2.0), [Value(1.0)]], ids=str)
def test_a_list_beside_a_value_is_told_of_arrays(operate, other):
    for pair in [(Value(1.0), other), (other, Value(1.0))]:
        if pair[0] is other and operate is operator.mul:
            continue  # Python asks the list first, which asks the Value how often it shall be repeated
        with pytest.raises(TypeError, match=rf"a Value and a {type(other).__name__} do not combine: array\(x\) makes"):
            operate(*pair)


def test_a_power_written_as_elsewhere_is_told_pythons():
    with pytest.raises(TypeError, match=r"a power is v \*\* 2"):
        Value(3.0) ^ 2
    with pytest.raises(TypeError, match=r"a power is v \*\* 2"):
        2 ^ Value(3.0)


@pytest.mark.parametrize("given", ["3.0", "a"])
def test_text_in_place_of_a_number_is_told_of_float_and_of_the_place_of_a_label(given):
    with pytest.raises(TypeError, match=r"of type str; float\(text\) makes a number of text, and a label comes second"):
        Value(given)


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


def test_a_gradient_of_none_is_told_what_to_write():
    p = Value(1.0)
    p.grad = 2
    with pytest.raises(TypeError, match=r"p\.grad = 0\.0"):
        p.grad = None
    with pytest.raises(TypeError, match="one real number"):
        p.grad = "0"
    assert p.grad == 2.0


# Plain numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "combine",
    [
        lambda v: 2.0 * v,
        lambda v: v + 2,
        lambda v: v / np.float64(2.0),
        lambda v: np.float32(2.0) - v,
        lambda v: v.maximum(2.0),
        lambda v: dot([v], [2.0]),
        lambda v: (array([v]) * np.array([2.0]))[0],
        lambda v: np.maximum(2.0, array([v]))[0],
        lambda v: np.array([[2.0]]) @ array([v]),
    ],
)
@pytest.mark.parametrize("around", [nullcontext, trace_sources])
def test_a_plain_number_beside_a_value_says_that_it_is_one(combine, around):
    v = Value(3.0)
    with around():
        made = combine(v)
    (node,) = made if isinstance(made, np.ndarray) else [made]
    two = next(value for value in node.inputs if value.data == 2.0)
    assert two.origin.is_plain
    assert (two.source is None) == (around is nullcontext)
    assert not v.origin.is_plain
    assert not node.origin.is_plain


def test_what_people_make_is_no_plain_number():
    made = [Value(2.0), *array([2.0, 3.0]), *array(np.ones(2)), *array([[Value(1.0), 2.0]]).flat, Value(2.0).detach()]
    assert not any(value.origin.is_plain for value in made)


def test_a_plain_number_stays_one_in_a_copy():
    plain = as_value(2.0)
    assert all(other.origin.is_plain for other in (pickle.loads(pickle.dumps(plain)), copy.deepcopy(plain)))
