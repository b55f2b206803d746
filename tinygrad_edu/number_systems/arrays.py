"""Arrays: NumPy's or jax.numpy's, element by element.

May import: `op`; `primitives` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, cast

import numpy as np

from tinygrad_edu.number_systems.primitives import OPERATORS, PRIMITIVES, unknown
from tinygrad_edu.op import RULE_BOOK, Op

__all__ = ["Arrays", "arrays"]

#: What replay does with whole arrays, beside the functions of their elements.
_WHOLE = {"arange", "asarray", "broadcast_to", "full", "ones", "zeros"}


class Arrays:
    """Arrays, element by element: `Arrays(numpy)`, or `Arrays(jax.numpy, jax.scipy)`.

    >>> Arrays().sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """

    def __init__(self, module: Any = np, scipy: Any = None) -> None:
        self.module = module
        self.scipy = scipy

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in PRIMITIVES:
            return self._primitive(name)
        if name in OPERATORS.values() or name in _WHOLE:
            return cast(Callable[..., Any], getattr(self.module, name))
        if name in RULE_BOOK:
            return partial(self._by_rule, RULE_BOOK[name])
        raise unknown(name)

    def _primitive(self, name: str) -> Callable[..., Any]:
        if self.scipy is not None:
            path = PRIMITIVES[name].jax
            scope = self if path.startswith("scipy.") else self.module
            return cast(Callable[..., Any], attrgetter(path)(scope))
        ours = PRIMITIVES[name].numpy
        return cast(Callable[..., Any], getattr(np, ours)) if ours else _ELEMENT_BY_ELEMENT[name]

    def _by_rule(self, operation: Op, *arrays: Any) -> Any:
        with np.errstate(all="ignore"):  # as on floats: the result is IEEE's, and nobody is warned
            return operation.forward(self, *arrays)

    def prefer(self, plain: Any, good: Any, otherwise: Callable[..., Any], *inputs: Any) -> Any:
        """`plain` where it is good, else what `otherwise` makes of the inputs."""
        if self.scipy is None and np.all(good):  # JAX cannot ask while it traces
            return plain
        return self.module.where(good, plain, otherwise(self, *inputs))

    def fsum(self, terms: Sequence[Any]) -> Any:
        """The sum over the terms."""
        return self.module.stack(terms).sum(axis=0)

    def norm(self, terms: Sequence[Any]) -> Any:
        """The root of the sum of squares, over the terms."""
        stacked = self.module.abs(self.module.stack(terms))
        top = stacked.max(axis=0)  # taken out, so that no square overflows or vanishes
        scale = self.module.where((top > 0.0) & self.module.isfinite(top), top, 1.0)
        return scale * self.module.sqrt(((stacked / scale) ** 2).sum(axis=0))

    def dot(self, weights: Sequence[Any], inputs: Sequence[Any], bias: Any) -> Any:
        """The sum of products, plus the bias."""
        return sum((w * x for w, x in zip(weights, inputs, strict=True)), bias)

    def choose(self, index: Any, options: Sequence[Any]) -> Any:
        """For each element the option that its index names."""
        stacked = self.module.stack(options)
        return self.module.take_along_axis(stacked, self.module.asarray(index, dtype=int)[None], axis=0)[0]

    def shares(self, terms: Sequence[Any], total: Any) -> Any:
        """exp(termᵢ - total) for each term, made to add up to 1 as on floats."""
        stacked = self.module.stack(terms)
        infinite = self.module.where(stacked == total, 1.0, 0.0)
        shares = self.module.where(self.module.isinf(total), infinite, self.module.exp(stacked - total))
        whole = shares.sum(axis=0)
        return shares / self.module.where(self.module.isfinite(whole) & (whole > 0.0), whole, 1.0)

    def logsumexp(self, terms: Sequence[Any]) -> Any:
        """The logarithm of the sum of exponentials, with the largest taken out first."""
        stacked = self.module.stack(terms)
        top = stacked.max(axis=0)
        finite = self.module.where(self.module.isfinite(top), top, 0.0)
        largest = self.module.arange(len(stacked)).reshape((-1,) + (1,) * (stacked.ndim - 1)) == stacked.argmax(axis=0)
        rest = self.module.where(largest, 0.0, self.module.exp(stacked - finite)).sum(axis=0)
        return self.module.where(self.module.isfinite(top), finite + self.module.log1p(rest), top)


_ELEMENT_BY_ELEMENT = {
    name: np.vectorize(getattr(math, primitive.math), otypes=[np.float64])
    for name, primitive in PRIMITIVES.items()
    if not primitive.numpy
}
arrays = Arrays()
