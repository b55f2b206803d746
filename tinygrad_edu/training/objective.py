"""What training makes small: the mean over a batch of loss(model(x), y), plus a penalty on the parameters.

May import: `value`, `nn`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from tinygrad_edu.nn.module import Module
from tinygrad_edu.value import Value

__all__ = ["Loss", "Objective", "Penalty", "outputs_of", "takes_batches"]

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


def outputs_of(model: Module, examples: list[Any]) -> list[Any]:
    """What the model answers to each example.

    >>> from tinygrad_edu.nn import MLP
    >>> [[v.data for v in outputs] for outputs in outputs_of(MLP(1, [2], init="zeros"), [[1.0], [2.0]])]
    [[0.0, 0.0], [0.0, 0.0]]
    """
    call = cast("Callable[[Any], Any]", model)
    return list(call(examples)) if takes_batches(model) else [call(example) for example in examples]
