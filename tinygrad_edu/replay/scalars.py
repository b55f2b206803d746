"""Step 2, scalars: the recorded graph as a numbered list; constants folded, equal operations shared, sums gathered.

A graph of `Value`s becomes lists that are indexed by the number of a scalar. An operation on constants is computed at
once, and an operation that is there already is not taken in again. Then each sum, whether one `dot` or a chain of × and
+, becomes one `Sum` of products and addends. And every scalar has a level, one more than the highest of its inputs: the
scalars of one level do not depend on each other.

May import: `ops`, `number_systems`, `value`, `backprop`; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.number_systems.floats import evaluate
from tinygrad_edu.number_systems.identities import keeps
from tinygrad_edu.value import Value

__all__ = ["ScalarGraph", "Sum"]


class Sum(NamedTuple):
    """Σ leftᵢ · rightᵢ + Σ addendᵢ, by scalar number."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    addends: tuple[int, ...]

    @property
    def scalars(self) -> tuple[int, ...]:
        """All that is multiplied or added."""
        return *self.left, *self.right, *self.addends


class ScalarGraph:
    """Scalars by number: first the data inputs, then the parameters, then all that is computed from them."""

    def __init__(self, data: Sequence[Value], params: Sequence[Value]) -> None:
        self.operations: list[ops.Op | None] = []
        self.inputs: list[tuple[int, ...]] = []
        self.constants: dict[int, float] = {}
        self.varies: list[bool] = []  # with the example, rather than with the parameters only
        self.inner: dict[int, list[int]] = {}  # the sums and products that a sum took in
        self._known: dict[Any, int] = {}
        self._leaves = [*data, *params]
        for k in range(len(self._leaves)):
            self._append(None, (), varies=k < len(data))
        self.recorded = 0
        self.outputs: list[int] = []
        self._absorbed = bytearray()

    def include(self, outputs: Sequence[Value], joined: Value) -> None:
        """Take in everything that the outputs were made of, which is all that `joined` was made of.

        A leaf that is no input and no parameter is a constant.
        """
        numbers = {id(value): k for k, value in enumerate(self._leaves)}  # by id, which costs less than by Value
        for value in topological_order(joined)[:-1]:
            if value.op is not None:
                self.recorded += 1
                numbers[id(value)] = self.operation(value.op, tuple([numbers[id(v)] for v in value.inputs]))
            elif id(value) not in numbers:
                numbers[id(value)] = self.constant(value._data)
        self.outputs = [numbers[id(value)] for value in outputs]

    def _append(self, operation: ops.Op | None, inputs: tuple[int, ...], varies: bool) -> int:
        self.operations.append(operation)
        self.inputs.append(inputs)
        self.varies.append(varies)
        return len(self.operations) - 1

    def constant(self, number: float) -> int:
        """The number of the scalar that holds this constant."""
        key = (None, repr(number))  # repr tells 0.0 from -0.0, and one nan is as good as another
        if key not in self._known:
            self._known[key] = self._append(None, (), varies=False)
            self.constants[self._known[key]] = float(number)
        return self._known[key]

    def operation(self, operation: ops.Op, inputs: tuple[int, ...]) -> int:
        """The number of the scalar that is `operation` on `inputs`, which may be an older one."""
        key = (operation, inputs)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._made(operation, inputs)
        return known

    def _made(self, operation: ops.Op, inputs: tuple[int, ...]) -> int:
        constants = self.constants
        if not constants.keys().isdisjoint(inputs) or not inputs:  # there are none in a sum of nothing
            if all(map(constants.__contains__, inputs)):
                return self.constant(evaluate(operation, *[constants[k] for k in inputs])[0])
            unchanged = self._unchanged(operation, inputs)
            if unchanged is not None:
                return unchanged
        return self._append(operation, inputs, any(map(self.varies.__getitem__, inputs)))

    def _unchanged(self, operation: ops.Op, inputs: tuple[int, ...]) -> int | None:
        """The input that the operation leaves as it is, if there is one: a, of a · 1 and of 1 · a."""
        if operation is ops.multiply:
            for one, other in (inputs, inputs[::-1]):
                if one in self.constants and keeps("multiply", self.constants[one]):
                    return other
        return None

    def gather_sums(self) -> dict[int, Sum]:
        """Every sum of two products or three terms, every `dot` and `fsum`; what only they use is taken in.

        How these are rounded, and which zero they are when they are 0, depends on the order in which NumPy adds.
        Everything else is what eager code computes, to the last digit where NumPy's functions are those of `math`;
        only which of 0.0 and -0.0 is the larger, as in `relu`, NumPy leaves open.
        """
        uses = self._uses()
        sums: dict[int, Sum] = {}
        absorbed = self._absorbed = bytearray(len(self.operations))
        for k in range(len(self.operations) - 1, -1, -1):  # what uses a scalar comes before it
            if not absorbed[k] and self.operations[k] in _SUMS:
                gathered, inner = self._gathered(k, uses)
                products, terms = len(gathered.left), len(gathered.left) + len(gathered.addends)
                if self.operations[k] is not ops.add or products > 1 or terms > 2:
                    sums[k], self.inner[k] = gathered, inner
                    for i in inner:
                        absorbed[i] = 1
        return sums

    def _uses(self) -> list[int]:
        """For each scalar how often it is an input, or an output of the program."""
        everything = np.fromiter(chain(self.outputs, chain.from_iterable(self.inputs)), dtype=np.intp)
        uses: list[int] = np.bincount(everything, minlength=len(self.operations)).tolist()
        return uses

    def _gathered(self, root: int, uses: list[int]) -> tuple[Sum, list[int]]:
        """One sum, flat, and the scalars that it took in.

        An `fsum` does not take in `dot`s: side by side, these are likely to be a matrix product.
        """
        left: list[int] = []
        right: list[int] = []
        addends: list[int] = []
        inner: list[int] = []
        to_visit = [(root, self.operations[root])]
        while to_visit:
            k, user = to_visit.pop()
            operation = self.operations[k]
            alone = k == root or uses[k] == 1
            if alone and operation in _SUMS and not (user is ops.fsum and operation is ops.dot):
                weights, values, terms = self._terms(k)
                left += weights
                right += values
                to_visit += [(i, operation) for i in reversed(terms)]
            elif alone and operation is ops.multiply:
                left.append(self.inputs[k][0])
                right.append(self.inputs[k][1])
            else:
                if self.constants.get(k) != 0.0:  # nor -0.0: which zero a sum is, the order of adding decides
                    addends.append(k)
                continue
            if k != root:
                inner.append(k)
        return Sum(tuple(left), tuple(right), tuple(addends)), inner

    def _terms(self, scalar: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """The factors of the products in a sum, and its other terms."""
        if self.operations[scalar] is ops.dot:
            weights, values, bias = ops.split_dot(self.inputs[scalar])
            return weights, values, (bias,)
        return (), (), self.inputs[scalar]

    def levels(self, sums: dict[int, Sum]) -> list[list[int]]:
        """The computed scalars by level, lowest level first, in the order of the walk within each."""
        level = [0] * len(self.operations)
        by_level: list[list[int]] = []
        for k, operation in enumerate(self.operations):
            if operation is None or self._absorbed[k]:
                continue
            inputs = chain(*sums[k]) if k in sums else self.inputs[k]
            level[k] = highest = 1 + max(map(level.__getitem__, inputs), default=0)
            if len(by_level) < highest:  # by one, for the inputs are there
                by_level.append([])
            by_level[highest - 1].append(k)
        return by_level


#: What is a sum, or takes part in one.
_SUMS = {ops.add, ops.dot, ops.fsum}
