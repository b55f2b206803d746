"""Products of vectors, matrices and arrays of more axes: each element of the result is one `dot` node.

Every one of NumPy's products says which rows meet which columns; `dots` makes the nodes.

May import: `ops`, `value`, `functions`; `dispatch`, `reductions` and `value_array` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import reduce
from string import ascii_letters
from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.arrays.dispatch import meaning_of
from tinygrad_edu.arrays.reductions import along, check_dtype
from tinygrad_edu.arrays.value_array import Values, into, values_of
from tinygrad_edu.functions import fsum
from tinygrad_edu.value import Value, as_value

__all__ = ["dots"]


def dots(left: Values, right: Values) -> Any:
    """Σ leftᵢ · rightᵢ over the last axis, for all places of the others, which are broadcast.

    >>> rows, columns = values_of([[1.0, 2.0], [3.0, 4.0]]), values_of([[1.0, 0.0], [0.0, 1.0]])
    >>> dots(rows[:, None, :], columns[None, :, :]).data
    array([[1., 2.],
           [3., 4.]])
    """
    count = left.shape[-1]
    shape = np.broadcast_shapes(left.shape[:-1], right.shape[:-1])
    pairs = zip(_runs(left, shape), _runs(right, shape), strict=True)
    if count == 1:  # a product of two numbers needs no sum
        nodes = [a[0] * b[0] for a, b in pairs]
    else:
        nothing, dot, apply = (as_value(0.0),), ops.dot, Value.apply
        nodes = [apply(dot, a + b + nothing) for a, b in pairs]
    if not shape:
        return nodes[0]
    return values_of(np.fromiter(nodes, object, len(nodes)).reshape(shape))


def _runs(values: Values, shape: tuple[int, ...]) -> Iterable[tuple[Value, ...]]:
    """The runs of the last axis, each as one tuple that is handed out as often as it is needed."""
    count = math.prod(values.shape[:-1])
    runs = list(map(tuple, values.reshape(count, values.shape[-1]).tolist()))
    places = np.broadcast_to(np.arange(count).reshape(values.shape[:-1]), shape)
    return map(runs.__getitem__, places.ravel().tolist())


def _operands(a: Any, b: Any, name: str) -> tuple[Values, Values]:
    left, right = values_of(a), values_of(b)
    if not left.ndim or not right.ndim:
        raise ValueError(f"{name} multiplies arrays, and one of these is a single number; write a * b")
    return left, right


def _check_lengths(left: int, right: int, name: str, shapes: Sequence[tuple[int, ...]]) -> None:
    if left != right:
        raise ValueError(
            f"{name} needs axes of the same length to sum over, and these have {left} and {right}: shapes "
            f"{shapes[0]} and {shapes[1]}"
        )


@meaning_of("matmul", "linalg.matmul")
def matmul(a: Any, b: Any) -> Any:
    """a @ b: rows of a times columns of b, for each place of the axes before these."""
    left, right = _operands(a, b, "matmul")
    _check_lengths(left.shape[-1], right.shape[-2 if right.ndim > 1 else 0], "matmul", (left.shape, right.shape))
    if right.ndim == 1:
        return dots(left, right)
    columns = np.swapaxes(right, -1, -2)
    if left.ndim == 1:
        return dots(left, columns)
    return dots(left[..., :, None, :], columns[..., None, :, :])


@meaning_of("dot")
def dot(a: Any, b: Any, out: Any = None) -> Any:
    """NumPy's dot: the last axis of a with the one before the last of b, each place of one with each of the other."""
    left, right = values_of(a), values_of(b)
    if not left.ndim or not right.ndim:
        return into(out, left * right if left.ndim or right.ndim else left.item() * right.item())
    axis = right.ndim - 2 if right.ndim > 1 else 0
    return into(out, tensordot(left, right, axes=([left.ndim - 1], [axis])))


