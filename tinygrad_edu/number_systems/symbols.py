"""Symbols: expressions that print as formulas, and as Python.

May import: `op`; `identities` and `primitives` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tinygrad_edu.number_systems.identities import keeps
from tinygrad_edu.number_systems.primitives import OPERATORS, PRIMITIVES, unknown
from tinygrad_edu.op import RULE_BOOK

__all__ = ["Symbol", "Symbols", "symbols"]


class Symbol:
    """A formula: a name, or an operation on other formulas; `printing` writes it out.

    >>> a = Symbol("a")
    >>> (1.0 - a * a).head, symbols.cos(a).operands == (a,)
    ('-', True)
    """

    __slots__ = ("head", "operands")
    __match_args__ = ("head", "operands")

    def __init__(self, head: str, operands: tuple[Any, ...] = ()) -> None:
        self.head = head
        self.operands = operands

    def __neg__(self) -> Symbol:
        return Symbol("neg", (self,))

    def __pos__(self) -> Symbol:
        return self

    def __round__(self) -> Symbol:
        return symbols.rint(self)

    def __add__(self, other: Any) -> Symbol:
        return Symbol("+", (self, other))

    def __radd__(self, other: Any) -> Symbol:
        return Symbol("+", (other, self))

    def __sub__(self, other: Any) -> Symbol:
        return Symbol("-", (self, other))

    def __rsub__(self, other: Any) -> Symbol:
        return Symbol("-", (other, self))

    def __mul__(self, other: Any) -> Symbol:
        return Symbol("*", (self, other))

    def __rmul__(self, other: Any) -> Symbol:
        return Symbol("*", (other, self))

    def __truediv__(self, other: Any) -> Symbol:
        return Symbol("/", (self, other))

    def __rtruediv__(self, other: Any) -> Symbol:
        return Symbol("/", (other, self))

    def __pow__(self, other: Any) -> Symbol:
        # a¹ prints better as a.
        return self if isinstance(other, (int, float)) and keeps("power", other) else Symbol("**", (self, other))

    def __rpow__(self, other: Any) -> Symbol:
        return Symbol("**", (other, self))

    def __mod__(self, other: Any) -> Symbol:
        return symbols.remainder(self, other)

    def __rmod__(self, other: Any) -> Symbol:
        return symbols.remainder(other, self)

    def __floordiv__(self, other: Any) -> Symbol:
        return symbols.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Symbol:
        return symbols.floor_divide(other, self)

    def __abs__(self) -> Symbol:
        return Symbol("abs", (self,))

    def __gt__(self, other: Any) -> Symbol:
        return Symbol(">", (self, other))

    def __ge__(self, other: Any) -> Symbol:
        return Symbol(">=", (self, other))

    def __lt__(self, other: Any) -> Symbol:
        return Symbol("<", (self, other))

    def __le__(self, other: Any) -> Symbol:
        return Symbol("<=", (self, other))

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]  # a formula, not a bool
        return Symbol("==", (self, other))

    def __ne__(self, other: object) -> Symbol:  # type: ignore[override]  # a formula, not a bool
        return Symbol("!=", (self, other))

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> Symbol:
        return Symbol("&", (self, other))

    def __bool__(self) -> bool:
        raise TypeError("a rule may not ask whether a formula is true: use m.where(condition, a, b)")

    def __float__(self) -> float:
        raise TypeError("a rule computes with m, as in m.exp(a), and not with the functions of math")


#: What functions that are operators look like in a formula.
_SIGNS = {name: sign for sign, name in OPERATORS.items()}


class Symbols:
    """Formulas: every function of this system returns the `Symbol` that names it.

    >>> symbols.maximum(Symbol("a"), 0.0).head
    'maximum'
    """

    def __getattr__(self, name: str) -> Callable[..., Symbol]:
        if name not in PRIMITIVES and name not in RULE_BOOK:
            raise unknown(name)
        return lambda *operands: Symbol(_SIGNS.get(name, name), operands)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """`a if condition else b`, decided now when the condition is already known."""
        return Symbol("where", (condition, a, b)) if isinstance(condition, Symbol) else a if condition else b

    def prefer(self, plain: Any, good: Any, otherwise: Callable[..., Any], *inputs: Any) -> Symbol:
        """`plain` where it is good, else what `otherwise` makes of the inputs; people read the plain formula."""
        return Symbol("prefer", (good, plain, otherwise(self, *inputs)))

    def dot(self, weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Symbol:
        """`w1 * x1 + w2 * x2 + ... + bias`."""
        return Symbol("dot", (*weights, *inputs, bias))

    def fsum(self, terms: Iterable[Any]) -> Symbol:
        """`fsum(term1, term2, ...)`."""
        return Symbol("fsum", tuple(terms))

    def norm(self, terms: Iterable[Any]) -> Symbol:
        """`norm(term1, term2, ...)`."""
        return Symbol("norm", tuple(terms))

    def choose(self, index: Any, options: Iterable[Any]) -> Symbol:
        """`choose(index, option0, option1, ...)`."""
        return Symbol("choose", (index, *options))

    def shares(self, terms: Iterable[Any], total: Any) -> list[Symbol]:
        """`exp(termᵢ - total)` for each term."""
        return [self.exp(term - total) for term in terms]

    def logsumexp(self, terms: Iterable[Any]) -> Symbol:
        """`logsumexp(term1, term2, ...)`."""
        return Symbol("logsumexp", tuple(terms))


symbols = Symbols()
