"""Replay gives what eager gives; where a model cannot be recorded, fit falls back and says why."""

from functools import partial

import numpy as np
import pytest

from tinygrad_edu import Value, array
from tinygrad_edu.nn import MLP, BatchNorm, Dropout, Layer, LayerNorm, Module, RMSNorm, Sequential, l1_penalty, losses
from tinygrad_edu.nn.module import in_mode
from tinygrad_edu.optim import SGD, Adam
from tinygrad_edu.replay import RecordingError
from tinygrad_edu.training import fit, predict
from tinygrad_edu.training.data import Data
from tinygrad_edu.training.engines import Auto, Eager, Replay, choose_engine, is_finite
from tinygrad_edu.training.objective import Objective

RNG = np.random.default_rng(3)
X = RNG.normal(size=(21, 2))
CURVE = np.sin(X[:, 0]) - X[:, 1]
LABELS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
BINARY = (CURVE > 0).astype(float)


def norms():
    return Sequential(Layer(2, 4, "gelu", seed=0), LayerNorm(4), RMSNorm(4), Layer(4, 1, "linear", seed=1))


CASES = {
    "mean squared error": (lambda: MLP(2, [4, 1], seed=0), CURVE, losses.mean_squared_error),
    "two outputs": (
        lambda: MLP(2, [4, 2], "relu", seed=0),
        np.column_stack([CURVE, X[:, 0]]),
        losses.mean_squared_error,
    ),
    "huber": (lambda: MLP(2, [4, 1], "elu", seed=0), CURVE, losses.huber),
    "hinge": (lambda: MLP(2, [4, 1], "relu", seed=0), 2 * BINARY - 1, losses.hinge),
    "logits": (lambda: MLP(2, [4, 1], "silu", seed=0), BINARY, losses.binary_cross_entropy_with_logits),
    "sigmoid": (
        lambda: MLP(2, [4, 1], output_activation="sigmoid", seed=0),
        BINARY,
        losses.binary_cross_entropy,
    ),
    "classes": (lambda: MLP(2, [4, 3], seed=0), LABELS, losses.cross_entropy),
    "weighted and smoothed classes": (
        lambda: MLP(2, [4, 3], seed=0),
        LABELS,
        partial(losses.cross_entropy, class_weights=[1.0, 2.0, 0.5], label_smoothing=0.1),
    ),
    "norms": (norms, CURVE, losses.mean_squared_error),
}