@meaning_of("inner")
def inner(a: Any, b: Any) -> Any:
    """The last axis of a with the last axis of b."""
    left, right = values_of(a), values_of(b)
    if not left.ndim or not right.ndim:
        return dot(a, b)
    return tensordot(left, right, axes=([left.ndim - 1], [right.ndim - 1]))


@meaning_of("vdot")
def vdot(a: Any, b: Any) -> Any:
    """Both as one long vector."""
    return dot(values_of(a).ravel(), values_of(b).ravel())


@meaning_of("vecdot", "linalg.vecdot")
def vecdot(a: Any, b: Any, *, axis: int = -1) -> Any:
    """Vectors of a with vectors of b, along an axis."""
    left, right = np.moveaxis(values_of(a), axis, -1), np.moveaxis(values_of(b), axis, -1)
    _check_lengths(left.shape[-1], right.shape[-1], "vecdot", (left.shape, right.shape))
    return dots(left, right)


@meaning_of("matvec")
def matvec(a: Any, b: Any) -> Any:
    """Matrices times vectors."""
    left, right = _operands(a, b, "matvec")
    if left.ndim < 2:
        raise ValueError(f"a product of a matrix and a vector needs a matrix, not an array of shape {left.shape}")
    _check_lengths(left.shape[-1], right.shape[-1], "matvec", (left.shape, right.shape))
    return dots(left, right[..., None, :])


@meaning_of("vecmat")
def vecmat(a: Any, b: Any) -> Any:
    """Vectors times matrices."""
    matrices = values_of(b)
    return matvec(np.swapaxes(matrices, -1, -2) if matrices.ndim > 1 else matrices, a)


@meaning_of("outer", "linalg.outer")
def outer(a: Any, b: Any, out: Any = None) -> Any:
    """Each element of a times each of b."""
    return into(out, dots(values_of(a).reshape(-1, 1, 1), values_of(b).reshape(1, -1, 1)))


@meaning_of("tensordot", "linalg.tensordot")
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """The given axes of a with those of b; or the last n of a with the first n of b."""
    left, right = values_of(a), values_of(b)
    if isinstance(axes, int):
        axes = list(range(left.ndim - axes, left.ndim)), list(range(axes))
    summed_left, summed_right = [
        [k % array.ndim for k in np.atleast_1d(given).tolist()]
        for given, array in zip(axes, (left, right), strict=True)
    ]
    lengths = [[array.shape[k] for k in given] for given, array in ((summed_left, left), (summed_right, right))]
    if lengths[0] != lengths[1]:
        raise ValueError(
            f"the axes to sum over have lengths {lengths[0]} in a and {lengths[1]} in b; they should agree"
        )
    rows, columns = _summed_last(left, summed_left), _summed_last(right, summed_right)
    shape = rows.shape[:-1] + columns.shape[:-1]
    sizes = math.prod(rows.shape[:-1]), math.prod(columns.shape[:-1])
    flat = dots(rows.reshape(sizes[0], 1, rows.shape[-1]), columns.reshape(1, sizes[1], columns.shape[-1]))
    return flat.reshape(shape) if shape else flat.item()


def _summed_last(values: Values, summed: Sequence[int]) -> Values:
    """The axes that are summed over as one, the last."""
    kept = [k for k in range(values.ndim) if k not in summed]
    moved = values.transpose([*kept, *summed])
    return moved.reshape((*[values.shape[k] for k in kept], math.prod(values.shape[k] for k in summed)))


# Einstein's sums ------------------------------------------------------------------------------------------


@meaning_of("einsum")
def einsum(subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, dtype: Any = None, **_: Any) -> Any:
    """Σ over the letters that the result does not have: "ij,jk->ik" is a @ b.

    Two operands make `dot` nodes; more are multiplied two at a time, from the left.
    """
    check_dtype(dtype)
    inputs, result, arrays = _parsed(subscripts, operands)
    letters, product = inputs[0], arrays[0]
    letters, product = _reduced(letters, product, _needed(inputs[1:], result))
    for k, (other, values) in enumerate(zip(inputs[1:], arrays[1:], strict=True), start=2):
        later = _needed(inputs[k:], result)
        other, values = _reduced(other, values, later | set(letters))
        letters, product = _multiplied(letters, product, other, values, later)
    product = values_of(product).transpose([letters.index(letter) for letter in result])
    return into(out, product if product.ndim else product.item())


