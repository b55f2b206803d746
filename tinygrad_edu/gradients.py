"""Gradients as values: `grad` leaves every node alone, and its answers can be differentiated again.

May import: `number_systems`, `modes`, `value`, `backprop`, NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

import numpy as np

from tinygrad_edu.backprop import topological_order, watched_sweep
from tinygrad_edu.modes import changed_mode, must_have_gradients
from tinygrad_edu.number_systems.floats import evaluate
from tinygrad_edu.number_systems.identities import keeps
from tinygrad_edu.number_systems.values import values
from tinygrad_edu.value import Value, as_value

__all__ = ["Plain", "grad", "hessian", "jacobian"]


class StandIn:
    """Takes the place of a node in a sweep, so that the node's own `grad` is left alone."""

    __slots__ = ("_grad", "inputs", "local_derivatives", "node")

    def __init__(self, inputs: Sequence[Any], local_derivatives: Sequence[Any], node: Value | None = None) -> None:
        self.inputs = inputs
        self.local_derivatives = local_derivatives
        self.node = node
        self._grad: Any = 0.0

    @classmethod
    def for_graph(
        cls,
        root: Value,
        local_derivatives: Callable[[Value], Sequence[Any]] = attrgetter("local_derivatives"),
        known: Mapping[Value, StandIn] = {},
    ) -> dict[Value, StandIn]:
        """A stand-in for each node of a graph, after those of leaves that are `known` already.

        An operation comes after what it was made of, a leaf just before the first that takes it.
        """
        stand_ins = _StandIns(known)
        for node in topological_order(root, leaves=False):
            if node not in known:  # as the root may be
                stand_ins[node] = cls([stand_ins[value] for value in node.inputs], local_derivatives(node), node)
        return stand_ins


class _StandIns(dict[Value, StandIn]):
    """By the node that each stands for; a leaf gets its own when it is first asked for."""

    def __missing__(self, leaf: Value) -> StandIn:
        stand_in = self[leaf] = StandIn((), (), leaf)
        return stand_in


def grad(output: Value, inputs: Sequence[Any], create_graph: bool = False) -> list[Any]:
    """∂output/∂input for each input, without touching any `.grad`.

    Floats; with `create_graph`, `Value`s that can be drawn, stepped and differentiated again. An input that the
    output does not depend on gets 0. For an array of `Value`s among the inputs, an array of the same shape.

    Raises TypeError for anything but `Value`s, and RuntimeError when `create_graph` meets a node whose inputs'
    `.data` changed since it was computed, or the output was computed under `no_grad()`.

    >>> x = Value(2.0)
    >>> (first,) = grad(x ** 3, [x], create_graph=True)
    >>> first.data, grad(first, [x])
    (12.0, [12.0])
    >>> a, b = Value(3.0), Value(5.0)
    >>> grad(a * b, [a, np.array([b, a, b], dtype=object)])
    [5.0, array([3., 5., 3.])]
    """
    given, inputs = list(inputs), [value for each in inputs for value in _values_in(each)]
    for value in (output, *inputs):
        if not isinstance(value, Value):
            raise TypeError(
                f"grad needs one Value as output, such as loss, and a list of Values as inputs, not {value!r:.80}"
            )
    must_have_gradients(output, "grad(...)")
    if not create_graph:
        return _arranged(given, _swept(output, inputs, StandIn.for_graph(output), 1.0), np.float64)
    with changed_mode(check=None):  # its nodes are checked step by step, because steps know the forward line
        stand_ins = StandIn.for_graph(output, _differentiable_locals)
        for stand_in in stand_ins.values():
            stand_in._grad = Plain(0.0)
        gradients = [Plain.unwrap(gradient) for gradient in _swept(output, inputs, stand_ins, Plain(1.0))]
        return _arranged(given, gradients, object)


def _values_in(given: Any) -> list[Any]:
    return given.ravel().tolist() if isinstance(given, np.ndarray) else [given]