@pytest.mark.parametrize("case", CASES)
def test_the_losses_are_the_same_to_1e_9(case):
    build, y, loss = CASES[case]
    histories = []
    for engine in ("eager", "replay"):
        model = build()
        history = fit(
            model,
            X,
            y,
            loss,
            Adam(model.parameters(), 0.02),
            epochs=5,
            batch_size=8,
            validation_data=(X[:5], y[:5]),
            penalty=lambda params: l1_penalty(params, 0.01),
            engine=engine,
        )
        histories.append(history)
    eager, replay = histories
    np.testing.assert_allclose(replay.batch_loss, eager.batch_loss, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(replay.validation_loss, eager.validation_loss, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(replay.gradient_norm, eager.gradient_norm, rtol=1e-7)
    assert replay.engine.startswith("replay: ")


def test_replay_is_the_default_and_says_so():
    assert fit(MLP(2, [1]), X, CURVE, epochs=1).engine.startswith("replay: ")
    assert fit(MLP(2, [1]), X, CURVE, epochs=1, engine="eager").engine == "eager"


def test_frozen_parameters_stay_and_count():
    weights = []
    for engine in ("eager", "replay"):
        model = MLP(2, [4, 1], seed=0)
        fit(model, X, CURVE, optimizer=SGD(model.layers[1].parameters(), 0.1), epochs=3, engine=engine)
        weights.append([p.data for p in model.parameters()])
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-9)
    assert weights[0][:12] == weights[1][:12] == [p.data for p in MLP(2, [4, 1], seed=0).layers[0].parameters()]


class InNumPy(Module):
    """A network as NumPy code writes it, with weights in arrays."""

    def __init__(self):
        rng = np.random.default_rng(3)
        self.W, self.b, self.v = array(rng.normal(size=(4, 2))), array(np.zeros(4)), array(rng.normal(size=4))
        self.label_parameters()

    def __call__(self, x):
        hidden = np.tanh(self.W @ x + self.b)
        return np.where(hidden > 0.5, hidden, 0.5 * hidden) @ self.v / (1.0 + np.linalg.norm(hidden))


def gradient_by_hand(model, x, target):
    """That of (model(x) - target)² by W, b and v, in plain NumPy, by central differences of each number."""
    numbers = [part.data.copy() for part in (model.W, model.b, model.v)]

    def squared(W, b, v):
        hidden = np.tanh(W @ x + b)
        chosen = np.where(hidden > 0.5, hidden, 0.5 * hidden)
        return (chosen @ v / (1.0 + np.linalg.norm(hidden)) - target) ** 2

    slopes = []
    for part in numbers:
        for k in np.ndindex(part.shape):
            middle, ends = part[k], []
            for step in (1e-6, -1e-6):
                part[k] = middle + step
                ends.append(squared(*numbers))
            part[k] = middle
            slopes.append((ends[0] - ends[1]) / 2e-6)
    return slopes


def test_numpy_code_is_trained_alike_in_every_engine():
    weights = []
    for engine in ("eager", "replay", "auto"):
        model = InNumPy()
        history = fit(model, X, CURVE, optimizer=SGD(model.parameters(), 0.1), epochs=3, engine=engine)
        weights.append([p.data for p in model.parameters()])
    assert history.engine.startswith("replay: ")
    np.testing.assert_allclose(weights[1:], [weights[0]] * 2, rtol=1e-9)
    model.zero_grad()
    losses.mean_squared_error(model(X[0]), CURVE[0]).backward()
    np.testing.assert_allclose([p.grad for p in model.parameters()], gradient_by_hand(model, X[0], CURVE[0]), atol=1e-8)


class Branching(Module):
    """A model that looks at a number, which no recording can follow."""

    def __init__(self):
        self.w = Value(0.5)

    def __call__(self, x):
        return self.w * x[0] if x[1].data > 0 else self.w * x[0] * 2.0


def test_a_model_that_reads_numbers_is_trained_eagerly_and_says_why():
    model = Branching()
    history = fit(model, X, CURVE, optimizer=SGD(model.parameters(), 0.1), epochs=2)
    assert history.engine.startswith("eager: ")
    assert "reading .data" in history.engine
    with pytest.raises(RecordingError):
        fit(model, X, CURVE, optimizer=SGD(model.parameters(), 0.1), engine="replay")
    expected = [model.w.data * x[0] * (1 if x[1] > 0 else 2) for x in X]
    with pytest.warns(RuntimeWarning, match="predict computes one example after the other"):
        answers = predict(model, X)
    np.testing.assert_allclose(answers[:, 0], expected)
    np.testing.assert_array_equal(predict(model, X), answers)  # it is said once


def test_a_model_with_batch_norm_is_trained_eagerly_and_says_why():
    model = Sequential(Layer(2, 3, seed=0), BatchNorm(3), Layer(3, 1, seed=1))
    history = fit(model, X, np.tanh(CURVE), epochs=1, batch_size=7)
    assert history.engine == "eager: the model works on a batch, not on one example (BatchNorm compares examples)"
    with pytest.raises(RecordingError, match="BatchNorm"):
        fit(model, X, CURVE, engine="replay")
    model.eval()
    np.testing.assert_allclose(predict(model, X)[:, 0], [row[0].data for row in model(X.tolist())])


def test_dropout_is_replayed_with_fresh_noise_and_not_at_all_in_eval():
    model = Sequential(Layer(2, 40, "linear", seed=0), Dropout(0.5, seed=0), Layer(40, 1, "linear", seed=1))
    still = SGD(model.parameters(), 0.0)
    history = fit(model, X, CURVE, optimizer=still, epochs=30, validation_data=(X, CURVE))
    assert history.engine.startswith("replay")
    assert len(set(history.loss)) == 30
    assert len(set(history.validation_loss)) == 1
    eager = fit(model, X, CURVE, optimizer=still, epochs=30, engine="eager")
    assert abs(np.mean(history.loss) - np.mean(eager.loss)) < 4 * np.std(eager.loss) / np.sqrt(30) * np.sqrt(2)
    assert predict(model, X).tolist() == predict(model, X).tolist()


def test_modes_are_put_back_each_by_each():
    model = Sequential(Layer(2, 2), Dropout(0.1))
    model.layers[1].eval()
    with in_mode(model, training=True):
        assert model.layers[1].training
    assert (model.training, model.layers[1].training) == (True, False)


# An engine by itself --------------------------------------------------------------------------------------


def a_line():
    """w·x + b at w = 2, b = 1, on three examples; the squared errors and their gradient, by hand."""
    model = Layer(1, 1, "linear", init="zeros")
    weight, bias = model.parameters()
    weight.data, bias.data = 2.0, 1.0
    data = Data(np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 3.0, 7.0]))  # errors 1, 0, -2
    objective = Objective(model, losses.mean_squared_error, model.parameters(), lambda params: params[0] ** 2)
    return objective, data, 5.0 / 3.0, np.array([-8.0 / 3.0 + 4.0, -2.0 / 3.0])


