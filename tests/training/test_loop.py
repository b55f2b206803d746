"""The training loop against a loop written here in NumPy, and the ways in which it ends."""

import math
import signal

import numpy as np
import pytest
from training.examples import ENGINES, XOR_X, XOR_Y, regression, weights

from tinygrad_edu import RecordingError, Value, fsum
from tinygrad_edu.nn import MLP, RNN, BatchNorm, Conv2d, Dropout, Layer, Module, Sequential, l2_penalty
from tinygrad_edu.nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber,
    mean_squared_error,
)
from tinygrad_edu.optim import SGD, Adam, CosineAnnealingLR, ExponentialLR, OneCycleLR, ReduceLROnPlateau
from tinygrad_edu.training import Callback, fit, predict
from tinygrad_edu.training.data import batch_order
from tinygrad_edu.training.loop import Run


@pytest.mark.parametrize("engine", ENGINES)
def test_trajectory_is_that_of_a_loop_in_numpy(engine):
    """Two layers, tanh, mean squared error, SGD with momentum, batches in the order that `fit` shuffles them."""
    X, y = regression()
    model = MLP(2, [3, 1], "tanh", seed=4)
    W1 = np.array([[w.data for w in n.weights] for n in model.layers[0].neurons])
    b1 = np.zeros(3)
    W2 = np.array([[w.data for w in n.weights] for n in model.layers[1].neurons])
    b2 = np.zeros(1)
    history = fit(
        model,
        X,
        y,
        optimizer=SGD(model.parameters(), 0.05, momentum=0.9),
        epochs=3,
        batch_size=7,
        seed=9,
        engine=engine,
    )
    velocity, theta = [0.0] * 4, [W1, b1, W2, b2]
    epoch_losses = []
    for epoch in (1, 2, 3):
        total = 0.0
        for rows in batch_order(len(X), 7, np.random.default_rng([9, epoch])):
            A = np.tanh(X[rows] @ theta[0].T + theta[1])
            error = (A @ theta[2].T + theta[3])[:, 0] - y[rows]
            total += (error**2).sum()
            d = (2 * error / len(rows))[:, None]
            dA = (d @ theta[2]) * (1 - A**2)
            gradients = [dA.T @ X[rows], dA.sum(axis=0), d.T @ A, d.sum(axis=0)]
            velocity = [0.9 * v + g for v, g in zip(velocity, gradients, strict=True)]
            theta = [t - 0.05 * v for t, v in zip(theta, velocity, strict=True)]
        epoch_losses.append(total / len(X))
    W1, b1, W2, b2 = theta
    expected = [v for k in range(3) for v in (*W1[k], b1[k])] + [*W2[0], b2[0]]
    np.testing.assert_allclose(weights(model), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(history.loss, epoch_losses, rtol=1e-10)
    assert (history.epochs, history.iterations) == (3, 12)  # 24 examples in batches of 7: 4 iterations an epoch


def test_xor_is_learned():
    model = MLP(2, [4, 1], "tanh", output_activation="sigmoid", seed=1)
    history = fit(
        model,
        XOR_X,
        XOR_Y,
        binary_cross_entropy,
        Adam(model.parameters(), 0.1),
        epochs=150,
        batch_size=4,
    )
    assert history.loss[-1] < 0.05 < history.loss[0]
    assert np.round(predict(model, XOR_X)[:, 0]).tolist() == XOR_Y


def test_classes_become_one_hot_rows_and_are_learned():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, size=60)
    X = np.array([[0.0, 3.0], [3.0, 0.0], [-3.0, -3.0]])[labels] + rng.normal(size=(60, 2))
    model = MLP(2, [8, 3], seed=0)
    fit(model, X, labels, cross_entropy, Adam(model.parameters(), 0.05), epochs=15)
    assert (predict(model, X).argmax(axis=1) == labels).mean() > 0.9
    one_hot_model = MLP(2, [8, 3], seed=0)
    fit(one_hot_model, X, np.eye(3)[labels], cross_entropy, Adam(one_hot_model.parameters(), 0.05), epochs=15)
    assert weights(model) == weights(one_hot_model)


