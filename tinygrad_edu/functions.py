"""Functions of several values: `dot`, `fsum`, `mean`, `norm`, `logsumexp`, `softmax`, `choose`, `where`.

May import: `ops`, `modes`, `coercion`, `value`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from tinygrad_edu import ops
from tinygrad_edu.coercion import real
from tinygrad_edu.modes import is_hidden
from tinygrad_edu.value import Number, Value, as_value

__all__ = ["choose", "dot", "fsum", "logsumexp", "mean", "norm", "softmax", "where"]


def _all_values(numbers: Iterable[Any]) -> list[Value]:
    return [as_value(number) for number in numbers]


def applied(operation: ops.Op, inputs: Sequence[Any]) -> Value:
    """The node for `operation` on inputs of which some may be plain numbers."""
    if set(map(type, inputs)) == {Value}:  # the usual case, seen without a look at each
        return Value.apply(operation, inputs)
    return Value.apply(operation, _all_values(inputs))


def dot(weights: Iterable[Number], inputs: Iterable[Number], bias: Number = 0.0) -> Value:
    """The weighted sum plus bias of a neuron, as one node: Σ weightᵢ · inputᵢ + bias.

    Raises ValueError when there are not as many weights as inputs.

    >>> dot([1.0, 2.0], [3.0, 4.0], 0.5).data
    11.5
    """
    left, right = list(weights), list(inputs)
    if len(left) != len(right):
        raise ValueError(f"dot needs as many weights as inputs, not {len(left)} weights and {len(right)} inputs")
    return applied(ops.dot, [*left, *right, bias])


def fsum(values: Iterable[Number]) -> Value:
    """The sum of all values, as one node and rounded once: Σ valueᵢ.

    A recorded program adds in NumPy's order and rounds at each addition, so its last digits may differ.

    >>> fsum([0.1] * 10).data
    1.0
    """
    return applied(ops.fsum, list(values))


def mean(values: Iterable[Number]) -> Value:
    """The mean of all values, as one node: Σ valueᵢ / n; of none it is nan, as in NumPy.

    >>> mean([1.0, 2.0, 6.0]).data
    3.0
    """
    terms = list(values)
    return applied(ops.mean, terms) if terms else as_value(math.nan)


def norm(values: Iterable[Number]) -> Value:
    """The Euclidean length, as one node and without overflow: √Σ valueᵢ², with slopes 0 at the origin.

    >>> norm([3.0, 4.0]).data
    5.0
    """
    return applied(ops.norm, list(values))


def logsumexp(values: Iterable[Number]) -> Value:
    """ln Σ exp(valueᵢ), as one node, without overflow.

    Raises ValueError for no values at all.

    >>> round(logsumexp([1000.0, 1000.0]).data, 4)
    1000.6931
    """
    terms = list(values)
    if not terms:
        raise ValueError("logsumexp needs at least one value: the logarithm of an empty sum would be -inf")
    return applied(ops.logsumexp, terms)


def softmax(values: Iterable[Number]) -> list[Value]:
    """Probabilities that sum to 1: exp(valueᵢ) / Σ exp(valueⱼ), without overflow.

    Computed as exp(valueᵢ - logsumexp), which is off by the rounding of its exponent: 1e-8 for values around 1e8.

    >>> [round(p.data, 3) for p in softmax([1.0, 2.0, 3.0])]
    [0.09, 0.245, 0.665]
    """
    logits = _all_values(values)
    total = logsumexp(logits)
    return [(logit - total).exp() for logit in logits]


def choose(index: Any, options: Sequence[Number]) -> Value:
    """`options[index]`, for an index that may be a `Value` holding a whole number, such as a token.

    The derivative flows to the option chosen. Raises IndexError for an index outside the options.

    >>> choose(1, [Value(10.0), Value(20.0)]).data
    20.0
    """
    values = _all_values(options)
    if isinstance(index, Value) and is_hidden(index):  # its number is known when the program runs
        return applied(ops.choose, [index, *values])
    number = real(index.data if isinstance(index, Value) else index)
    if not (number.is_integer() and 0 <= number < len(values)):
        raise IndexError(f"choose needs a whole number from 0 to {len(values) - 1} as index, not {number:g}")
    return applied(ops.choose, [index, *values]) if isinstance(index, Value) else values[int(number)]


def where(condition: Any, a: Number, b: Number) -> Value:
    """`a` if the condition holds, else `b`; the derivative flows to the one chosen.

    Both are computed before one is chosen, so keep the other finite: 0 · inf is nan, in the derivative too.

    >>> x = Value(-2.0)
    >>> where(x > 0, x, 0.1 * x).data
    -0.2
    """
    return applied(ops.where, [condition, a, b])