@pytest.mark.parametrize("name", ["eager", "replay", "auto"])
def test_the_mean_loss_and_its_gradient_are_those_by_hand(name):
    objective, data, loss, gradient = a_line()
    engine = choose_engine(name, objective, data, 3)
    got, got_gradient = engine.loss_and_gradient(data.X, data.y)
    assert got == pytest.approx(loss + 4.0)  # with the penalty, 2²
    np.testing.assert_allclose(got_gradient, gradient)
    assert engine.mean_loss(data.X, data.y) == pytest.approx(loss)
    assert engine.theta.tolist() == [2.0, 1.0]


@pytest.mark.parametrize("name", ["eager", "replay", "auto"])
def test_theta_goes_to_the_values_and_comes_back(name):
    objective, data, _, _ = a_line()
    engine = choose_engine(name, objective, data, 3)
    engine.theta = np.array([5.0, -1.0])
    engine.write_parameters()
    assert [p.data for p in objective.params] == [5.0, -1.0]
    objective.params[0].data = 7.0
    engine.read_parameters()
    assert engine.theta.tolist() == [7.0, -1.0]


def test_an_eager_engine_leaves_no_gradient_behind():
    objective, data, _, _ = a_line()
    frozen = Objective(objective.model, objective.loss, objective.params[:1])
    objective.params[1].grad = 100.0
    _, gradient = Eager(frozen).loss_and_gradient(data.X, data.y)
    assert gradient == pytest.approx([-8.0 / 3.0])
    assert [p.grad for p in objective.params] == [0.0, 0.0]


def test_a_name_stands_for_its_engine_and_no_other_is_known():
    objective, data, _, _ = a_line()
    kinds = [type(choose_engine(name, objective, data, 3)) for name in ("eager", "replay", "auto")]
    assert kinds == [Eager, Replay, Auto]
    with pytest.raises(ValueError, match=r"""engine is "auto", "eager", "replay" or "jax", not 'warp'"""):
        choose_engine("warp", objective, data, 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_number_that_is_not_finite_is_enough(bad):
    assert is_finite(1.0, np.array([0.0, -1e300]))
    assert not is_finite(bad, np.zeros(2))
    assert not is_finite(1.0, np.array([0.0, bad]))


def test_auto_goes_on_eagerly_where_replay_raises(monkeypatch):
    objective, data, loss, gradient = a_line()
    engine = choose_engine("auto", objective, data, 3)

    def fail(*_):
        raise MemoryError("too large a batch")

    monkeypatch.setattr(Replay, "loss_and_gradient", fail)
    with pytest.warns(RuntimeWarning, match="eager, after replay: recording raised MemoryError: too large a batch"):
        got, got_gradient = engine.loss_and_gradient(data.X, data.y)
    assert got == pytest.approx(loss + 4.0)
    np.testing.assert_allclose(got_gradient, gradient)
    assert engine.description.startswith("eager, after replay: ")
    assert engine.loss_and_gradient(data.X, data.y)[0] == got, "and no further warning"


def test_a_fault_of_the_batch_itself_is_told_and_replay_goes_on():
    objective, data, _, _ = a_line()
    engine = choose_engine("auto", objective, data, 3)
    with pytest.raises(ValueError, match=r"takes one example of 1 input|takes 1 input"):
        engine.loss_and_gradient(np.zeros((3, 2)), data.y)
    assert engine.description.startswith("replay: ")
