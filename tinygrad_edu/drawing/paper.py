"""What the nodes of neurons are called on paper: weights w, biases b, sums z, activations a, inputs x.

A neuron computes aⱼ = activation(zⱼ), zⱼ = Σᵢ wⱼᵢ xᵢ + bⱼ: the first index of a weight is its neuron's, the second its
input's, both from 1. Where there are several layers, their number stands above: w⁽²⁾₁₃; layers that are not members of
one list are told by name: hidden.w₁₃. Where a layer is called several times, as for each example of a batch, the call
stands behind, from 0 as in Python: z₁[0].

May import: `value`; `neurons` of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tinygrad_edu.drawing.neurons import GraphLayer, GraphNeuron, call_numbers
from tinygrad_edu.value import Value

__all__ = ["paper_name", "paper_names", "plain_digits"]

_SMALL_DIGITS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_IN_A_LIST = re.compile(r"(.*\.)?(\d+)")


def paper_names(neurons: Sequence[GraphNeuron]) -> dict[Value, str]:
    """What the nodes of neurons are called in textbooks.

    >>> from tinygrad_edu import Layer, topological_order
    >>> from tinygrad_edu.drawing.neurons import find_neurons
    >>> nodes = topological_order(sum(Layer(2, 2)([1.0, 2.0])))
    >>> list(paper_names(find_neurons(nodes)).values())
    ['x₁', 'x₂', 'w₁₁', 'w₁₂', 'b₁', 'z₁', 'a₁', 'w₂₁', 'w₂₂', 'b₂', 'z₂', 'a₂']
    """
    marks = _layer_marks([neuron.layer for neuron in neurons])
    calls = call_numbers(neurons)
    is_called_again = {neuron.layer for neuron, call in calls.items() if call}
    names = _input_names(neurons)
    for neuron in neurons:
        before, above = marks[neuron.layer]
        call = f"[{calls[neuron]}]" if neuron.layer in is_called_again else ""

        def name(letter: str, *more: int, before: str = before, above: str = above, own: GraphNeuron = neuron) -> str:
            return f"{before}{letter}{above}{_index([*own.numbers, *more])}"

        for k, weight in enumerate(neuron.weights):
            names.setdefault(weight, name("w", k + 1))
        for bias in neuron.parameters[len(neuron.weights) :]:
            names.setdefault(bias, name("b"))
        names[neuron.total] = name("z") + call
        if neuron.activation is not None:
            names[neuron.activation] = name("a") + call
    return names


def _input_names(neurons: Sequence[GraphNeuron]) -> dict[Value, str]:
    """Names of the leaves that are inputs: by their place, and by the example where there are several."""
    weights = {value for neuron in neurons for value in neuron.parameters}
    examples = dict.fromkeys(neuron.inputs for neuron in neurons)
    inputs = [[value for value in row if _is_nameless(value) and value not in weights] for row in examples]
    inputs = [row for row in inputs if row]
    every = [value for row in inputs for value in row]
    if len(inputs) > 1 and len(set(every)) == len(every):
        return {value: f"x{_index([k])}[{call}]" for call, row in enumerate(inputs) for k, value in enumerate(row, 1)}
    return {value: f"x{_index([k])}" for k, value in enumerate(dict.fromkeys(every), 1)}


def _is_nameless(value: Value) -> bool:
    return value.op is None and not value.label


def _layer_marks(layers: Sequence[GraphLayer]) -> Mapping[GraphLayer, tuple[str, str]]:
    """What stands before and above the names of each layer."""
    different = list(dict.fromkeys(layers))
    paths = list(dict.fromkeys(layer.path for layer in different))
    marks = dict.fromkeys(paths, ("", ""))
    if len(paths) > 1:
        found = [_IN_A_LIST.fullmatch(path) for path in paths]
        if all(found) and len({match[1] for match in found if match}) == 1:
            ordered = sorted(paths, key=lambda path: int(path.rpartition(".")[2]))
            marks = {path: ("", paper_name("", k)) for k, path in enumerate(ordered, start=1)}
        else:
            marks = {path: (f"{path}." if path else "", "") for path in paths}
    return {layer: marks[layer.path] for layer in different}


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
