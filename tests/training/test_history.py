"""The record of a run."""

import json
import math

from tinygrad_edu.training import History


def test_the_best_epoch_is_never_one_that_is_nan():
    assert History(loss=[3.0, 2.0, 1.0], validation_loss=[math.nan, 2.0, 2.5]).best_epoch == 2
    assert History().best_epoch == 0


def full():
    return History(
        loss=[2.0, 0.5],
        validation_loss=[1.0, 1.5],
        gradient_norm=[3.0, 4.0],
        layer_gradient_norms={"layers.0": [3.0, 4.0]},
        learning_rate=[0.1, 0.1],
        seconds=[1.0, 0.26],
        batch_loss=[2.5, 1.5, 0.6],
        engine="eager: because",
        seed=7,
        batch_size=2,
        stopped="enough",
    )


def test_it_comes_back_through_json():
    history = full()
    assert History.from_dict(json.loads(json.dumps(history.to_dict()))) == history
    assert (history.epochs, history.iterations) == (2, 3)


def test_the_validation_loss_is_watched_where_there_is_one():
    assert full().watched == [1.0, 1.5]
    assert full().best_epoch == 1
    assert History(loss=[2.0, 0.5, 0.5]).best_epoch == 2, "the first of equals"
    assert History(loss=[math.nan, math.nan]).best_epoch == 1


def test_the_summary_is_one_line():
    assert full().summary() == (
        "2 epochs, 3 iterations, 1.3 s (eager): loss 0.5, validation loss 1.5, best in epoch 1 with 1; enough"
    )
    assert History(loss=[1.0], batch_loss=[1.0], engine="eager").summary().startswith("1 epoch, 1 iteration, ")
    assert History(stopped="interrupted in epoch 1").summary() == "no whole epoch; interrupted in epoch 1"
    single = History(loss=[1.0], engine="replay: because", dtype="float32")
    assert single.summary() == "1 epoch, 0 iterations, 0.0 s (replay, float32): loss 1, best in epoch 1"
    assert repr(History()) == "History(no whole epoch)"


def test_two_histories_share_no_lists():
    one, other = History(), History()
    one.loss.append(1.0)
    assert other.loss == []
