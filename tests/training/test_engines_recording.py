"""fit and predict: replayed with the numbers of eager code, or eagerly with the reason; and one thread for each."""

from __future__ import annotations

import asyncio
import itertools
import threading

import numpy as np
import pytest

from tinygrad_edu import MLP, SGD, RecordingError, Value, choose, fit, fsum, predict, where
from tinygrad_edu.modes import is_hidden, noise
from tinygrad_edu.nn import Dropout, Layer, Module, Sequential
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.nn.module import in_mode
from tinygrad_edu.training import Callback

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 2))
RARE = (X[:, 0] > 1.0).astype(float)
WEIGHT = {1.0: 10.0}


def squared(out, t):
    return (out[0] - t) ** 2


def looked_up(out, t):
    return WEIGHT.get(t, 1.0) * squared(out, t)


def member(out, t):
    return squared(out, t) * (10.0 if t in {1.0} else 1.0)


def typed(out, t):
    return squared(out, t) * (10.0 if isinstance(t, float) else 1.0)


def guarded(out, t):
    try:
        weight = 10.0 if t > 0.5 else 1.0
    except Exception:
        weight = 1.0
    return weight * squared(out, t)


def table(out, t):
    return {0.0: 1.0, 1.0: 10.0}[t] * squared(out, t)


def inverted(out, t):
    return where(~np.bool_(out[0] > 0), out[0] - t, t - out[0])


def indexed(out, t):
    return [out[0], 2.0 * out[0]][int(t)] ** 2


def looked_up_after_a_sum(out, t):
    return WEIGHT.get(t + 0.0, 1.0) * squared(out, t)


def looked_up_by_a_comparison(out, t):
    return {True: 2.0}.get(out[0] > t, 3.0) * squared(out, t)


def between(out, t):
    return where((out[0] - t > -1.0) & (out[0] - t < 1.0), squared(out, t), 2.0)


def not_none(out, t):
    return squared(out, t) if t != None else out[0] * 0.0  # noqa: E711 - as users write it


def odd(out, t):
    return squared(out, t) * (1.0 + t % 2)


def rounded(out, t):
    return (out[0] - round(t)) ** 2


def chosen(out, t):
    return choose(t, [out[0] ** 2, (out[0] - 1.0) ** 2])


EAGER = (looked_up, member, typed, guarded, table, inverted, indexed, looked_up_after_a_sum, looked_up_by_a_comparison)
REPLAYED = (squared, between, not_none, odd, rounded, chosen)


@pytest.mark.parametrize("loss", [*EAGER, *REPLAYED], ids=lambda loss: loss.__name__)
def test_a_loss_is_trained_with_the_numbers_of_eager_code(loss):
    weights, losses = [], []
    for engine in ("eager", "auto"):
        model = MLP(2, [3, 1], seed=0)
        history = fit(model, X, RARE, loss, SGD(model.parameters(), 0.01), epochs=2, batch_size=16, engine=engine)
        weights.append([p.data for p in model.parameters()])
        losses.append(history.loss)
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-9)
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-9)
    assert history.engine.startswith("eager: " if loss in EAGER else "replay: ")


ADDED = [0.5]


class Biased(Module):
    """The same number added to each input: an array in every engine, so that + adds to each."""

    def __init__(self):
        self.w = [Value(0.5), Value(-0.25), Value(0.1)]

    def __call__(self, x):
        return [sum(w * a for w, a in zip(self.w, np.append(x + ADDED, 1.0), strict=True))]


def test_a_model_is_given_arrays_in_every_engine():
    weights = []
    for engine in ("eager", "replay"):
        model = Biased()
        fit(model, X, RARE, optimizer=SGD(model.parameters(), 0.1), epochs=2, engine=engine)
        weights.append([p.data for p in model.parameters()])
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-12)
    np.testing.assert_allclose(predict(model, X)[:, 0], [model(row)[0].data for row in X], rtol=1e-12)


class Broken(Module):
    """A model whose recording ends in an error of the kind that it is given."""

    def __init__(self, error):
        self.w, self._error = Value(1.0), error

    def __call__(self, x):
        if is_hidden(x[0]):
            raise self._error
        return [self.w * x[0]]


@pytest.mark.parametrize(
    "error", [KeyError("k"), ZeroDivisionError(), RecursionError(), AttributeError("a"), MemoryError()]
)
def test_whatever_recording_raises_eager_code_goes_on(error):
    model = Broken(error)
    history = fit(model, X, RARE, optimizer=SGD(model.parameters(), 0.1), epochs=1)
    assert history.engine.startswith(f"eager: recording raised {type(error).__name__}")
    with pytest.warns(RuntimeWarning, match=f"predict computes one example after the other.*{type(error).__name__}"):
        answers = predict(model, X)
    np.testing.assert_allclose(answers[:, 0], model.w.data * X[:, 0])
    with pytest.raises(type(error)):
        fit(model, X, RARE, optimizer=SGD(model.parameters(), 0.1), epochs=1, engine="replay")


