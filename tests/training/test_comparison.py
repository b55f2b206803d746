"""Which rows a recorded model is compared on, and when."""

import numpy as np
import pytest

from tinygrad_edu.training.comparison import Reviews, reviewed_row, telling_rows
from tinygrad_edu.training.data import Data

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 2))
RARE = (X[:, 0] > 1.0).astype(float)


def test_rows_of_every_target_are_compared_or_the_extremes():
    assert telling_rows(Data(X[:32], RARE[:32])) == list(range(32))
    rows = telling_rows(Data(X, RARE))
    assert {RARE[row] for row in rows} == {0.0, 1.0}
    assert {int(X.min(axis=1).argmin()), int(X.max(axis=1).argmax())} <= set(rows)
    y = RNG.normal(size=40)
    rows = telling_rows(Data(X, y))
    assert {int(y.argmin()), int(y.argmax())} <= set(rows)
    assert 10 < len(rows) <= 18
    pairs = RNG.normal(size=(40, 2))
    extremes = {*pairs.argmin(axis=0).tolist(), *pairs.argmax(axis=0).tolist()}
    assert extremes <= set(telling_rows(Data(X, pairs)))
    wide = RNG.normal(size=(40, 30))
    assert len(telling_rows(Data(X, wide))) <= 18
    classes = np.eye(16)[np.arange(40) % 16]
    assert len({tuple(classes[row]) for row in telling_rows(Data(X, classes))}) == 16


@pytest.mark.parametrize("n", [33, 100, 1000])
def test_no_more_than_18_rows_in_order_and_each_once(n):
    rows = telling_rows(Data(RNG.normal(size=(n, 3)), RNG.normal(size=n)))
    assert rows == sorted(set(rows))
    assert len(rows) <= 18
    assert 0 <= rows[0] <= rows[-1] < n


def test_a_class_with_one_example_is_compared_wherever_it_stands():
    for place in (0, 57, 99):
        y = np.zeros(100)
        y[place] = 1.0
        assert place in telling_rows(Data(np.zeros((100, 1)), y))


def test_without_time_reviews_come_after_powers_of_two_and_the_last():
    reviews = Reviews(cost=1e9)
    assert [epoch for epoch in range(1, 40) if reviews.are_due(epoch, 1.0, last=epoch == 39)] == [
        1,
        2,
        4,
        8,
        16,
        32,
        39,
    ]


def test_other_reviews_take_a_twentieth_of_the_time_at_most():
    reviews, spent = Reviews(cost=2.0), 0.0
    for epoch in range(1, 200):
        if reviews.are_due(epoch, 3.0):
            if epoch & (epoch - 1):  # not a power of two, after which there is one in any case
                assert spent + reviews.cost <= 0.05 * 3.0 * epoch
            reviews.took(1.0)
            spent += 1.0
    assert spent >= 0.05 * 3.0 * 199 - 2.0, "and they use the time there is"


def test_the_rows_that_are_reviewed_come_from_all_over_the_data():
    for n in (7, 100, 1797):
        assert {reviewed_row(epoch, n) for epoch in range(1, n + 1)} == set(range(n))


def test_examples_of_no_numbers_have_no_extremes():
    assert telling_rows(Data(np.zeros((40, 0)), RARE)) == telling_rows(Data(np.zeros((40, 1)), RARE))
