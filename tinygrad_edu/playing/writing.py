"""The Python that makes a graph: what people copy from the page into a file of their own.

May import: `backprop`, `drawing`, `op`, `value`.
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping, Sequence

from tinygrad_edu.backprop import topological_order
from tinygrad_edu.drawing.names import name_all
from tinygrad_edu.op import Op
from tinygrad_edu.value import Value

__all__ = ["python_of"]

#: How tightly Python's operators bind; a name, a number and a call bind tightest.
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "**": 4}
_SIGN, _CALL = 3, 5
#: A longer expression becomes a line of its own.
_LONG = 60
#: Names that the lines themselves use.
_USED = {"Value", "as_value", "abs", "float", "fsum", "logsumexp", "where"}


def python_of(root: Value) -> str:
    """Lines of Python that make the graph of `root` anew, whose leaves have labels or are plain numbers.

    >>> w, x = Value(1.0, "w"), Value(2.0, "x")
    >>> print(python_of((w * x - 0.5).tanh()))
    from tinygrad_edu import Value
    <BLANKLINE>
    w = Value(1.0, "w")
    x = Value(2.0, "x")
    L = (w * x - 0.5).tanh()
    """
    nodes = topological_order(root)
    writer = _Writer(name_all(nodes, {}))
    for node in nodes:
        writer.add(node, is_last=node is root)
    return "\n".join([*writer.imports(), "", *writer.lines])


class _Writer:
    """The lines so far, and the text and the binding of each node."""

    def __init__(self, names: Mapping[Value, str]) -> None:
        self.names = _identifiers(names)
        self.lines: list[str] = []
        self.imported = {"Value"}
        self.texts: dict[Value, tuple[str, int]] = {}

    def imports(self) -> list[str]:
        public = ", ".join(sorted(self.imported - {"as_value"}))
        inner = ["from tinygrad_edu.value import as_value"] if "as_value" in self.imported else []
        return [f"from tinygrad_edu import {public}", *inner]

    def add(self, node: Value, is_last: bool) -> None:
        """Write a node: a leaf on a line of its own, an operation inside what uses it, unless that becomes long."""
        if node.op is None and node.origin.is_plain:
            self.texts[node] = _number(node.data), _SIGN if math.copysign(1.0, node.data) < 0 else _CALL
            return
        text, binding = self._leaf(node) if node.op is None else self._operation(node.op, node.inputs)
        if is_last or node.op is None or len(text) > _LONG:
            name = self.names[node]
            self.lines.append(f"{name} = {text}")
            text, binding = name, _CALL
        self.texts[node] = text, binding

    def _leaf(self, node: Value) -> tuple[str, int]:
        label = f', "{node.label}"' if node.label else ""
        return f"Value({_number(node.data)}{label})", _CALL

    def _operation(self, op: Op, inputs: Sequence[Value]) -> tuple[str, int]:
        if op.name in _BINDING and not _is_power_of_a_number(op, inputs):
            return self._infix(op.name, inputs, op.settings)
        if op.method == "negative":
            return f"-{self._within(inputs[0], _SIGN)}", _SIGN
        others = [*(self.texts[value][0] for value in inputs[1:]), *map(_number, op.settings)]
        if hasattr(Value, op.method):
            return f"{self._within(self._receiver(inputs[0]), _CALL)}.{op.method}({', '.join(others)})", _CALL
        if op.name != "abs":
            self.imported.add(op.name)
        arguments = ", ".join([self.texts[self._receiver(inputs[0])][0], *others])
        return (f"{op.name}([{arguments}])" if callable(op.derivatives) else f"{op.name}({arguments})"), _CALL

    def _infix(self, sign: str, inputs: Sequence[Value], settings: Sequence[float]) -> tuple[str, int]:
        """Operators of the same strength bind to the left, powers to the right."""
        binding = _BINDING[sign]
        left, *right = inputs
        if not any(self._is_value(value) for value in right):
            left = self._receiver(left)
        is_power = sign == "**"
        before = self._within(left, binding + is_power)
        # A number with a minus may stand on the right of any operator as it is.
        after = self._within(right[0], _SIGN if is_power else binding + 1) if right else _number(settings[0])
        return f"{before} {sign} {after}", binding

    def _is_value(self, node: Value) -> bool:
        return node.op is not None or not node.origin.is_plain

    def _receiver(self, node: Value) -> Value:
        """The node, which has a method or an operator of `Value` to do: a plain number is made a `Value`."""
        if not self._is_value(node):
            self.imported.add("as_value")
            self.texts[node] = f"as_value({_number(node.data)})", _CALL
        return node

    def _within(self, node: Value, binding: int) -> str:
        """The text of an input, in brackets where it binds less tightly than it should."""
        text, own = self.texts[node]
        return text if own >= binding else f"({text})"


def _is_power_of_a_number(op: Op, inputs: Sequence[Value]) -> bool:
    """`x.power(2)`, whose exponent is an input: `x ** 2` would make it a setting."""
    return op.method == "power" and inputs[1].op is None and inputs[1].origin.is_plain


def _number(number: float) -> str:
    return repr(number) if math.isfinite(number) else f'float("{number}")'


def _identifiers(names: Mapping[Value, str]) -> dict[Value, str]:
    """The names of nodes as names of Python, all different, and none that the lines use for something else."""
    taken, found = set(_USED), dict[Value, str]()
    for node, name in names.items():
        while name in taken or keyword.iskeyword(name):
            name = f"{name}_"
        if node.op is not None or not node.origin.is_plain:
            taken.add(name)
            found[node] = name
    return found
