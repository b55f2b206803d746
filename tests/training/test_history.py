"""The record of a run."""

import math

from tinygrad_edu.training import History


def test_the_best_epoch_is_never_one_that_is_nan():
    assert History(loss=[3.0, 2.0, 1.0], validation_loss=[math.nan, 2.0, 2.5]).best_epoch == 2
    assert History().best_epoch == 0
