"""What the nodes of a graph are called.

May import: `origins`, `value`; NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.origins import caller_frame
from tinygrad_edu.value import Value

__all__ = ["caller_names", "is_constant", "node_names"]


def caller_names() -> dict[str, Any]:
    """The variables that the calling code sees by name; its locals hide globals of the same name."""
    frame = caller_frame()
    return {**frame.f_globals, **frame.f_locals}


def _named_values(scope: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Each `Value` of a scope with its name: `x`, or `x[0]` where a list, a tuple or an array called `x` holds it."""
    for name, item in scope.items():
        if not name[:1].isalpha():
            continue  # a private name, or one that the interpreter made, such as `_` in a session
        if isinstance(item, Value):
            yield name, item
        elif isinstance(item, list | tuple):
            yield from ((f"{name}[{k}]", inner) for k, inner in enumerate(item) if isinstance(inner, Value))
        elif isinstance(item, np.ndarray) and item.dtype == object:
            for position, inner in np.ndenumerate(item):
                if isinstance(inner, Value):
                    yield f"{name}{list(position)}", inner


def node_names(nodes: Sequence[Value], names: Mapping[str, Any] | None = None) -> dict[Value, str]:
    """What to call each node: its label, or else the name of the variable that holds it.

    Nodes that have neither are left out. `names` maps names to `Value`s, or to lists or arrays of them, as `locals()`
    does; without it, the variables of the calling code are used. Names that do not start with a letter, and what is no
    `Value`, are passed over.

    Raises TypeError when `names` is not a mapping.

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


def is_constant(node: Value, name: str) -> bool:
    """Whether a node is a plain number that took part, such as the 2 of `2 * x`: a leaf that nobody named.

    >>> is_constant(Value(2.0), ""), is_constant(Value(2.0), "x")
    (True, False)
    """
    return node.op is None and not name
