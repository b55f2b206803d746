"""Values: whatever has the operations as methods. With them, the backward pass is itself a graph.

May import: `op`; `floats` and `primitives` of this folder.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

from tinygrad_edu.number_systems.floats import evaluate
from tinygrad_edu.number_systems.primitives import unknown
from tinygrad_edu.op import RULE_BOOK, bind

__all__ = ["Values", "values"]


class Values:
    """Whatever has the operations as methods, such as `Value`: `values.exp(a)` is `a.exp()`.

    >>> from tinygrad_edu.value import Value
    >>> values.exp(Value(0.0))
    Value(1.0, op='exp')
    """

    where = staticmethod(lambda condition, a, b: a if condition else b)
    abs = staticmethod(abs)

    def dot(self, weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
        """The weighted sum plus bias, as one node."""
        return _applied("dot", *weights, *inputs, bias)

    def fsum(self, terms: Sequence[Any]) -> Any:
        """The sum, as one node."""
        return _applied("fsum", *terms)

    def norm(self, terms: Sequence[Any]) -> Any:
        """The root of the sum of squares, as one node."""
        return _applied("norm", *terms)

    def logsumexp(self, terms: Sequence[Any]) -> Any:
        """The logarithm of the sum of exponentials, as one node."""
        return _applied("logsumexp", *terms)

    def choose(self, index: Any, options: Sequence[Any]) -> Any:
        """The option number `index`, as one node."""
        return _applied("choose", index, *options)

    def prefer(self, plain: Any, good: Any, otherwise: Callable[..., Any], *inputs: Any) -> Any:
        """`plain` where it is good, else what `otherwise` makes of the inputs."""
        return plain if good else otherwise(self, *inputs)

    def shares(self, terms: Sequence[Any], total: Any) -> list[Any]:
        """exp(termᵢ - total) for each term, made to add up to 1 as on floats."""
        if math.isinf(total.data):  # only which is the largest matters, and that does not change
            largest = [1.0 if term == total else 0.0 for term in terms]
            return [share / sum(largest) for share in largest]
        shares = [(term - total).exp() for term in terms]
        whole = reduce(operator.add, shares)
        return [share / whole for share in shares] if math.isfinite(whole.data) and whole > 0.0 else shares

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in RULE_BOOK:
            raise unknown(name)
        return partial(_applied, name)


def _applied(name: str, a: Any, *others: Any) -> Any:
    """The method of that name; the node for the operation where it has none, or where `a` is a plain number."""
    if hasattr(a, name):
        return getattr(a, name)(*others)
    operation, arguments = RULE_BOOK[name], (a, *others)
    count = len(arguments) if callable(operation.derivatives) else len(operation.derivatives)
    inputs, operation = arguments[:count], bind(operation, *arguments[count:])
    kinds = [type(number) for number in inputs if hasattr(number, "apply")]
    if not kinds:
        return evaluate(operation, *inputs)[0]
    kind: Any = max(kinds, key=lambda kind: len(kind.__mro__))  # the most special one, as in a graph being recorded
    return kind.apply(operation, [kind.operand(number) for number in inputs])


values = Values()
