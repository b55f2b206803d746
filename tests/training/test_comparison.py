"""Which rows a recorded model is compared on, and when."""

import numpy as np

from tinygrad_edu.training.comparison import telling_rows
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
