"""Data on its way in, and the order of its rows."""

import numpy as np

from tinygrad_edu.training import batches
from tinygrad_edu.training.data import batch_order


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
