"""Optimizers by name, for whoever lets people choose one in a word: the estimators and the command line.

To add one, write its class in `optimizers` and a line here.

May import: `arguments`; `optimizers` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tinygrad_edu.arguments import unknown_name
from tinygrad_edu.optim.optimizers import SGD, Adam, Optimizer, Parameters, RMSprop

__all__ = ["OPTIMIZERS", "optimizer_called"]

#: What makes each optimizer, from the parameters, the learning rate and `weight_decay`. A momentum of 0.9 is the usual
#: one, and that of Adam's running mean.
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "momentum": partial(SGD, momentum=0.9),
    "rmsprop": RMSprop,
    "adam": Adam,
}


def optimizer_called(name: str, params: Parameters, lr: float, *, weight_decay: float = 0.0) -> Optimizer:
    """The optimizer of this name for these parameters; what it has besides is its default.

    Raises ValueError for an unknown name, TypeError for what is no name, and both as the optimizer itself does.

    >>> from tinygrad_edu import Value
    >>> optimizer_called("momentum", [Value(1.0)], 0.1)
    SGD(1 parameters, lr=0.1, weight_decay=0.0, momentum=0.9, nesterov=False)
    >>> optimizer_called("adamm", [Value(1.0)], 0.1)
    Traceback (most recent call last):
        ...
    ValueError: no optimizer is called 'adamm'; did you mean 'adam'? There are sgd, momentum, rmsprop, adam
    """
    if not isinstance(name, str):
        raise TypeError(f"an optimizer is chosen by its name here, such as 'adam', not by {name!r}")
    if name not in OPTIMIZERS:
        raise unknown_name("optimizer", name, OPTIMIZERS)
    return OPTIMIZERS[name](params, lr, weight_decay=weight_decay)
