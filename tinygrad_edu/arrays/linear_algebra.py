"""Norms, and by elimination determinants, inverses and solutions of linear equations.

Elimination takes n³/3 multiplications, so these are for small matrices. Which row is eliminated with depends on the
numbers, so it cannot be recorded.

May import: `functions`, `value`; `dispatch`, `reductions` and `value_array` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.arrays.dispatch import meaning_of
from tinygrad_edu.arrays.reductions import along, max_, min_, product_of, sum_
from tinygrad_edu.arrays.value_array import Values, array, numbers_of, values_of
from tinygrad_edu.functions import dot, fsum, norm
from tinygrad_edu.value import Value, as_value

__all__: list[str] = []


# Norms ----------------------------------------------------------------------------------------------------


@meaning_of("linalg.norm")
def norm_(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002 - as NumPy calls it
    """√Σ xᵢ², as one node with slopes 0 at the origin; or the norm of another order of a vector, or of a matrix."""
    values = values_of(x)
    if axis is None and (ord is None or values.ndim == 1):
        axis = tuple(range(values.ndim)) if ord is None else 0
    elif axis is None:
        axis = (0, 1)
    if isinstance(axis, tuple) and len(axis) == 2 and ord not in (None, "fro"):
        return matrix_norm(np.moveaxis(values, axis, (-2, -1)), ord=ord, keepdims=keepdims)
    return vector_norm(values, axis=axis, keepdims=keepdims, ord=2 if ord in (None, "fro") else ord)


@meaning_of("linalg.vector_norm")
def vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:  # noqa: A002 - as NumPy calls it
    """(Σ |xᵢ|ᵖ)^(1/p); for p = ±inf the largest or the smallest |xᵢ|, for p = 0 a count, which has no derivative."""
    if ord == math.inf:
        return max_(abs(values_of(x)), axis, keepdims=keepdims)
    if ord == -math.inf:
        return min_(abs(values_of(x)), axis, keepdims=keepdims)
    return along(axis, partial(_norm_of_order, ord), x, keepdims=keepdims)


def _norm_of_order(order: Any, run: Sequence[Value]) -> Value:
    if order == 2:
        return norm(run)
    if order == 1:
        return fsum([abs(value) for value in run])
    if order == 0:
        return fsum([value.sign().square() for value in run])
    if not isinstance(order, (int, float)):
        raise ValueError(f"the order of a norm is a number, or 'fro' for a matrix, not {order!r}")
    return fsum([abs(value) ** float(order) for value in run]) ** (1.0 / order)


@meaning_of("linalg.matrix_norm")
def matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:  # noqa: A002 - as NumPy calls it
    """√Σ xᵢⱼ², or the largest sum of |xᵢⱼ| of a column (1) or a row (inf)."""
    values = values_of(x)
    if ord in (None, "fro"):
        return vector_norm(values, axis=(-2, -1), keepdims=keepdims)
    if ord not in (1, -1, math.inf, -math.inf):
        raise TypeError(f"the norm {ord!r} of a matrix needs its singular values, which have no derivative here")
    summed, other = (-2, -1) if abs(ord) == 1 else (-1, -2)
    sums = sum_(abs(values), axis=summed, keepdims=True)
    extreme = max_ if ord > 0 else min_
    return extreme(sums, axis=(summed, other), keepdims=keepdims)


# Elimination ----------------------------------------------------------------------------------------------


def _matrices(a: Any, name: str) -> Values:
    values = values_of(a)
    if values.ndim < 2 or values.shape[-1] != values.shape[-2]:
        raise np.linalg.LinAlgError(f"{name} needs a square matrix, not an array of shape {values.shape}")
    return values


def _eliminated(rows: list[list[Value]]) -> tuple[list[list[Value]], float]:
    """Rows with zeros below the diagonal of their first square, and the sign of the exchanges that it took.

    In each step the row with the largest number is taken, so that as few digits as possible are lost.
    """
    rows, sign, size = [list(row) for row in rows], 1.0, len(rows)
    for k in range(size):
        pivot = max(range(k, size), key=lambda r: _size_of(rows[r][k]))
        if pivot != k:
            rows[k], rows[pivot], sign = rows[pivot], rows[k], -sign
        if _size_of(rows[k][k]) == 0.0:
            continue
        for r in range(k + 1, size):
            factor = rows[r][k] / rows[k][k]
            rows[r] = rows[r][: k + 1] + [
                b - factor * a for a, b in zip(rows[k][k + 1 :], rows[r][k + 1 :], strict=True)
            ]
    return rows, sign


def _size_of(value: Value) -> float:
    """How large it is; nan counts as the largest, so that it is not lost."""
    size = abs(float(numbers_of(value, "elimination, in which the largest number of a column is looked for,")))
    return math.inf if math.isnan(size) else size


@meaning_of("linalg.det")
def det(a: Any) -> Any:
    """The determinant, by elimination; its slopes are the cofactors, also where it is 0."""
    values = _matrices(a, "det")
    found = [
        _determinant(matrix.tolist()) for matrix in values.reshape(math.prod(values.shape[:-2]), *values.shape[-2:])
    ]
    return found[0] if values.ndim == 2 else array(found).reshape(values.shape[:-2])


def _determinant(rows: list[list[Value]]) -> Value:
    if len(rows) <= 3:
        return _by_minors(rows)
    eliminated, sign = _eliminated(rows)
    diagonal = [row[k] for k, row in enumerate(eliminated)]
    if any(_size_of(value) == 0.0 for value in diagonal):
        return _by_minors(rows)  # slow, and right where a slope of elimination would be 0 times infinity
    return sign * product_of(diagonal)


def _by_minors(rows: list[list[Value]]) -> Value:
    """Laplace's expansion along the first row, in which nothing is divided by."""
    if not rows:
        return as_value(1.0)
    if len(rows) == 1:
        return rows[0][0]
    if len(rows) == 2:
        return rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
    minors = [_by_minors([row[:k] + row[k + 1 :] for row in rows[1:]]) for k in range(len(rows))]
    signed = [minor if k % 2 == 0 else -minor for k, minor in enumerate(minors)]
    return fsum([value * minor for value, minor in zip(rows[0], signed, strict=True)])


