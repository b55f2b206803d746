"""Observing a network at work: what each unit answers, how steep its activation is there, how large the gradients are.

The graph of a loss holds all of it, so nothing is hooked into the model. Each node knows the neuron it was computed in.
The activation of a neuron is the node whose operation the neuron names, and the slope is the node's local derivative.

May import: `ops`, `modes`, `value`, `backprop`, `functions`, `nn`, `optim`, `training`; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.functions import fsum
from tinygrad_edu.modes import changed_mode
from tinygrad_edu.nn.activations import activation_name
from tinygrad_edu.nn.layers import Neuron, named_layers
from tinygrad_edu.nn.module import Module, in_mode, walk
from tinygrad_edu.nn.shapes import flatten
from tinygrad_edu.optim.vectors import Vector, gradients_of
from tinygrad_edu.training.data import Array, Data
from tinygrad_edu.training.objective import Loss, example_of, outputs_of, takes_batches, target_of
from tinygrad_edu.training.prediction import replayed
from tinygrad_edu.value import Value

__all__ = ["Observation", "always_zero", "observe"]


@dataclass
class Unit:
    """A neuron with an activation: what the activation gave at each call of the neuron, and how steep it was there."""

    path: str
    activation: str
    layer: str
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
    """Run the model on some examples, forward and backward, and note what is to be seen.

    The gradients of the parameters are 0 afterwards.
    """
    params = list(model.parameters())
    index = {p: k for k, p in enumerate(params)}
    layers = {layer.name: [index[p] for p in layer.parameters] for layer in named_layers(model)}
    neurons = _neurons(model)
    total, squares = np.zeros(len(params)), np.zeros(len(params))
    losses: list[float] = []
    culprit = _first_non_finite_parameter(model.named_parameters())
    with in_mode(model, training=False):
        roots = 0
        for root, batch_losses in _losses(model, data, loss):
            _clear(params)
            root.backward()
            gradient = gradients_of(params)
            total, squares, roots = total + gradient, squares + gradient**2, roots + 1
            losses.extend(batch_losses)
            nodes = topological_order(root)
            for unit, node in _activations(nodes, neurons):
                unit.outputs.append(node.data)
                unit.slopes.append(node.local_derivatives[0])
            culprit = culprit or _first_non_finite(nodes, neurons)
    _clear(params)
    units = {unit.path: unit for unit in neurons.values() if unit.outputs}
    return Observation(losses, total / roots, np.sqrt(squares / roots), layers, units, culprit)


def _clear(params: Sequence[Value]) -> None:
    """What `model.zero_grad()` does, which would look for the parameters of the whole model for each example."""
    for parameter in params:
        parameter.grad = 0.0


def _neurons(model: Module) -> dict[object, Unit]:
    """The neurons of a model, by what a node knows of its module: the identity of that."""
    layer_of = {p: layer.name for layer in named_layers(model) for p in layer.parameters}
    neurons: dict[object, Unit] = {}
    for place, _, module in walk(model):
        if isinstance(module, Neuron):
            layer = next((layer_of[p] for p in module.parameters()), place.path)
            neurons[place.identity] = Unit(place.path, activation_name(module.activation), layer)
    return neurons


def _losses(model: Module, data: Data, loss: Loss) -> Iterator[tuple[Value, list[float]]]:
    """The loss of each example, or the mean loss of all where the model takes batches, and the plain losses in it.

    Nodes are told their neuron while they are made, and not longer: outside of that mode, numbers are read faster.
    """
    targets = [target_of(row) for row in data.y]
    if takes_batches(model):
        with changed_mode(modules=True):
            outputs = outputs_of(model, map(example_of, data.X))
            losses = [loss(output, target) for output, target in zip(outputs, targets, strict=True)]
            mean = fsum(losses) / len(losses)
        yield mean, [one.data for one in losses]
        return
    for x, target in zip(data.X, targets, strict=True):
        with changed_mode(modules=True):
            one = loss(outputs_of(model, [example_of(x)])[0], target)
        yield one, [one.data]


def _neuron_of(node: Value, neurons: Mapping[object, Unit]) -> Unit | None:
    """The neuron that an operation was computed in."""
    return None if node.op is None or node.module is None else neurons.get(node.module.identity)


def _activations(nodes: Sequence[Value], neurons: Mapping[object, Unit]) -> Iterator[tuple[Unit, Value]]:
    """The node of each activation that was computed, with its neuron."""
    for node in nodes:
        neuron = _neuron_of(node, neurons)
        if neuron is not None and node.op is not None and node.op.method == neuron.activation:
            yield neuron, node


def always_zero(model: Module, X: Array, units: Sequence[str]) -> list[str]:
    """Those of the units that answer 0 to every example of X, in evaluation mode."""
    neurons = {identity: unit for identity, unit in _neurons(model).items() if unit.path in units}

    def activations(x: Any) -> list[tuple[Unit, Value]]:
        return list(_activations(topological_order(fsum(flatten(outputs_of(model, [example_of(x)])[0]))), neurons))

    def answers(x: Any) -> list[Value]:
        return [node for _, node in activations(x)]

    with in_mode(model, training=False), changed_mode(modules=True):
        try:
            silent = (replayed(answers, model, X) == 0.0).all(axis=0)
            first = activations(X[0])
            awake = {unit.path for (unit, _), always in zip(first, silent, strict=True) if not always}
        except Exception:  # whatever it was, eager code is the meaning
            awake = {unit.path for x in X for unit, node in activations(x) if node.data != 0.0}
    return [path for path in units if path not in awake]


def _first_non_finite_parameter(paths: list[tuple[str, Value]]) -> str:
    return next((f"the parameter {path} is {p.data:g}" for path, p in paths if not math.isfinite(p.data)), "")


def _first_non_finite(nodes: Sequence[Value], neurons: Mapping[object, Unit]) -> str:
    """The first node, inputs before outputs, that is nan or inf; or, on the way back, whose gradient is."""
    for node in nodes:
        if not math.isfinite(node.data):
            return f"{_described(node, neurons)} is {node.data:g}"
    for node in reversed(nodes):
        if not math.isfinite(node.grad):
            return f"the gradient of {_described(node, neurons)} is {node.grad:g}"
    return ""


def _described(node: Value, neurons: Mapping[object, Unit]) -> str:
    """What to call a node: its label, its neuron, or its operation and the numbers it was given."""
    if node.op is None:
        return node.label or "a constant"
    if node.op is ops.dot and (neuron := _neuron_of(node, neurons)) is not None:
        return f"the weighted sum of {neuron.path}"
    return f"{node.op.method}({', '.join(f'{value.data:g}' for value in node.inputs[:4])})"