def _parsed(subscripts: Any, operands: Sequence[Any]) -> tuple[list[str], str, list[Values]]:
    """The letters of each operand and of the result, one for each axis, also where there were dots."""
    if not isinstance(subscripts, str):
        subscripts, operands = _in_letters((subscripts, *operands))
    given, _, result = subscripts.replace(" ", "").partition("->")
    inputs, arrays = given.split(","), list(map(values_of, operands))
    if len(inputs) != len(arrays):
        raise ValueError(f"{subscripts!r} speaks of {len(inputs)} arrays, and there are {len(arrays)}")
    unused = [letter for letter in ascii_letters[::-1] if letter not in subscripts]
    hidden = max(a.ndim - len(i.replace("...", "")) for i, a in zip(inputs, arrays, strict=True))
    dots_ = "".join(unused[:hidden]) if "..." in given else ""
    if "->" not in subscripts:  # then the letters that stand once, in order
        once = sorted({letter for letter in given if letter.isalpha() and given.count(letter) == 1})
        result = ("..." if dots_ else "") + "".join(once)
    spelled = []
    for letters, values in zip(inputs, arrays, strict=True):
        count = values.ndim - len(letters.replace("...", ""))
        letters = letters.replace("...", dots_[len(dots_) - count :] if count > 0 else "")
        if len(letters) != values.ndim:
            raise ValueError(f"{letters!r} names {len(letters)} axes, and its array has shape {values.shape}")
        spelled.append(letters)
    result = result.replace("...", dots_)
    _check_letters(spelled, result, arrays)
    return spelled, result, arrays


