"""How the stepper speaks: each step as text.

The terminal, the page and `explain` take their words from here, so that they say the same.

May import: `texts`, `op`, `ops`, `number_systems`, `value`, `backprop`, `drawing`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tinygrad_edu import ops
from tinygrad_edu.backprop import Contribution, Step
from tinygrad_edu.drawing.modules import is_parameter
from tinygrad_edu.drawing.sweeps import is_stale
from tinygrad_edu.number_systems import Symbol, formula, local_formulas, mathematics
from tinygrad_edu.op import Op
from tinygrad_edu.texts import short_number
from tinygrad_edu.value import Value

__all__ = ["ContributionText", "Wording"]

#: The formula of a node with more inputs is abbreviated: a neuron of four inputs, with its bias, is written out.
_WRITTEN_OUT = 9
#: What a formula at the top of a page may have, to be read at a glance.
_MOST_OPENED, _MOST_CHARACTERS = 12, 60


# Steps as text --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ContributionText:
    """One edge of a backward step in words.

    `derivative` is "∂e/∂c", `formula` "1 - e²", `numbers` "1 - 0.5²", `local` "0.75" and `sum` what happens to the
    gradient: "c.grad = 0 + 2 × 0.75 = 1.5".
    """

    derivative: str
    formula: str
    numbers: str
    local: str
    sum: str

    @property
    def rule(self) -> str:
        """∂e/∂c = 1 - e² = 1 - 0.5² = 0.75, each form once."""
        return chain_of_equals(self.derivative, self.formula, self.numbers, self.local)


def chain_of_equals(*forms: str) -> str:
    """The forms joined by "=", leaving out those that only repeat the one before.

    >>> chain_of_equals("∂e/∂c", "d", "3", "3")
    '∂e/∂c = d = 3'
    """
    return " = ".join(form for form, _ in itertools.groupby(forms))


class Wording:
    """The sentences about one graph; `names` holds what its nodes are called, in topological order, the root last."""

    def __init__(self, names: dict[Value, str]) -> None:
        self.names = names
        self.root = next(reversed(names))
        #: Plain numbers that took part, such as the 2 of 2 * x: nobody asks for their gradients.
        self.constants = {
            node
            for node, name in names.items()
            if not (node.inputs or node.label or is_parameter(node)) and name == short_number(node.data)
        }

    def rule(self, node: Value) -> str:
        """How a node is computed, by name: "c * d"."""
        return _rule(node, self.names.__getitem__)

    def whole_rule(self) -> str:
        """How the root comes from what has a name of its own: "tanh(a * b + 1)"; its `rule` where that is long."""
        places: dict[Value, int] = {}
        opened: list[Value] = []
        symbol = self._opened(self.root, opened, places)
        whole = _filled(mathematics(symbol), list(places), self.names.__getitem__)
        return whole if len(opened) <= _MOST_OPENED and len(whole) <= _MOST_CHARACTERS else self.rule(self.root)

    def _opened(self, node: Value, opened: list[Value], places: dict[Value, int]) -> Symbol:
        """A node as a formula of nodes that have names of their own, in their places; `opened` are the others."""
        is_inner = node is self.root or (not node.label and re.fullmatch(r"v\d+", self.names[node]))
        if node.op is None or not is_inner or len(opened) > _MOST_OPENED:
            return Symbol(f"N{places.setdefault(node, len(places))}N")
        opened.append(node)
        return Symbol(
            node.op.name, (*[self._opened(value, opened, places) for value in node.inputs], *node.op.settings)
        )

    def rule_in_numbers(self, node: Value) -> str:
        """How a node is computed, with the numbers put in: "(-2) * 3"."""
        return _rule(node, _data)

    def local_formulas(self, node: Value) -> list[str]:
        """∂node/∂input for each input, by name: ["d", "c"]."""
        return _local_formulas(node, self.names.__getitem__)

    def local_formulas_in_numbers(self, node: Value) -> list[str]:
        """∂node/∂input for each input, with the numbers put in: ["3", "-2"]."""
        return _local_formulas(node, _data)

    def templates(self, node: Value) -> tuple[str, list[str]]:
        """How a node is computed, and ∂node/∂input for each input, with N0N in place of its first input, and so on.

        The place after the last input is that of the node itself.
        """
        assert node.op is not None
        return _rule_template(node), _formulas_of_locals(node.op, _placeholders((*node.inputs, node)))

    def computation(self, node: Value) -> str:
        """A forward step: "e = c * d = (-2) * 3 = -6"."""
        return chain_of_equals(self.names[node], self.rule(node), self.rule_in_numbers(node), _data(node))

    def definition(self, node: Value) -> str:
        """What a node is: "e = c * d", or "a = 2" for a leaf."""
        return chain_of_equals(self.names[node], self.rule(node) if node.op else _data(node))

    def derivative(self, node: Value, by: Value) -> str:
        """The name of a derivative: "∂e/∂c", or "∂e/∂(0.5)" by a constant."""
        return f"∂{self.names[node]}/∂{self._subject(by)}"

    def gradient(self, node: Value) -> str:
        """The derivative of the root by a node: "∂L/∂e"."""
        return self.derivative(self.root, node)

    @property
    def root_gradient(self) -> str:
        """The gradient that the sweep starts from: "∂L/∂L"."""
        return self.gradient(self.root)

    def upstream(self, step: Step) -> str:
        """What a backward step starts from: "∂L/∂e = 1"."""
        return f"{self.gradient(step.node)} = {short_number(step.upstream)}"

    def contributions(
        self, step: Step, limit: int | None = None, *, to_constants: bool = True
    ) -> list[ContributionText]:
        """The edges of a backward step, at most `limit` of them, those to constants too or not."""
        every = zip(
            step.contributions,
            self.local_formulas(step.node),
            self.local_formulas_in_numbers(step.node),
            strict=True,
        )
        edges = (edge for edge in every if to_constants or edge[0].input not in self.constants)
        return [
            ContributionText(
                derivative=self.derivative(step.node, c.input),
                formula=formula_,
                numbers=numbers,
                local=short_number(c.local),
                sum=self.bookkeeping(c),
            )
            for c, formula_, numbers in itertools.islice(edges, limit)
        ]

    def bookkeeping(self, c: Contribution) -> str:
        """What an edge does to a gradient: "c.grad = 0 + 1 × 3 = 3"."""
        before, upstream, local, after = map(short_number, (c.before, c.upstream, c.local, c.after))
        return f"{self._subject(c.input)}.grad = {before} + {upstream} × {local} = {after}"

    def staleness(self) -> str:
        """A warning about nodes whose numbers are not what their inputs give now; "" if there are none."""
        names = [name for node, name in self.names.items() if is_stale(node)]
        if not names:
            return ""
        return (
            f"The .data of some inputs was changed after {', '.join(names[:5])}{', …' if len(names) > 5 else ''} "
            "had been computed: values and local derivatives are those of the time of computing."
        )

    def _subject(self, node: Value) -> str:
        """A name that can stand before ".grad": a constant's needs brackets."""
        name = self.names[node]
        return name if name[:1].isalpha() or name[:1] == "_" else f"({name})"


