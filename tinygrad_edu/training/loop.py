"""`fit`: the training loop.

Forward pass, loss, backward pass, step, and again: for each batch of each epoch. All the rest checks what comes in,
tells the callbacks, keeps the record, and resumes a run that was stopped.

May import: `arguments`, `elsewhere`, `origins`, `terminal`, `nn`, `replay`, `optim`; `callbacks`, `checkpoints`,
`checks`, `data`, `engines`, `history`, `objective`, `progress`, `saving` and `threads` of this folder; NumPy.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.arguments import whole_number
from tinygrad_edu.elsewhere import FIT_KEYWORDS, says_ours
from tinygrad_edu.nn.layers import named_layers
from tinygrad_edu.nn.loss_names import loss_called
from tinygrad_edu.nn.losses import binary_cross_entropy, mean_squared_error
from tinygrad_edu.nn.module import Module, in_mode
from tinygrad_edu.optim.clipping import norms
from tinygrad_edu.optim.optimizers import Optimizer
from tinygrad_edu.optim.schedules import Schedule
from tinygrad_edu.optim.vectors import Vector
from tinygrad_edu.origins import warn_caller
from tinygrad_edu.replay.given import checked_dtype
from tinygrad_edu.replay.indices import index_of
from tinygrad_edu.terminal import Console
from tinygrad_edu.training.callbacks import Callback, RunView
from tinygrad_edu.training.checkpoints import checksum, name_of, plain_settings, read_checkpoint, write_checkpoint
from tinygrad_edu.training.checks import (
    check_dependence,
    checked_batch_size,
    checked_callbacks,
    checked_optimizer,
    checked_schedule,
    checked_validation,
    clipping,
    targets_for,
    warn_of_probabilities,
)
from tinygrad_edu.training.data import Array, Data, batch_order, checked
from tinygrad_edu.training.engines import Engine, choose_engine
from tinygrad_edu.training.history import History
from tinygrad_edu.training.objective import Loss, Objective, Penalty
from tinygrad_edu.training.progress import Display, is_watched
from tinygrad_edu.training.saving import FilePath, arrays_of, load_arrays
from tinygrad_edu.training.threads import threads_for

__all__ = ["CallbackError", "Run", "fit"]


class CallbackError(RuntimeError):
    """A callback of `fit` raised; the cause is its `__cause__`, and the model is whole.

    >>> from tinygrad_edu.nn import MLP
    >>> try:
    ...     fit(MLP(1, [1], seed=0), [[0.0], [1.0]], [0.0, 1.0], callbacks=[lambda run: 1 / 0])
    ... except CallbackError as error:
    ...     print(type(error.__cause__).__name__)
    ZeroDivisionError
    """


@says_ours(FIT_KEYWORDS)
def fit(
    model: Module,
    X: Any,
    y: Any,
    loss: Loss | str = mean_squared_error,
    optimizer: Optimizer | str | None = None,
    epochs: int = 10,
    batch_size: int | None = None,
    validation_data: tuple[Any, Any] | None = None,
    callbacks: Iterable[Callback | Callable[[RunView], Any]] = (),
    seed: int | None = 0,
    *,
    schedule: Schedule | Callable[[Optimizer], Schedule] | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    penalty: Penalty | None = None,
    checkpoint: FilePath | None = None,
    resume: bool = False,
    engine: str = "auto",
    dtype: Any = "float64",
    progress: bool | None = None,
) -> History:
    """Train a model on examples X, shape (n, ...), and targets y, and return what happened.

        θ ← optimizer(θ, ∇ (mean over the batch of loss(model(x), y) + penalty(θ)))       for each batch of each epoch

    The model is called with one example as a list (of lists, ...), whatever the engine. An epoch is one pass through
    the data, in shuffled batches (the last one smaller if it must be); an iteration is one step on one batch. `y` has
    shape (n,), or (n, outputs) as the loss wants it; class labels 0, 1, ... for a model with one output per class
    become one-hot rows. `loss` may also be a name: "mse", "mae", "huber", "cross_entropy" of logits,
    "binary_crossentropy" of probabilities, ... `optimizer` trains the parameters it was given; it may also be a name,
    "sgd", "momentum", "rmsprop", "adam" or "adamw", which means all parameters of the model and the default learning
    rate, and is "adam" unless you say otherwise. `batch_size` is 32, or all the data if there is less.
    `validation_data` is a pair (X, y) whose loss is measured, with the model in `eval()`, after each epoch. `seed`
    decides the shuffling; None draws one.

    `schedule` sets the learning rate: one made with this optimizer, or a function that makes one from it, such as
    `lambda optimizer: StepLR(optimizer, 10)`. `fit` steps it after each epoch, or iteration with `per="iteration"`, and
    leaves it where it is: a further `fit` continues it. `clip_norm` and `clip_value` clip the gradient,
    `penalty(params)` is added to the loss. With `checkpoint`, the whole state of the run is written to that file after
    each epoch. With `resume` too, the run continues from there, if the file exists, bit for bit as if it had never
    stopped; with other data or settings it is a ValueError. `progress` shows a live line; by default at a terminal.

    `engine` is "eager", "replay", "jax" or "auto": replay where model and loss can be recorded and give the numbers of
    eager code, else eager code. "jax" is replay on all devices of JAX, each with its share of the examples of a batch,
    to the same numbers. `History.engine` says which, and why. Replay is compared with eager code on one row of each
    target and some others, 16 or so in all. One more row follows after epochs 1, 2, 4, 8, ..., the last, and as many
    others as take a twentieth of the time. So model and loss are called more often than there are steps, and what a
    model keeps of a call is not that of the last example. A difference that shows while it trains is a warning, and for
    "replay" and "jax" a RecordingError.

    With `dtype="float32"`, replay and jax compute in single precision, with seven digits instead of sixteen, in half
    the memory, and larger networks in about half the time. Parameters and data are rounded to it first, also parameters
    that are not trained; the `Value`s then hold such numbers as Python floats, the optimizer keeps float32. The program
    is compared with eager code in double precision, and refused with a RecordingError where single precision is not
    enough, and where there is none. A checkpoint of one precision does not go on in the other. Numbers below 1e-38 slow
    processors down; they come up where a network has long been sure of all its examples.

    Where batch_size times the number of parameters is below ten million, matrix products have one thread while `fit`
    runs: more gain little there, and on a busy machine cost a lot. Figures are in `training.threads`.

    Ctrl-C ends the run with the history so far. So do `EarlyStopping`, and a loss or gradient that is not finite,
    which also warns: the weights stay those of the last good step. Raises ValueError or TypeError for bad input, before
    anything has changed, and CallbackError when a callback raises.

    >>> from tinygrad_edu.nn import MLP
    >>> from tinygrad_edu.optim import SGD
    >>> from tinygrad_edu.training import fit
    >>> model = MLP(1, [1], seed=0)
    >>> X = [[0.0], [1.0], [2.0], [3.0]]
    >>> y = [1.0, 3.0, 5.0, 7.0]
    >>> history = fit(model, X, y, optimizer=SGD(model.parameters(), 0.1), epochs=200, batch_size=4)
    >>> history.epochs, history.iterations, round(model([10.0])[0].data, 3)
    (200, 200, 21.0)
    """
    loss, seed = loss_called(loss), None if seed is None else whole_number(seed, "seed", least=0)
    epochs, callbacks, kind = whole_number(epochs, "epochs"), checked_callbacks(callbacks), checked_dtype(dtype)
    optimizer = checked_optimizer(optimizer, model)
    data = targets_for(model, loss, checked(X, y))
    batch_size = checked_batch_size(batch_size, len(data), model)
    valid = None if validation_data is None else targets_for(model, loss, checked_validation(validation_data, data))
    check_dependence(model, loss, optimizer, data)
    warn_of_probabilities(model, loss, data)
    data, valid = data.rounded(kind), None if valid is None else valid.rounded(kind, "validation ")
    chosen = choose_engine(engine, Objective(model, loss, optimizer.params, penalty), data, batch_size)
    run = Run(
        model,
        data,
        valid,
        optimizer,
        chosen,
        loss,
        epochs=epochs,
        batch_size=batch_size,
        callbacks=callbacks,
        seed=int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed,
        schedule=checked_schedule(schedule, optimizer),
        clip=clipping(clip_norm, clip_value),
        checkpoint=checkpoint,
        settings={
            "loss": name_of(loss),
            "penalty": None if penalty is None else name_of(penalty),
            "clip_norm": clip_norm,
            "clip_value": clip_value,
        },
    )
    if resume:
        run.resume()
    console = Console(stderr=True)
    display = Display(console) if (is_watched(console) if progress is None else progress) else None
    with threads_for(batch_size, len(optimizer.params)):
        run.train(display)
    return run.history


# The run --------------------------------------------------------------------------------------------------


class Run:
    """One training run: the loop itself, and what callbacks see of it, which `RunView` describes.

    >>> from tinygrad_edu.nn import MLP
    >>> runs = []
    >>> _ = fit(MLP(1, [1], seed=0), [[0.0], [1.0]], [0.0, 1.0], epochs=2, callbacks=[runs.append])
    >>> runs[-1].epoch, runs[0] is runs[-1]   # called after each epoch, with the same run
    (2, True)
    """

    def __init__(
        self,
        model: Module,
        data: Data,
        validation: Data | None,
        optimizer: Optimizer,
        engine: Engine,
        loss: Loss,
        *,
        epochs: int,
        batch_size: int,
        callbacks: Sequence[Callback],
        seed: int,
        schedule: Schedule | None,
        clip: Callable[[Vector], Vector],
        checkpoint: FilePath | None,
        settings: Mapping[str, Any],
    ) -> None:
        self.model, self.data, self.validation = model, data, validation
        self.optimizer, self.engine, self.loss = optimizer, engine, loss
        self.epochs, self.batch_size = epochs, batch_size
        self.callbacks = list(callbacks)
        self.schedule, self.clip, self.checkpoint = schedule, clip, checkpoint
        dtype = data.X.dtype.name
        self.history = History(engine=engine.description, seed=seed, batch_size=batch_size, dtype=dtype)
        self.epoch = self.batch = 0
        self._gave_up = False
        self.theta = engine.theta
        self._gradient: Vector = np.zeros_like(self.theta)
        self.layers = _places_of_layers(model, optimizer)
        self._parts = [index_of(places.tolist()) for places in self.layers.values()]  # mostly slices: no copies
        self.batches_per_epoch = math.ceil(len(data) / batch_size)
        # Now, before a callback sets another rate: the next `fit` with the same arguments begins with this one, too.
        self._made_for = {} if checkpoint is None else self._settings(settings)

    @property
    def gradient(self) -> Vector:
        """The last gradient, a copy: the next batch's may be written where this one is."""
        return self._gradient.copy()

    def stop(self, reason: str) -> None:
        """End the training after this epoch; `reason` goes into the history."""
        self.history.stopped = self.history.stopped or reason

    # The loop

    def train(self, display: Display | None = None) -> None:
        """Run the epochs that are left, however they end, and leave the model whole."""
        watchers = [*([display] if display else []), *self.callbacks]
        try:
            with in_mode(self.model, training=True):
                self._notify("on_start", watchers)
                while self.epoch < self.epochs and not self.history.stopped:
                    self._run_epoch(watchers)
                # What is not finite in single precision may be so in double precision, and would be no difference.
                if not (self._gave_up and self.data.is_single):
                    self._review(0.0, last=True)
        except KeyboardInterrupt:
            self.stop(f"interrupted in epoch {self.epoch}")
        finally:
            self.engine.theta = self.theta
            self.engine.write_parameters()
            if display:
                display.close()
        self._notify("on_end", watchers)

    def _run_epoch(self, watchers: Sequence[Callback]) -> None:
        started = time.perf_counter()
        self.epoch += 1
        # Seeded anew for each epoch: a run that is resumed shuffles as if it had never stopped.
        generator = np.random.default_rng([self.history.seed, self.epoch])
        totals, lengths, layer_lengths = [], [], []
        for batch, rows in enumerate(batch_order(len(self.data), self.batch_size, generator), start=1):
            self.batch, rate = batch, self.optimizer.lr
            batch_loss, (length, *of_layers) = self._iteration(self.data.X[rows], self.data.y[rows])
            if self._gave_up:
                return
            totals.append(batch_loss * len(rows))
            lengths.append(length)
            layer_lengths.append(of_layers)
            self._notify("on_iteration_end", watchers)
            self._step_schedule("iteration")
        self._record(rate, totals, lengths, layer_lengths)
        self._review(time.perf_counter() - started)
        if self.validation is not None:
            self.history.validation_loss.append(self.engine.mean_loss(self.validation.X, self.validation.y))
            self.history.engine = self.engine.description
        self.history.seconds.append(time.perf_counter() - started)
        self._notify("on_epoch_end", watchers)
        self._step_schedule("epoch")
        if self.checkpoint is not None:
            write_checkpoint(self.checkpoint, self.state_dict())

    def _review(self, seconds: float, last: bool = False) -> None:
        """Let the engine make sure that it computes what the loss and the model say now."""
        self.engine.review(self.epoch, seconds, last)
        self.history.engine = self.engine.description

    def _iteration(self, X: Array, y: Array) -> tuple[float, list[float]]:
        """One step on one batch: its loss and the lengths of its gradient, whole and of each layer.

        If these are not finite, no step is made, and the run is over.
        """
        loss, gradient = self.engine.loss_and_gradient(X, y)
        self._gradient = gradient
        lengths = norms([gradient, *[gradient[part] for part in self._parts]])
        if math.isfinite(loss) and math.isfinite(lengths[0]):
            self.optimizer.update(self.theta, self.clip(gradient), out=self.theta)
            self.engine.theta = self.theta
            self.history.batch_loss.append(loss)
        else:
            self._give_up(loss)
        return loss, lengths

    def _step_schedule(self, counted: str) -> None:
        """Set the rate for the next epoch or iteration, whichever the schedule counts."""
        if self.schedule is not None and self.schedule.per == counted:
            self.schedule.step(*[self.history.watched[-1]] if self.schedule.watches_loss else [])

    def _give_up(self, loss: float) -> None:
        what = "the gradient is not finite" if math.isfinite(loss) else f"the loss is {loss:g}"
        where = f"in epoch {self.epoch}, iteration {self.history.iterations + 1}"
        self._gave_up = True
        self.stop(f"stopped {where}: {what}")
        cure = "try a smaller learning rate or clip_norm=1.0, and see what diagnose(model, X, y) says"
        if self.data.is_single:
            cure += '; single precision ends at 3e38, so try it without dtype="float32", too'
        if self.loss is binary_cross_entropy:
            cure = (
                "binary_cross_entropy takes probabilities between 0 and 1, so let the last layer be linear and write "
                'loss="binary_cross_entropy_with_logits"'
            )
        warn_caller(f"training stopped {where}: {what}, and the weights are those before that step; {cure}")

    def _record(self, rate: float, totals: list[float], lengths: list[float], of_layers: list[list[float]]) -> None:
        """Write the line of an epoch: the sums of the losses of its batches, and the lengths of their gradients."""
        history = self.history
        history.loss.append(math.fsum(totals) / len(self.data))
        history.gradient_norm.append(math.fsum(lengths) / len(lengths))
        history.learning_rate.append(rate)
        for name, column in zip(self.layers, zip(*of_layers, strict=True), strict=True):
            history.layer_gradient_norms.setdefault(name, []).append(math.fsum(column) / len(column))

    def _notify(self, event: str, watchers: Sequence[Callback]) -> None:
        """Tell each callback that cares; one that raises ends the run."""
        view: RunView = self  # mypy holds the run to what callbacks are promised
        for callback in watchers:
            if getattr(type(callback), event) is getattr(Callback, event):
                continue
            try:
                if callback.sees_weights:
                    self.engine.write_parameters()
                getattr(callback, event)(view)
            except Exception as error:
                when = "before the first epoch" if self.epoch == 0 else f"in {event}, epoch {self.epoch}"
                raise CallbackError(
                    f"the callback {callback.name} raised {type(error).__name__} {when}: {error}; "
                    "training ended there, and the model holds the weights it had then"
                ) from error
            if callback.sees_weights:  # then it may have changed them
                self.engine.read_parameters()
                self.theta = self.engine.theta

    # Stopping and resuming

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the run depends on, beside the data and what `fit` was called with."""
        self.engine.write_parameters()
        return {
            "made_for": self._made_for,
            "model": arrays_of(self.model, self.history.dtype),
            "optimizer": self.optimizer.state_dict(),
            "schedule": {} if self.schedule is None else self.schedule.state_dict(),
            "callbacks": [callback.state_dict() for callback in self.callbacks],
            "generators": {path: g.bit_generator.state for path, g in _generators_of(self.model).items()},
            "history": self.history.to_dict(),
        }

    def _settings(self, others: Mapping[str, Any]) -> dict[str, Any]:
        """What must be the same for a resumed run to be the same run."""
        schedule = {} if self.schedule is None else plain_settings(self.schedule.settings())
        return {
            **plain_settings(self.optimizer.settings() | {"lr": self.optimizer.initial_lr}),
            **{f"{name} of the schedule": value for name, value in schedule.items()},
            "model": repr(self.model),
            "optimizer": type(self.optimizer).__name__,
            "examples": len(self.data),
            "batch_size": self.batch_size,
            "seed": self.history.seed,
            "dtype": self.history.dtype,
            "schedule": None if self.schedule is None else type(self.schedule).__name__,
            "callbacks": [callback.name for callback in self.callbacks],
            **others,
            "data": checksum(self.data),
            "validation data": None if self.validation is None else checksum(self.validation),
        }

    def resume(self) -> None:
        """Continue from the checkpoint, if there is one.

        Raises ValueError, and changes nothing, when it belongs to another run.
        """
        if self.checkpoint is None:
            raise ValueError("resume=True continues from a checkpoint; say which with checkpoint=FILE")
        if os.path.exists(self.checkpoint):
            state = read_checkpoint(self.checkpoint)
            self._check_made_for(state["made_for"], len(state["history"]["loss"]))
            self.load_state_dict(state)

    def _check_made_for(self, made_for: Mapping[str, Any], epochs: int) -> None:
        made_for = {"dtype": "float64"} | dict(made_for)
        for what, here in self._made_for.items():
            there = made_for.get(what, here)  # older checkpoints say less
            if there != here:
                raise ValueError(
                    f"the checkpoint {str(self.checkpoint)!r} was made with {what} {there!r}, and this run has "
                    f"{here!r}; call fit as before, or give another file; to go on otherwise from here, call fit as "
                    f"before with epochs={epochs}, which only reads the file, then again without resume"
                )

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict()` was taken, in a run that was made with the same arguments."""
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        self.optimizer.load_state_dict(state["optimizer"])  # after the schedule: a callback may have changed its rate
        load_arrays(self.model, state["model"], f"the checkpoint {str(self.checkpoint)!r}")
        for callback, remembered in zip(self.callbacks, state["callbacks"], strict=True):
            callback.load_state_dict(remembered)
        for path, generator in _generators_of(self.model).items():
            generator.bit_generator.state = state["generators"][path]
        self.history = History.from_dict(state["history"] | {"engine": self.engine.description})
        self.epoch = self.history.epochs
        self.engine.read_parameters()
        self.theta = self.engine.theta


def _places_of_layers(model: Module, optimizer: Optimizer) -> dict[str, NDArray[np.intp]]:
    """The places of each layer's parameters in the flat gradient."""
    place = {p: index for index, p in enumerate(optimizer.params)}
    layers = {layer.name: [place[p] for p in layer.parameters if p in place] for layer in named_layers(model)}
    return {name: np.array(places) for name, places in layers.items() if places}


def _generators_of(model: Module) -> dict[str, np.random.Generator]:
    """The random generators inside the model, such as those of dropout, by path."""
    found = {path: getattr(module, "generator", None) for path, module in model.named_modules()}
    return {path: generator for path, generator in found.items() if isinstance(generator, np.random.Generator)}
