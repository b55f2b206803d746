"""What `fit` is given, checked before anything changes: for each mistake a sentence, with the cure.

Each check returns what the run goes on with, or nothing. It raises TypeError for the wrong kind of thing and ValueError
for a thing of the right kind that does not fit.

May import: `arguments`, `ops`, `origins`, `modes`, `value`, `backprop`, `nn`, `optim`; `callbacks`, `data` and
`objective` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.arguments import above_zero, whole_number
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn.losses import binary_cross_entropy_with_logits, cross_entropy
from tinygrad_edu.nn.module import Module, checked_module, in_mode
from tinygrad_edu.nn.regularizers import BatchNorm
from tinygrad_edu.optim.clipping import clipped_by_norm, clipped_by_value
from tinygrad_edu.optim.names import optimizer_called
from tinygrad_edu.optim.optimizers import Adam, Optimizer
from tinygrad_edu.optim.schedules import Schedule
from tinygrad_edu.optim.vectors import Vector
from tinygrad_edu.origins import warn_caller
from tinygrad_edu.training.callbacks import Callback, as_callback
from tinygrad_edu.training.data import Data, checked, first_of_each, one_hot
from tinygrad_edu.training.objective import Loss, example_of, first_output_of, outputs_of, target_of
from tinygrad_edu.value import Value, as_value

__all__ = [
    "check_dependence",
    "checked_batch_size",
    "checked_callbacks",
    "checked_optimizer",
    "checked_schedule",
    "checked_validation",
    "clipping",
    "probabilities_for_logits",
    "targets_for",
    "warn_of_probabilities",
]


#: Examples of a batch unless `fit` is told otherwise, as in Keras: enough to steady the gradient, and few enough for
#: many steps in an epoch.
_USUAL_BATCH = 32
#: The loss is tried on each target there is, or on so many: regression has as many targets as examples. That takes less
#: than a tenth of a second.
_TARGETS_TRIED = 1000


def checked_optimizer(optimizer: Optimizer | str | None, model: Module) -> Optimizer:
    """The optimizer, by default `Adam`, or the one of a name. It must hold some parameter of the model."""
    checked_module(model, "fit trains")
    if optimizer is None:
        return Adam(model.parameters())
    if isinstance(optimizer, str):
        return optimizer_called(optimizer, model.parameters())
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"an optimizer is an object such as Adam(model.parameters(), lr=0.01), or a name such as 'adam', "
            f"not {optimizer!r}"
        )
    if not set(optimizer.params) & set(model.parameters()):
        raise ValueError(
            "the optimizer holds none of this model's parameters, so training would change nothing; "
            "make it with optimizer=Adam(model.parameters())"
        )
    optimizer.check_arrays()
    return optimizer


def checked_schedule(schedule: Any, optimizer: Optimizer) -> Schedule | None:
    """The schedule, made for this optimizer if it is a function that makes one. It must set this optimizer's rate."""
    if isinstance(schedule, type):
        raise TypeError(
            f"schedule is an object, and {schedule.__name__} is a class; write {schedule.__name__}(optimizer, ...)"
        )
    made = schedule(optimizer) if callable(schedule) else schedule
    if made is not None and not isinstance(made, Schedule):
        raise TypeError(
            f"schedule is an object such as StepLR(optimizer, 10), or a function that makes one, not {made!r}"
        )
    if made is not None and made.optimizer is not optimizer:
        raise ValueError(
            "the schedule sets the rate of another optimizer than fit trains with; give fit the optimizer that it was "
            "made with, or a function such as schedule=lambda optimizer: StepLR(optimizer, 10)"
        )
    return made


def warn_of_probabilities(model: Module, loss: Loss, data: Data) -> None:
    """Warn where a loss that takes logits is given probabilities: it trains all the same, and worse."""
    mistake = probabilities_for_logits(model, loss, data)
    if mistake:
        warn_caller(f"{mistake}; let the last layer be linear", UserWarning)


def probabilities_for_logits(model: Module, loss: Loss, data: Data) -> str:
    """The mistake in words, or "" where there is none: softmax or sigmoid at the end, and in the loss once more."""
    if loss not in (cross_entropy, binary_cross_entropy_with_logits):
        return ""
    with in_mode(model, training=False):
        output = np.array(outputs_of(model, [example_of(data.X[0])])[0], dtype=object)
    made = "softmax" if _sum_to_one(output) else "sigmoid" if _end_in_sigmoid(output) else ""
    return made and f"{loss.__name__} takes logits, and the model answers probabilities, those of {made}"


