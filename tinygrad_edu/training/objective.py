"""What training makes small: the mean over a batch of loss(model(x), y), plus a penalty on the parameters.

May import: `value`, `arrays`, `nn`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from tinygrad_edu.arrays import ValueArray, array
from tinygrad_edu.arrays.value_array import values_of
from tinygrad_edu.nn.module import Module
from tinygrad_edu.value import Value, as_value

__all__ = ["Loss", "Objective", "Penalty", "example_of", "first_output_of", "outputs_of", "takes_batches", "target_of"]

#: loss(outputs, target) -> one `Value`, for one example.
Loss: TypeAlias = Callable[[Any, Any], Value]
#: penalty(params) -> one `Value`, added to the mean loss.
Penalty: TypeAlias = Callable[[Sequence[Value]], Value]


@dataclass(frozen=True)
class Objective:
    """What is to be made small, as a function of the parameters θ.

    mean over the batch of loss(model(x), y) + penalty(θ)
    """

    model: Module
    loss: Loss
    params: Sequence[Value]
    penalty: Penalty | None = None


def takes_batches(model: Module) -> bool:
    """Whether the model is called on a list of examples, as batch normalization must be, and not on one.

    >>> from tinygrad_edu.nn import MLP, BatchNorm
    >>> takes_batches(BatchNorm(2)), takes_batches(MLP(2, [1]))
    (True, False)
    """
    return bool(getattr(model, "takes_batch", False))


def example_of(row: Any) -> Any:
    """A row of X as a model is given it: an array of Values, or a single one, as what is being recorded is already.

    >>> import numpy as np
    >>> example_of(np.array([1.0, 2.0])), example_of(np.float64(3.0))
    (ValueArray([1., 2.]), Value(3.0))
    """
    if isinstance(row, (Value, ValueArray)):
        return row
    return values_of(row) if row.ndim else as_value(row)


def target_of(row: Any) -> Any:
    """A row of y as a loss is given it: an array of plain numbers, or a single one; of Values while it is recorded.

    >>> import numpy as np
    >>> target_of(np.array([0.0, 1.0])), target_of(np.float64(3.0))
    (array([0., 1.]), 3.0)
    """
    return row if isinstance(row, Value) or row.ndim else float(row)


def first_output_of(model: Module, X: Any) -> Any:
    """What the model answers to the first example of an array: a trial of whether it takes such examples.

    >>> import numpy as np
    >>> from tinygrad_edu.nn import MLP
    >>> first_output_of(MLP(2, [1]), np.array([0.5, 2.0]))
    Traceback (most recent call last):
        ...
    TypeError: X has shape (2,), which is 2 examples of one number each; a single row is X[None], a single column \
X[:, None]: this network takes a sequence of 2 numbers, not Value(0.5); put a single number in a list
    """
    try:
        return outputs_of(model, [example_of(X[0])])[0]
    except TypeError as error:
        if X.ndim > 1:
            raise
        raise TypeError(
            f"X has shape {X.shape}, which is {len(X)} examples of one number each; a single row is X[None], a single "
            f"column X[:, None]: {error}"
        ) from error


def outputs_of(model: Module, examples: Iterable[Any]) -> list[Any]:
    """What the model answers to each example.

    >>> from tinygrad_edu.nn import MLP
    >>> outputs_of(MLP(1, [2], init="zeros"), [[1.0], [2.0]])
    [ValueArray([0., 0.]), ValueArray([0., 0.])]
    """
    call = cast("Callable[[Any], Any]", model)
    return list(call(array(list(examples)))) if takes_batches(model) else [call(example) for example in examples]
