"""Losses by name, for whoever lets people choose one in a word: `fit` and `diagnose`.

The names are ours, and those of Keras and PyTorch where they mean the same here. To add one, write its function in
`losses` and a line here.

May import: `arguments`, `elsewhere`, `value`; `losses` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_edu.arguments import unknown_name
from tinygrad_edu.elsewhere import NAMES
from tinygrad_edu.nn import losses
from tinygrad_edu.value import Value

__all__ = ["LOSSES", "loss_called"]

#: The loss of each name; a name means the same to whoever comes from Keras, where the loss takes probabilities, or from
#: PyTorch, where it takes logits.
LOSSES: dict[str, Callable[[Any, Any], Value]] = {
    "mse": losses.mean_squared_error,
    "mae": losses.mean_absolute_error,
    "rmse": losses.root_mean_squared_error,
    "bce": losses.binary_cross_entropy,
    "binary_crossentropy": losses.binary_cross_entropy,
    **{name: getattr(losses, name) for name in losses.__all__},
}

_LOGITS_HERE = (
    'takes probabilities, and cross_entropy here logits; let the last layer be linear, and write loss="cross_entropy"'
)
#: Names that mean something else than any loss here, and what to write.
_REFUSED = {
    "categorical_crossentropy": f"in Keras it {_LOGITS_HERE}",
    "sparse_categorical_crossentropy": f"in Keras it {_LOGITS_HERE}",
    "nll_loss": "in PyTorch it takes logarithms of probabilities, and cross_entropy here logits; let the last layer be "
    'linear, and write loss="cross_entropy"',
}

#: What other libraries call the losses that are here, in lower case, and what they are called here.
_ELSEWHERE = {name.lower(): cure for name, cure in NAMES["nn.losses"].items()}


def loss_called(loss: Any) -> Callable[[Any, Any], Value]:
    """The loss of a name, upper or lower case; a function is a loss itself.

    Raises ValueError for a name that is none, or that means something else elsewhere; TypeError for what is neither a
    name nor a function.

    >>> loss_called("MSE")([3.0], [1.0]).data
    4.0
    >>> loss_called("categorical_crossentropy")
    Traceback (most recent call last):
        ...
    ValueError: 'categorical_crossentropy' is no loss here: in Keras it takes probabilities, and cross_entropy here \
logits; let the last layer be linear, and write loss="cross_entropy"
    """
    if callable(loss):
        function: Callable[[Any, Any], Value] = loss
        return function
    if not isinstance(loss, str):
        raise TypeError(f'loss is a function such as losses.cross_entropy, or a name such as "mse", not {loss!r}')
    name = loss.lower()
    if name in _REFUSED:
        raise ValueError(f"{loss!r} is no loss here: {_REFUSED[name]}")
    if name in _ELSEWHERE and name not in LOSSES:
        raise ValueError(f"no loss is called {loss!r}: {_ELSEWHERE[name]}")
    if name not in LOSSES:
        raise unknown_name("loss", loss, LOSSES)
    return LOSSES[name]
