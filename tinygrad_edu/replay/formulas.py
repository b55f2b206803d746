"""Formulas: an operation line by line, each line one formula, forward and on the way back.

The rules of an operation run once on symbols, and what they give is cut into lines: what several of them share, the
output, and what each input is handed on the way back. In a `LineFormula`, a number in braces stands for each variable,
so that one formula serves all lines that say the same of other variables.

May import: `op`, `number_systems`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from tinygrad_edu.number_systems import PRIMITIVES, Symbol
from tinygrad_edu.number_systems.identities import product
from tinygrad_edu.number_systems.printing import python, repeated_calls
from tinygrad_edu.number_systems.symbols import Symbols
from tinygrad_edu.op import RULE_BOOK, Op

__all__ = ["Formulas", "LineFormula", "Rules", "Use", "formulas"]


class LineFormula:
    """A formula of variables that have numbers instead of names.

    >>> quotient = LineFormula(Symbol("{0}") / Symbol("{1}"))
    >>> quotient.python.format("a", "b"), quotient.raising.format("a", "b")
    ('divide(a, b)', '(a / b)')
    """

    def __init__(self, symbol: Any) -> None:
        self.symbol = symbol

    @property
    def is_copy(self) -> bool:
        """Whether it is its only variable, and nothing is computed."""
        return isinstance(self.symbol, Symbol) and not self.symbol.operands

    @cached_property
    def work(self) -> tuple[int, int]:
        """How many operators it has, and how many calls of functions; nearly always, `prefer` takes the plain one."""
        operators = calls = 0
        to_visit = [self.symbol]
        while to_visit:
            item = to_visit.pop()
            if isinstance(item, Symbol) and item.operands:
                is_call = item.head.isidentifier() and item.head not in ("neg", "where", "prefer", "dot")
                calls += is_call
                operators += len(item.operands) - 1 if item.head == "dot" else not is_call
                to_visit += item.operands[:2] if item.head == "prefer" else item.operands
        return operators, calls

    @cached_property
    def python(self) -> str:
        """Python over the functions of `floats`, to be filled in with names by `str.format`."""
        return python(self.symbol)

    @cached_property
    def raising(self) -> str:
        """The same over functions and operators that raise where IEEE has an answer."""
        return python(self.symbol, raises=True)


class Use(NamedTuple):
    """A formula, and which of an operation's numbers its variables are, as `Formulas` counts them."""

    formula: LineFormula
    roles: tuple[int, ...]


class Formulas(NamedTuple):
    """An operation on so many inputs, line by line.

    Its numbers are counted: the inputs, what is shared before the output, the output, what is shared after it, then the
    upstream gradient, and what an input has been handed before.
    """

    before: list[Use]  # what is shared, and computed before the output
    output: Use
    after: list[Use]  # what is shared, and computed from the output
    first: list[Use]  # for each input: upstream · local derivative
    further: list[Use]  # and the same, added to what the input has been handed before


