"""Which sums of products are matrix products of one shape, one for each head of an attention, say.

In a layer one matrix of weights meets all examples, which `grouping` finds. Here both factors are computed, as the
queries and keys of an attention are: each example, and each head, has two matrices of its own. A factor that many
sums share is a row on the left or a column on the right, and sums that share factors are one product.

Not each row need meet each column: a position of a text sees those before it, and so half of them. And it takes a
share of as many values as it sees, so that a column of values is cut off: the whole column stands in the product, and
zeros beside what was cut off. To compute the product as a whole, and to leave some of it, is quicker than to bring the
factors of each sum together.

May import: `scalars` of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from tinygrad_edu.replay.scalars import Sum

__all__ = ["Stack", "stacks"]

#: No more stacks than these: each is some calls of its own, where all other sums of products are a few together.
_MOST = 2
#: A matrix product of fewer products of two numbers, for each of many examples, is slower than bringing them together.
_SMALLEST = 64
#: Of all that a stack multiplies, so much must be asked for.
_FULL = 0.25

_Vector: TypeAlias = "tuple[int, ...]"


class Stack(NamedTuple):
    """Matrix products of one shape: in each, every row with every column.

    None stands for a zero in a row or column, and for a sum that nobody needs.
    """

    rows: list[list[tuple[int | None, ...]]]  # of each product
    columns: list[list[tuple[int | None, ...]]]
    sums: list[int | None]  # of the first product the first row with each column, ...

    @property
    def needed(self) -> list[int]:
        """The sums that somebody needs."""
        return [scalar for scalar in self.sums if scalar is not None]


def stacks(
    scalars: Sequence[int], sums: Mapping[int, Sum], place: Callable[[_Vector], Any]
) -> tuple[list[Stack], list[int]]:
    """The stacks among some sums, and the sums that belong to none.

    Rows and columns are sorted by their `place`. The sums of a stack have the same number of addends.
    """
    alike: dict[int, list[int]] = {}
    for scalar in scalars:
        if sums[scalar].left:
            alike.setdefault(len(sums[scalar].addends), []).append(scalar)
    products = [one for some in alike.values() for one in _connected(_by_factors(some, sums))]
    by_shape: dict[Any, list[_Product]] = {}
    for one in (_Product.of(cells, place) for cells in products):
        n_addends = len(sums[next(iter(one.cells.values()))].addends)
        if min(one.shape) > 1 and math.prod(one.shape) >= _SMALLEST:
            by_shape.setdefault((one.shape, n_addends), []).append(one)
    worth_it = [some for some in by_shape.values() if _work(some) >= _FULL * len(some) * math.prod(some[0].shape)]
    found = [_stack(sorted(some, key=lambda one: place(one.rows[0]))) for some in sorted(worth_it, key=_work)[-_MOST:]]
    taken = {scalar for stack in found for scalar in stack.needed}
    return found, [scalar for scalar in scalars if scalar not in taken]


#: Sums by their row and their column.
_Cells: TypeAlias = "dict[tuple[_Vector, _Vector], int]"


def _by_factors(scalars: Sequence[int], sums: Mapping[int, Sum]) -> _Cells:
    """All sums by their factors; of those with the same factors, the first."""
    left, right = [sums[k].left for k in scalars], [sums[k].right for k in scalars]
    if len(set(_continued(left))) < len(set(left)):  # what is cut off stands among the columns
        left, right = right, left
    found: _Cells = {}
    for row, column, scalar in zip(left, _continued(right), scalars, strict=True):
        found.setdefault((row, column), scalar)
    return found


def _continued(vectors: Sequence[_Vector]) -> list[_Vector]:
    """Each vector, or the longest one that goes on where it ends."""
    longest: dict[int, _Vector] = {}
    for vector in vectors:
        if len(vector) > len(longest.get(vector[0], ())):
            longest[vector[0]] = vector
    return [whole if (whole := longest[v[0]])[: len(v)] == v else v for v in vectors]


def _connected(everything: _Cells) -> list[_Cells]:
    """The sums in groups that have no row and no column in common."""
    of_row: dict[_Vector, _Cells] = {}
    of_column: dict[_Vector, _Cells] = {}
    for (row, column), scalar in everything.items():
        small, large = sorted((of_row.get(row, {}), of_column.get(column, {})), key=len)
        if small is not large:
            large.update(small)
            for one, other in small:
                of_row[one] = of_column[other] = large
        large[row, column] = scalar
        of_row[row] = of_column[column] = large
    return list({id(cells): cells for cells in of_row.values()}.values())


class _Product(NamedTuple):
    """Sums that share rows and columns with each other."""

    rows: list[_Vector]
    columns: list[_Vector]
    cells: _Cells

    @classmethod
    def of(cls, cells: _Cells, place: Callable[[_Vector], Any]) -> _Product:
        """These sums as a matrix. What there is more of, rows or columns, lies side by side."""
        rows, columns = (sorted(dict.fromkeys(side), key=place) for side in zip(*cells, strict=True))
        if len(rows) > len(columns):
            rows, columns = columns, rows
            cells = {(column, row): scalar for (row, column), scalar in cells.items()}
        return cls(rows, columns, cells)

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many rows and columns it has, and how long the longest is."""
        return len(self.rows), len(self.columns), max(map(len, [*self.rows, *self.columns]))


def _work(products: Sequence[_Product]) -> int:
    """How many products of two numbers are asked for."""
    return sum([min(len(row), len(column)) for one in products for row, column in one.cells])


def _stack(products: Sequence[_Product]) -> Stack:
    """Products of one shape."""
    length = products[0].shape[2]

    def filled(vectors: Sequence[_Vector]) -> list[tuple[int | None, ...]]:
        return [(*vector, *[None] * (length - len(vector))) for vector in vectors]

    sums = [one.cells.get(cell) for one in products for cell in product(one.rows, one.columns)]
    return Stack([filled(one.rows) for one in products], [filled(one.columns) for one in products], sums)
