"""Observing a network at work: what each unit answers, how steep its activation is there, how large the gradients are.

Nothing is hooked into the model. The graph of a loss already holds all of it: a neuron is a `dot` node whose first
input is the neuron's first weight, its activation the node made of that, and the slope of the activation the local
derivative on the edge between them.

May import: `ops`, `value`, `backprop`, `functions`, `nn`, `optim`, `training`; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.functions import fsum
from tinygrad_edu.nn.activations import activation_name
from tinygrad_edu.nn.layers import Neuron
from tinygrad_edu.nn.module import Module, in_mode
from tinygrad_edu.optim.vectors import Vector, gradients_of
from tinygrad_edu.training.data import Array, Data
from tinygrad_edu.training.objective import Loss, outputs_of, takes_batches
from tinygrad_edu.training.prediction import replayed
from tinygrad_edu.training.saving import layer_of
from tinygrad_edu.value import Value

__all__ = ["Observation", "always_zero", "observe"]


#: Activations that do nothing, so that there is nothing to look at.
LINEAR = ("linear", "identity")


@dataclass
class Unit:
    """A neuron with an activation: its output and the slope of its activation, for each example."""

    activation: str
    outputs: list[float] = field(default_factory=list)
    slopes: list[float] = field(default_factory=list)


@dataclass
class Observation:
    """What one pass over some examples showed, with the model in `eval()`.

    `losses` is one per example; `gradient` the gradient of their mean and `spread` the root mean square over the
    examples of each parameter's gradient, both flat in the order of `model.parameters()`; `layers` maps each layer to
    its places there; `units` maps the path of each neuron with an activation to what it did; `first_non_finite` names
    the first number that was nan or inf, "" if there was none.
    """

    losses: list[float]
    gradient: Vector
    spread: Vector
    layers: dict[str, list[int]]
    units: dict[str, Unit]
    first_non_finite: str

    def gradient_size(self, layer: str) -> float:
        """The root mean square gradient of the parameters of a layer, over parameters and examples."""
        return float(np.sqrt(np.mean(self.spread[self.layers[layer]] ** 2)))


def observe(model: Module, data: Data, loss: Loss) -> Observation:
    """Run the model and its gradients on some examples, and look.

    The gradients of the `Value`s are 0 afterwards.
    """
    paths = model.named_parameters()
    params = [p for _, p in paths]
    layers: dict[str, list[int]] = {}
    for index, (path, _) in enumerate(paths):
        layers.setdefault(layer_of(path), []).append(index)
    active = [(path, neuron) for path, neuron in _neurons(model) if activation_name(neuron.activation) not in LINEAR]
    units = {path: Unit(activation_name(neuron.activation)) for path, neuron in active}
    neurons = {neuron.weights[0]: path for path, neuron in _neurons(model)}
    total, squares = np.zeros(len(params)), np.zeros(len(params))
    losses: list[float] = []
    culprit = _first_non_finite_parameter(paths)
    with in_mode(model, training=False):
        roots = 0
        for root, batch_losses in _losses(model, data, loss):
            model.zero_grad()
            root.backward()
            gradient = gradients_of(params)
            total, squares, roots = total + gradient, squares + gradient**2, roots + 1
            losses.extend(batch_losses)
            nodes = topological_order(root)
            for path, node in _activations(nodes, neurons, units):
                units[path].outputs.append(node.data)
                units[path].slopes.append(node.local_derivatives[0])
            culprit = culprit or _first_non_finite(nodes, neurons)
    model.zero_grad()
    return Observation(losses, total / roots, np.sqrt(squares / roots), layers, units, culprit)


def _neurons(model: Module) -> list[tuple[str, Neuron]]:
    return [(path, module) for path, module in model.named_modules() if isinstance(module, Neuron)]


def _losses(model: Module, data: Data, loss: Loss) -> Iterator[tuple[Value, list[float]]]:
    """The loss of each example, or the mean loss of all where the model takes batches, and the plain losses in it."""
    if takes_batches(model):
        outputs = outputs_of(model, data.X.tolist())
        losses = [loss(output, target) for output, target in zip(outputs, data.y.tolist(), strict=True)]
        yield fsum(losses) / len(losses), [one.data for one in losses]
        return
    for example, target in zip(data.X.tolist(), data.y.tolist(), strict=True):
        one = loss(outputs_of(model, [example])[0], target)
        yield one, [one.data]


def _activations(nodes: list[Value], neurons: dict[Value, str], units: Collection[str]) -> Iterator[tuple[str, Value]]:
    """Each of these units that the graph holds, with the node of its activation: the one made of its `dot`."""
    sums: dict[Value, str] = {}
    for node in nodes:
        if node.op is ops.dot and (path := neurons.get(node.inputs[0], "")) in units:
            sums[node] = path
        elif len(node.inputs) == 1 and (unit := sums.pop(node.inputs[0], None)) is not None:
            yield unit, node


def always_zero(model: Module, X: Array, units: Sequence[str]) -> list[str]:
    """Those of the units that answer 0 to every example of X, in evaluation mode."""
    neurons = {neuron.weights[0]: path for path, neuron in _neurons(model)}

    def answers(x: Any) -> list[Value]:
        outputs = outputs_of(model, [x])[0]
        root = fsum(np.ravel(np.array(outputs, dtype=object)))
        nodes = dict(_activations(topological_order(root), neurons, units))
        return [nodes[path] for path in units]

    with in_mode(model, training=False):
        try:
            silent = (replayed(answers, model, X) == 0.0).all(axis=0)
        except Exception:  # whatever it was, eager code is the meaning
            silent = np.all([[v.data == 0.0 for v in answers(x)] for x in X.tolist()], axis=0)
    return [path for path, never in zip(units, silent, strict=True) if never]


def _first_non_finite_parameter(paths: list[tuple[str, Value]]) -> str:
    return next((f"the parameter {path} is {p.data:g}" for path, p in paths if not math.isfinite(p.data)), "")


def _first_non_finite(nodes: list[Value], neurons: dict[Value, str]) -> str:
    """The first node, inputs before outputs, that is nan or inf; or, on the way back, whose gradient is."""
    for node in nodes:
        if not math.isfinite(node.data):
            return f"{_described(node, neurons)} is {node.data:g}"
    for node in reversed(nodes):
        if not math.isfinite(node.grad):
            return f"the gradient of {_described(node, neurons)} is {node.grad:g}"
    return ""


def _described(node: Value, neurons: dict[Value, str]) -> str:
    """What to call a node: its label, its neuron, or its operation and the numbers it was given."""
    if node.op is None:
        return node.label or "a constant"
    if node.op is ops.dot:
        return f"the weighted sum of {neurons.get(node.inputs[0], 'a neuron')}"
    return f"{node.op.method}({', '.join(f'{value.data:g}' for value in node.inputs[:4])})"
