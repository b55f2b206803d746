"""What the nodes of a graph are called, and which module each belongs to.

May import: `modes`, `value`, NumPy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.modes import caller_frame
from tinygrad_edu.value import Value

__all__ = ["caller_names", "is_constant", "is_parameter", "module_parts", "module_paths", "node_names"]

_PARAMETER = re.compile(r"^(?:(?P<module>.+)\.)?(?P<name>[A-Za-z_]\w*)(?P<index>(?:\.\d+)*)$")


# Names ----------------------------------------------------------------------------------------------------


def caller_names() -> dict[str, Any]:
    """The variables that the calling code sees: its locals, then its globals."""
    frame = caller_frame()
    return {**frame.f_globals, **frame.f_locals}


def _named_values(scope: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Each `Value` of a scope with its name; `x[0]` for one that is in a list, a tuple or an array called `x`."""
    for name, item in scope.items():
        if not name[:1].isalpha():
            continue  # private, or made by the interpreter
        if isinstance(item, Value):
            yield name, item
        elif isinstance(item, list | tuple):
            yield from ((f"{name}[{k}]", inner) for k, inner in enumerate(item) if isinstance(inner, Value))
        elif isinstance(item, np.ndarray) and item.dtype == object:
            for position, inner in np.ndenumerate(item):
                if isinstance(inner, Value):
                    yield f"{name}{list(position)}", inner


def node_names(nodes: Sequence[Value], names: Mapping[str, Any] | None = None) -> dict[Value, str]:
    """What to call each node: its label, else the variable that holds it, and nothing for those with neither.

    `names` maps names to `Value`s, or to lists or arrays of them, as `locals()` does; anything else in it is passed
    over, and so are names that do not start with a letter. Without it the variables of the calling code are used.

    Raises TypeError for `names` that are no mapping.

    >>> a = Value(1.0, "a")
    >>> double = a + a
    >>> list(node_names([a, double]).values())
    ['a', 'double']
    """
    if not isinstance(names, Mapping | None):
        raise TypeError(f"names maps names to Values, as {{'w': w}} and locals() do, and {names!r} does not")
    found: dict[Value, str] = {}
    for name, value in _named_values(caller_names() if names is None else names):
        found.setdefault(value, name)
    return {node: name for node in nodes if (name := node.label or found.get(node, ""))}


# Modules --------------------------------------------------------------------------------------------------


def is_constant(node: Value, name: str) -> bool:
    """Whether a node is a plain number that took part, such as the 2 of `2 * x`: a leaf that nobody named."""
    return node.op is None and not name


def is_parameter(node: Value) -> bool:
    """Whether a node is labeled as modules label their parameters: a dotted path, or `bias`, `weight`, `weights.3`.

    >>> is_parameter(Value(0.5, "layers.0.neurons.3.weights.1")), is_parameter(Value(0.5, "x"))
    (True, False)
    """
    match = node.op is None and _PARAMETER.match(node.label)
    return bool(match and (match["module"] or match["index"] or match["name"] in ("weight", "bias")))


def module_of(label: str) -> str:
    """The module that a parameter's label says it belongs to; "" for the outermost one.

    >>> module_of("layers.0.neurons.3.weights.1"), module_of("layers.0.neurons.3.bias"), module_of("bias")
    ('layers.0.neurons.3', 'layers.0.neurons.3', '')
    """
    match = _PARAMETER.match(label)
    return (match["module"] or "") if match else ""


def module_parts(path: str) -> list[str]:
    """The modules that a path goes through, from outside in, each by its own name.

    >>> module_parts("layers.0.neurons.3")
    ['layers.0', 'neurons.3']
    """
    return re.findall(r"[^.]+(?:\.\d+)*", path)


def _common_module(paths: Sequence[str]) -> str:
    """The innermost module that all of these are in or are; "" when that is the outermost.

    >>> _common_module(["layers.0.neurons.1", "layers.0.neurons.2"])
    'layers.0'
    """
    common = []
    for parts in zip(*map(module_parts, paths), strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return ".".join(common)


def module_paths(nodes: Sequence[Value]) -> dict[Value, str]:
    """The module that each node belongs to, such as `layers.0.neurons.3`; nodes of no module are left out.

    Modules leave no trace in a graph except the labels of their parameters, and those are enough. A parameter belongs
    to the module its label names. An operation belongs where the parameters it takes belong (to the innermost
    module around them if they differ), or where all its inputs are computed; the function of one
    input that is applied to such an operation, the activation, belongs there too. `nodes` are in topological order.

    >>> w, b, x = Value(2.0, "neurons.0.weights.0"), Value(1.0, "neurons.0.bias"), Value(3.0, "x")
    >>> out = (w * x + b).tanh()
    >>> sorted(set(module_paths([w, b, x, *(n for n in out.inputs[0].inputs if n.op), out.inputs[0], out]).values()))
    ['neurons.0']
    """
    paths: dict[Value, str] = {}
    takes_parameters: set[Value] = set()
    for node in nodes:
        if is_parameter(node):
            paths[node] = module_of(node.label)
            continue
        parameters = [value for value in node.inputs if is_parameter(value)]
        if parameters:
            takes_parameters.add(node)
            paths[node] = _common_module([module_of(value.label) for value in parameters])
        elif len(node.inputs) == 1 and node.inputs[0] in takes_parameters:
            paths[node] = paths[node.inputs[0]]
        elif len(node.inputs) > 1 and len({paths.get(value, "") for value in node.inputs}) == 1:
            paths[node] = paths.get(node.inputs[0], "")
    return {node: path for node, path in paths.items() if path}