def test_a_fault_of_the_scheduler_counts_too(monkeypatch):
    def fault(*_, **__):
        raise AssertionError("a fault of ours")

    monkeypatch.setattr("tinygrad_edu.replay.run.instructions", fault)
    model = MLP(2, [1], seed=0)
    assert fit(model, X, RARE, epochs=1).engine == "eager: recording raised AssertionError: a fault of ours"


def test_a_wrong_gradient_of_ours_is_found_before_it_trains_anything(monkeypatch):
    from tinygrad_edu.replay.prefer import Prefer  # in this program, the slope of tanh, and nothing forward

    monkeypatch.setattr(Prefer, "run", lambda self, out, *arrays: lambda: out.fill(0.5))
    model = MLP(2, [3, 1], seed=0)
    assert "differs from the function: on row" in fit(model, X, RARE, epochs=1).engine


class Switch(Callback):
    """It changes what the loss means after the third epoch."""

    def __init__(self, scale):
        self.scale = scale

    def on_epoch_end(self, run):
        if run.epoch == 3:
            self.scale[0] = 5.0


@pytest.mark.parametrize("epochs", [3, 6, 60])
def test_a_loss_that_changes_while_it_is_trained_is_not_trained_on_in_silence(epochs):
    scale = [1.0]
    model = MLP(2, [3, 1], seed=0)

    def train(engine):
        return fit(
            model, X, RARE, lambda out, t: scale[0] * squared(out, t), SGD(model.parameters(), 0.01),
            epochs=epochs, callbacks=[Switch(scale)], engine=engine,
        )  # fmt: skip

    with pytest.warns(RuntimeWarning, match="up to which replay trained what it had recorded") as caught:
        history = train("auto")
    assert caught[0].filename == __file__
    assert history.engine.startswith("eager after epoch ")
    scale[0] = 1.0
    with pytest.raises(RecordingError, match="differs from the function: on row"):
        train("replay")


def test_a_validation_loss_that_cannot_be_recorded_is_computed_eagerly():
    class Different(Module):
        """It reads a number in `eval()` alone."""

        def __init__(self):
            self.w = Value(1.0)

        def __call__(self, x):
            return [self.w * x[0] * (1.0 if self.training else float(x[1] > 0.0))]

    model = Different()
    history = fit(model, X, RARE, epochs=2, validation_data=(X, RARE))
    assert history.engine.startswith("replay: ")
    assert "the validation loss is computed eagerly: " in history.engine
    model.eval()
    expected = np.mean([mean_squared_error(model(x), t).data for x, t in zip(X.tolist(), RARE.tolist(), strict=True)])
    np.testing.assert_allclose(history.validation_loss[-1], expected)


def test_recording_leaves_generators_and_modes_as_they_were():
    model = Sequential(Layer(2, 3, seed=0), Dropout(0.5, seed=7), Layer(3, 1, seed=1))
    dropout = next(module for module in model.modules() if isinstance(module, Dropout))
    before = dropout.generator.bit_generator.state
    predict(model, X)
    assert dropout.generator.bit_generator.state == before
    assert all(module.training for module in model.modules())
    model.eval()
    fit(model, X, RARE, epochs=1)
    assert not any(module.training for module in model.modules())


def in_threads(*works):
    """Run each in a thread of its own, all at once; the errors they ended with."""
    errors = []
    start = threading.Barrier(len(works))

    def run(work):
        try:
            start.wait(30)
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_eight_threads_predict_train_record_and_read_at_once_with_the_numbers_of_one():
    shared = Sequential(Layer(2, 6, seed=0), Dropout(0.5, seed=0), Layer(6, 1, "linear", seed=1))
    numbers = [p.data for p in shared.parameters()]
    wanted = predict(shared, X)

    def trained():
        model = MLP(2, [4, 1], seed=1)
        history = fit(model, X, RARE, optimizer=SGD(model.parameters(), 0.05), epochs=4, validation_data=(X, RARE))
        return [p.data for p in model.parameters()], history.loss, history.engine

    alone = trained()

    def predicting():
        for _ in range(8):
            np.testing.assert_array_equal(predict(shared, X), wanted)

    def training():
        for _ in range(3):
            assert trained() == alone

    def reading():
        for _ in range(300):
            assert [p.data for p in shared.parameters()] == numbers
            assert all(module.training for module in shared.modules())
            assert fsum(shared.parameters()).data == fsum(numbers).data

    assert in_threads(*[predicting] * 3, *[training] * 3, *[reading] * 2) == []


def test_the_mode_of_a_module_in_a_call_is_for_one_thread_and_a_callback_may_change_it():
    model = Sequential(Layer(2, 3, seed=0), Dropout(0.5, seed=0), Layer(3, 1, seed=1))
    seen = []

    def look(run):
        outside = []
        thread = threading.Thread(target=lambda: outside.append(run.model.training))
        thread.start()
        thread.join()
        run.model.eval()
        answers = {run.model([1.0, 2.0])[0].data for _ in range(3)}
        run.model.train()
        seen.append((outside, run.model.training, len(answers)))

    model.eval()
    fit(model, X, RARE, epochs=1, callbacks=[look])
    assert seen == [([False], True, 1)]
    assert not model.training