def test_the_same_seed_gives_the_same_run_and_another_seed_another():
    X, y = regression()
    runs = []
    for seed in (1, 1, 2):
        model = MLP(2, [3, 1], seed=0)
        history = fit(model, X, y, epochs=2, batch_size=5, seed=seed)
        runs.append((weights(model), history.batch_loss))
    assert runs[0] == runs[1]
    assert runs[0][1] != runs[2][1]
    assert fit(MLP(2, [1], seed=0), X, y, epochs=1, seed=None).seed >= 0


@pytest.mark.parametrize("engine", ENGINES)
def test_validation_is_measured_in_eval_mode_without_the_penalty(engine):
    X, y = regression()
    model = Sequential(Layer(2, 4, seed=0), Dropout(0.5, seed=0), Layer(4, 1, "linear", seed=1))
    history = fit(
        model,
        X[:16],
        y[:16],
        validation_data=(X[16:], y[16:]),
        epochs=2,
        penalty=lambda params: l2_penalty(params, 0.1),
        engine=engine,
    )
    expected = np.mean((predict(model, X[16:])[:, 0] - y[16:]) ** 2)
    assert history.validation_loss[-1] == pytest.approx(expected, rel=1e-10)
    assert model.training


@pytest.mark.parametrize("engine", ENGINES)
def test_penalty_is_added_to_the_loss_and_shrinks_the_weights(engine):
    X, y = regression()
    plain, decayed, penalized = (MLP(2, [1], seed=0) for _ in range(3))
    fit(plain, X, y, optimizer=SGD(plain.parameters(), 0.05), epochs=20, engine=engine)
    fit(decayed, X, y, optimizer=SGD(decayed.parameters(), 0.05, weight_decay=0.4), epochs=20, engine=engine)
    history = fit(
        penalized,
        X,
        y,
        optimizer=SGD(penalized.parameters(), 0.05),
        epochs=20,
        penalty=lambda params: l2_penalty(params, 0.2),
        engine=engine,
    )
    np.testing.assert_allclose(weights(penalized), weights(decayed), rtol=1e-9)
    assert np.linalg.norm(weights(penalized)) < np.linalg.norm(weights(plain))
    error = np.mean((predict(penalized, X)[:, 0] - y) ** 2)
    assert history.loss[-1] > error + 0.2 * np.sum(np.square(weights(penalized))) * 0.9


@pytest.mark.parametrize("engine", ENGINES)
def test_a_penalty_that_is_a_plain_number_only_raises_the_loss(engine):
    X, y = regression()
    histories = []
    for penalty in (None, lambda params: 2.0):
        model = MLP(2, [1], seed=0)
        histories.append(fit(model, X, y, epochs=1, penalty=penalty, engine=engine))
    assert histories[1].loss[0] == pytest.approx(histories[0].loss[0] + 2.0)


def test_gradient_norms_are_recorded_for_each_layer():
    X, y = regression(8)
    model = MLP(2, [3, 1], seed=0)
    seen = []
    history = fit(
        model,
        X,
        y,
        epochs=2,
        batch_size=8,
        callbacks=[lambda run: seen.append(run.gradient)],
    )
    assert list(history.layer_gradient_norms) == ["layers.0", "layers.1"]
    for epoch in (0, 1):
        assert history.gradient_norm[epoch] == pytest.approx(np.linalg.norm(seen[epoch]))
        assert history.layer_gradient_norms["layers.0"][epoch] == pytest.approx(np.linalg.norm(seen[epoch][:9]))
        assert history.layer_gradient_norms["layers.1"][epoch] == pytest.approx(np.linalg.norm(seen[epoch][9:]))


