"""What an operation is: how to compute it, its local derivative by each input, and all else that anyone asks of it.

Each rule is handed the number system `m` it runs on, so one declaration serves floats, symbols, `Value`s, NumPy and JAX
arrays. A derivative may use the output `y` as well as the inputs: `exp` is its own derivative. `ops` declares ours.

May import: nothing of this package, and no library of numbers. A rule knows only `m`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

__all__ = ["RULE_BOOK", "Op"]

Number = Any  # what rules compute with depends on the number system
Rule = Callable[..., Number]

#: Every operation by the name of its function or method ("add", "tanh", ...).
RULE_BOOK: dict[str, Op] = {}


@dataclass(frozen=True, eq=False, slots=True)
class Op:
    """One operation. `name` is what people read ("*"), `method` what Python and NumPy call it ("multiply").

    >>> multiply = RULE_BOOK["multiply"]
    >>> multiply.compute(None, 2.0, 3.0), multiply.local_derivatives(None, 6.0, 2.0, 3.0)
    (6.0, (3.0, 2.0))
    """

    name: str
    method: str
    forward: Rule
    derivatives: tuple[Rule, ...] | Rule  # one per input; for any number of inputs one rule that returns them all
    formula: str = ""  # in words or mathematics
    symbol: str = ""  # in pictures, where that is not the name: "×"
    parameters: tuple[str, ...] = ()  # numbers fixed when a node is made, such as the slope of `leaky_relu`
    defaults: tuple[float, ...] = ()  # of the last parameters
    settings: tuple[float, ...] = ()  # what a node's parameters are
    base: Op | None = None  # the operation before its settings were filled in
    flat: bool = False  # whether its slope is 0 wherever it has one
    activation: str = ""  # its family, if it is one: "rectifier", "saturating" or "step"
    largest_slope: float | None = None  # of an activation, where it has one
    cure: str = ""  # what usually helps when it makes inf or nan
    on_arrays: tuple[str, Rule, Rule] | None = None  # of many inputs: how replay gathers them, forward, and backward

    def compute(self, m: Any, *inputs: Number) -> Number:
        """The output, in the number system `m`."""
        return self.forward(m, *inputs, *self.settings)

    def local_derivatives(self, m: Any, y: Number, *inputs: Number) -> tuple[Number, ...]:
        """∂y/∂input for each input, in the number system `m`."""
        if callable(self.derivatives):
            return tuple(self.derivatives(m, y, *inputs))
        return tuple([derivative(m, y, *inputs, *self.settings) for derivative in self.derivatives])

    def __repr__(self) -> str:
        settings = "".join(f", {k}={v:g}" for k, v in zip(self.parameters, self.settings, strict=False))
        return f"Op({self.name!r}{settings})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.method, self.settings)


def op(
    name: str, forward: Rule, derivatives: tuple[Rule, ...] | Rule, formula: str = "", method: str = "", **known: Any
) -> Op:
    """Declare an operation: it joins the rule book, unless one of its name is there. `known` is what else `Op` says."""
    operation = Op(name, method or name, forward, derivatives, formula, **{"symbol": name, **known})
    if operation.method in RULE_BOOK:
        raise ValueError(f"the operation {operation.method!r} is declared already; choose another name")
    RULE_BOOK[operation.method] = operation
    return operation


@lru_cache(maxsize=4096)
def bind(operation: Op, *settings: float) -> Op:
    """The operation with its settings filled in: `bind(leaky_relu, 0.01)`."""
    return replace(operation, settings=settings, base=operation) if settings else operation


def _restore(method: str, settings: tuple[float, ...]) -> Op:
    return bind(RULE_BOOK[method], *settings)
