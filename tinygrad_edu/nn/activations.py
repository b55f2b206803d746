"""Activations: what a neuron does with its weighted sum.

They are operations of the rule book, chosen by name: "tanh", "relu", "linear". Any operation with one input will do,
and so will any function from a `Value` to a `Value`. "softmax" works on the outputs of a whole layer.

May import: `ops`, `value`.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from inspect import signature
from operator import methodcaller
from typing import Any, TypeAlias

from tinygrad_edu.ops import RULE_BOOK
from tinygrad_edu.value import Value, softmax

__all__ = ["COMMON_ACTIVATIONS", "Activation", "activation_name", "resolve_activation"]

#: An activation as users give it: a name, or a function from a `Value` to a `Value`.
Activation: TypeAlias = str | Callable[[Value], Value]

#: The activations that the error message lists first.
COMMON_ACTIVATIONS = (
    "linear", "tanh", "sigmoid", "relu", "leaky_relu", "elu", "silu", "gelu", "softplus", "step", "softmax",
)  # fmt: skip

_LINEAR = ("linear", "identity")


def identity(x: Value) -> Value:
    """The number itself: a neuron that only adds up."""
    return x


def resolve_activation(activation: Activation) -> Callable[[Value], Value]:
    """The function that `activation` names, or the function itself.

    Raises ValueError for an unknown name, TypeError for what is neither a name nor a function.

    >>> resolve_activation("relu")(Value(-2.0)).data
    0.0
    >>> resolve_activation("rellu")
    Traceback (most recent call last):
        ...
    ValueError: no activation is called 'rellu'; did you mean 'relu'? There are linear, tanh, sigmoid, relu, \
leaky_relu, elu, silu, gelu, softplus, step, softmax, and the other operations with one input
    """
    if isinstance(activation, str):
        return _by_name(activation)
    if not callable(activation):
        raise TypeError(
            f"an activation is a name such as 'tanh' or a function from a Value to a Value, not {activation!r}"
        )
    name = getattr(activation, "__name__", "")
    # Value.tanh is asked for by name, so that special kinds of Value answer with their own method.
    return methodcaller(name) if activation is vars(Value).get(name) else activation


def is_softmax(activation: Any) -> bool:
    """Whether this is the activation that needs the outputs of the whole layer at once."""
    return activation is softmax or activation == "softmax"


def activation_name(activation: Activation) -> str:
    """What to call the activation when the network is described.

    >>> activation_name("tanh"), activation_name(Value.relu)
    ('tanh', 'relu')
    """
    return activation if isinstance(activation, str) else getattr(activation, "__name__", repr(activation))


def _by_name(name: str) -> Callable[[Value], Value]:
    if name in _LINEAR:
        return identity
    if _takes_one_input(name):
        return methodcaller(name)
    if name == "softmax":
        raise ValueError("softmax works on a whole layer: give it to a Layer, or to an MLP as output_activation")
    close = get_close_matches(name, [*COMMON_ACTIVATIONS, *_LINEAR, *filter(_takes_one_input, RULE_BOOK)], n=1)
    hint = f"did you mean {close[0]!r}? There" if close else "there"
    raise ValueError(
        f"no activation is called {name!r}; {hint} are {', '.join(COMMON_ACTIVATIONS)}, "
        "and the other operations with one input"
    )


def _takes_one_input(name: str) -> bool:
    """Whether this operation of the rule book is also a method of `Value` that needs no argument."""
    if name not in RULE_BOOK or not hasattr(Value, name):
        return False
    _, *others = signature(getattr(Value, name)).parameters.values()
    return all(parameter.default is not parameter.empty for parameter in others)
