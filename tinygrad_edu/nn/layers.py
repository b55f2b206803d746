"""The network: a neuron, a layer of neurons, a multi-layer perceptron.

All of them are called on one example: a list, a tuple or an array. Plain numbers become `Value`s once, at the entrance,
and what comes out is a `ValueArray`.

May import: `arguments`, `elsewhere`, `modes`, `value`, `functions`, `arrays`; `activations`, `initializers` and
`module` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.arguments import Seed, random_generator, whole_number
from tinygrad_edu.arrays import ValueArray, array
from tinygrad_edu.elsewhere import MODEL_KEYWORDS, says_ours
from tinygrad_edu.functions import dot, softmax
from tinygrad_edu.modes import asks_for_modules
from tinygrad_edu.nn.activations import Activation, activation_name, is_softmax, resolve_activation
from tinygrad_edu.nn.initializers import Initializer, draw_weights, resolve_initializer, these
from tinygrad_edu.nn.module import Module, run, walk
from tinygrad_edu.value import Number, Value

__all__ = ["MLP", "Layer", "NamedLayer", "Neuron", "named_layers", "one_example"]


def one_example(inputs: Iterable[Number], n_inputs: int, owner: str) -> list[Value]:
    """The inputs of one example as `Value`s: a list, a tuple, or an array of shape (n_inputs,).

    Raises ValueError when there are not `n_inputs` of them, TypeError when they are not numbers in a sequence.

    >>> one_example(np.array([1.0, 2.0]), 2, "this neuron")
    [Value(1.0), Value(2.0)]
    """
    if isinstance(inputs, np.ndarray):
        if inputs.shape != (n_inputs,):
            raise ValueError(
                f"{owner} takes one example of {n_inputs} inputs, an array of shape ({n_inputs},), not of shape "
                f"{inputs.shape}; for several examples, call it on each row"
            )
        if type(inputs) is ValueArray:
            values: list[Value] = inputs.tolist()
            return values
        inputs = inputs.tolist()
    elif isinstance(inputs, (str, bytes)) or not isinstance(inputs, Iterable):
        raise TypeError(
            f"{owner} takes a sequence of {n_inputs} numbers, not {inputs!r}; put a single number in a list"
        )
    inputs = list(inputs)
    try:
        values = [x if isinstance(x, Value) else Value(x) for x in inputs]
    except TypeError as error:
        if not all(isinstance(x, (list, tuple, np.ndarray)) for x in inputs):
            raise
        raise TypeError(
            f"{owner} takes one example of {n_inputs} numbers, and this is a list of lists; for several examples, call "
            "it on each, as in [model(x) for x in X], or have predict(model, X) do so"
        ) from error
    if len(values) != n_inputs:
        raise ValueError(f"{owner} takes {n_inputs} inputs, not {len(values)}")
    return values


class Neuron(Module):
    """A weighted sum plus bias, then an activation: activation(Σ weightᵢ · inputᵢ + bias).

    `weights` are `n_inputs` `Value`s, `bias` is one that starts at 0. Called on one example, it returns a `Value`.
    `init` is an initializer or its name (see `nn.initializers`), `seed` an int or a `numpy.random.Generator`.

    Raises ValueError for a size that is not a positive whole number, an unknown activation or initializer, and a
    wrong number of inputs.

    >>> neuron = Neuron(2, "relu", seed=0)
    >>> neuron.weights[0].data, neuron.weights[1].data, neuron.bias.data = 3.0, -1.0, 0.5
    >>> neuron([1.0, 2.0]).data
    1.5
    """

    @says_ours(MODEL_KEYWORDS)
    def __init__(
        self,
        n_inputs: int,
        activation: Activation = "tanh",
        *,
        init: str | Initializer | None = None,
        seed: Seed = None,
    ) -> None:
        n_inputs = whole_number(n_inputs, "n_inputs")
        self._activate = resolve_activation(activation)
        self.activation = activation
        initializer = resolve_initializer(init, activation)
        weights = draw_weights(initializer, n_inputs, 1, random_generator(seed))
        self.weights = [Value(weight) for weight in weights[0].tolist()]
        self.bias = Value(0.0)
        self.label_parameters()

    def __call__(self, inputs: Iterable[Number]) -> Value:
        """The neuron's output for one example."""
        return self.respond(one_example(inputs, len(self.weights), "this neuron"))

    def respond(self, inputs: Sequence[Value]) -> Value:
        """The output for inputs that have been checked: as many `Value`s as there are weights."""
        return self._activate(dot(self.weights, inputs, self.bias))

    def respond_aloud(self, inputs: Sequence[Value]) -> Value:
        """What `respond` does, for those who ask which module is running."""
        output: Value = run(self, type(self).respond, inputs)
        return output

    def describe(self) -> str:
        """The number of inputs, and the activation."""
        return f"{len(self.weights)} -> 1, {activation_name(self.activation)}"


