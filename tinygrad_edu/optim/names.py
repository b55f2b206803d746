"""Optimizers by name, for whoever lets people choose one in a word: `fit`, the estimators and the command line.

To add one, write its class in `optimizers` and a line here.

May import: `arguments`; `optimizers` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tinygrad_edu.arguments import unknown_name
from tinygrad_edu.optim.optimizers import SGD, Adam, AdamW, Optimizer, Parameters, RMSprop

__all__ = ["OPTIMIZERS", "optimizer_called"]

#: What makes each optimizer, from the parameters and settings such as `lr`. A momentum of 0.9 is the usual one, and
#: that of Adam's running mean.
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "momentum": partial(SGD, momentum=0.9),
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def optimizer_called(
    name: str, params: Parameters, lr: float | None = None, *, weight_decay: float | None = None
) -> Optimizer:
    """The optimizer of this name, upper or lower case, for these parameters; what is not said is its default.

    Raises ValueError for an unknown name, TypeError for what is no name, and both as the optimizer itself does.

    >>> from tinygrad_edu import Value
    >>> optimizer_called("momentum", [Value(1.0)], 0.1)
    SGD(1 parameters, lr=0.1, weight_decay=0.0, momentum=0.9, nesterov=False)
    >>> optimizer_called("adamm", [Value(1.0)], 0.1)
    Traceback (most recent call last):
        ...
    ValueError: no optimizer is called 'adamm'; did you mean 'adam'? There are sgd, momentum, rmsprop, adam, adamw
    """
    if not isinstance(name, str):
        raise TypeError(f"an optimizer is chosen by its name here, such as 'adam', not by {name!r}")
    if name.lower() not in OPTIMIZERS:
        raise unknown_name("optimizer", name, OPTIMIZERS)
    said = {setting: number for setting, number in (("lr", lr), ("weight_decay", weight_decay)) if number is not None}
    return OPTIMIZERS[name.lower()](params, **said)