class Rules(Symbols):
    """Symbols for the rules of one operation, which take note of what all its slopes are made of."""

    def __init__(self) -> None:
        self.lines: dict[str, Any] = {}

    def _named(self, item: Any) -> Symbol:
        name = f"share{len(self.lines)}"
        self.lines[name] = item
        return Symbol(name)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        written = super().__getattr__(name)
        if name in PRIMITIVES or name not in RULE_BOOK:
            return written
        forward = RULE_BOOK[name].forward  # such as the sigmoid in the slope of softplus: by its own formula
        return lambda *inputs: forward(self, *inputs) if all(map(_is_short, inputs)) else written(*inputs)

    def maximum(self, a: Any, b: Any) -> Any:
        """As on floats: nan wins."""
        if not (_is_short(a) and _is_short(b)):
            return Symbol("maximum", (a, b))
        return self.where(a >= b, a, self.where(a != a, a, b))  # only nan differs from itself

    def minimum(self, a: Any, b: Any) -> Any:
        """As on floats: nan wins."""
        if not (_is_short(a) and _is_short(b)):
            return Symbol("minimum", (a, b))
        return self.where(a <= b, a, self.where(a != a, a, b))

    def dot(self, weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
        """Added up from left to right; a long one by the function of `floats`."""
        if len(weights) > _WRITTEN_OUT:
            return super().dot(weights, inputs, bias)
        for weight, value in zip(weights, inputs, strict=True):
            bias = bias + weight * value
        return bias

    def shares(self, terms: Iterable[Any], total: Any) -> list[Any]:
        """exp(termᵢ - total) for each term, made to add up to 1 as on floats."""
        is_infinite = abs(total) == _INFINITY
        parts = [
            self._named(self.where(is_infinite, self.where(term == total, 1.0, 0.0), self.exp(term - total)))
            for term in terms
        ]
        whole = self._named(self.fsum(parts))
        return [self.where((whole > 0.0) & (whole < _INFINITY), part / whole, part) for part in parts]


_INFINITY = Symbol("inf")
#: A dot of so many products is written out.
_WRITTEN_OUT = 16


def _is_short(item: Any) -> bool:
    """Whether a formula may be written more than once, because that computes nothing twice."""
    return not isinstance(item, Symbol) or not item.operands or (item.head == "neg" and _is_short(item.operands[0]))


@lru_cache(maxsize=4096)
def formulas(operation: Op, count: int) -> Formulas:
    """An operation on `count` inputs as formulas.

    >>> from tinygrad_edu import ops
    >>> formulas(ops.exp, 1).further[0].formula.python, formulas(ops.exp, 1).further[0].roles
    ('({0} + ({1} * {2}))', (3, 2, 1))
    """
    names = [f"input{k}" for k in range(count)]
    inputs, m = list(map(Symbol, names)), Rules()
    output = operation.compute(m, *inputs)
    slopes = list(operation.local_derivatives(m, Symbol("output"), *inputs))
    named = _Named(repeated_calls([output, *slopes], python))
    output, *slopes = map(named.written, (output, *slopes))
    lines = {**named.lines, **{name: named.written(item) for name, item in m.lines.items()}}
    late = _made_of("output", lines)
    before = [name for name in lines if name not in late]
    order = [*names, *before, "output", *late, "upstream", "handed"]
    roles = {name: k for k, name in enumerate(order)}
    first = [_times(Symbol("upstream"), slope) for slope in slopes]
    return Formulas(
        [_use(lines[name], roles) for name in before],
        _use(output, roles),
        [_use(lines[name], roles) for name in late],
        [_use(item, roles) for item in first],
        [_use(Symbol("handed") + item, roles) for item in first],
    )


class _Named:
    """The calls that are made more than once, each a line of its own, and called by its name elsewhere."""

    def __init__(self, calls: Sequence[str]) -> None:
        self._names = {text: f"call{k}" for k, text in enumerate(calls)}
        self.lines: dict[str, Any] = {}

    def written(self, item: Any) -> Any:
        """The formula with names for such calls."""
        if not isinstance(item, Symbol) or not item.operands:
            return item
        name = self._names.get(python(item))
        if name in self.lines:
            return Symbol(name)
        shorter = Symbol(item.head, tuple(map(self.written, item.operands)))
        if name is None:
            return shorter
        self.lines[name] = shorter
        return Symbol(name)


def _made_of(name: str, lines: dict[str, Any]) -> list[str]:
    """The lines that depend on the number of this name, in order."""
    found = {name: None}
    for line, item in lines.items():
        if not found.keys().isdisjoint(_leaves(item)):
            found[line] = None
    return list(found)[1:]


def _leaves(item: Any) -> list[str]:
    """The names in a formula, in order."""
    if not isinstance(item, Symbol):
        return []
    if not item.operands:
        return [item.head]
    return [name for operand in item.operands for name in _leaves(operand)]


def _times(upstream: Symbol, slope: Any) -> Any:
    """Upstream · local derivative, where that is no product."""
    shorter = None if isinstance(slope, Symbol) else product(upstream, slope)
    return upstream * slope if shorter is None else shorter


def _use(item: Any, roles: dict[str, int]) -> Use:
    """A formula of the numbers that it has, the first of them first."""
    found = [name for name in dict.fromkeys(_leaves(item)) if name in roles]
    places = {name: Symbol(f"{{{k}}}") for k, name in enumerate(found)}
    return Use(LineFormula(_placed(item, places)), tuple([roles[name] for name in found]))


def _placed(item: Any, places: dict[str, Symbol]) -> Any:
    if not isinstance(item, Symbol):
        return item
    if not item.operands:
        return places.get(item.head, item)
    return Symbol(item.head, tuple([_placed(operand, places) for operand in item.operands]))
