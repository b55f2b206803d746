"""Activations: what a neuron does with its weighted sum.

They are operations of the rule book, chosen by name: "tanh", "relu", "linear". Any operation with one input will do,
and so will any function from a `Value` to a `Value`. "softmax" works on the outputs of a whole layer.

May import: `arguments`, `ops`, `value`, `functions`.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import methodcaller
from typing import Any, TypeAlias

from tinygrad_edu.arguments import unknown_name
from tinygrad_edu.functions import softmax
from tinygrad_edu.ops import RULE_BOOK
from tinygrad_edu.value import Value

__all__ = ["Activation", "activation_family", "activation_name", "common_activations", "resolve_activation"]

#: An activation as users give it: a name, or a function from a `Value` to a `Value`.
Activation: TypeAlias = str | Callable[[Value], Value]

_LINEAR = ("linear", "identity")
#: What other libraries call activations that are here.
_ELSEWHERE = {"swish": "silu", "logistic": "sigmoid", "expit": "sigmoid", "none": "linear"}


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
    # `Value.tanh` means the same as "tanh", so it is called by name, too.
    return methodcaller(name) if activation is vars(Value).get(name) else activation


def common_activations() -> tuple[str, ...]:
    """The activations that people know by name: "linear", the operations declared as activations, and "softmax".

    >>> common_activations()[:3]
    ('linear', 'tanh', 'sigmoid')
    """
    return ("linear", *[name for name, operation in RULE_BOOK.items() if operation.activation], "softmax")


def activation_family(activation: Activation) -> str:
    """The family of an activation, "rectifier", "saturating" or "step"; "" where it has none.

    >>> activation_family("relu"), activation_family("linear")
    ('rectifier', '')
    """
    operation = RULE_BOOK.get(activation_name(activation))
    return "" if operation is None else operation.activation


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
    if name.lower() in _ELSEWHERE:
        raise ValueError(f"no activation is called {name!r}: it is {_ELSEWHERE[name.lower()]!r} here")
    known = [*common_activations(), *_LINEAR, *filter(_takes_one_input, RULE_BOOK)]
    listed = f"{', '.join(common_activations())}, and the other operations with one input"
    raise unknown_name("activation", name, known, listed)


def _takes_one_input(name: str) -> bool:
    """Whether this operation of the rule book is also a method of `Value` that needs no argument."""
    operation = RULE_BOOK.get(name)
    if operation is None or callable(operation.derivatives) or not hasattr(Value, name):
        return False
    return len(operation.derivatives) == 1 and len(operation.parameters) == len(operation.defaults)