def _data(node: Value) -> str:
    return short_number(node.data)


def _rule(node: Value, text_of: Callable[[Value], str]) -> str:
    """The formula of a node, its inputs written as `text_of` says; abbreviated where there are many."""
    return _filled(_rule_template(node), node.inputs, text_of)


def _rule_template(node: Value) -> str:
    """The formula of a node with placeholders for its inputs."""
    assert node.op is not None
    names = _placeholders(node.inputs)
    if len(names) <= _WRITTEN_OUT:
        return _formula(node.op, names)
    if node.op is not ops.dot:
        first, second, *_, last = names
        return f"{node.op.name}({first}, {second}, …, {last})"
    weights, inputs, bias = ops.split_dot(names)
    (w1, w2, *_, wn), (x1, x2, *_, xn) = weights, inputs
    return f"{w1} * {x1} + {w2} * {x2} + … + {wn} * {xn} + {bias}"


def _local_formulas(node: Value, text_of: Callable[[Value], str]) -> list[str]:
    """The formulas of the local derivatives of a node, written as `text_of` says."""
    assert node.op is not None
    nodes = (*node.inputs, node)
    formulas = _formulas_of_locals(node.op, _placeholders(nodes))
    return [_filled(text, nodes, text_of) for text in formulas]


# Formulas are written with placeholders first, so that brackets and powers follow the formula rather than the
# numbers: a * b at a = b = 3 is 3 * 3, and only a * a is 3².


def _placeholders(nodes: Sequence[Value]) -> tuple[str, ...]:
    first_place = {node: place for place, node in reversed(list(enumerate(nodes)))}
    return tuple([f"N{first_place[node]}N" for node in nodes])


@lru_cache(maxsize=1024)  # with placeholders most nodes of one operation have the same formula
def _formula(operation: Op, placeholders: tuple[str, ...]) -> str:
    return formula(operation, placeholders)


@lru_cache(maxsize=1024)
def _formulas_of_locals(operation: Op, placeholders: tuple[str, ...]) -> list[str]:
    *inputs, output = placeholders
    return local_formulas(operation, output, inputs)


def _filled(text: str, nodes: Sequence[Value], text_of: Callable[[Value], str]) -> str:
    """The formula with names or numbers in place of placeholders, in brackets where they need them."""
    alone = re.fullmatch(r"N(\d+)N", text)
    if alone:
        return text_of(nodes[int(alone[1])])
    filled = re.sub(r"N(\d+)N", lambda match: _bracketed(text_of(nodes[int(match[1])])), text)
    return re.sub(r"\((\([^()]*\))\)", r"\1", filled)  # tanh((-2)) is tanh(-2)


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"[\w.⁽⁾]+(,[₀-₉]+)*(\[[\d, ]+\])?", text) else f"({text})"
