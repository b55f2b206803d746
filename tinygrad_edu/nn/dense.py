"""Models that are layers one after the other, each neuron of which sees all neurons of the layer before.

May import: `activations`, `layers`, `module`, `regularizers` and `shapes` of this folder.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from tinygrad_edu.nn.activations import activation_name
from tinygrad_edu.nn.layers import MLP, Layer, Neuron
from tinygrad_edu.nn.module import Module, walk
from tinygrad_edu.nn.regularizers import Dropout, Sequential
from tinygrad_edu.nn.shapes import flatten

__all__ = ["DenseLayer", "dense_layers", "works_like"]


@dataclass
class DenseLayer:
    """A layer in which each neuron is given the same numbers.

    `name` is what the model calls it; `also` says what else happens to its outputs.

    >>> (layer,) = dense_layers(Neuron(3, "relu"))
    >>> layer.n_inputs, len(layer.neurons), layer.activation
    (3, 1, 'relu')
    """

    name: str
    module: Module
    neurons: list[Neuron]
    activation: str
    also: list[str] = field(default_factory=list)

    @property
    def n_inputs(self) -> int:
        """How many numbers each neuron is given."""
        return len(self.neurons[0].weights)


def dense_layers(model: Module) -> list[DenseLayer]:
    """The layers of a model that is nothing but such layers; none for any other model.

    Dropout between them, and `flatten` before them, may be there, because no line of a picture changes by them.

    >>> from tinygrad_edu.nn import LayerNorm
    >>> [layer.name for layer in dense_layers(Sequential(Layer(2, 3), Dropout(0.5), MLP(3, [1])))]
    ['layers.0', 'layers.2.layers.0']
    >>> dense_layers(Sequential(Layer(2, 3), LayerNorm(3)))
    []
    """
    layers: list[DenseLayer] = []
    paths = {id(item): place.path for place, _, item in walk(model)}
    for step in _steps(model):
        if works_like(step, Layer):
            layers.append(DenseLayer(paths[id(step)], step, step.neurons, activation_name(step.activation)))
        elif isinstance(step, Neuron) and works_like(step, Neuron) and step is model:
            layers.append(DenseLayer("", step, [step], activation_name(step.activation)))
        elif isinstance(step, Dropout) and layers:
            layers[-1].also.append(f"Dropout({step.describe()})")
        elif step is not flatten or layers:
            return []
    return layers if all(map(_is_whole, layers)) and all(map(_fit, layers, layers[1:])) else []


def _steps(model: Any) -> list[Any]:
    """What a model does, one after the other, if it is a chain; otherwise the model alone."""
    if works_like(model, MLP) or works_like(model, Sequential):
        return list(itertools.chain.from_iterable(map(_steps, model.layers)))
    return [model]


def works_like(module: Any, kind: type[Any]) -> bool:
    """Whether a module does what `kind` does: a class made from it may do something else when it is called.

    >>> works_like(MLP(1, [1]), MLP), works_like(MLP(1, [1]), Layer)
    (True, False)
    """
    return isinstance(module, kind) and type(module).__call__ is kind.__call__


def _is_whole(layer: DenseLayer) -> bool:
    """Whether it has neurons, all of them ordinary, with as many weights each."""
    plain = all(works_like(neuron, Neuron) for neuron in layer.neurons)
    return plain and len({len(neuron.weights) for neuron in layer.neurons}) == 1


def _fit(before: DenseLayer, after: DenseLayer) -> bool:
    return len(before.neurons) == after.n_inputs