def _in_letters(given: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """For arrays and lists of axes in turn, as in a, [0, 1], b, [1, 2], [0, 2]: "ab,bc->ac" and the arrays."""
    pairs = len(given) // 2
    axes, result = given[1 : 2 * pairs : 2], given[2 * pairs :]
    if not all(isinstance(each, (list, tuple)) for each in (*axes, *result)):
        raise TypeError("einsum takes letters as text, such as 'ij,jk->ik', or after each array a list of its axes")
    letters = [
        "".join("..." if axis is Ellipsis else ascii_letters[axis] for axis in each) for each in (*axes, *result)
    ]
    return ",".join(letters[:pairs]) + "".join(f"->{each}" for each in letters[pairs:]), given[: 2 * pairs : 2]


def _check_letters(inputs: Sequence[str], result: str, arrays: Sequence[Values]) -> None:
    lengths: dict[str, int] = {}
    for letters, values in zip(inputs, arrays, strict=True):
        for letter, length in zip(letters, values.shape, strict=True):
            if 1 not in (length, lengths.setdefault(letter, length)) and lengths[letter] != length:
                raise ValueError(
                    f"the axis {letter!r} has length {lengths[letter]} in one array and {length} in another"
                )
            lengths[letter] = max(length, lengths[letter])
    if set(result) - set(lengths) or len(set(result)) < len(result):
        raise ValueError(f"the result {result!r} should have letters of the arrays, each once")


def _needed(inputs: Sequence[str], result: str) -> set[str]:
    return set(result).union(*inputs)


def _reduced(letters: str, values: Values, needed: set[str]) -> tuple[str, Values]:
    """Diagonals where a letter stands twice, and sums over those that nothing else needs."""
    for letter in letters:
        while letters.count(letter) > 1:
            first, second = letters.index(letter), letters.rindex(letter)
            values = np.diagonal(values, axis1=first, axis2=second)
            letters = letters[:first] + letters[first + 1 : second] + letters[second + 1 :] + letter
    summed = [k for k, letter in enumerate(letters) if letter not in needed]
    if not summed:
        return letters, values
    runs = _summed_last(values, summed)
    return "".join(letter for letter in letters if letter in needed), values_of(along(-1, fsum, runs))


def _multiplied(letters: str, values: Values, others: str, other: Values, needed: set[str]) -> tuple[str, Values]:
    """The product of two arrays, summed over the letters that nothing after it needs."""
    both = list(dict.fromkeys(letters + others))
    kept, summed = [letter for letter in both if letter in needed], [letter for letter in both if letter not in needed]
    left, right = _aligned(letters, values, kept + summed), _aligned(others, other, kept + summed)
    lengths = np.broadcast_shapes(left.shape, right.shape)[len(kept) :]
    count = math.prod(lengths)
    left, right = (
        np.broadcast_to(side, side.shape[: len(kept)] + lengths).reshape((*side.shape[: len(kept)], count))
        for side in (left, right)
    )
    return "".join(kept), values_of(dots(left, right))


def _aligned(letters: str, values: Values, order: Sequence[str]) -> Values:
    """The axes in this order; where a letter is missing, an axis of length 1."""
    present = [letters.index(letter) for letter in order if letter in letters]
    moved = values.transpose(present)
    return moved[(*[slice(None) if letter in letters else None for letter in order], ...)]  # of no letters, too


# Made of products -----------------------------------------------------------------------------------------


@meaning_of("linalg.multi_dot")
def multi_dot(arrays: Sequence[Any], *, out: Any = None) -> Any:
    """a @ b @ c ..., from the left."""
    return into(out, reduce(dot, arrays))


@meaning_of("linalg.matrix_power")
def matrix_power(a: Any, n: int) -> Any:
    """a @ a @ ... @ a; for a negative n the inverse of that."""
    values = values_of(a)
    if n < 0:
        return matrix_power(np.linalg.inv(values), -n)
    return reduce(matmul, [values] * n) if n else np.zeros_like(values) + np.eye(len(values))


@meaning_of("kron")
def kron(a: Any, b: Any) -> Any:
    """Each element of a times all of b, laid out as blocks."""
    left, right = values_of(a), values_of(b)
    ndim = max(left.ndim, right.ndim)
    left, right = (side.reshape((1,) * (ndim - side.ndim) + side.shape) for side in (left, right))
    blocks = left[tuple([slice(None), None] * ndim)] * right[tuple([None, slice(None)] * ndim)]
    return blocks.reshape([m * n for m, n in zip(left.shape, right.shape, strict=True)])


@meaning_of("cross", "linalg.cross")
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The cross product of vectors of three numbers."""
    if axis is not None:
        axisa = axisb = axisc = axis
    left, right = np.moveaxis(values_of(a), axisa, -1), np.moveaxis(values_of(b), axisb, -1)
    if left.shape[-1] != 3 or right.shape[-1] != 3:
        raise ValueError(f"cross needs vectors of three numbers, not of {left.shape[-1]} and {right.shape[-1]}")
    parts = [left[..., j] * right[..., k] - left[..., k] * right[..., j] for j, k in ((1, 2), (2, 0), (0, 1))]
    return np.moveaxis(np.stack(list(map(values_of, parts)), axis=-1), -1, axisc)


@meaning_of("correlate")
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Σ aᵢ₊ₖ · vᵢ for each shift k."""
    left, right = values_of(a), values_of(v)
    if len(right) > len(left):
        return correlate(right, left, mode)[::-1]
    around = {"valid": (0, 0), "full": (len(right) - 1,) * 2, "same": (len(right) // 2, (len(right) - 1) // 2)}
    if mode not in around:
        raise ValueError(f"mode is 'valid', 'same' or 'full', not {mode!r}")
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(left, around[mode]), len(right))
    return dots(windows, right)


@meaning_of("convolve")
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Σ aₖ₋ᵢ · vᵢ for each k."""
    left, right = values_of(a), values_of(v)
    if len(right) > len(left):
        left, right = right, left
    return correlate(left, right[::-1], mode)
