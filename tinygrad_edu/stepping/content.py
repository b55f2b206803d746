"""The data of a page: the graph, its numbers, its formulas as templates, and the JavaScript of its operations.

The page computes everything from the numbers of the leaves. It is given those of the engine too, to compare with.

May import: `number_systems`, `op`, `value`, `drawing`; `bundling` and `stepper` of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import indent
from typing import Any

from tinygrad_edu.drawing.modules import is_parameter
from tinygrad_edu.number_systems.scripts import script
from tinygrad_edu.op import Op
from tinygrad_edu.stepping.bundling import only_used
from tinygrad_edu.stepping.stepper import Stepper
from tinygrad_edu.value import Value

__all__ = ["Content"]


class Content:
    """All that the script of a page needs of a graph; nodes are called by their place in `stepper.nodes`.

    >>> a = Value(3.0, "a")
    >>> content = Content(Stepper(a * a))
    >>> content.data["nodes"][1]["inputs"], content.data["templates"]
    ([0, 0], [{'rule': 'N0N²', 'locals': ['N0N', 'N0N']}])
    """

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self._place = {node: k for k, node in enumerate(stepper.nodes)}
        self._rules: dict[tuple[Op, int], int] = {}
        self._templates: dict[tuple[str, tuple[str, ...]], int] = {}
        self._notice = stepper.wording.staleness()
        gradients = stepper.final_gradients()
        nodes = [self._node(node) for node in stepper.nodes]
        self.data: dict[str, Any] = {
            "root": self._place[stepper.root],
            "formula": stepper.wording.whole_rule(),
            "nodes": nodes,
            "gradients": [None if node in stepper.wording.constants else gradients[node] for node in stepper.nodes],
            "templates": [{"rule": rule, "locals": list(locals_)} for rule, locals_ in self._templates],
            "notice": self._notice,
        }

    def _node(self, node: Value) -> dict[str, Any]:
        content: dict[str, Any] = {"name": self._stepper.names[node], "value": node.data}
        if node in self._stepper.wording.constants:
            content["constant"] = True
        if is_parameter(node):
            content["parameter"] = True
        if node.op is not None:
            content["inputs"] = [self._place[value] for value in node.inputs]
            content["rule"] = _number(self._rules, (node.op.base or node.op, len(node.inputs)))
            rule, locals_ = self._stepper.wording.templates(node)
            content["template"] = _number(self._templates, (rule, tuple(locals_)))
            if node.op.settings:
                content["settings"] = list(node.op.settings)
                content["settingNames"] = [name.replace("_", " ") for name in node.op.parameters]
            if self._notice:  # the numbers of the time of computing, which cannot be computed from the leaves
                content["locals"] = list(node.local_derivatives)
        if node.source is not None:
            content["source"] = node.source._asdict()
        return content

    def add_examples(self, leaves: Sequence[Value], rows: Sequence[Sequence[float]]) -> None:
        """Add the examples that can be trained on: the leaves that stand for one, and the numbers of each."""
        self.data["examples"] = {"inputs": [self._place[leaf] for leaf in leaves], "rows": [list(row) for row in rows]}

    def rules(self, functions: str) -> str:
        """The module of the operations of this graph, with those of `functions` that they use."""
        text = script(list(self._rules))
        used = only_used(functions, re.findall(r"\w+", text)).replace("export ", "")
        return f"export const rules = (() => {{\n{indent(used + text, '  ')}\n}})();\n"


def _number(known: dict[Any, int], key: Any) -> int:
    """The number of `key` among those that are known, which it joins."""
    return known.setdefault(key, len(known))
