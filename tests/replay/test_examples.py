"""Examples that are made: of several kinds, and fewer of them for a long program."""

from __future__ import annotations

import numpy as np

from tinygrad_edu.replay.examples import WORK, made_inputs


def test_made_examples_are_of_three_kinds_and_fewer_for_a_long_program() -> None:
    wide = made_inputs([(1000,), (), (2, 3)], {}, 0)
    assert [array.shape for array in wide] == [(3, 1000), (3,), (3, 2, 3)]
    sizes = np.abs(wide[0][0])
    assert sizes.max() > 10.0 > 0.1 > np.median(sizes) * 0.2
    assert (sizes < 0.01).sum() > 50
    assert sizes.max() < 100.0
    assert 0.3 < (wide[0][0] > 0.0).mean() < 0.7
    assert set(wide[0][1].tolist()) == {0.0, 1.0, -2.0, 3.0}
    assert 0.3 < (wide[0][1] == 0.0).mean() < 0.7
    assert (wide[0][1] == 1.0).mean() > 0.2
    assert wide[0][2].min() > 0.05
    assert 0.9 < wide[0][2].max() < 0.95
    for edges, count in ((0, 3), (WORK // 3 - 1, 3), (WORK // 3, 2), (WORK // 2 - 1, 2), (WORK // 2, 1), (10**9, 1)):
        assert len(made_inputs([()], {}, edges)[0]) == count
    assert made_inputs([], {}, 0) == []
    chosen = made_inputs([(), (60,)], dict.fromkeys(range(1, 61), 4) | {0: 1}, 0)
    assert chosen[0].tolist() == [0.0, 0.0, 0.0]
    assert set(chosen[1].ravel().tolist()) == {0.0, 1.0, 2.0, 3.0}


def test_the_same_examples_are_made_every_time() -> None:
    for ours, again in zip(made_inputs([(3,), ()], {3: 5}, 0), made_inputs([(3,), ()], {3: 5}, 0), strict=True):
        np.testing.assert_array_equal(ours, again)
