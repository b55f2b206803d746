"""Callbacks: what they hear of, what they may do, and early stopping."""

from types import SimpleNamespace

import numpy as np
import pytest
from training.examples import ENGINES, regression, weights

from tinygrad_edu.nn import MLP
from tinygrad_edu.optim import SGD, Adam
from tinygrad_edu.training import Callback, CallbackError, EarlyStopping, History, RunView, fit, predict
from tinygrad_edu.training.callbacks import as_callback


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
        validation_data=(X_valid, y_valid),
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
        history = fit(
            model, X, y, optimizer=optimizer, epochs=40, validation_data=(X_valid, y_valid), callbacks=[stopping]
        )
        error = np.mean((predict(model, X_valid)[:, 0] - y_valid) ** 2)
        assert error == pytest.approx(min(history.validation_loss))
        assert not history.stopped


def test_an_equal_loss_is_no_improvement():
    X, y = regression()
    model = MLP(2, [1], seed=0)
    stopping = EarlyStopping(patience=2)
    still = SGD(model.parameters(), 0.0)
    history = fit(model, X, y, optimizer=still, epochs=20, batch_size=24, validation_data=(X, y), callbacks=[stopping])
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


def a_run(losses, model):
    """A run that has come so far, as callbacks see it, and the reasons why they stopped it."""
    reasons = []
    history = History(validation_loss=list(losses))
    return SimpleNamespace(model=model, history=history, epoch=len(losses), stop=reasons.append), reasons


def stopped_after(stopping, losses):
    """The epoch in which early stopping ends a run of these losses, and its reason."""
    model = MLP(1, [1], seed=0)
    for epoch in range(1, len(losses) + 1):
        run, reasons = a_run(losses[:epoch], model)
        stopping.on_epoch_end(run)
        if reasons:
            return epoch, reasons[0]
    return None


def test_patience_counts_the_epochs_without_improvement():
    losses = [3.0, 2.0, 2.5, 2.5, 1.0, 2.0, 2.0, 2.0]
    assert stopped_after(EarlyStopping(patience=0), losses) == (3, "stopped early: no improvement since epoch 2")
    assert stopped_after(EarlyStopping(patience=1), losses) == (4, "stopped early: no improvement since epoch 2")
    assert stopped_after(EarlyStopping(patience=2), losses) == (8, "stopped early: no improvement since epoch 5")
    assert stopped_after(EarlyStopping(patience=3), losses) is None


def test_an_improvement_has_to_be_more_than_the_minimum():
    losses = [1.0, 0.95, 0.9, 0.85]
    assert stopped_after(EarlyStopping(patience=1, min_delta=0.0), losses) is None
    assert stopped_after(EarlyStopping(patience=1, min_delta=0.1), losses) == (
        3,
        "stopped early: no improvement since epoch 1",
    )


def test_the_best_weights_come_back_unless_they_are_not_wanted():
    for restore, expected in ((True, 5.0), (False, 7.0)):
        model, stopping = MLP(1, [1], seed=0), EarlyStopping(restore_best_weights=restore)
        (weight, _) = model.parameters()
        for weight.data, losses in ((3.0, [2.0]), (5.0, [2.0, 1.0]), (7.0, [2.0, 1.0, 4.0])):
            stopping.on_epoch_end(a_run(losses, model)[0])
        stopping.on_end(a_run([], model)[0])
        assert weight.data == expected


def test_early_stopping_remembers_what_a_resumed_run_needs():
    one, other = EarlyStopping(), EarlyStopping()
    one.on_epoch_end(a_run([2.0], MLP(1, [1], seed=0))[0])
    other.load_state_dict(one.state_dict())
    assert (other.best_loss, other.best_epoch, set(other.best)) == (2.0, 1, {"layers.0.weight", "layers.0.bias"})


@pytest.mark.parametrize("settings", [{"patience": -1}, {"patience": 2.5}, {"min_delta": -0.1}])
def test_settings_out_of_their_range_are_refused(settings):
    with pytest.raises(ValueError, match=r"patience|min_delta"):
        EarlyStopping(**settings)


def test_a_function_is_called_after_each_epoch_and_goes_by_its_name():
    def look(run: RunView) -> None:
        seen.append(run)

    seen = []
    callback = as_callback(look)
    callback.on_start("run")
    callback.on_iteration_end("run")
    callback.on_epoch_end("run")
    callback.on_end("run")
    assert seen == ["run"]
    assert callback.name == "look"
    assert as_callback(callback) is callback
    assert EarlyStopping().name == "EarlyStopping"


def test_what_cannot_be_a_callback_is_refused():
    with pytest.raises(TypeError, match=r"EarlyStopping is a class; write EarlyStopping\(\)"):
        as_callback(EarlyStopping)
    with pytest.raises(TypeError, match="a Callback or a function of the run, not 3"):
        as_callback(3)


def test_a_callback_that_stops_at_an_accuracy_is_a_few_lines():
    X, y = regression()

    class GoodEnough(Callback):
        def on_epoch_end(self, run: RunView) -> None:
            if run.history.loss[-1] < 0.2:
                run.stop(f"good enough in epoch {run.epoch}")

    model = MLP(2, [3, 1], seed=0)
    history = fit(model, X, y, optimizer=Adam(model.parameters(), 0.05), epochs=500, callbacks=[GoodEnough()])
    assert history.stopped == f"good enough in epoch {history.epochs}"
    assert history.loss[-1] < 0.2 <= min(history.loss[:-1])


def test_a_run_has_all_that_callbacks_are_promised():
    X, y = regression()
    runs = []
    fit(MLP(2, [3, 1], seed=0), X, y, epochs=1, batch_size=10, validation_data=(X, y), callbacks=[runs.append])
    (run,) = runs
    assert [name for name in [*RunView.__annotations__, "stop"] if not hasattr(run, name)] == []
    assert (run.epoch, run.epochs, run.batch, run.batches_per_epoch) == (1, 1, 3, 3)
    assert {name: places.tolist() for name, places in run.layers.items()} == {
        "layers.0": list(range(9)),
        "layers.1": [9, 10, 11, 12],
    }
    assert run.gradient.shape == (13,)
    assert (len(run.data), len(run.validation)) == (24, 24)