@pytest.mark.parametrize("engine", ENGINES)
def test_clipping_bounds_the_step(engine):
    X, y = regression()
    model = MLP(2, [1], seed=0)
    before = np.array(weights(model))
    fit(
        model, X, 100 * y, optimizer=SGD(model.parameters(), 1.0), epochs=1, batch_size=24, clip_norm=0.5, engine=engine
    )
    assert np.linalg.norm(weights(model) - before) == pytest.approx(0.5)
    before = np.array(weights(model))
    fit(
        model,
        X,
        100 * y,
        optimizer=SGD(model.parameters(), 1.0),
        epochs=1,
        batch_size=24,
        clip_value=0.5,
        engine=engine,
    )
    assert np.abs(weights(model) - before).max() == pytest.approx(0.5)


def test_schedules_set_the_rate_of_each_epoch_or_iteration():
    X, y = regression()
    model = MLP(2, [1], seed=0)
    optimizer = SGD(model.parameters(), 0.1)
    cosine = fit(model, X, y, optimizer=optimizer, epochs=4, schedule=CosineAnnealingLR(optimizer, 4))
    assert cosine.learning_rate == pytest.approx([0.1 * (1 + math.cos(math.pi * t / 4)) / 2 for t in range(4)])
    assert optimizer.lr == pytest.approx(0.0)
    rates = []

    class Watch(Callback):
        def on_iteration_end(self, run):
            rates.append(run.optimizer.lr)

    schedule = OneCycleLR(optimizer, 0.1, 9)
    fit(model, X, y, optimizer=optimizer, epochs=3, batch_size=8, schedule=schedule, callbacks=[Watch()])
    assert rates == [schedule.rate(t) for t in range(9)]
    zero = SGD(model.parameters(), 1e-9)
    plateau = fit(model, X, y, optimizer=zero, epochs=5, schedule=ReduceLROnPlateau(zero, 0.5, patience=1))
    assert plateau.learning_rate == pytest.approx([1e-9, 1e-9, 1e-9, 5e-10, 5e-10])


def test_names_train_as_the_things_they_name():
    X, y = regression()
    named, made = MLP(2, [3, 1], seed=0), MLP(2, [3, 1], seed=0)
    one = fit(named, X, y, loss="huber", optimizer="SGD", epochs=3, schedule=lambda o: ExponentialLR(o, 0.5))
    optimizer = SGD(made.parameters(), lr=0.01)
    other = fit(made, X, y, loss=huber, optimizer=optimizer, epochs=3, schedule=ExponentialLR(optimizer, 0.5))
    assert weights(named) == weights(made)
    assert one.learning_rate == other.learning_rate == [0.01, 0.005, 0.0025]


def test_a_second_fit_continues_a_schedule_and_begins_one_that_a_function_makes():
    X, y = regression()
    model = MLP(2, [1], seed=0)
    optimizer = SGD(model.parameters(), 0.1)
    schedule = ExponentialLR(optimizer, 0.5)
    rates = [fit(model, X, y, optimizer=optimizer, epochs=2, schedule=schedule).learning_rate for _ in range(2)]
    assert rates == [[0.1, 0.05], [0.025, 0.0125]]
    for _ in range(2):
        history = fit(model, X, y, optimizer=optimizer, epochs=2, schedule=lambda o: ExponentialLR(o, 0.5))
        assert history.learning_rate == [0.1, 0.05]


def test_only_the_parameters_of_the_optimizer_are_trained():
    X, y = regression()
    model = MLP(2, [3, 1], seed=0)
    before = weights(model)
    fit(model, X, y, optimizer=SGD(model.layers[1].parameters(), 0.1), epochs=2)
    assert weights(model)[:9] == before[:9]
    assert weights(model)[9:] != before[9:]
    assert all(p.grad == 0.0 for p in model.parameters())


def test_a_model_with_batch_norm_is_trained_on_whole_batches():
    X, y = regression()
    model = Sequential(
        Layer(2, 4, "linear", seed=0), BatchNorm(4), lambda row: [v.tanh() for v in row], Layer(4, 1, seed=1)
    )
    history = fit(model, 5 * X + 20, y / 2, optimizer=Adam(model.parameters(), 0.05), epochs=15, batch_size=8)
    assert history.loss[-1] < 0.3 * history.loss[0]
    assert "eager" in history.engine
    assert model.layers[1].running_mean != [0.0] * 4


