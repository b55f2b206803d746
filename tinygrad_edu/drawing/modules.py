"""Which module each node of a graph belongs to.

May import: `origins`, `value`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinygrad_edu.origins import Origin, Place
from tinygrad_edu.value import Value

__all__ = ["is_parameter", "module_paths", "module_places", "named_places"]


def is_parameter(node: Value) -> bool:
    """Whether a node is a parameter of a module, which has told it so: see `Module.label_parameters`.

    >>> from tinygrad_edu import Neuron
    >>> is_parameter(Neuron(1).bias), is_parameter(Value(0.5, "bias"))
    (True, False)
    """
    origin: Origin = node.origin
    return origin.is_parameter


def named_places(place: Place | None) -> list[Place]:
    """The modules that have a name around a place, and this one: all but the outermost, from outside in."""
    return [] if place is None else [each for each in place.chain if each.name]


def module_places(nodes: Sequence[Value]) -> dict[Value, Place]:
    """The module that each node belongs to; nodes of no module, and of the outermost one, are left out.

    `nodes` are in topological order. An operation that was computed where somebody asked for modules, as under
    `trace_sources`, knows its own. Any other belongs

    * where the parameters that it takes belong, or to the innermost module around them if they differ;
    * if it is a function of one number, such as an activation, with an operation of the first kind that it is applied
      to;
    * if it takes several numbers, where all of them belong.

    A parameter belongs to its module, in the place where that was called, if an operation of it is among the nodes.
    """
    called = {
        place.identity: place
        for node in reversed(nodes)
        if node.module is not None and not is_parameter(node)
        for place in node.module.chain
    }
    places: dict[Value, Place | None] = {}
    takes_parameters: set[Value] = set()
    for node in nodes:
        own = node.module
        if own is not None or not node.inputs:
            places[node] = called.get(own.identity, own) if own is not None and is_parameter(node) else own
        elif parameters := [value for value in node.inputs if is_parameter(value)]:
            takes_parameters.add(node)
            places[node] = _innermost_around([places[value] for value in parameters])
        elif len(node.inputs) > 1:
            places[node] = places[node.inputs[0]] if len({places[value] for value in node.inputs}) == 1 else None
        else:
            (value,) = node.inputs
            places[node] = places[value] if value in takes_parameters else None
    return {node: place for node, place in places.items() if place is not None and place.name}


def module_paths(nodes: Sequence[Value]) -> dict[Value, str]:
    """The path of the module that each node belongs to, such as `layers.0.neurons.3`; see `module_places`.

    >>> from tinygrad_edu import MLP, topological_order
    >>> (output,) = MLP(1, [2, 1])([3.0])
    >>> sorted(set(module_paths(topological_order(output)).values()))
    ['layers.0.neurons.0', 'layers.0.neurons.1', 'layers.1.neurons.0']
    """
    return {node: place.path for node, place in module_places(nodes).items()}


def _innermost_around(places: Sequence[Place | None]) -> Place | None:
    """The innermost module that all of these are in, or are; None if there is none.

    >>> layer = Place().inside("layers.0", 1)
    >>> _innermost_around([layer.inside("neurons.1", 2), layer.inside("neurons.2", 3)]).path
    'layers.0'
    """
    common = None
    chains = [() if place is None else place.chain for place in places]
    for same in zip(*chains, strict=False):
        if len(set(same)) > 1:
            break
        common = same[0]
    return common