class Layer(Module):
    """Neurons side by side, all given the same inputs.

    `neurons` are `n_outputs` `Neuron`s. Called on one example, it returns a `ValueArray` of shape (n_outputs,), also
    where there is only one. The activation "softmax" turns the outputs of the whole layer into probabilities.

    Raises ValueError as `Neuron` does.

    >>> layer = Layer(2, 3, "softmax", init="zeros")
    >>> layer([1.0, -1.0]).data.round(3)
    array([0.333, 0.333, 0.333])
    """

    @says_ours(MODEL_KEYWORDS)
    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        activation: Activation = "tanh",
        *,
        init: str | Initializer | None = None,
        seed: Seed = None,
    ) -> None:
        n_inputs, n_outputs = whole_number(n_inputs, "n_inputs"), whole_number(n_outputs, "n_outputs")
        self.activation = activation
        own = "linear" if is_softmax(activation) else activation
        initializer = resolve_initializer(init, activation)
        weights = draw_weights(initializer, n_inputs, n_outputs, random_generator(seed))
        self.neurons = [Neuron(n_inputs, own, init=these(row)) for row in weights]
        self.label_parameters()

    def __call__(self, inputs: Iterable[Number]) -> ValueArray:
        """The outputs of all neurons for one example, shape (n_outputs,)."""
        return array(self.respond(one_example(inputs, len(self.neurons[0].weights), "this layer")))

    def respond(self, inputs: Sequence[Value]) -> list[Value]:
        """The outputs for inputs that have been checked: as many `Value`s as the neurons have weights."""
        asked = asks_for_modules()
        outputs = [neuron.respond_aloud(inputs) if asked else neuron.respond(inputs) for neuron in self.neurons]
        return softmax(outputs) if is_softmax(self.activation) else outputs

    def describe(self) -> str:
        """The numbers of inputs and outputs, and the activation."""
        return f"{len(self.neurons[0].weights)} -> {len(self.neurons)}, {activation_name(self.activation)}"


