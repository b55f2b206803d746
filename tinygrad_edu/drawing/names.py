"""What the nodes of a graph are called: in drawings, in the stepper, on the page and in the terminal alike.

May import: `texts`, `origins`, `value`; `modules`, `neurons` and `paper` of this folder; NumPy.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from tinygrad_edu.drawing.modules import is_parameter
from tinygrad_edu.drawing.neurons import find_neurons
from tinygrad_edu.drawing.paper import paper_names, plain_digits
from tinygrad_edu.origins import caller_frame
from tinygrad_edu.texts import short_number
from tinygrad_edu.value import Value

__all__ = ["caller_names", "find_by_name", "is_called", "is_constant", "name_all", "node_names"]

#: What `label_parameters` writes after the path of the module, and hardly anybody else: `bias`, or `weights.1`.
_WRITTEN_BY_MODULE = re.compile(r"bias|[A-Za-z_]\w*(\.\d+)+")

#: What tells the same name of several layers or calls apart: the (2) and the [0] of hidden.z(2)1[0].
_MARKS = re.compile(r"\(\d+\)|\[\d+\]|\w+\.")


def caller_names() -> dict[str, Any]:
    """The variables that the calling code sees by name; its locals hide globals of the same name."""
    frame = caller_frame()
    return {**frame.f_globals, **frame.f_locals}


def _named_values(scope: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Each `Value` of a scope with its name: `x`, or `x[0]` where a list, a tuple or an array called `x` holds it."""
    for name, item in scope.items():
        if not isinstance(name, str):
            raise TypeError(f"names maps names to Values, as {{'w': w}} and locals() do, and {name!r} is no name")
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
    """What people call each node: its label, else the variable that holds it, else what it is called on paper.

    A name on paper gets a stroke where somebody has given it to another node. Nodes that have none of these are left
    out. `names` maps names to `Value`s, or to lists or arrays of them, as
    `locals()` does; without it, the variables of the calling code are used. Names that do not start with a letter, and
    what is no `Value`, are passed over. The weight of a neuron is called as on paper (see `paper.paper_names`) unless
    somebody has given it a label other than its path.

    Raises TypeError when `names` is not a mapping.

    >>> a = Value(1.0, "a")
    >>> double = a + a
    >>> list(node_names([a, double]).values())
    ['a', 'double']
    """
    if not isinstance(names, Mapping | None):
        raise TypeError(f"names maps names to Values, as {{'w': w}} and locals() do, and {names!r} does not")
    variables: dict[Value, str] = {}
    for name, value in _named_values(caller_names() if names is None else names):
        variables.setdefault(value, name)
    given = {node: name for node in nodes if (name := _given_name(node, variables))}
    taken = set(given.values())
    on_paper = paper_names(find_neurons(nodes))
    found: dict[Value, str] = {}
    for node in nodes:
        name = given.get(node) or _beside(taken, on_paper.get(node, node.label))
        if name:
            found[node] = name
    return found


def _given_name(node: Value, variables: Mapping[Value, str]) -> str:
    """What somebody has called a node, if anybody did."""
    if is_parameter(node):
        return "" if _is_labeled_by_module(node) else node.label
    return node.label or variables.get(node, "")


def _beside(taken: Set[str], name: str) -> str:
    """A name that gives way, with a stroke, to those that people have given."""
    return _beside(taken, f"{name}′") if name and name in taken else name


def _is_labeled_by_module(parameter: Value) -> bool:
    prefix = "" if parameter.module is None else parameter.module.to("")
    own = parameter.label.removeprefix(prefix)
    return parameter.label.startswith(prefix) and _WRITTEN_BY_MODULE.fullmatch(own) is not None


def is_constant(node: Value, name: str) -> bool:
    """Whether a node is a plain number that took part, such as the 2 of `2 * x`, and that nobody named.

    >>> two, x = (2.0 * Value(3.0)).inputs
    >>> is_constant(two, ""), is_constant(two, "rate"), is_constant(x, "")
    (True, False, False)
    """
    return node.origin.is_plain and not name


def name_all(nodes: Sequence[Value], names: Mapping[str, Any] | None = None) -> dict[Value, str]:
    """A name for every node of a graph, given in topological order; only constants may share one.

    A node is called as `node_names` says, else `v1`, `v2`, ... in the order of computation, and the root `L`. Where
    nodes share a name, `_1`, `_2`, ... is added. Constants are called by their number.

    >>> x = Value(3.0, "x")
    >>> product = 2.0 * x
    >>> total = product + 1.0
    >>> list(name_all([x, *product.inputs[:1], product, *total.inputs[1:], total], {}).values())
    ['x', '2', 'v1', '1', 'L']
    """
    wanted = node_names(nodes, names)
    uses = Counter(wanted.values())
    fresh = _FreshNames(uses)
    found: dict[Value, str] = {}
    for node in nodes:
        name = wanted.get(node, "")
        if is_constant(node, name):
            found[node] = short_number(node.data)
        elif name:
            found[node] = name if uses[name] == 1 else fresh.numbered(f"{name}_")
        else:
            found[node] = "L" if node is nodes[-1] and "L" not in uses else fresh.numbered("v")
    return found


def find_by_name(wanted: str, names: Mapping[Value, str]) -> Value:
    """The node of that name; digits need not be small, so w12 finds w₁₂, and a label finds its node too.

    Raises ValueError if there is none or more than one.

    >>> x = Value(3.0, "x")
    >>> find_by_name("x", {x: "x"}) is x
    True
    """
    found = _called(wanted, names)
    if len(found) == 1:
        return found[0]
    if found:
        choices = " or ".join([names[node] for node in found][:4])
        raise ValueError(f"{len(found)} nodes share the label {wanted!r}; say {choices}")
    every = list(dict.fromkeys(names.values()))
    if close := _close_to(wanted, every):
        raise ValueError(f"no node is called {wanted!r}; perhaps {' or '.join(close)}")
    raise ValueError(
        f"no node is called {wanted!r}; there are {', '.join(every[:10])}{' …' if len(every) > 10 else ''}"
    )


def _close_to(wanted: str, names: Sequence[str]) -> list[str]:
    """Names that could be meant: those of that letter and number in any layer or call, else those like it."""
    typed = {name: plain_digits(name) for name in names}
    bare = [name for name, text in typed.items() if _MARKS.sub("", text) == wanted]
    alike = difflib.get_close_matches(wanted, typed.values(), 4)
    return bare[:4] or [name for name, text in typed.items() if text in alike][:4]


def is_called(wanted: str, names: Mapping[Value, str]) -> bool:
    """Whether a node, or several, are called so."""
    return bool(_called(wanted, names))


def _called(wanted: str, names: Mapping[Value, str]) -> list[Value]:
    """The nodes of a name; if there are none, those that it means when digits are typed plainly; or a label."""
    ways: list[Callable[[Value], str | None]] = [
        names.__getitem__,
        lambda node: plain_digits(names[node]),
        lambda node: node.label or None,
    ]
    return next((found for called in ways if (found := [node for node in names if called(node) == wanted])), [])


class _FreshNames:
    """Names made of a stem and a number, other than those that are taken."""

    def __init__(self, taken: Mapping[str, int]) -> None:
        self.taken = taken
        self.counters: dict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))

    def numbered(self, stem: str) -> str:
        return next(name for k in self.counters[stem] if (name := f"{stem}{k}") not in self.taken)
