"""fit(dtype="float32"): single precision throughout, held against eager code and against NumPy by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import MLP, SGD, Adam, AdamW, RMSprop, Value, fit
from tinygrad_edu.nn import BatchNorm, Dropout, Layer, Module, Sequential, l2_penalty
from tinygrad_edu.optim import ReduceLROnPlateau, StepLR
from tinygrad_edu.replay import RecordingError
from tinygrad_edu.training import EarlyStopping, History, load, save
from tinygrad_edu.training.checkpoints import read_checkpoint

RNG = np.random.default_rng(7)
X = RNG.normal(size=(90, 3))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
LABELS = (X[:, 0] > 0.0).astype(int) + (X[:, 1] > 0.0)
VALID = (RNG.normal(size=(20, 3)), RNG.normal(size=20))


def numbers(model: Module) -> list[float]:
    return [p.data for p in model.parameters()]


def are_single(values: list[float]) -> bool:
    return values == np.array(values, dtype=np.float32).tolist()


def network() -> MLP:
    return MLP(3, [8, 1], "tanh", seed=0)


def by_hand(model: MLP, epochs: int, batch: int, rate: float, seed: int) -> tuple[list[float], list[Any]]:
    """The loss of each batch and the weights: 3-8-1, tanh, squared error, Adam, written in float32 of NumPy."""
    one, x, y = np.float32(1.0), X.astype(np.float32), Y.astype(np.float32)
    weights = []
    for layer in model.layers:
        weights.append(np.array([[w.data for w in neuron.weights] for neuron in layer.neurons], dtype=np.float32))
        weights.append(np.array([neuron.bias.data for neuron in layer.neurons], dtype=np.float32))
    means = [np.zeros_like(w) for w in weights]
    squares = [np.zeros_like(w) for w in weights]
    losses, t = [], 0
    for epoch in range(1, epochs + 1):
        order = np.random.default_rng([seed, epoch]).permutation(len(x))
        for start in range(0, len(x), batch):
            rows, t = order[start : start + batch], t + 1
            hidden = np.tanh(x[rows] @ weights[0].T + weights[1])
            error = (hidden @ weights[2].T + weights[3])[:, 0] - y[rows]
            losses.append(float(np.mean(error * error)))
            d_output = (error * np.float32(2.0 / len(rows)))[:, None]
            d_hidden = (d_output @ weights[2]) * (one - hidden * hidden)
            gradients = [d_hidden.T @ x[rows], d_hidden.sum(axis=0), d_output.T @ hidden, d_output.sum(axis=0)]
            for w, g, m, s in zip(weights, gradients, means, squares, strict=True):
                m *= np.float32(0.9)
                m += np.float32(0.1) * g
                s *= np.float32(0.999)
                s += np.float32(0.001) * g * g
                root = np.sqrt(s / np.float32(1 - 0.999**t)) + np.float32(1e-8)
                w -= np.float32(rate) * (m / np.float32(1 - 0.9**t)) / root
                assert w.dtype == np.float32
    return losses, weights


def test_training_is_that_of_numpy_by_hand_in_float32() -> None:
    model = network()
    losses, (w1, b1, w2, b2) = by_hand(network(), 5, 25, 0.01, seed=3)
    optimizer = Adam(model.parameters(), 0.01)
    history = fit(model, X, Y, "mse", optimizer, epochs=5, batch_size=25, seed=3, dtype="float32")
    np.testing.assert_allclose(history.batch_loss, losses, rtol=1e-5)
    hidden, output = model.layers
    np.testing.assert_allclose([[w.data for w in n.weights] for n in hidden.neurons], w1, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose([n.bias.data for n in hidden.neurons], b1, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose([[w.data for w in n.weights] for n in output.neurons], w2, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose([n.bias.data for n in output.neurons], b2, rtol=1e-4, atol=1e-6)
    assert are_single(numbers(model))
    assert {buffer.dtype for buffer in optimizer.buffers.values()} == {np.dtype(np.float32)}
    assert "in single precision" in history.engine
    assert (history.dtype, history.engine.partition(":")[0]) == ("float32", "replay")
    assert "(replay, float32)" in repr(history)


@pytest.mark.parametrize(
    "make",
    [
        lambda p: SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda p: RMSprop(p, 0.01),
        lambda p: AdamW(p, 0.02),
    ],
)
@pytest.mark.parametrize("engine", ["auto", "replay"])
def test_losses_are_those_of_double_precision_to_five_digits(make: Any, engine: str) -> None:
    histories = []
    for dtype in ("float64", np.float32):
        model = Sequential(Layer(3, 6, "gelu", seed=0), Dropout(0.2, seed=1), Layer(6, 3, seed=2))
        histories.append(
            fit(
                model,
                X,
                LABELS,
                "cross_entropy",
                make(model.parameters()),
                epochs=6,
                batch_size=20,
                validation_data=(X[:30], LABELS[:30]),
                clip_norm=0.8,
                clip_value=0.5,
                penalty=lambda params: l2_penalty(params, 0.01),
                schedule=lambda optimizer: StepLR(optimizer, 2),
                engine=engine,
                dtype=dtype,
            )
        )
    double, single = histories
    assert (double.dtype, single.dtype) == ("float64", "float32")
    for what in ("loss", "batch_loss", "validation_loss", "gradient_norm", "learning_rate"):
        np.testing.assert_allclose(getattr(single, what), getattr(double, what), rtol=1e-5, err_msg=what)
    for name, lengths in double.layer_gradient_norms.items():
        np.testing.assert_allclose(single.layer_gradient_norms[name], lengths, rtol=1e-5)
    assert double.batch_loss != single.batch_loss


def test_a_callback_sees_single_precision_and_may_change_the_weights() -> None:
    seen: list[bool] = []

    def halve(run: Any) -> None:
        seen.append(are_single(numbers(run.model)))
        run.model.parameters()[0].data = 0.1
        seen.append(run.data.X.dtype == run.gradient.dtype == np.float32)

    model = network()
    fit(model, X, Y, epochs=2, callbacks=[halve], dtype="float32")
    assert seen == [True] * 4
    assert model.parameters()[0].data == np.float32(0.1)


def test_parameters_that_are_not_trained_are_rounded_and_stay() -> None:
    model = network()
    frozen = [p.data for p in model.layers[0].parameters()]
    fit(model, X, Y, optimizer=SGD(model.layers[1].parameters(), 0.1), epochs=2, dtype="float32")
    assert [p.data for p in model.layers[0].parameters()] == np.array(frozen, dtype=np.float32).tolist()
    assert are_single(numbers(model))


def test_an_optimizer_goes_from_one_precision_to_the_other() -> None:
    model = network()
    optimizer = Adam(model.parameters(), 0.01)
    fit(model, X, Y, optimizer=optimizer, epochs=1, dtype="float32")
    single = optimizer.buffers["mean"]
    assert single.dtype == np.float32
    fit(model, X, Y, optimizer=optimizer, epochs=1)
    assert optimizer.buffers["mean"].dtype == np.float64
    assert not are_single(numbers(model))


# What single precision cannot do --------------------------------------------------------------------------


class Growing(Module):
    """exp(100·w·x) on the way, which is 3e43 where x is 1: single precision cannot hold it."""

    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, x: Any) -> Any:
        return (100.0 * self.w * x[0]).exp().log() / 100.0


@pytest.mark.parametrize("engine", ["auto", "replay"])
def test_what_single_precision_cannot_compute_is_refused_with_both_numbers(engine: str) -> None:
    grid = np.linspace(0.1, 1.0, 12)[:, None]
    fit(Growing(), grid, grid[:, 0] * 2.0, epochs=1)
    message = r'^the recorded program differs .* gives inf and the function .*leave dtype="float32" out'
    with pytest.raises(RecordingError, match=message):
        fit(Growing(), grid, grid[:, 0] * 2.0, epochs=1, engine=engine, dtype="float32")


class Cancelling(Module):
    """A difference that single precision has no digits for."""

    def __init__(self) -> None:
        self.w = Value(1.0)

    def __call__(self, x: Any) -> Any:
        return (self.w * x[0] + 1e-9 - self.w * x[0]) * 1e9 * self.w


def test_what_has_no_digits_left_is_refused() -> None:
    """The output is w in double precision, and 0 in single precision, where 1 + 1e-9 is 1."""
    grid = np.linspace(0.5, 1.5, 12)[:, None]
    model = Cancelling()
    assert model([1.0]).data == pytest.approx(1.0, rel=1e-6)
    fit(model, grid, np.zeros(12), epochs=1)
    with pytest.raises(RecordingError, match="single precision has seven digits"):
        fit(model, grid, np.zeros(12), epochs=1, dtype="float32")


def test_there_is_no_single_precision_in_eager_code() -> None:
    with pytest.raises(ValueError, match='engine="eager" computes with Python\'s floats, in double precision'):
        fit(network(), X, Y, engine="eager", dtype="float32")
    model = Sequential(Layer(3, 4, seed=0), BatchNorm(4), Layer(4, 1, seed=1))
    before = model.state_dict()
    with pytest.raises(
        RecordingError, match=r'dtype="float32" needs a program of the loss.*BatchNorm.*leave dtype out'
    ):
        fit(model, X, Y, dtype="float32")
    assert model.state_dict() == before
    assert fit(model, X, Y, epochs=1).engine.startswith("eager")


@pytest.mark.parametrize("dtype", ["float16", "int32", None, "single precision"])
def test_other_kinds_of_numbers_are_refused(dtype: Any) -> None:
    with pytest.raises(ValueError, match='dtype is "float64", or "float32"'):
        fit(network(), X, Y, dtype=dtype)


def test_numbers_that_single_precision_cannot_hold_are_named() -> None:
    large = X.copy()
    large[4, 2] = -1e39
    with pytest.raises(ValueError, match=r"X holds -1e\+39 in row 4, column 2 .* nothing above 3e38; scale it"):
        fit(network(), large, Y, dtype="float32")
    with pytest.raises(ValueError, match=r"validation y holds 1e\+300 in row 1 "):
        fit(network(), X, Y, validation_data=(X[:2], [0.0, 1e300]), dtype="float32")
    model = network()
    model.parameters()[5].data = 1e200
    with pytest.raises(ValueError, match=r"parameters holds 1e\+200 in row 5 .*leave dtype=\"float32\" out"):
        fit(model, X, Y, dtype="float32")
    assert model.parameters()[5].data == 1e200


def test_a_run_that_overflows_stops_and_says_that_double_precision_may_not() -> None:
    model = MLP(1, [1], seed=0)
    data = np.array([[1e18], [2e18], [3e18]]), np.zeros(3)
    with pytest.warns(RuntimeWarning, match='the loss is inf.*try it without dtype="float32", too'):
        history = fit(model, *data, "mse", SGD(model.parameters(), 1e-3), epochs=9, batch_size=1, dtype="float32")
    assert "not finite" in history.stopped or "inf" in history.stopped
    assert np.isfinite(numbers(model)).all()


def test_a_model_that_is_trained_already_goes_on() -> None:
    """Its loss is near 0, where single precision has no digit left of it, and needs none."""
    model, plane = MLP(3, [1], seed=0), 1e3 * (X @ [1.0, 2.0, 3.0] + 5.0)
    for _ in range(3):
        history = fit(model, X, plane, "mse", Adam(model.parameters(), 100.0), epochs=150, dtype="float32")
    assert history.loss[-1] < 0.1


class Switching(Module):
    """Changes what it computes after some calls, which a recording does not see."""

    def __init__(self, calls: int) -> None:
        self.w, self.left = Value(0.5), calls

    def __call__(self, x: Any) -> Any:
        self.left -= 1
        return self.w * x[0] * (1.0 if self.left > 0 else 1.0001)


def test_a_model_that_changes_is_found_out_as_sharply_as_in_double_precision() -> None:
    """By a ten thousandth, while it trains."""
    with pytest.raises(RecordingError, match=r"the program gives .* depends on something that a recording"):
        fit(Switching(25), X, Y, epochs=50, engine="replay", dtype="float32")


def test_what_was_recorded_for_one_side_of_a_threshold_is_refused() -> None:
    class Frozen(Module):
        def __init__(self) -> None:
            self.w = Value(0.5)

        def __call__(self, x: Any) -> Any:
            return self.w * (x[0] if x[0] > 0.0 else 2.0 * x[0])

    with pytest.raises(RecordingError, match='dtype="float32" needs a program'):
        fit(Frozen(), X, Y, dtype="float32")


# Checkpoints ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop_after", [1, 3])
@pytest.mark.parametrize(
    "make",
    [lambda p: SGD(p, 0.05, momentum=0.9), lambda p: RMSprop(p, 0.02), lambda p: Adam(p, 0.05)],
)
def test_a_resumed_run_is_bit_for_bit_the_run_that_was_never_stopped(
    tmp_path: Path, make: Any, stop_after: int
) -> None:
    def run(epochs: int, **options: Any) -> tuple[Module, History, Any]:
        model = Sequential(Layer(3, 6, "tanh", seed=0), Dropout(0.2, seed=1), Layer(6, 1, seed=2))
        optimizer = make(model.parameters())
        history = fit(
            model,
            X,
            Y,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=16,
            validation_data=VALID,
            callbacks=[EarlyStopping(patience=50)],
            schedule=lambda o: ReduceLROnPlateau(o, 0.5, patience=0),
            dtype="float32",
            **options,
        )
        return model, history, optimizer

    file = tmp_path / "run.safetensors"
    straight, whole, one = run(6)
    run(stop_after, checkpoint=file)
    state = read_checkpoint(file)
    arrays = [
        *state["model"].values(),
        *state["optimizer"]["buffers"].values(),
        *state["callbacks"][0]["best"].values(),
    ]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert state["made_for"]["dtype"] == "float32"
    resumed, rest, other = run(6, checkpoint=file, resume=True)
    assert numbers(resumed) == numbers(straight)
    assert one.state_dict()["buffers"].keys() == other.state_dict()["buffers"].keys()
    for name, buffer in one.buffers.items():
        np.testing.assert_array_equal(other.buffers[name], buffer)
        assert other.buffers[name].dtype == buffer.dtype == np.float32
    for what in ("loss", "batch_loss", "validation_loss", "gradient_norm", "learning_rate", "dtype", "engine"):
        assert getattr(rest, what) == getattr(whole, what)


@pytest.mark.parametrize("kinds", [("float32", "float64"), ("float64", "float32")])
def test_a_checkpoint_of_one_precision_does_not_go_on_in_the_other(tmp_path: Path, kinds: tuple[str, str]) -> None:
    file, model = tmp_path / "run", network()
    fit(network(), X, Y, epochs=1, dtype=kinds[0], checkpoint=file)
    message = f"was made with dtype '{kinds[0]}', and this run has '{kinds[1]}'; call fit as before"
    with pytest.raises(ValueError, match=message):
        fit(model, X, Y, epochs=2, dtype=kinds[1], checkpoint=file, resume=True)
    assert numbers(model) == numbers(network())


def test_files_are_half_as_large(tmp_path: Path) -> None:
    sizes = {}
    for dtype in ("float64", "float32"):
        model = MLP(40, [50, 1], "tanh", seed=0)
        data = np.random.default_rng(0).normal(size=(20, 40))
        fit(model, data, data[:, 0], epochs=1, dtype=dtype, checkpoint=tmp_path / "run")
        save(model, tmp_path / "model", dtype=dtype)
        sizes[dtype] = [os.path.getsize(tmp_path / name) for name in ("run", "model")]
        copy = MLP(40, [50, 1], "tanh", seed=1)
        load(copy, tmp_path / "model")
        assert numbers(copy) == numbers(model)
    for single, double in zip(sizes["float32"], sizes["float64"], strict=True):
        assert 0.45 < single / double < 0.6