def test_a_state_that_changes_between_examples_is_refused():
    calls = itertools.count()
    model = MLP(2, [1], seed=0)
    history = fit(model, X, RARE, lambda out, t: squared(out, t) * (1 + next(calls) % 2), epochs=1)
    assert history.engine.startswith("eager: the recorded program differs from the function: on row ")


class Eval(Callback):
    """It puts the model in `eval()` after the first epoch."""

    def on_epoch_end(self, run):
        run.model.eval()


def test_a_callback_may_put_the_model_in_eval_and_replay_follows():
    losses = []
    for engine in ("eager", "replay"):
        model = Sequential(Layer(2, 8, seed=0), Dropout(0.5, seed=0), Layer(8, 1, "linear", seed=1))
        still = SGD(model.parameters(), 0.0)
        losses.append(fit(model, X, RARE, optimizer=still, epochs=4, callbacks=[Eval()], engine=engine).loss)
    np.testing.assert_allclose(losses[1][1:], losses[0][1:], rtol=1e-9)
    assert losses[0][1] == pytest.approx(losses[0][2])


class Shifted(Module):
    """It has a buffer that only `eval()` looks at, and a number that nobody knows of."""

    buffer_names = ("shift",)

    def __init__(self):
        self.inner, self.shift, self._hidden = MLP(2, [2, 1], seed=0), 0.0, 0.0

    def __call__(self, x):
        (y,) = self.inner(x)
        return [y if self.training else y + self.shift + self._hidden]


class Moves(Callback):
    """It changes one of the two after each epoch."""

    def __init__(self, name):
        self.attribute = name

    def on_epoch_end(self, run):
        setattr(run.model, self.attribute, getattr(run.model, self.attribute) + 1.0)


def test_a_validation_loss_follows_the_buffers_and_what_changed_otherwise_is_found():
    histories = []
    for engine in ("eager", "auto"):
        model = Shifted()
        still = SGD(model.parameters(), 0.0)
        histories.append(
            fit(
                model,
                X,
                RARE,
                optimizer=still,
                epochs=5,
                validation_data=(X, RARE),
                callbacks=[Moves("shift")],
                engine=engine,
            )
        )
    np.testing.assert_allclose(histories[1].validation_loss, histories[0].validation_loss, rtol=1e-9)
    assert histories[1].engine.startswith("replay: ")
    model = Shifted()
    with pytest.warns(RuntimeWarning, match="differs from the function"):
        fit(model, X, RARE, epochs=5, validation_data=(X, RARE), callbacks=[Moves("_hidden")])


def test_a_loss_that_changes_and_changes_back_is_found_after_epoch_1_2_4_and_so_on():
    weight = [1.0]

    class Annealing(Callback):
        """A weight that is 1 at first, then 0, and 1 again in the end."""

        def on_epoch_end(self, run):
            weight[0] = 0.0 if 1 <= run.epoch < 8 else 1.0

    def loss(out, t):
        return squared(out, t) + weight[0] * out[0] ** 2

    model = MLP(2, [3, 1], seed=0)
    with pytest.warns(RuntimeWarning, match="after epoch 2, up to which replay trained"):
        fit(model, X, RARE, loss, epochs=10, callbacks=[Annealing()])


def test_where_replay_alone_is_not_finite_eager_code_goes_on(monkeypatch):
    from tinygrad_edu.training.engines import Replay

    monkeypatch.setattr(Replay, "loss_and_gradient", lambda self, X, y: (float("nan"), np.zeros(13)))
    model = MLP(2, [3, 1], seed=0)
    with pytest.warns(RuntimeWarning, match="the recorded loss is nan"):
        history = fit(model, X, RARE, epochs=3)
    assert history.epochs == 3
    assert np.isfinite(history.loss).all()


def test_a_penalty_that_draws_random_numbers_is_eager():
    generator = np.random.default_rng(0)
    history = fit(MLP(2, [1], seed=0), X, RARE, epochs=1, penalty=lambda params: params[0] * noise(generator.normal))
    assert history.engine.startswith("eager: the penalty draws a random number")


def test_examples_of_no_numbers_and_no_examples_at_all_are_no_trouble():
    class Constant(Module):
        """A model that looks at nothing."""

        def __init__(self):
            self.w = Value(2.0)

        def __call__(self, x):
            return [self.w]

    assert fit(Constant(), np.zeros((20, 0)), np.ones(20), epochs=1).engine.startswith("replay: ")
    with pytest.raises(ValueError, match="an array of examples"):
        predict(Constant(), 5.0)


def test_a_class_attribute_cannot_hide_the_mode_and_a_task_has_its_own():
    with pytest.raises(TypeError, match="declares `training` in its class"):
        type("Wrong", (Module,), {"training": True})
    model = Layer(2, 1, seed=0)
    seen = []

    async def other():
        model.eval()

    async def main():
        with in_mode(model, training=True):
            await asyncio.create_task(other())
            seen.append(model.training)

    asyncio.run(main())
    assert seen == [True]
