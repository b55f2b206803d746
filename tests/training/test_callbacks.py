"""Callbacks: what they hear of, what they may do, and early stopping."""

import numpy as np
import pytest
from training.examples import ENGINES, regression, weights

from tinygrad_edu.nn import MLP
from tinygrad_edu.optim import SGD, Adam
from tinygrad_edu.training import Callback, CallbackError, EarlyStopping, fit, predict


def overfitting():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30, 2))
    return X[:10], rng.normal(size=10), X[10:], rng.normal(size=20)


def test_early_stopping_stops_and_restores_the_best_weights():
    X, y, X_valid, y_valid = overfitting()
    model = MLP(2, [12, 1], seed=0)
    stopping = EarlyStopping(patience=4)
    history = fit(
        model,
        X,
        y,
        optimizer=Adam(model.parameters(), 0.03),
        epochs=200,
        validation=(X_valid, y_valid),
        callbacks=[stopping],
    )
    best = history.best_epoch
    assert best == stopping.best_epoch
    assert history.epochs == best + 5 < 200
    assert history.stopped == f"stopped early: no improvement since epoch {best}"
    error = np.mean((predict(model, X_valid)[:, 0] - y_valid) ** 2)
    assert error == pytest.approx(min(history.validation_loss)) == pytest.approx(stopping.best_loss)


def test_early_stopping_restores_the_best_of_a_run_that_was_not_stopped_and_can_be_used_again():
    X, y, X_valid, y_valid = overfitting()
    stopping = EarlyStopping(patience=1000)
    for seed in (0, 1):
        model = MLP(2, [12, 1], seed=seed)
        optimizer = Adam(model.parameters(), 0.03)
        history = fit(model, X, y, optimizer=optimizer, epochs=40, validation=(X_valid, y_valid), callbacks=[stopping])
        error = np.mean((predict(model, X_valid)[:, 0] - y_valid) ** 2)
        assert error == pytest.approx(min(history.validation_loss))
        assert not history.stopped


def test_an_equal_loss_is_no_improvement():
    X, y = regression()
    model = MLP(2, [1], seed=0)
    stopping = EarlyStopping(patience=2)
    still = SGD(model.parameters(), 0.0)
    history = fit(model, X, y, optimizer=still, epochs=20, batch_size=24, validation=(X, y), callbacks=[stopping])
    assert (history.epochs, stopping.best_epoch, history.best_epoch) == (4, 1, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_callback_that_raises_is_named_and_leaves_the_model_whole(engine):
    X, y = regression()
    model, twin = MLP(2, [3, 1], seed=0), MLP(2, [3, 1], seed=0)

    def fragile(run):
        if run.epoch == 2:
            run.model.parameters()[0].data = 1e9
            raise KeyError("oops")

    model.eval()
    with pytest.raises(CallbackError, match=r"the callback fragile raised KeyError in on_epoch_end, epoch 2: 'oops'"):
        fit(model, X, y, epochs=5, callbacks=[fragile], engine=engine)
    fit(twin, X, y, epochs=2, engine=engine)
    assert weights(model) == weights(twin)
    assert not model.training


@pytest.mark.parametrize("engine", ENGINES)
def test_a_callback_may_change_the_weights(engine):
    X, y = regression()
    model = MLP(2, [1], seed=0)

    def clamp(run):
        for p in run.model.parameters():
            p.data = 0.25

    fit(model, X, y, optimizer=SGD(model.parameters(), 0.1), epochs=3, callbacks=[clamp], engine=engine)
    assert weights(model) == [0.25] * 3


def test_callbacks_hear_of_everything_in_order():
    X, y = regression(4)
    heard = []

    class Listen(Callback):
        def on_start(self, run):
            heard.append(("start", run.epoch))

        def on_iteration_end(self, run):
            heard.append(("iteration", run.epoch, run.batch))

        def on_epoch_end(self, run):
            heard.append(("epoch", run.epoch))
            if run.epoch == 2:
                run.stop("enough")

        def on_end(self, run):
            heard.append(("end", run.history.stopped))

    fit(MLP(2, [1], seed=0), X, y, epochs=9, batch_size=2, callbacks=[Listen()])
    epochs = [event for e in (1, 2) for event in (("iteration", e, 1), ("iteration", e, 2), ("epoch", e))]
    assert heard == [("start", 0), *epochs, ("end", "enough")]
