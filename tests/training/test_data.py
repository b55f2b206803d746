"""Data on its way in, and the order of its rows."""

import datetime
import math

import numpy as np
import pytest
import scipy.sparse

from tinygrad_edu.training import batches
from tinygrad_edu.training.data import batch_order, checked, first_of_each, one_hot


def test_every_example_is_seen_once_in_each_epoch():
    for n, size in ((10, 3), (9, 3), (1, 1), (5, 5)):
        order = batch_order(n, size, np.random.default_rng(0))
        assert sorted(np.concatenate(order).tolist()) == list(range(n))
        assert [len(rows) for rows in order] == [size] * (n // size) + ([n % size] if n % size else [])
    assert len(batch_order(1000, 100, None)) == 10  # the example of the tutorial
    X = np.arange(10).reshape(5, 2)
    seen = list(batches(X, X[:, 0], 2, seed=1))
    assert sorted(y for _, part in seen for y in part.tolist()) == [0, 2, 4, 6, 8]
    assert all((x[:, 0] == y).all() for x, y in seen)
    assert [y.tolist() for _, y in batches(X, X[:, 0], 2, shuffle=False)] == [[0, 2], [4, 6], [8]]


def test_checked_data_is_a_copy_in_floats():
    X, y = np.array([[1, 2], [3, 4]]), [0, 1]
    data = checked(X, y)
    X[0, 0] = 100
    assert (data.X.dtype, data.y.dtype, len(data)) == (np.float64, np.float64, 2)
    assert data.X.tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1.0], [math.inf]], [0, 1], r"X holds inf in row 1, column 0 \(counted from 0\)"),
        ([[[1.0, 2.0], [3.0, math.nan]]], [0], "X holds nan in row 0, column 1, then 1"),
        ([[1.0]], [[0.0, -math.inf]], "y holds -inf in row 0, column 1"),
        (3.0, [0], "X holds no examples"),
        ([[1.0]], 0.0, "X has 1 rows and y has none"),
    ],
)
def test_what_is_wrong_with_data_is_named_by_row_and_column(X, y, message):
    with pytest.raises(ValueError, match=message):
        checked(X, y)


class Missing:
    """As the missing entry of other libraries' tables: no number, and no sequence."""

    def __repr__(self):
        return "<NA>"


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1.0, "2.5"], [3.0, "Köln"]], [0, 1], "X holds 'Köln' in row 1, column 1 .* no number; .*OneHotEncoder"),
        ([[1.0], [2.0]], ["3", "no"], r"y holds 'no' in row 1 .*, y = np.unique\(y, return_inverse=True\)"),
        (np.array([[1.0, Missing()]]), [0], r"X holds <NA> in row 0, column 1 .* no number; remove that row or fill"),
        ([[1.0, 2.0], [3.0]], [0, 1], "rows of one length, and is not: setting an array element"),
        ([[1.0, 2.0], 3.0], [0, 1], "rows of one length, and is not: setting an array element"),
        (scipy.sparse.csr_matrix([[0.0, 1.0]]), [0], r"X is a sparse matrix; write out its zeros, X.toarray\(\)"),
        (Missing(), [0], "X holds <NA> in it, which is no number"),
    ],
)
def test_what_is_no_number_is_named_with_what_to_do_about_it(X, y, message):
    with pytest.raises(TypeError, match=message):
        checked(X, y)


DAYS = np.array(["2020-01-01", "2020-01-03"], dtype="datetime64[D]")


class FrameOfDates:
    """A column of dates beside one of numbers, as pandas has them."""

    dtypes = (DAYS.dtype, np.dtype(float))


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (DAYS[:, None], [0, 1], r"X holds dates, .* since 1970.*; \(d - d.min\(\)\).dt.days .* a column d of pandas"),
        ([[1.0], [2.0]], list(DAYS), "y holds dates"),
        ([[1.0], [2.0]], DAYS - DAYS[0], r"y holds spans of time, .*; d.dt.days of a column d of pandas"),
        (FrameOfDates(), [0, 1], "X holds dates"),
        (
            [[1.0, datetime.date(2020, 1, 1)]],
            [0],
            r"X holds datetime.date\(.* in row 0, column 1 .*; \(d - d.min\(\)\)",
        ),
        ([[1.0, datetime.timedelta(3)]], [0], r"X holds .*timedelta\(.* in row 0, column 1 .*; d.dt.days"),
    ],
)
def test_dates_are_no_numbers_and_told_how_to_become_some(X, y, message):
    with pytest.raises(TypeError, match=message):
        checked(X, y)


def test_the_cure_of_dates_numbers_their_days():
    assert ((DAYS - DAYS.min()) / np.timedelta64(1, "D")).tolist() == [0.0, 2.0]


def test_data_is_rounded_to_single_precision_and_double_precision_is_as_it_was():
    data = checked([[0.1, 1e-60]], [3.0])
    assert data.rounded("float64") is data
    single = data.rounded("float32")
    assert (data.is_single, single.is_single) == (False, True)
    assert single.X.tolist() == [[float(np.float32(0.1)), 0.0]]
    assert (single.X.dtype, single.y.dtype) == (np.float32, np.float32)
    with pytest.raises(ValueError, match=r"validation X holds 1e\+300 in row 1, column 0 .*scale it, or leave dtype"):
        checked([[0.0], [1e300]], [0, 1]).rounded("float32", "validation ")


def test_the_first_row_of_each_target_is_found():
    generator = np.random.default_rng(0)
    for y in (generator.integers(0, 5, 40).astype(float), np.eye(4)[generator.integers(0, 4, 30)], np.zeros((3, 2, 2))):
        _, rows = np.unique(y, axis=0, return_index=True)
        assert first_of_each(y) == sorted(rows.tolist())
        assert first_of_each(y[:, ::-1] if y.ndim > 1 else y[::-1]) == sorted(
            np.unique(y[:, ::-1] if y.ndim > 1 else y[::-1], axis=0, return_index=True)[1].tolist()
        )


def test_one_hot_rows_have_their_1_at_the_label():
    rows = one_hot([2, 0, 2], 3)
    assert rows.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    assert one_hot([], 2).shape == (0, 2)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, -1], "label -1 in row 1"),
        ([1.5], "label 1.5 in row 0"),
        ([3], "3 in row 0.* 3 outputs, one per class; for one number per example, .* have one neuron$"),
    ],
)
def test_a_label_that_is_no_class_is_named(labels, message):
    with pytest.raises(ValueError, match=message):
        one_hot(labels, 3)


def test_batches_that_do_not_fit_are_refused_before_the_first():
    with pytest.raises(ValueError, match="X has 2 rows and y has 3"):
        batches(np.zeros((2, 1)), np.zeros(3), 1)
    for size in (0, 3):
        with pytest.raises(ValueError, match=f"from 1 to the number of examples, 2, not {size}"):
            batches(np.zeros((2, 1)), np.zeros(2), size)


def test_a_seed_repeats_the_order_and_none_draws_a_fresh_one():
    X, y = np.arange(50), np.arange(50)
    first, same, other = ([part.tolist() for _, part in batches(X, y, 7, seed=seed)] for seed in (3, 3, 4))
    assert first == same != other
    fresh = [[part.tolist() for _, part in batches(X, y, 50)] for _ in range(2)]
    assert fresh[0] != fresh[1]