class SlogdetResult(NamedTuple):
    """What NumPy calls the parts of its answer."""

    sign: Any
    logabsdet: Any


@meaning_of("linalg.slogdet")
def slogdet(a: Any) -> SlogdetResult:
    """The sign of the determinant, and ln of its size."""
    determinant = det(a)
    return SlogdetResult(np.sign(determinant), np.log(abs(determinant)))


@meaning_of("linalg.cholesky")
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The L below the diagonal with L @ L.T = a, or L.T; nan where a is not positive definite.

    Nothing is looked at, so this can be recorded. Of a symmetric matrix one half is read, as NumPy reads it.
    """
    values = _matrices(a, "cholesky")
    values = np.swapaxes(values, -1, -2) if upper else values
    matrices = values.reshape(math.prod(values.shape[:-2]), *values.shape[-2:]).tolist()
    roots = array(list(map(_lower_root, matrices))).reshape(values.shape)
    return np.swapaxes(roots, -1, -2) if upper else roots


def _lower_root(rows: list[list[Value]]) -> list[list[Value]]:
    root: list[list[Value]] = []
    for j, row in enumerate(rows):
        new: list[Value] = []
        for k in range(j):
            new.append((row[k] - dot(new, root[k][:k])) / root[k][k])
        new.append((row[j] - dot(new, new)).sqrt())
        root.append(new)
    return [row + [as_value(0.0) for _ in rows[len(row) :]] for row in root]


@meaning_of("linalg.solve")
def solve(a: Any, b: Any) -> Any:
    """The x of a @ x = b, by elimination."""
    matrices, right = _matrices(a, "solve"), values_of(b)
    size = matrices.shape[-1]
    is_vector = right.ndim == 1
    right = right[:, None] if is_vector else right
    if right.ndim < 2 or right.shape[-2] != size:
        raise ValueError(f"solve needs {size} numbers on the right, one for each row of a, not shape {np.shape(b)}")
    shape = np.broadcast_shapes(matrices.shape[:-2], right.shape[:-2])
    lefts = np.broadcast_to(matrices, (*shape, size, size)).reshape(math.prod(shape), size, size)
    rights = np.broadcast_to(right, (*shape, size, right.shape[-1])).reshape(math.prod(shape), size, right.shape[-1])
    found = [_solution(m.tolist(), r.tolist()) for m, r in zip(lefts, rights, strict=True)]
    solutions = array(found).reshape((*shape, size, right.shape[-1]))
    return solutions[..., 0] if is_vector else solutions


def _solution(matrix: list[list[Value]], right: list[list[Value]]) -> list[list[Value]]:
    size = len(matrix)
    rows, _ = _eliminated([row + more for row, more in zip(matrix, right, strict=True)])
    if any(_size_of(rows[k][k]) == 0.0 for k in range(size)):
        raise np.linalg.LinAlgError("the matrix is singular: its rows do not decide one solution")
    solved: list[list[Value]] = [[] for _ in rows]
    for k in reversed(range(size)):
        for column in range(len(right[0])):
            known = dot(rows[k][k + 1 : size], [solved[j][column] for j in range(k + 1, size)])
            solved[k].append((rows[k][size + column] - known) / rows[k][k])
    return solved


@meaning_of("linalg.inv")
def inv(a: Any) -> Any:
    """The inverse, by elimination."""
    values = _matrices(a, "inv")
    return solve(values, array(np.eye(values.shape[-1])))