class MLP(Module):
    """A multi-layer perceptron: layers of neurons, each fed by the one before.

    `sizes` are the numbers of neurons of each layer, so `MLP(2, [16, 16, 1])` has two hidden layers and one output.
    The hidden layers use `activation`, the last one `output_activation`, which is "linear" unless you say otherwise.
    `activation` may also be a sequence with one activation per layer, the last one included. Called on one example, a
    network returns a `ValueArray` of shape (n_outputs,), also where there is only one output. Every parameter is
    labeled with its path.

    Raises ValueError as `Neuron` does, and for sizes or activations that are not one per layer.

    >>> model = MLP(2, [3, 1], "relu", seed=0)
    >>> model
    MLP(13 parameters
      layers.0: Layer(2 -> 3, relu; 9 parameters)
      layers.1: Layer(3 -> 1, linear; 4 parameters)
    )
    >>> len(model([0.5, -1.0])), model.parameters()[2].label
    (1, 'layers.0.neurons.0.bias')
    """

    @says_ours(MODEL_KEYWORDS)
    def __init__(
        self,
        n_inputs: int,
        sizes: Sequence[int],
        activation: Activation | Sequence[Activation] = "tanh",
        *,
        output_activation: Activation | None = None,
        init: str | Initializer | None = None,
        seed: Seed = None,
    ) -> None:
        widths = [whole_number(n_inputs, "n_inputs"), *_layer_sizes(sizes)]
        activations = _layer_activations(activation, output_activation, len(widths) - 1)
        generator = random_generator(seed)
        self.layers = [
            Layer(width, next_width, each, init=init, seed=generator)
            for width, next_width, each in zip(widths[:-1], widths[1:], activations, strict=True)
        ]
        self.label_parameters()

    def __call__(self, inputs: Iterable[Number]) -> ValueArray:
        """The outputs of the last layer for one example, shape (n_outputs,)."""
        outputs: Any = one_example(inputs, len(self.layers[0].neurons[0].weights), "this network")
        asked = asks_for_modules()
        for layer in self.layers:
            # What comes from a layer need not be checked again; one of another class may do more in its __call__.
            outputs = layer(outputs) if asked or type(layer) is not Layer else layer.respond(outputs)
        return array(outputs)


@dataclass(frozen=True)
class NamedLayer:
    """A layer of a model: its path, the module, and its parameters.

    >>> (layer,) = named_layers(MLP(1, [2]))
    >>> layer.name, layer.module, len(layer.parameters)
    ('layers.0', Layer(1 -> 2, linear; 4 parameters), 4)
    """

    name: str
    module: Module
    parameters: list[Value]


def named_layers(model: Module) -> list[NamedLayer]:
    """The layers of a model: each module that has parameters of its own, or a list of neurons.

    Every parameter belongs to one layer: to the module that holds it or, if that is one of a list of neurons, to the
    module that holds the list. A model that is a layer itself goes by the name of its class.

    >>> from tinygrad_edu.nn import LayerNorm, Sequential
    >>> model = Sequential(Layer(2, 3), LayerNorm(3))
    >>> [(layer.name, len(layer.parameters)) for layer in named_layers(model)]
    [('layers.0', 9), ('layers.1', 6)]
    """
    modules: dict[object, Module] = {}
    layers: dict[object, NamedLayer] = {}
    for place, _, item in walk(model):
        if isinstance(item, Module):
            modules[place.identity] = item
            continue
        in_a_list = "." in place.name  # as in "neurons.3"
        if place.around is not None and in_a_list and isinstance(modules[place.identity], Neuron):
            place = place.around
        module = modules[place.identity]
        if place.identity not in layers:
            layers[place.identity] = NamedLayer(place.path or type(module).__name__, module, [])
        layers[place.identity].parameters.append(item)
    return list(layers.values())


def _layer_sizes(sizes: Sequence[int]) -> list[int]:
    if isinstance(sizes, (str, bytes)) or not isinstance(sizes, Iterable):
        raise TypeError(f"sizes should be a list with the size of each layer, such as [16, 1], not {sizes!r}")
    layer_sizes = [whole_number(size, f"sizes[{k}]") for k, size in enumerate(sizes)]
    if not layer_sizes:
        raise ValueError("sizes should name at least one layer, such as [16, 1], and is empty")
    return layer_sizes


def _layer_activations(
    activation: Activation | Sequence[Activation], output_activation: Activation | None, n_layers: int
) -> list[Activation]:
    """One activation per layer."""
    if isinstance(activation, str) or not isinstance(activation, Sequence):
        return [activation] * (n_layers - 1) + ["linear" if output_activation is None else output_activation]
    if output_activation is not None:
        raise ValueError("with one activation per layer, the last one is the output's: leave output_activation out")
    if len(activation) != n_layers:
        raise ValueError(f"there are {len(activation)} activations for {n_layers} layers; give one per layer")
    return list(activation)
