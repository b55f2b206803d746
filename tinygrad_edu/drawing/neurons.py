"""The neurons of a graph: which nodes make up each, and which layer it is in.

A neuron is a weighted sum, with a bias if one is added to nothing else, and with its activation if that is applied to
nothing else. Its weights are the parameters of a module or, in code written with arrays such as `tanh(X @ W + b)`, the
side of a `dot` that somebody made as leaves.

May import: `ops`, `origins`, `value`; `modules` of this folder.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tinygrad_edu import ops
from tinygrad_edu.drawing.modules import is_parameter
from tinygrad_edu.origins import OUTSIDE, Place
from tinygrad_edu.value import Value

__all__ = ["GraphLayer", "GraphNeuron", "call_numbers", "find_neurons", "has_bias", "layers_in_columns", "taken"]

_IN_A_LIST = re.compile(r"(.*\.)?(\d+)")
#: One operand of a `dot`, and the place of its first number among the inputs.
_Side = tuple[tuple[Value, ...], int]


@dataclass(frozen=True)
class GraphLayer:
    """A layer: the module at this path or, of code written with arrays, what it is told from others by."""

    path: str
    identity: Hashable
    is_module: bool = True

    @property
    def title(self) -> str:
        """What to write above its neurons: nothing where it is the whole model, or no module."""
        return self.path if self.is_module else ""


@dataclass(frozen=True, eq=False)
class GraphNeuron:
    """The nodes of one neuron in a graph, and the layer that it is in.

    `products` is the `dot` of `weights` and `inputs`, of which the first stand among its inputs from `first_weight` and
    `first_input` on. `total` is the sum with the bias, if there is one: the same node, or one that adds it. `numbers`
    says which neuron of the `layer` it is, from 1, or nothing if it is all of it; `path` is that of its module.

    >>> from tinygrad_edu import Neuron, topological_order
    >>> (neuron,) = find_neurons(topological_order(Neuron(2, "tanh")([1.0, 2.0])))
    >>> len(neuron.weights), neuron.total.op.name, neuron.output.op.name
    (2, 'dot', 'tanh')
    """

    products: Value
    weights: tuple[Value, ...]
    first_weight: int
    inputs: tuple[Value, ...]
    first_input: int
    total: Value
    bias: Value | None
    activation: Value | None
    layer: GraphLayer = GraphLayer("", None)
    numbers: tuple[int, ...] = ()
    path: str = ""

    @property
    def output(self) -> Value:
        """What other nodes take from it."""
        return self.total if self.activation is None else self.activation

    @property
    def parameters(self) -> tuple[Value, ...]:
        """The weights and, if somebody made it too, the bias."""
        return self.weights if self.bias is None or not _is_made(self.bias) else (*self.weights, self.bias)

    @property
    def nodes(self) -> tuple[Value, ...]:
        """All that its box tells of, but its inputs."""
        bias = () if self.bias is None else (self.bias,)
        return tuple(dict.fromkeys((*self.weights, *bias, self.products, self.total, self.output)))


def has_bias(node: Value) -> bool:
    """Whether something is added to a weighted sum: `dot` without a bias has a plain 0 in its place."""
    bias = node.inputs[-1]
    return not (bias.origin.is_plain and bias.data == 0.0 and not bias.label)


def taken(node: Value) -> tuple[Value, ...]:
    """The inputs of a node, without the plain 0 in the place of a bias."""
    return node.inputs if node.op is not ops.dot or has_bias(node) else node.inputs[:-1]


def find_neurons(nodes: Sequence[Value]) -> list[GraphNeuron]:
    """The neurons among nodes in topological order, the root last.

    >>> import numpy as np
    >>> from tinygrad_edu import array, topological_order
    >>> W, b = array([[0.1, 0.2], [0.3, 0.4]]), array([0.5, 0.6])
    >>> neurons = find_neurons(topological_order(np.tanh(np.array([1.0, 2.0]) @ W + b).sum()))
    >>> [neuron.numbers for neuron in neurons], neurons[1].weights[0] is W[0, 1], neurons[1].bias is b[1]
    ([(1,), (2,)], True, True)
    """
    users: dict[Value, list[Value]] = {}
    for node in nodes:
        for value in dict.fromkeys(node.inputs):
            users.setdefault(value, []).append(node)
    dots = [node for node in nodes if node.op is ops.dot and len(node.inputs) > 1]
    found = [_neuron(node, *sides, users) for node in dots if (sides := _sides(node))]
    unclear = [node for node in dots if _is_unclear(node)]
    found += [
        neuron
        for node, sides in _told_apart(unclear)
        if (neuron := _neuron(node, *sides, users)).output is not node  # else any product of two matrices
    ]
    order = {node: k for k, node in enumerate(nodes)}
    return _in_layers(sorted(found, key=lambda neuron: order[neuron.products]))


# Which side holds the weights -----------------------------------------------------------------------------


def _is_made(value: Value) -> bool:
    """Whether somebody made this leaf, as one makes a parameter: it is no plain number."""
    return value.op is None and not value.origin.is_plain


def _two_sides(node: Value) -> tuple[_Side, _Side]:
    left, right, _ = ops.split_dot(node.inputs)
    return (left, 0), (right, len(left))


def _sides(node: Value) -> tuple[_Side, _Side] | None:
    """The weights and the inputs of a `dot`, if what they are tells them apart."""
    left, right = _two_sides(node)
    if all(map(is_parameter, left[0])):
        return left, right
    if all(map(is_parameter, right[0])):
        return right, left
    made = [all(map(_is_made, side)) for side, _ in (left, right)]
    if made == [True, False] and not any(map(_is_made, right[0])):
        return left, right
    if made == [False, True] and not any(map(_is_made, left[0])):
        return right, left
    return None


def _is_unclear(node: Value) -> bool:
    """Whether both sides of a `dot` are leaves that somebody made."""
    return _sides(node) is None and all(map(_is_made, node.inputs[:-1]))


def _told_apart(dots: Sequence[Value]) -> Iterator[tuple[Value, tuple[_Side, _Side]]]:
    """Those `dot`s of which one side is taken again: all neurons of a layer take the same inputs.

    Where both are, as those of several examples, the weights are on the right, as in X @ W.
    """
    lefts = Counter(_two_sides(node)[0][0] for node in dots)
    rights = Counter(_two_sides(node)[1][0] for node in dots)
    on_the_left, on_the_right = [{value for side in sides for value in side} for sides in (lefts, rights)]
    if on_the_left & on_the_right:  # as in X.T @ X
        return
    for node in dots:
        left, right = _two_sides(node)
        if lefts[left[0]] > 1:
            yield node, (right, left)
        elif rights[right[0]] > 1:
            yield node, (left, right)


def _neuron(node: Value, weights: _Side, inputs: _Side, users: dict[Value, list[Value]]) -> GraphNeuron:
    """The neuron of a weighted sum, with what is added to it and applied to it."""
    total, bias = node, node.inputs[-1] if has_bias(node) else None
    using = users.get(node, [])
    if bias is None and len(using) == 1 and using[0].op is ops.add and using[0].inputs[0] is not using[0].inputs[1]:
        (other,) = [value for value in using[0].inputs if value is not node]
        if _is_made(other):
            total, bias = using[0], other
    return GraphNeuron(node, *weights, *inputs, total, bias, _activation(total, users.get(total, [])))


def _activation(total: Value, users: Sequence[Value]) -> Value | None:
    """The function of one number that is applied to a weighted sum, if nothing else is, and in the same module."""
    if len(users) != 1 or len(users[0].inputs) != 1:
        return None
    (user,) = users
    return user if user.module is None or total.module is None or user.module == total.module else None


# Layers ---------------------------------------------------------------------------------------------------


def _in_layers(neurons: Sequence[GraphNeuron]) -> list[GraphNeuron]:
    """The same neurons, each with the layer that it is in, and its number there.

    A module that is one of a list, such as `neurons.3`, is in the layer around it. Others make up a layer with those
    that have weights or inputs in common with them, and are numbered as they come.
    """
    placed = {neuron: _place(neuron) for neuron in neurons}
    loose = [neuron for neuron, place in placed.items() if place is None or not _number(place.name)]
    group_of = _groups(loose, placed)
    groups = list(dict.fromkeys(group_of.values()))
    columns: dict[GraphNeuron, dict[tuple[Value, ...], int]] = {group: {} for group in groups}
    for neuron, group in group_of.items():
        columns[group].setdefault(neuron.weights, len(columns[group]) + 1)
    paths = _paths(groups, placed)

    def in_layer(neuron: GraphNeuron, place: Place | None) -> GraphNeuron:
        path = "" if place is None else place.path
        if neuron not in group_of:
            assert place is not None, "what has a number is in a list"
            around = place.around or OUTSIDE
            return replace(neuron, layer=GraphLayer(around.path, around), numbers=_number(place.name), path=path)
        group = group_of[neuron]
        layer, weights = GraphLayer(paths[group], group, is_module=placed[group] is not None), columns[group]
        is_alone = len(weights) == 1 and (place is not None or len(groups) == 1)
        numbers = () if is_alone else (weights[neuron.weights],)
        return replace(neuron, layer=layer, numbers=numbers, path=path)

    return [in_layer(neuron, place) for neuron, place in placed.items()]


def _place(neuron: GraphNeuron) -> Place | None:
    """The module that it is: where it was called, if that was traced, else the one that holds its weights."""
    if not is_parameter(neuron.weights[0]):
        return None
    return neuron.products.module or neuron.weights[0].module


def _number(name: str) -> tuple[int, ...]:
    """The place in its list, from 1, of what is called `neurons.3`; nothing of what is in no list."""
    found = _IN_A_LIST.fullmatch(name)
    return (int(found[2]) + 1,) if found else ()


def _groups(
    neurons: Sequence[GraphNeuron], placed: Mapping[GraphNeuron, Place | None]
) -> dict[GraphNeuron, GraphNeuron]:
    """The first of those that each neuron has weights or inputs in common with, directly or through others."""
    leader: dict[GraphNeuron, GraphNeuron] = {}
    first: dict[Hashable, GraphNeuron] = {}

    def leader_of(neuron: GraphNeuron) -> GraphNeuron:
        while leader[neuron] is not neuron:
            neuron = leader[neuron]
        return neuron

    for neuron in neurons:
        leader[neuron] = neuron
        for side in ("weights", neuron.weights), ("inputs", neuron.inputs):
            other = leader_of(first.setdefault((placed[neuron], *side), neuron))
            leader[leader_of(neuron)] = other
    return {neuron: leader_of(neuron) for neuron in neurons}


def _paths(groups: Sequence[GraphNeuron], placed: Mapping[GraphNeuron, Place | None]) -> dict[GraphNeuron, str]:
    """What to call each group by: its module, with the attribute that holds its weights where there are several."""
    at = Counter(placed[group] for group in groups)
    numbers = itertools.count()
    paths = {}
    for group in groups:
        place, label = placed[group], group.weights[0].label
        if place is None:
            paths[group] = f"arrays.{next(numbers)}"
        elif at[place] == 1:
            paths[group] = place.path
        else:
            paths[group] = place.to(label.removeprefix(place.to("")).partition(".")[0])
    return paths


def layers_in_columns(neurons: Sequence[GraphNeuron]) -> Iterator[list[GraphNeuron]]:
    """The neurons of each layer: what stands in one column of a picture, call by call, in the order of the layer."""
    layers: dict[GraphLayer, list[GraphNeuron]] = {}
    for neuron in neurons:
        layers.setdefault(neuron.layer, []).append(neuron)
    calls = call_numbers(neurons)
    for members in layers.values():
        yield sorted(members, key=lambda neuron: (calls[neuron], neuron.numbers))


def call_numbers(neurons: Sequence[GraphNeuron]) -> dict[GraphNeuron, int]:
    """Which call of its layer each neuron belongs to, from 0: those of one call take the same inputs."""
    calls: dict[GraphLayer, dict[tuple[Value, ...], int]] = {}
    for neuron in neurons:
        of_layer = calls.setdefault(neuron.layer, {})
        of_layer.setdefault(neuron.inputs, len(of_layer))
    return {neuron: calls[neuron.layer][neuron.inputs] for neuron in neurons}