def _sum_to_one(output: Any) -> bool:
    """Whether these are the probabilities of several classes, however they were computed."""
    numbers = np.array([as_value(v).data for v in output.ravel()]).reshape(output.shape or (1,))
    return bool(numbers.shape[-1] > 1 and (numbers >= 0.0).all() and np.allclose(numbers.sum(axis=-1), 1.0, rtol=1e-9))


def _end_in_sigmoid(output: Any) -> bool:
    return all(isinstance(v, Value) and v.op is ops.sigmoid for v in output.ravel())


def check_dependence(model: Module, loss: Loss, optimizer: Optimizer, data: Data) -> None:
    """Refuse a loss that no parameter can change: training would run, and not show the mistake."""
    with in_mode(model, training=False):
        value = loss(outputs_of(model, [example_of(data.X[0])])[0], target_of(data.y[0]))
    if not isinstance(value, Value):
        raise TypeError(f"the loss should return one Value for one example, not {value!r}")
    if not set(topological_order(value)) & set(optimizer.params):
        raise ValueError(
            "the loss depends on none of the optimizer's parameters, so training would change nothing; "
            "compute with the Values themselves, not with their .data"
        )


def checked_batch_size(batch_size: int | None, n: int, model: Module) -> int:
    """The batch size, by default 32 or all the data; `BatchNorm` wants no batch of one."""
    size = min(_USUAL_BATCH, n) if batch_size is None else whole_number(batch_size, "batch_size")
    if size > n:
        raise ValueError(f"batch_size must be from 1 to the number of examples, {n}, not {size}")
    if min(size, n % size or size) == 1 and any(isinstance(module, BatchNorm) for module in model.modules()):
        raise ValueError(
            f"batches of {size} from {n} examples leave a batch of one, which BatchNorm cannot compare with anything; "
            "choose another batch_size"
        )
    return size


def checked_callbacks(callbacks: Iterable[Any]) -> list[Callback]:
    """The callbacks as a list of `Callback`s; functions are wrapped."""
    if isinstance(callbacks, Callback) or not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks is a list, such as [EarlyStopping()], not {callbacks!r}; put it in brackets")
    return [as_callback(callback) for callback in callbacks]


def checked_validation(validation: tuple[Any, Any], data: Data) -> Data:
    """The validation pair as data of the same features."""
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise TypeError(f"validation_data is a pair (X, y), not {type(validation).__name__}; split the data first")
    valid = checked(*validation, name="validation ")
    if valid.X.shape[1:] != data.X.shape[1:]:
        raise ValueError(
            f"an example of the validation data has shape {valid.X.shape[1:]}, and one of X {data.X.shape[1:]}; "
            "both need the same features"
        )
    return valid


def clipping(clip_norm: float | None, clip_value: float | None) -> Callable[[Vector], Vector]:
    """What to do with each gradient before the step: clip by value, then by norm, as far as there are limits."""
    if clip_norm is not None:
        above_zero(clip_norm, "clip_norm")
    if clip_value is not None:
        above_zero(clip_value, "clip_value")

    def clip(gradient: Vector) -> Vector:
        if clip_value is not None:
            gradient = clipped_by_value(gradient, clip_value)
        return gradient if clip_norm is None else clipped_by_norm(gradient, clip_norm)

    return clip


def targets_for(model: Module, loss: Loss, data: Data) -> Data:
    """The data with targets as the loss takes them: class labels as one-hot rows where there is one output per class.

    The model is tried on one example and the loss on the targets, so that what does not fit is known before training.
    """
    with no_grad(), in_mode(model, training=False):
        output = first_output_of(model, data.X)
        is_flat = not isinstance(output, Value) and all(isinstance(each, Value) for each in output)
        classes = len(output) if is_flat else 1
        y = one_hot(data.y, classes) if data.y.ndim == 1 and classes > 1 else data.y
        for row in first_of_each(y)[:_TARGETS_TRIED]:
            try:
                loss(output, target_of(y[row]))
            except ValueError as error:
                raise type(error)(f"row {row} of y (counted from 0) does not fit the loss: {error}") from error
            except TypeError as error:  # which is rather a mistake in the loss than in the target
                raise type(error)(f"{error} (so says the loss, given row {row} of y, counted from 0)") from error
    return Data(data.X, y)