def test_any_module_of_ones_own_can_be_trained():
    class Line(Module):
        def __init__(self):
            self.slope, self.offset = Value(0.0), Value(0.0)

        def __call__(self, x):
            return self.slope * x + self.offset

    line, x = Line(), np.linspace(-1, 1, 11)
    fit(line, x, 3 * x - 1, optimizer=SGD(line.parameters(), 0.3), epochs=60)
    assert (line.slope.data, line.offset.data) == pytest.approx((3.0, -1.0), abs=1e-3)
    assert predict(line, x).shape == (11, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_ctrl_c_ends_cleanly_with_the_history_so_far(engine):
    X, y = regression()
    model = MLP(2, [3, 1], seed=0)
    after = []

    class Impatient(Callback):
        def on_iteration_end(self, run):
            after.append(weights(model))
            if run.epoch == 3:
                signal.raise_signal(signal.SIGINT)

    history = fit(model, X, y, epochs=100, callbacks=[Impatient()], engine=engine)
    assert history.stopped == "interrupted in epoch 3"
    assert history.epochs == 2
    assert weights(model) == after[-1]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loss_that_is_not_finite_ends_the_run_before_it_harms_the_weights(engine):
    X, y = regression()
    model = MLP(2, [1], seed=0)
    with pytest.warns(RuntimeWarning, match=r"training stopped in epoch \d+, iteration \d+: the loss is inf") as caught:
        history = fit(model, X, y, optimizer=SGD(model.parameters(), 1e10), epochs=100, engine=engine)
    assert caught[0].filename == __file__
    assert "the loss is inf" in history.stopped
    assert np.isfinite(weights(model)).all()
    assert np.isfinite(history.batch_loss).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loss_of_probabilities_that_is_given_others_is_told_that_of_logits(engine):
    X, y = [[0.5], [2.0], [-2.0]], [0, 1, 1]
    with pytest.raises((ValueError, RecordingError), match=r"from 0 to 1, not -?\d.*: let the last .*_with_logits$"):
        fit(MLP(1, [1], seed=0), X, y, loss="bce", engine=engine)
    model = MLP(1, [1], output_activation="sigmoid", seed=0)
    with pytest.warns(RuntimeWarning, match=r"is not finite|is (nan|inf).*; binary_cross_entropy takes .*_with_logits"):
        fit(model, X, y, loss="bce", optimizer=SGD(model.parameters(), 1e6), epochs=5, engine="eager")


def test_a_shape_of_outputs_that_is_no_row_is_left_to_the_loss():
    class Grid(Module):
        def __init__(self):
            self.w = Value(1.0)

        def __call__(self, x):
            return [[self.w * v] for v in x]

    grid = Grid()
    fit(grid, [[1.0, 2.0]], [[2.0, 4.0]], mean_squared_error, SGD(grid.parameters(), 0.1), epochs=30)
    assert grid.w.data == pytest.approx(2.0)
    np.testing.assert_allclose(predict(grid, [[1.0, 2.0], [0.0, 1.0]]), [[2.0, 4.0], [0.0, 2.0]], rtol=1e-6)
    np.testing.assert_allclose(predict(grid, [[1.0, 2.0]]), [[2.0, 4.0]], rtol=1e-6)


class LastStep(Module):
    """The sum of the last numbers that a recurrent or convolutional layer answers."""

    def __init__(self, body):
        self.body = body

    def __call__(self, x):
        answer = self.body(x)
        answer = answer[0] if isinstance(answer, tuple) else answer
        while not isinstance(answer[0], Value):
            answer = answer[-1]
        return [fsum(answer)]


@pytest.mark.parametrize("engine", ENGINES)
def test_sequences_and_images_are_examples_too(engine):
    rng = np.random.default_rng(0)
    for shape, body in (((3, 2), RNN(2, 4, seed=0)), ((1, 4, 4), Conv2d(1, 2, 3, seed=0))):
        X = rng.normal(size=(12, *shape))
        y = X.mean(axis=tuple(range(1, X.ndim)))
        model = LastStep(body)
        history = fit(model, X, y, optimizer=Adam(model.parameters(), 0.02), epochs=12, engine=engine)
        assert history.loss[-1] < 0.5 * history.loss[0]
        assert predict(model, X).shape == (12, 1)


def test_the_order_of_an_epoch_depends_on_the_seed_and_its_number_alone():
    """So that a run that is resumed shuffles as if it had never stopped."""
    X, y = regression(10)
    seen = []

    class Watch(Callback):
        def on_iteration_end(self, run):
            seen.append(run.gradient.copy())

    still = MLP(2, [1], seed=0)
    fit(still, X, y, optimizer=SGD(still.parameters(), 0.0), epochs=3, batch_size=5, seed=4, callbacks=[Watch()])
    for epoch in (1, 2, 3):
        for rows, gradient in zip(
            batch_order(10, 5, np.random.default_rng([4, epoch])), seen[2 * epoch - 2 : 2 * epoch], strict=True
        ):
            w1, w2, b = weights(still)
            error = X[rows] @ [w1, w2] + b - y[rows]
            np.testing.assert_allclose(gradient, [*(2 * error @ X[rows] / 5), 2 * error.mean()], rtol=1e-9)


def test_the_first_reason_to_stop_is_the_one_that_is_told():
    X, y = regression()

    def stop(run: Run) -> None:
        run.stop("first")
        run.stop("second")

    assert fit(MLP(2, [1], seed=0), X, y, epochs=5, callbacks=[stop]).stopped == "first"


def test_resuming_without_a_file_begins_a_run_and_without_a_name_is_a_mistake(tmp_path):
    X, y = regression()
    file = tmp_path / "run.safetensors"
    assert fit(MLP(2, [1], seed=0), X, y, epochs=2, checkpoint=file, resume=True).epochs == 2
    assert file.exists()
    with pytest.raises(ValueError, match="say which with checkpoint=FILE"):
        fit(MLP(2, [1], seed=0), X, y, epochs=2, resume=True)


def test_a_gradient_that_is_not_finite_ends_the_run_as_a_loss_does():
    model = MLP(1, [1], seed=0)
    before = weights(model)
    with pytest.warns(RuntimeWarning, match="the gradient is not finite, and the weights are those before that step"):
        history = fit(model, [[0.0]], [0.0], lambda outputs, target: (outputs[0] - outputs[0]).sqrt(), engine="eager")
    assert history.stopped == "stopped in epoch 1, iteration 1: the gradient is not finite"
    assert history.batch_loss == []
    assert weights(model) == before


def test_examples_are_weighted_as_the_error_for_other_libraries_keywords_says():
    rng = np.random.default_rng(3)
    X, counts = rng.normal(size=(30, 2)), rng.integers(1, 4, size=30)
    y = (X[:, 0] > 0.5).astype(float)
    again = np.repeat(np.arange(30), counts)

    def trained(X, y, loss):
        model = MLP(2, [1], seed=0)
        optimizer = SGD(model.parameters(), 0.1)
        # as many examples as their weights add up to: the mean over them is the weighted mean
        fit(model, X, y, loss, optimizer, epochs=20, batch_size=len(X))
        return weights(model)

    repeated = trained(X[again], y[again], binary_cross_entropy_with_logits)
    scaled = counts * 30 / counts.sum()
    weighted = trained(X, np.c_[y, scaled], lambda z, y: y[1] * binary_cross_entropy_with_logits(z, y[0]))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9)

    ten_times = np.repeat(np.arange(30), np.where(y == 1, 10, 1))
    repeated = trained(X[ten_times], y[ten_times], binary_cross_entropy_with_logits)
    share = 30 / len(ten_times)
    weighted = trained(X, y, lambda z, y: share * (1 + 9 * y) * binary_cross_entropy_with_logits(z, y))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-9)
