"""An array of Values: how it is made, what it holds, what it refuses."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import MLP, RecordingError, Value, ValueArray, array, no_grad, operation, record
from tinygrad_edu.arrays import flat
from tinygrad_edu.arrays.value_array import check_target, numbers_of, plain, values_of, wrapped
from tinygrad_edu.declaring import forget


@pytest.mark.parametrize(
    "x", [[[1, 2], [3, 4]], ((1.0, 2), [3, True + 3]), np.array([[1, 2], [3, 4]]), np.float32([[1, 2], [3, 4]])]
)
def test_numbers_become_leaves(x: Any) -> None:
    a = array(x)
    assert type(a) is ValueArray
    assert a.data.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert all(type(value) is Value and value.op is None for value in a.flat)
    assert len(set(map(id, a.flat))) == 4


def test_values_stay_the_ones_they_are() -> None:
    x, y = Value(1.0), Value(2.0) * 3.0
    a = array([[x, 0.5], [y, x]])
    assert (a[0, 0], a[1, 0], a[1, 1]) == (x, y, x)
    assert a[0, 0] is a[1, 1] is x
    again = array(a)
    assert again is not a
    assert all(one is other for one, other in zip(again.flat, a.flat, strict=True))
    again[0, 0] = 7.0
    assert a[0, 0] is x


def test_single_numbers_and_nothing_at_all_are_arrays_too() -> None:
    assert (array(3.0).shape, array(3.0).item().data) == ((), 3.0)
    assert (array([]).shape, array(np.zeros((0, 2))).shape) == ((0,), (0, 2))
    assert array(Value(2.0)).data.item() == 2.0


@pytest.mark.parametrize(
    ("x", "kind", "message"),
    [
        ([[1.0, 2.0], [3.0]], ValueError, "rows of one length"),
        ([1.0, [2.0]], ValueError, r"\[2.0\] stands where others have a number|inhomogeneous"),
        (["a"], TypeError, "one real number.* not 'a'"),
        ([1j], TypeError, "one real number.* not 1j"),
        (np.array([1j]), TypeError, "one real number"),
        ([None], TypeError, "not None"),
        (np.array([1.0, object()], dtype=object), TypeError, "one real number"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), TypeError, "one real number"),
        ({"a": 1.0}, TypeError, "one real number"),
    ],
)
def test_what_is_no_array_of_real_numbers_is_refused(x: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        array(x)


def test_the_class_itself_makes_none() -> None:
    with pytest.raises(TypeError, match=r"tinygrad_edu\.array\(x\) makes"):
        ValueArray((2, 3))


def test_data_and_grad_are_float_arrays_and_can_be_set() -> None:
    a = array([[1.0, 2.0], [3.0, 4.0]])
    (a * a).sum().backward()
    assert (a.data.dtype, a.grad.dtype) == (np.float64, np.float64)
    assert a.grad.tolist() == [[2.0, 4.0], [6.0, 8.0]]
    a.grad = 0.0
    a.data = [10.0, 20.0]
    assert (a.grad.tolist(), a.data.tolist()) == ([[0.0, 0.0], [0.0, 0.0]], [[10.0, 20.0], [10.0, 20.0]])
    assert a.real is a
    with pytest.raises(ValueError, match="broadcast"):
        a.data = [1.0, 2.0, 3.0]
    with pytest.raises(TypeError, match="one real number"):
        a.data = "x"


def test_what_lands_in_an_array_becomes_a_value() -> None:
    a = array(np.zeros(4))
    x = Value(5.0)
    a[0], a[1:3], a[-1] = 1.0, [2.0, x], x
    assert a.data.tolist() == [1.0, 2.0, 5.0, 5.0]
    assert a[2] is a[3] is x
    a[a > 4.0] = 0.5
    assert a.data.tolist() == [1.0, 2.0, 0.5, 0.5]
    a.fill(3)
    assert all(type(value) is Value and value.data == 3.0 for value in a)
    with pytest.raises(TypeError, match="one real number"):
        a[0] = "x"
    assert a[0].data == 3.0


#: Ways of writing plain numbers into all places of an array of two rows and three columns.
WRITING: dict[str, Callable[[Any], Any]] = {
    "everywhere": lambda a: a.__setitem__(slice(None), 0.5),
    "a row": lambda a: a.__setitem__(..., [0.5, 0.5, 0.5]),
    "a column": lambda a: a.__setitem__(slice(None), np.full((2, 1), 0.5)),
    "with ones in front": lambda a: a.__setitem__(slice(None), np.full((1, 1, 2, 3), 0.5)),
    "no axes": lambda a: a.__setitem__(..., np.array(0.5)),
    "a mask": lambda a: a.__setitem__(a.data < 9.0, 0.5),
    "rows by their numbers": lambda a: a.__setitem__([1, 0], 0.5),
    "in place": lambda a: a.real.__setitem__(..., 0.5),
    "fill": lambda a: a.fill(0.5),
    "flat": lambda a: setattr(a, "flat", 0.5),
    "flat, again from the first": lambda a: a.flat.__setitem__(slice(None), [0.5, 0.5]),
    "copyto": lambda a: np.copyto(a, 0.5),
    "copyto, a row": lambda a: np.copyto(a, [0.5, 0.5, 0.5]),
    "copyto, a mask": lambda a: np.copyto(a, 0.5, where=a.data < 9.0),
    "put": lambda a: np.put(a, range(6), 0.5),
    "put, again from the first": lambda a: np.put(a, range(6), [0.5, 0.5]),
    "place": lambda a: np.place(a, a.data < 9.0, [0.5]),
    "putmask": lambda a: np.putmask(a, a.data < 9.0, 0.5),
    "put_along_axis": lambda a: np.put_along_axis(a, np.array([[0, 1, 2]]), 0.5, axis=1),
    "fill_diagonal": lambda a: [np.fill_diagonal(part, 0.5) for part in (a, a[:, 1:], a[:, 2:], a[1:])],
    "nan_to_num": lambda a: [setattr(a, "data", np.nan), np.nan_to_num(a, copy=False, nan=0.5)],
    "where": lambda a: np.where(a.data < 9.0, 0.5, a),
    "select": lambda a: np.select([a.data > 9.0], [a], default=0.5),
    "choose": lambda a: np.choose(np.zeros((2, 3), dtype=int), [0.5, a]),
}  # fmt: skip


@pytest.mark.parametrize("write", WRITING.values(), ids=WRITING)
def test_a_plain_number_is_a_parameter_of_its_own_at_each_place(write: Callable[[Any], Any]) -> None:
    a = array(np.ones((2, 3)))
    answer = write(a)
    a = answer if isinstance(answer, ValueArray) else a
    assert a.data.tolist() == [[0.5] * 3] * 2
    assert len(set(map(id, a.flat))) == 6
    (a * np.arange(6.0).reshape(2, 3)).sum().backward()
    assert a.grad.tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_a_value_that_is_written_into_several_places_is_one_parameter() -> None:
    x = Value(0.5)
    for write in (
        lambda a: a.__setitem__(slice(None), x),
        lambda a: a.__setitem__(..., [x]),
        lambda a: a.fill(x),
        lambda a: a.flat.__setitem__(slice(None), x),
        lambda a: np.copyto(a, x),
        lambda a: np.put(a, [0, 1], [x]),
        lambda a: np.place(a, [True, True], [x]),
    ):
        a = array([1.0, 2.0])
        write(a)
        assert a[0] is a[1] is x


def test_a_view_is_numpys() -> None:
    a = array([1.0, 2.0])
    assert type(a.view(np.ndarray)) is np.ndarray
    assert a.view(ValueArray)[0] is a[0]
    for shape, text in (((-1, 1), r"reshape\(-1, 1\)"), (((2, 1),), r"reshape\(\(2, 1\)\)")):
        with pytest.raises(TypeError, match=f"view changes no shape, as in NumPy: write {text}$"):
            a.view(*shape)


def test_what_is_masked_is_never_computed_with() -> None:
    a, masked = array([1.0, 2.0]), np.ma.array([3.0, 4.0], mask=[False, True])
    for use in (
        lambda: array(masked),
        lambda: array(np.ma.array([3.0, 4.0])),
        lambda: a * masked,
        lambda: a @ masked,
        lambda: np.where([True, False], a, masked),
        lambda: np.maximum(masked, a),
        lambda: a.__setitem__(slice(None), masked),
        lambda: np.copyto(a, masked),
        lambda: np.put(a, [0, 1], masked),
        lambda: np.dot(a, masked),
    ):
        with pytest.raises(TypeError, match=r"has no mask, .*: give x.compressed\(\), .* or x.filled\(0.0\)$"):
            use()
    assert a.data.tolist() == [1.0, 2.0]
    assert (a * masked.filled(0.0)).data.tolist() == [3.0, 0.0]


def test_what_has_no_place_is_not_written() -> None:
    a = array([1.0, 2.0])
    before = list(a)
    for write, kind in (
        (lambda: a.__setitem__(0, [1.0, 2.0]), TypeError),
        (lambda: a.__setitem__(slice(None), [1.0, 2.0, 3.0]), ValueError),
        (lambda: a.__setitem__(5, 1.0), IndexError),
        (lambda: np.put(a, [0, 1], [3.0, "x"]), TypeError),
        (lambda: np.put(a, [0, 5], [3.0]), IndexError),
    ):
        with pytest.raises(kind):
            write()
    assert all(value is old for value, old in zip(a, before, strict=True))
    assert a.data.tolist() == [1.0, 2.0]


def test_views_share_their_elements() -> None:
    a = array([[1.0, 2.0], [3.0, 4.0]])
    a.T[0, 1] = 9.0
    a.ravel()[0] = 8.0
    assert a.data.tolist() == [[8.0, 2.0], [9.0, 4.0]]
    assert isinstance(a[0], ValueArray)
    assert isinstance(a[0, 0], Value)
    assert [type(row) for row in a] == [ValueArray, ValueArray]
    assert a.tolist()[1][1] is a[1, 1]


def test_a_leaf_of_an_array_has_no_history() -> None:
    a = array([1.0, 2.0]) * 3.0
    assert all(value.op is None for value in a.detach())
    assert a.detach().data.tolist() == a.data.tolist()
    with no_grad():
        assert all(value.op is None for value in np.exp(a))


def test_copies_and_pickles_are_arrays_of_values() -> None:
    a = array([[1.0, -2.0]])
    for again in (pickle.loads(pickle.dumps(a)), copy.deepcopy(a)):
        assert type(again) is ValueArray
        assert again.data.tolist() == [[1.0, -2.0]]
        assert again[0, 0] is not a[0, 0]
    assert copy.copy(a)[0, 0] is a[0, 0]
    x = Value(1.0)
    shared = copy.deepcopy(array([x, x]))
    assert shared[0] is shared[1]


def test_a_copy_holds_the_same_values() -> None:
    a = array([1.0, 2.0])
    for same in (a.copy(), np.copy(a), np.array(a), a.flatten(), copy.copy(a), array(a)):
        assert same is not a
        assert [value is other for value, other in zip(same, a, strict=True)] == [True, True]
        same[0] = 5.0
        assert a[0].data == 1.0
    a.data = [3.0, 4.0]
    assert (a.copy().data.tolist(), a.detach()[0] is a[0]) == ([3.0, 4.0], False)


def test_every_operation_with_one_result_is_a_method() -> None:
    a = array([[-1.0, 2.0]])
    assert a.relu().data.tolist() == [[0.0, 2.0]]
    assert a.leaky_relu(negative_slope=0.5).data.tolist() == [[-0.5, 2.0]]
    assert a.maximum([0.5, 3.0]).data.tolist() == [[0.5, 3.0]]
    assert a.tanh().sum().op.name == "fsum"
    operation("halved", lambda m, a: a / 2.0, lambda m, y, a: 0.5)
    assert a.halved().data.tolist() == [[-0.5, 1.0]]
    forget("halved")
    with pytest.raises(AttributeError, match="has no attribute 'halved'"):
        a.halved()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("op", r"each of its elements has one, as in a\[0\]\.op"),
        ("label", r"a\[0\]\.label"),
        ("numpy", "its numbers are `data`"),
        ("creator", "of a Value the operation that made it is `op`"),
        ("requires_grad", "every Value has a gradient"),
        ("nonsense", "has no attribute 'nonsense'$"),
    ],
)
def test_what_only_single_values_have_is_told(name: str, message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        getattr(array([1.0]), name)
    with pytest.raises(AttributeError):
        setattr(array([1.0]), "nonsense", 1)  # noqa: B010 - what is tested


def test_several_numbers_have_no_single_derivative() -> None:
    with pytest.raises(
        TypeError, match=r"an array of 3 Values has no single derivative; .* outputs\[0\], .* \.sum\(\)"
    ):
        array([1.0, 2.0, 3.0]).backward()
    with pytest.raises(TypeError, match=r"this is an array; take one element, as in outputs\[0\]"):
        MLP(1, [1], seed=0)([1.0]).backward()
    for convert in (float, int):
        with pytest.raises(TypeError, match=r"write a\[0\]\.data"):
            convert(array([1.0]))


def test_out_and_where_are_obeyed_where_values_can_be_written() -> None:
    a, out = array([1.0, -4.0]), array([0.0, 0.5])
    assert np.sqrt(a, out=out, where=a > 0) is out
    assert out.data.tolist() == [1.0, 0.5]
    target = np.empty(2, dtype=object)
    assert np.multiply(a, 2.0, out=target) is target
    assert [value.data for value in target] == [2.0, -8.0]
    np.tanh([0.0, np.inf], out=out)
    assert [(type(value), value.data) for value in out] == [(Value, 0.0), (Value, 1.0)]
    truth = np.zeros(2, dtype=bool)
    np.greater(a, 0.0, out=truth)
    assert truth.tolist() == [True, False]
    assert np.sum(a, out=array(0.0)).item().data == -3.0


WITH_OUT: dict[str, Any] = {
    "dot": lambda a, out: np.dot(a, a, out=out),
    "matmul": lambda a, out: np.matmul(a, a, out=out),
    "einsum": lambda a, out: np.einsum("ij,jk->ik", a, a, out=out),
    "multi_dot": lambda a, out: np.linalg.multi_dot([a, a], out=out),
    "outer": lambda a, out: np.outer(a[0], a[1], out=out),
    "round": lambda a, out: np.round(a, 1, out=out),
    "clip": lambda a, out: a.clip(0.0, 1.0, out=out),
    "choose": lambda a, out: np.choose([[0, 1], [1, 0]], [a, 2.0 * a], out=out),
    "sum": lambda a, out: np.sum(np.stack([a, a]), axis=0, out=out),
    "quantile": lambda a, out: np.quantile(a, [0.0, 1.0], axis=0, out=out),
    "concatenate": lambda a, out: np.concatenate([a[:1], a[:1]], out=out),
    "take": lambda a, out: np.take(a, [1, 0], axis=0, out=out),
}


@pytest.mark.parametrize("name", WITH_OUT)
def test_out_is_written_into_or_refused(name: str) -> None:
    a, out = array([[1.0, -2.0], [3.0, 0.5]]), np.empty((2, 2), dtype=object)
    expected = WITH_OUT[name](a.data, np.zeros((2, 2)))
    WITH_OUT[name](a, out)
    np.testing.assert_allclose([value.data for value in out.flat], expected.ravel())
    with pytest.raises(TypeError, match="written into an array of float64"):
        WITH_OUT[name](a, np.zeros((2, 2)))


def test_nothing_gets_into_an_array_but_values() -> None:
    a = array([[1.0, 2.0], [3.0, 4.0]])
    a.flat[1] = 7.0
    a.T.flat[1:3] = [8.0, Value(9.0)]
    a.flat[0] = Value(5.0)
    assert a.data.tolist() == [[5.0, 9.0], [8.0, 4.0]]
    assert all(type(value) is Value for value in a.flat)
    assert (len(a.flat), a.flat[3].data, a.flat[:2].data.tolist()) == (4, 4.0, [5.0, 9.0])
    a.flat = 1.0
    assert a.data.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    with pytest.raises(TypeError, match=r"np\.resize\(a, shape\) makes another"):
        a.resize((3, 3))
    a.real = [2.0, 3.0]
    assert a.data.tolist() == [[2.0, 3.0], [2.0, 3.0]]
    assert all(type(value) is Value for value in a.flat)
    with pytest.raises(TypeError, match=r"write a\[index\] = value"):
        a.itemset(0, 1.0)


def test_where_values_lie_in_memory_is_told_to_nobody() -> None:
    a = array([1.0, 2.0])
    with pytest.raises(TypeError, match=r"no tobytes\(\): .* a\.data\.tobytes\(\)"):
        a.tobytes()
    with pytest.raises(TypeError, match=r"a\.data\.tofile\(file\)"):
        a.tofile("never")


def test_a_product_in_place_and_a_row_after_the_other() -> None:
    a = array([[1.0, 2.0], [3.0, 4.0]])
    same = a
    a @= [[0.0, 1.0], [1.0, 0.0]]
    assert (same is a, a.data.tolist()) == (True, [[2.0, 1.0], [4.0, 3.0]])
    assert a[0, 0].op.name == "dot"
    assert [value.data for value in a[0]] == [2.0, 1.0]
    with pytest.raises(TypeError, match="0-d array"):
        iter(array(1.0))


def test_comparisons_are_plain_masks_and_while_recording_nodes() -> None:
    a = array([1.0, -2.0, np.nan])
    assert (a > 0).dtype == bool
    assert (~(a > 0) & (a == a)).tolist() == [False, True, False]
    assert np.isnan(a).tolist() == [False, False, True]
    assert (bool(np.any(a < 0)), bool(a.all())) == (True, True)
    program = record(lambda x: np.where(~(x > 0) & (x < 5) | (x == 7), x, 2.0 * x).sum(), (2,), [])
    assert program(np.array([[1.0, -2.0], [7.0, 3.0]])).tolist() == [0.0, 13.0]
    assert program.value_and_grad(np.array([[1.0, -2.0]]))[0] == 0.0


def test_an_index_made_of_values_is_refused() -> None:
    a = array([0.0, 1.0])
    with pytest.raises(TypeError, match="Values are no indices"):
        a[a]
    with pytest.raises(TypeError, match="Values are no indices"):
        a[a] = 0.0
    with pytest.raises(IndexError, match="out of bounds"):
        a[5]
    with pytest.raises(IndexError, match="out of bounds"):
        a[5] = 0.0
    with pytest.raises(RecordingError, match="where"):
        record(lambda x: x[x > 0].sum(), (2,), [])


def test_nothing_is_told_while_recording() -> None:
    seen = []
    record(lambda x: [seen.append(repr(x)), x.sum()][1], (2,), [])
    assert seen[0] == "<an array of Values of shape (2,), while recording>"
    for tell in (str, lambda x: f"{x:.2f}", lambda x: x.data, lambda x: x.grad, lambda x: x.data.sum()):
        with pytest.raises(RecordingError):
            record(lambda x, tell=tell: [tell(x), x.sum()][1], (2,), [])


def test_a_single_value_goes_through_the_rule_book_too() -> None:
    v = Value(0.5)
    assert (np.maximum(0.0, v).op.name, np.exp(v).data) == ("maximum", np.exp(0.5))
    assert (np.float64(2.0) * v).op.name == (2.0 * v).op.name == "*"
    assert (np.float64(2.0) ** v).data == 2.0**0.5
    assert isinstance(np.arange(3.0) * v, ValueArray)
    assert isinstance(v - np.arange(3.0), ValueArray)
    assert (np.isnan(v), np.less(v, 1.0)) == (False, True)
    assert np.clip(v, 0.0, 0.25).op.name == "clip"
    assert np.where(True, v, 1.0) is v
    assert np.stack([v, v])[1] is v
    assert np.sum(v).op.name == "fsum"
    assert np.shape(v) == ()
    with pytest.raises(TypeError, match=r"np\.copysign has no derivative here"):
        np.copysign(v, 1.0)


def test_the_small_parts() -> None:
    x, a = Value(1.0), array([[1.0, 2.0]])
    assert flat([x, a, 3.0]) == [x, *a.flat, 3.0]
    assert flat(a) == list(a.flat)
    assert type(plain(a)) is type(plain(x)) is np.ndarray
    assert wrapped(np.array([x], dtype=object))[0] is x
    assert values_of(np.array([x, 2.0], dtype=object))[0] is x
    assert numbers_of([[x, 2.0]]).tolist() == [[1.0, 2.0]]
    assert numbers_of(np.arange(2)).dtype == np.arange(2).dtype
    check_target(a)
    check_target(None)
    with pytest.raises(TypeError, match="array of int64"):
        check_target(np.arange(2))