def _arranged(given: Sequence[Any], gradients: Sequence[Any], dtype: Any) -> list[Any]:
    """One gradient for each of what was given; those of an array as an array, of its own class if of Values."""
    following = iter(gradients)

    def of(one: Any) -> Any:
        if not isinstance(one, np.ndarray):
            return next(following)
        answer = np.fromiter(islice(following, one.size), dtype, one.size).reshape(one.shape)
        return answer.view(type(one)) if dtype is object else answer

    return [of(one) for one in given]


def _swept(output: Value, inputs: Sequence[Value], stand_ins: dict[Value, StandIn], one: Any) -> list[Any]:
    """The gradients of the inputs, after a sweep through the stand-ins with `one` for the output's own."""
    stand_ins[output]._grad = one
    for _ in watched_sweep(output, list(reversed(stand_ins.values()))):
        pass
    return [stand_ins[value]._grad if value in stand_ins else 0.0 for value in inputs]


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain number in a graph of gradients: adding 0 to a `Value`, or multiplying it by 1, makes no node.

    >>> x = Value(3.0)
    >>> (Plain(0.0) + x * Plain(1.0)) is x, Plain(2.0) * Plain(4.0)
    (True, Plain(number=8.0))
    """

    number: float

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Plain):
            return Plain(self.number + other.number)
        return other if self.number == 0.0 else other + self.number

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Plain):
            return Plain(self.number * other.number)
        if self.number == 0.0 and math.isfinite(other.data):
            return self
        return other if keeps("multiply", self.number) else other * self.number

    __radd__ = __add__
    __rmul__ = __mul__

    def __float__(self) -> float:
        return self.number

    @staticmethod
    def unwrap(number: Any) -> Value:
        """The number as a `Value`."""
        return as_value(number.number if isinstance(number, Plain) else number)


def _differentiable_locals(node: Value) -> tuple[Any, ...]:
    """The local derivatives as `Value`s: the rules, run on the node and its inputs themselves."""
    if node.op is None:
        return ()
    recomputed = evaluate(node.op, *[value.data for value in node.inputs])
    if not _same_bits(recomputed, (node.data, node.local_derivatives)):
        raise RuntimeError(
            f"the data of an input of {node!r} changed after it was computed, so a graph of its gradients "
            "would mix old and new numbers; compute it again first"
        )
    local_derivatives = node.op.local_derivatives(values, node, *node.inputs)
    return tuple([local if isinstance(local, Value) else Plain(local) for local in local_derivatives])


def _same_bits(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)  # unlike ==, this takes nan for the same as nan


def hessian(f: Callable[..., Value], at: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """All second derivatives of `f(*at)`: row i, column j is ∂²f / ∂atᵢ ∂atⱼ. Shape (n, n).

    >>> hessian(lambda x, y: x * x * y, [3.0, 5.0])
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    inputs = [Value(number) for number in at]
    first = grad(as_value(f(*inputs)), inputs, create_graph=True)
    rows = [grad(derivative, inputs) for derivative in first]
    return np.array(rows, dtype=np.float64).reshape(len(inputs), len(inputs))


def jacobian(f: Callable[..., Any], at: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The first derivatives of all outputs of `f(*at)`: row i, column j is ∂fᵢ / ∂atⱼ. Shape (outputs, n).

    `f` returns a list or an array of `Value`s, which is taken flat, or a single one.

    >>> jacobian(lambda x, y: [x * y, x + y, 3.0 * x], [2.0, 5.0])
    array([[5., 2.],
           [1., 1.],
           [3., 0.]])
    """
    inputs = [Value(number) for number in at]
    outputs = np.ravel(np.array(f(*inputs), dtype=object)).tolist()
    rows = [grad(as_value(output), inputs) for output in outputs]
    return np.array(rows, dtype=np.float64).reshape(len(outputs), len(inputs))
