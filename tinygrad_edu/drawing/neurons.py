"""The neurons of a graph: which nodes make up each, and what they are called on paper.

A neuron is a weighted sum of a module's parameters, with its activation if that is applied to nothing else. On paper
it computes aⱼ = activation(zⱼ), zⱼ = Σᵢ wⱼᵢ xᵢ + bⱼ: the first index of a weight is its neuron's, the second its
input's, both from 1. Where there are several layers, their number stands above: w⁽²⁾₁₃; layers that are not members of
one list are told by name: hidden.w₁₃.

May import: `ops`, `origins`, `value`; `modules` of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from tinygrad_edu import ops
from tinygrad_edu.drawing.modules import is_parameter
from tinygrad_edu.origins import Place
from tinygrad_edu.value import Value

__all__ = ["GraphNeuron", "find_neurons", "paper_name", "paper_names"]

_SMALL_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_IN_A_LIST = re.compile(r"(.*\.)?(\d+)")


@dataclass(frozen=True, eq=False)
class GraphNeuron:
    """The nodes of one neuron in a graph: its weighted sum, and the activation applied to it, if it has one.

    >>> from tinygrad_edu import Neuron, topological_order
    >>> (neuron,) = find_neurons(topological_order(Neuron(2, "tanh")([1.0, 2.0])))
    >>> len(neuron.weights), neuron.total.op.name, neuron.output.op.name
    (2, 'dot', 'tanh')
    """

    total: Value
    activation: Value | None

    @property
    def output(self) -> Value:
        """What other nodes take from it."""
        return self.total if self.activation is None else self.activation

    @property
    def weights(self) -> tuple[Value, ...]:
        """Its weights, in the order of its inputs."""
        return ops.split_dot(self.total.inputs)[0]

    @property
    def inputs(self) -> tuple[Value, ...]:
        """What its weights are multiplied by."""
        return ops.split_dot(self.total.inputs)[1]

    @property
    def bias(self) -> Value:
        """What is added."""
        return self.total.inputs[-1]

    @property
    def place(self) -> Place:
        """The module that it is: where it was called, if that was traced, else the one that holds its weights."""
        place = self.total.module or self.weights[0].module
        assert place is not None, "a parameter knows its module"
        return place

    @property
    def parameters(self) -> tuple[Value, ...]:
        """The weights and, if it is a parameter too, the bias."""
        return (*self.weights, self.bias) if is_parameter(self.bias) else self.weights


def find_neurons(nodes: Sequence[Value]) -> list[GraphNeuron]:
    """The neurons among nodes in topological order, the root last."""
    users: dict[Value, list[Value]] = {}
    for node in nodes:
        for value in dict.fromkeys(node.inputs):
            users.setdefault(value, []).append(node)
    return [
        GraphNeuron(node, _activation(node, users.get(node, [])))
        for node in nodes
        if node.op is ops.dot and len(node.inputs) > 1 and all(map(is_parameter, node.inputs[: len(node.inputs) // 2]))
    ]


def _activation(total: Value, users: Sequence[Value]) -> Value | None:
    """The function of one number that is applied to a weighted sum, if nothing else is, and in the same module."""
    if len(users) != 1 or len(users[0].inputs) != 1:
        return None
    (user,) = users
    return user if user.module is None or total.module is None or user.module == total.module else None


# On paper -------------------------------------------------------------------------------------------------


def paper_names(neurons: Sequence[GraphNeuron]) -> dict[Value, str]:
    """What the nodes of neurons are called in textbooks: weights w, biases b, sums z, activations a, inputs x.

    >>> from tinygrad_edu import Layer, topological_order
    >>> nodes = topological_order(sum(Layer(2, 2)([1.0, 2.0])))
    >>> list(paper_names(find_neurons(nodes)).values())
    ['w₁₁', 'w₁₂', 'b₁', 'z₁', 'a₁', 'x₁', 'x₂', 'w₂₁', 'w₂₂', 'b₂', 'z₂', 'a₂']
    """
    marks = _layer_marks([_layer_of(neuron.place) for neuron in neurons])
    names: dict[Value, str] = {}
    input_numbers = count(1)
    for neuron in neurons:
        own = _numbers(neuron.place.name) if _layer_of(neuron.place) is not neuron.place else []

        def name(letter: str, *more: int, of: GraphNeuron = neuron, own: Sequence[int] = own) -> str:
            before, above = marks[_layer_of(of.place).path]
            return f"{before}{letter}{above}{_index([*own, *more])}"

        for k, weight in enumerate(neuron.weights):
            names.setdefault(weight, name("w", k + 1))
        if is_parameter(neuron.bias):
            names.setdefault(neuron.bias, name("b"))
        names[neuron.total] = name("z")
        if neuron.activation is not None:
            names[neuron.activation] = name("a")
        for value in neuron.inputs:
            if value.op is None and not is_parameter(value) and value not in names:
                names[value] = f"x{_index([next(input_numbers)])}"
    return names


def _layer_of(place: Place) -> Place:
    """The module around a neuron that is one of a list, such as `neurons.3`; or else its own."""
    return place.around if place.around is not None and _numbers(place.name) else place


def _numbers(name: str) -> list[int]:
    """The place in its list, from 1, of what is called `neurons.3`; nothing of what is in no list."""
    found = _IN_A_LIST.fullmatch(name)
    return [int(found[2]) + 1] if found else []


def _layer_marks(layers: Sequence[Place]) -> dict[str, tuple[str, str]]:
    """What stands before and above the names of each layer, by its path."""
    paths = list(dict.fromkeys(layer.path for layer in layers))
    if len(paths) < 2:
        return dict.fromkeys(paths, ("", ""))
    found = [_IN_A_LIST.fullmatch(path) for path in paths]
    if all(found) and len({match[1] for match in found if match}) == 1:
        ordered = sorted(paths, key=lambda path: int(path.rpartition(".")[2]))
        return {path: ("", paper_name("", k)) for k, path in enumerate(ordered, start=1)}
    return {path: (f"{path}." if path else "", "") for path in paths}


def _index(numbers: Sequence[int]) -> str:
    """Numbers below the line; with commas between them where one has two digits.

    >>> _index([1, 2]), _index([10, 2]), _index([])
    ('₁₂', '₁₀,₂', '')
    """
    between = "," if any(number > 9 for number in numbers) else ""
    return between.join(str(number).translate(_SMALL_DIGITS) for number in numbers)


def paper_name(letter: str, layer: int | None, *numbers: int) -> str:
    """A name with the number of its layer, if it has one, above it, and its own numbers below.

    >>> paper_name("w", 1, 2, 3), paper_name("x", None, 10)
    ('w⁽¹⁾₂₃', 'x₁₀')
    """
    above = "" if layer is None else f"⁽{str(layer).translate(_RAISED_DIGITS)}⁾"
    return f"{letter}{above}{_index(numbers)}"


def plain_digits(name: str) -> str:
    """A name as people type it: w₁₂ is w12, and w⁽²⁾₁₂ is w(2)12.

    >>> plain_digits("w⁽²⁾₁₂")
    'w(2)12'
    """
    return name.translate(_PLAIN)


_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾", "01234567890123456789()")


def layers_in_columns(neurons: Sequence[GraphNeuron]) -> Iterator[list[GraphNeuron]]:
    """The neurons of each layer, in the order of its list: what stands in one column of a picture."""
    layers: dict[Place, list[GraphNeuron]] = {}
    for neuron in neurons:
        layers.setdefault(_layer_of(neuron.place), []).append(neuron)
    for members in layers.values():
        yield sorted(members, key=lambda neuron: _numbers(neuron.place.name))


def layer_title(neuron: GraphNeuron) -> str:
    """What to write above the neurons of a layer: its path, or nothing where it is the whole model.

    >>> from tinygrad_edu import MLP, topological_order
    >>> layer_title(find_neurons(topological_order(MLP(1, [1, 1])([2.0])[0]))[0])
    'layers.0'
    """
    return _layer_of(neuron.place).path
