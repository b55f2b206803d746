"""Instructions on arrays of scalars: one row for each scalar, the examples of a batch along the last axis.

The batch is the last axis inside a program (it is the first for callers), so that each scalar is contiguous in
memory and a group of scalars made together is a slice. Every instruction can be bound to NumPy buffers, which are
reused at every call, and can be evaluated as a pure function of a module such as jax.numpy.

May import: `number_systems`, NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tinygrad_edu.number_systems import OPERATORS, PRIMITIVES, TRUTH, Arrays

__all__ = ["Grid", "Index", "Instruction", "check_rows", "grid_of", "index_of", "place", "row_numbers"]

Array: TypeAlias = Any  # a NumPy or jax.numpy array; their types have nothing in common
Run: TypeAlias = "Callable[[], Any]"


class Grid(NamedTuple):
    """Rows `start + i * outer_step + j * inner_step`: a matrix inside the parameters."""

    start: int
    outer: int
    outer_step: int
    inner: int
    inner_step: int

    def view(self, array: Array) -> Array:
        """The matrix (outer, inner) inside a column of rows, without a copy."""
        check_rows(self, len(array))  # NumPy would not: it shows whatever lies behind the array
        column = array[self.start :, 0]
        step = column.strides[0]
        strides = (self.outer_step * step, self.inner_step * step)
        return np.lib.stride_tricks.as_strided(column, (self.outer, self.inner), strides)

    def rows(self) -> Array:
        """The row numbers, as a matrix."""
        return self.start + np.add.outer(
            np.arange(self.outer) * self.outer_step, np.arange(self.inner) * self.inner_step
        )


#: Which rows: a slice, a grid, or row numbers; None means all.
Index: TypeAlias = "slice | Grid | np.ndarray[Any, Any] | None"


def check_rows(index: Index, count: int) -> None:
    """Raises IndexError for rows that an array of `count` rows does not have."""
    if isinstance(index, Grid):
        steps = ((index.outer - 1) * index.outer_step, (index.inner - 1) * index.inner_step)
        first, last = index.start + sum(min(0, step) for step in steps), index.start + sum(max(0, s) for s in steps)
    elif isinstance(index, slice):
        first, last = index.start, index.stop - 1
    elif index is not None and len(index):
        first, last = int(index.min()), int(index.max())
    else:
        return
    if not 0 <= first <= last < count:
        raise IndexError(f"rows {first} to {last} of an array that has {count}")


def index_of(rows: Sequence[int]) -> slice | np.ndarray[Any, Any]:
    """The rows as a slice where they are evenly spaced, so that they can be a view, else as an array."""
    first, step = rows[0], rows[1] - rows[0] if len(rows) > 1 else 1
    if step > 0 and list(rows) == list(range(first, first + step * len(rows), step)):
        return slice(first, first + step * (len(rows) - 1) + 1, step)
    return np.array(rows, dtype=np.intp)


def grid_of(rows: Sequence[int], outer: int) -> Grid | None:
    """The rows as a `Grid` with `outer` rows of its own, if they are one."""
    inner = len(rows) // outer
    grid = Grid(
        rows[0], outer, rows[inner] - rows[0] if outer > 1 else inner, inner, rows[1] - rows[0] if inner > 1 else 1
    )
    positive = grid.outer_step > 0 and grid.inner_step > 0
    return grid if positive and np.array_equal(grid.rows().ravel(), rows) else None


# Instructions ---------------------------------------------------------------------------------------------


def _told_apart(numbers: Sequence[float | None]) -> tuple[str, ...]:
    """What tells 0.0 from -0.0, which are equal."""
    return tuple(map(repr, numbers))


class Instruction:
    """What writes a `Var`. `view` and `run` are NumPy on buffers, `evaluate` is a pure function for JAX."""

    regroups = False  # whether `run` writes its rows in another shape, for which they must lie side by side

    def key(self) -> Any:
        """What is equal for instructions that do the same."""
        return self

    def view(self, *arrays: Array, batch: int) -> Array | None:
        """The result where it is a view of an operand and costs nothing, else None."""
        return None

    def run(self, out: Array, *arrays: Array) -> Run:
        """What to call at each run, to write the result into `out`."""
        raise NotImplementedError(type(self).__name__)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        """The result as a new array, with `m` an `Arrays` number system."""
        raise NotImplementedError(type(self).__name__)

    def text(self, *names: str) -> str:
        """The instruction as a line of the listing."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True)
class Leaf(Instruction):
    """An array that is given: data, parameters, noise, or the seed of the backward pass."""

    name: str

    def text(self, *names: str) -> str:
        return self.name


@dataclass(frozen=True)
class Constant(Instruction):
    """Constants, one in each row."""

    numbers: tuple[float, ...]

    def key(self) -> Any:
        return Constant, _told_apart(self.numbers)

    def view(self, *arrays: Array, batch: int) -> Array:
        return np.array(self.numbers).reshape(-1, 1)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return m.asarray(self.numbers).reshape(-1, 1)

    def text(self, *names: str) -> str:
        shown = ", ".join(f"{number:.6g}" for number in self.numbers[:4])
        return f"constants {shown}{', ...' if len(self.numbers) > 4 else ''}"


class _Elements(Arrays):
    """NumPy's functions, asked for at every run: what a search has found, it keeps."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found = super().__getattr__(name)
        if name in PRIMITIVES:
            setattr(self, name, found)
        return found


_elements = _Elements()


def _write_where(out: Array, condition: Array, a: Array, b: Array) -> None:
    np.copyto(out, b)
    np.copyto(out, a, "same_kind", condition)  # by position, which costs less than by name


def _write_where_number(out: Array, condition: Array, a: Array, b: Array) -> None:
    np.copyto(out, b)
    np.putmask(out, condition, a)  # the quicker one, for an `a` that is one number


def _write_indicator(out: Array, condition: Array) -> None:
    np.copyto(out, condition)


def _power(out: Array, base: Array, exponent: Array) -> Run:
    """Where all exponents are one number in memory and that is 0.5, NumPy takes √a, and √-inf is not -inf ** 0.5."""
    if exponent.ndim == 0 and exponent != 0.5:
        return partial(np.power, base, exponent, out)
    if exponent.ndim == 0:
        exponent = np.full(out.shape, exponent)
    if 0 not in exponent.strides:
        return partial(np.power, base, exponent, out)
    apart = np.empty(out.shape)

    def write() -> None:
        np.copyto(apart, exponent)
        np.power(base, apart, out)

    return write


def _write_result(function: Callable[..., Array], out: Array, *arrays: Array) -> None:
    out[...] = function(*arrays)


def _filled(arguments: Sequence[Any], arrays: Sequence[Array]) -> list[Any]:
    """The arguments of a function: the numbers that are known, and the arrays in the places between."""
    given = iter(arrays)
    return [next(given) if argument is None else argument for argument in arguments]


def _shown(arguments: Sequence[float | None], names: Sequence[str]) -> list[str]:
    return [item if isinstance(item, str) else f"{item:.6g}" for item in _filled(arguments, names)]


@dataclass(frozen=True)
class Elementwise(Instruction):
    """One function, applied to every element."""

    function: str
    arguments: tuple[float | None, ...]  # None where a Var stands

    def key(self) -> Any:
        return Elementwise, self.function, _told_apart(self.arguments)

    def run(self, out: Array, *arrays: Array) -> Run:
        # A number as a 0-d array: NumPy would make one at every call.
        arguments = [np.asarray(argument) for argument in _filled(self.arguments, arrays)]
        if self.function == "where":
            condition, a, b = arguments
            if condition.dtype != np.bool_:
                return partial(_write_truthy_where, out, condition, a, b)
            one = a.ndim == 0 and condition.shape == out.shape
            return partial(_write_where_number if one else _write_where, out, condition, a, b)
        if self.function == "indicator":
            return partial(_write_indicator, out, *arguments)
        ufunc = getattr(np, self.function, None)
        if ufunc is None:  # NumPy has no erf: one element after the other
            return partial(_write_result, getattr(_elements, self.function), out, *arguments)
        if self.function == "power":
            return _power(out, *arguments)
        if self.function in ("maximum", "minimum"):
            return partial(ufunc, *arguments, out=out)
        return partial(ufunc, *arguments, out)  # in its place, `out` costs half as much as by name

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        arguments = _filled(self.arguments, arrays)
        return arguments[0] * 1.0 if self.function == "indicator" else getattr(m, self.function)(*arguments)

    def text(self, *names: str) -> str:
        shown = _shown(self.arguments, names)
        sign = _SIGNS.get(self.function)
        return f" {sign.replace('&', 'and')} ".join(shown) if sign else f"{self.function}({', '.join(shown)})"


def _write_truthy_where(out: Array, condition: Array, a: Array, b: Array) -> None:
    _write_where(out, np.asarray(condition) != 0.0, a, b)


_SIGNS = {name: sign for sign, name in OPERATORS.items() if not sign.isalpha()}
BOOLEAN = {OPERATORS[sign] for sign in TRUTH}


class Formula(NamedTuple):
    """A formula of single numbers as instructions, each with the places of its operands: inputs first, then results."""

    steps: tuple[tuple[Instruction, tuple[int, ...], type], ...]
    result: int

    def bound(self, inputs: Sequence[Array], shape: tuple[int, ...]) -> tuple[list[Run], Array]:
        """The calls that compute it for these arrays, and the array where the result will be."""
        arrays: list[Array] = [*inputs]
        runs: list[Run] = []
        for instruction, operands, dtype in self.steps:
            if isinstance(instruction, Constant):
                arrays.append(np.full(shape, instruction.numbers))
            else:
                out: Array = np.empty(shape, dtype)
                runs.append(instruction.run(out, *[arrays[k] for k in operands]))
                arrays.append(out)
        return runs, arrays[self.result]


def _as_vectors(*arrays: Array) -> Sequence[Array]:
    """Arrays of one shape as vectors, whose elements are found several times faster, where none needs a copy."""
    vectors = [array.reshape(-1) for array in arrays]
    shared = all(np.may_share_memory(*pair) for pair in zip(vectors, arrays, strict=True))
    return vectors if shared else arrays


_FEW = 512  # so many numbers are computed sooner than searched


@dataclass(frozen=True)
class Prefer(Instruction):
    """The numbers of a plain formula and, where they are no good, those of another.

    The other one is computed only where it is needed, but for small arrays, which are quicker without a search.
    """

    otherwise: Callable[..., Any]
    arguments: tuple[float | None, ...]  # of `otherwise`; None where a Var stands
    formula: Formula  # what `otherwise` makes of those

    def key(self) -> Any:
        return Prefer, self.otherwise, _told_apart(self.arguments)

    def run(self, out: Array, *arrays: Array) -> Run:
        plain = arrays[0]
        target, good, *inputs = _as_vectors(out, *[np.broadcast_to(array, out.shape) for array in arrays[1:]])
        bad = np.empty(good.shape, dtype=bool)
        replace = self._everywhere if good.size <= _FEW else self._where_needed
        replaced = replace(target, bad, inputs)

        def write() -> None:
            if plain is not out:  # else it was computed in its place
                np.copyto(out, plain)
            # The first that is false, if one is: there is no quicker way to ask whether all are true.
            if good.size and not good.item(good.argmin()):
                np.logical_not(good, bad)
                replaced()

        return write

    def _everywhere(self, target: Array, bad: Array, inputs: Sequence[Array]) -> Run:
        steps, result = self.formula.bound(inputs, target.shape)

        def replace() -> None:
            for step in steps:
                step()
            np.copyto(target, result, "same_kind", bad)

        return replace

    def _where_needed(self, target: Array, bad: Array, inputs: Sequence[Array]) -> Run:
        arguments = self._arguments(_elements)

        def replace() -> None:
            places = bad.nonzero()
            target[places] = self.otherwise(_elements, *_filled(arguments, [array[places] for array in inputs]))

        return replace

    def _arguments(self, m: Any) -> list[Any]:
        """With numbers as arrays, because 1.0 / 0.0 is an error of Python's."""
        return [None if argument is None else m.asarray(argument) for argument in self.arguments]

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        plain, good = arrays[:2]
        return m.where(good, plain, self.otherwise(m, *_filled(self._arguments(m), arrays[2:])))

    def text(self, *names: str) -> str:
        name = self.otherwise.__name__.strip("_").replace("<lambda>", "otherwise")
        return f"{names[0]} where {names[1]}, else {name}({', '.join(_shown(self.arguments, names[2:]))})"


def _index_text(name: str, index: Index) -> str:
    if isinstance(index, slice):
        return f"{name}[{index.start}:{index.stop}{f':{index.step}' if index.step != 1 else ''}]"
    if isinstance(index, Grid):
        return f"{name}[{index.outer}×{index.inner}]"
    return name if index is None else f"{name}[{len(index)} rows]"


@dataclass(frozen=True, eq=False)
class Rows(Instruction):
    """Some rows of an array: a view where they are evenly spaced."""

    index: slice | np.ndarray[Any, Any]

    def key(self) -> Any:
        if isinstance(self.index, slice):
            return Rows, self.index.start, self.index.stop, self.index.step
        return Rows, self.index.tobytes()

    def view(self, *arrays: Array, batch: int) -> Array | None:
        check_rows(self.index, len(arrays[0]))  # a slice would be cut off, and what "clip" finds is another row
        return arrays[0][self.index] if isinstance(self.index, slice) else None

    def run(self, out: Array, *arrays: Array) -> Run:
        check_rows(self.index, len(arrays[0]))
        return partial(np.take, arrays[0], self.index, 0, out, "clip")  # "clip" writes to `out` without a buffer

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return arrays[0][self.index]

    def text(self, *names: str) -> str:
        return _index_text(names[0], self.index)


@dataclass(frozen=True)
class Matrix(Instruction):
    """A matrix inside a column of parameters, as a view."""

    grid: Grid

    def view(self, *arrays: Array, batch: int) -> Array:
        return self.grid.view(arrays[0])

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return arrays[0][self.grid.rows(), 0]

    def text(self, *names: str) -> str:
        return _index_text(names[0], self.grid)


@dataclass(frozen=True)
class Repeat(Instruction):
    """One row, seen `times` times."""

    times: int

    def view(self, *arrays: Array, batch: int) -> Array:
        return np.broadcast_to(arrays[0], (self.times, arrays[0].shape[1]))

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return m.broadcast_to(arrays[0], (self.times, arrays[0].shape[1]))

    def text(self, *names: str) -> str:
        return names[0]


@dataclass(frozen=True)
class Spread(Instruction):
    """What is the same for all examples, seen once per example."""

    def view(self, *arrays: Array, batch: int) -> Array:
        return np.broadcast_to(arrays[0], (arrays[0].shape[0], batch))

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return m.broadcast_to(arrays[0], (arrays[0].shape[0], batch))

    def text(self, *names: str) -> str:
        return names[0]


@dataclass(frozen=True)
class SumBatch(Instruction):
    """The sum over the examples."""

    def run(self, out: Array, *arrays: Array) -> Run:
        return _product(arrays[0], np.ones((arrays[0].shape[1], 1)), out)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return arrays[0].sum(axis=1, keepdims=True)

    def text(self, *names: str) -> str:
        return f"sum of {names[0]} over the batch"


def _reduced(ufunc: np.ufunc, array: Array, lengths: Sequence[int], out: Array) -> Run:
    """The call that reduces each run of rows to one."""
    if len(set(lengths)) == 1:
        cube = array.reshape(len(lengths), lengths[0], array.shape[1])  # a view: no rows are merged
        return partial(ufunc.reduce, cube, 1, None, out)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.intp)
    if array.shape[1] == 1:  # one example: a plain vector is twice as fast
        array, out = array[:, 0], out[:, 0]
    return partial(ufunc.reduceat, array, starts, 0, None, out)


@dataclass(frozen=True)
class SegmentSum(Instruction):
    """The sums of consecutive runs of rows, which have the given lengths.

    Each addition is rounded, in the order that is quickest for NumPy, where eager `fsum` rounds the whole sum once.
    """

    lengths: tuple[int, ...]

    def run(self, out: Array, *arrays: Array) -> Run:
        if len(self.lengths) == 1:  # a product with ones is the quickest sum
            return _product(np.ones((1, self.lengths[0])), arrays[0], out)
        return _reduced(np.add, arrays[0], self.lengths, out)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        out = m.zeros((len(self.lengths), arrays[0].shape[1]))
        return out.at[np.repeat(np.arange(len(self.lengths)), self.lengths)].add(arrays[0])

    def text(self, *names: str) -> str:
        widths = sorted(set(self.lengths))
        many = str(widths[0]) if len(widths) == 1 else f"{widths[0]} to {widths[-1]}"
        return f"sums of {many} rows of {names[0]}, rounded as they go"


@dataclass(frozen=True)
class SegmentMax(Instruction):
    """The largest of each consecutive run of rows."""

    lengths: tuple[int, ...]

    def run(self, out: Array, *arrays: Array) -> Run:
        return _reduced(np.maximum, arrays[0], self.lengths, out)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        out = m.full((len(self.lengths), arrays[0].shape[1]), -np.inf)
        return out.at[np.repeat(np.arange(len(self.lengths)), self.lengths)].max(arrays[0])

    def text(self, *names: str) -> str:
        return f"largest of each of {len(self.lengths)} runs of {names[0]}"


def _product(left: Array, right: Array, out: Array) -> Run:
    """out = left @ right; `dot` has half the overhead of `matmul`, but two limits.

    It wants contiguous memory to write to, and it skips a factor of one element that is 0, where 0 · nan is nan.
    """
    fits = out.flags.c_contiguous and left.size > 1 and right.size > 1
    return partial(np.dot if fits else np.matmul, left, right, out)


def _as_matrix(array: Array, rows: int) -> Array:
    """The array as a matrix with so many rows: what follows is regrouped into its columns."""
    return array if array.shape[0] == rows else array.reshape(rows, array.size // rows)


@dataclass(frozen=True)
class MatMul(Instruction):
    """left @ right, each regrouped into so many rows and perhaps transposed."""

    left_rows: int
    left_transposed: bool
    right_rows: int
    right_transposed: bool
    regroups = True

    def _factors(self, left: Array, right: Array) -> tuple[Array, Array]:
        left, right = _as_matrix(left, self.left_rows), _as_matrix(right, self.right_rows)
        return left.T if self.left_transposed else left, right.T if self.right_transposed else right

    def run(self, out: Array, *arrays: Array) -> Run:
        left, right = self._factors(*arrays)
        result = out if out.shape == (left.shape[0], right.shape[1]) else out.reshape(left.shape[0], right.shape[1])
        if np.shares_memory(left, arrays[0]) and np.shares_memory(right, arrays[1]):
            return _product(left, right, result)
        return lambda: np.matmul(*self._factors(*arrays), result)  # a factor that must be copied each time

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        left, right = self._factors(*arrays)
        # A column for each example and position, which are rows and columns elsewhere; or the sum over the examples.
        return (left @ right).reshape(-1, 1 if self.right_transposed else arrays[1].shape[1])

    def text(self, *names: str) -> str:
        left, right = (
            f"{name}{'ᵀ' if t else ''}"
            for name, t in zip(names, (self.left_transposed, self.right_transposed), strict=True)
        )
        return f"{left} @ {right}"


@dataclass(frozen=True, eq=False)
class Assemble(Instruction):
    """An array put together: each part is written to its rows, or added to what earlier parts wrote there."""

    rows: int
    batched: bool
    parts: tuple[tuple[Index, bool], ...]  # where, and whether it is added
    clears: bool  # whether to begin with zeros, because a part is added to rows of which some hold nothing yet

    def run(self, out: Array, *arrays: Array | None) -> Run:
        """As for any instruction; a part that was computed in place comes as None."""
        writes: list[Run] = [partial(out.fill, 0.0)] if self.clears else []
        for (index, added), part in zip(self.parts, arrays, strict=True):
            if part is not None:
                writes.append(_write_part(out, index, added, part))

        def write() -> None:
            for one in writes:
                one()

        return writes[0] if len(writes) == 1 else write

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        out = m.zeros((self.rows, batch if self.batched else 1))
        for (index, added), part in zip(self.parts, arrays, strict=True):
            rows = row_numbers(index, self.rows)
            target, part = out.at[rows], part.reshape(len(rows), -1)
            out = target.add(part) if added else target.set(part)
        return out

    def text(self, *names: str) -> str:
        return f"{len(names)} parts: {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"


def row_numbers(index: Index, count: int) -> np.ndarray[Any, Any]:
    """The row numbers that an index of `count` rows stands for."""
    if isinstance(index, Grid):
        return np.asarray(index.rows().ravel())
    return np.arange(count)[slice(None) if index is None else index]


def place(out: Array, index: Index) -> Array | None:
    """The indexed rows as a view, where they can be one; IndexError for rows that are not there."""
    check_rows(index, len(out))
    if isinstance(index, Grid):
        return index.view(out)
    return None if isinstance(index, np.ndarray) else out[slice(None) if index is None else index]


def _write_part(out: Array, index: Index, added: bool, part: Array) -> Run:
    target = place(out, index)
    if target is not None:
        part = part.reshape(target.shape) if isinstance(index, Grid) else part
        return partial(np.add, target, part, target) if added else partial(np.copyto, target, part)
    rows: Any = index

    def write() -> None:
        if added:
            out[rows] += part
        else:
            out[rows] = part

    return write


@dataclass(frozen=True)
class Places(Instruction):
    """Where the options that indices name lie in a flattened table (count, width), or an IndexError.

    With `own`, index k looks into column k, and there are as many indices as columns; otherwise each index picks a
    whole row. `per_example` says whether each example has a table of its own.
    """

    count: int
    width: int
    own: bool
    per_example: bool

    def _strides(self, m: Any, batch: int) -> tuple[int, Any]:
        """Place = index * first + second, in the shape (indices, columns of each, batch)."""
        columns = np.arange(self.width).reshape((-1, 1, 1) if self.own else (1, -1, 1))
        return (self.width * batch, columns * batch + m.arange(batch)) if self.per_example else (self.width, columns)

    def run(self, out: Array, *arrays: Array) -> Run:
        index = arrays[0]
        whole, batch = np.empty(index.shape, dtype=int), index.shape[1]
        scale, offsets = self._strides(np, batch)
        places = out.reshape(index.shape[0], 1 if self.own else self.width, batch)

        def write() -> None:
            np.copyto(whole, index, "unsafe")
            if whole.size and not (
                np.equal(whole, index).all()
                and np.minimum.reduce(whole, None) >= 0
                and np.maximum.reduce(whole, None) < self.count
            ):
                raise self.error(index)
            np.multiply(whole[:, None, :], scale, places)
            np.add(places, offsets, places)

        return write

    def error(self, index: Array) -> IndexError:
        """What to raise for indices among which some name no option."""
        shown = np.asarray(index).ravel()[:8].tolist()
        return IndexError(f"an index must be a whole number from 0 to {self.count - 1}, and these are not: {shown}")

    def are_all_there(self, m: Any, index: Array) -> Array:
        """Whether each index names an option, as one truth value."""
        return ((index >= 0) & (index < self.count) & (m.floor(index) == index)).all()

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        scale, offsets = self._strides(m, batch)
        return (arrays[0].astype(int)[:, None, :] * scale + offsets).reshape(-1, batch)

    def text(self, *names: str) -> str:
        return f"places of {names[0]} among {self.count}×{self.width}"


@dataclass(frozen=True)
class Choose(Instruction):
    """The options at the given places."""

    def run(self, out: Array, *arrays: Array) -> Run:
        places, options = arrays
        if options.flags.c_contiguous:
            return partial(np.take, options.reshape(-1), places, None, out, "clip")
        return lambda: np.take(options.ravel(), places, None, out, "clip")

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        places, options = arrays
        return options.ravel()[places]

    def text(self, *names: str) -> str:
        return f"{names[1]} at {names[0]}"


@dataclass(frozen=True)
class ChooseTransposed(Instruction):
    """The gradient of the options: what was handed to each choice, added up where the choice was made.

    An option not chosen gets 0 · upstream, which is 0, or nan where the upstream is not finite, as in eager code.
    """

    places: Places
    rows: int
    regroups = True

    def run(self, out: Array, *arrays: Array) -> Run:
        places, upstream = arrays
        once = self.places.own and self.places.per_example  # then no two choices can meet
        flat = out.reshape(-1)

        def write() -> None:
            if not math.isfinite(np.add.reduce(upstream, None)):
                flat[...] = self._one_by_one(places, upstream).ravel()
            elif once:
                flat.fill(0.0)
                flat[places] = upstream
            else:
                np.copyto(flat, np.bincount(places.ravel(), upstream.ravel(), flat.size))

        return write

    def _one_by_one(self, places: Array, upstream: Array) -> Array:
        """What every choice hands to every option, (options, indices, columns of each, batch), added up."""
        width, batch = self.places.width, upstream.shape[1]
        columns = 1 if self.places.own else width
        index = places.reshape(-1, columns, batch) // (width * batch if self.places.per_example else width)
        gradient = upstream.reshape(-1, columns, batch)
        chosen = index[None] == np.arange(self.places.count)[:, None, None, None]
        handed = np.where(chosen, gradient, gradient * 0.0)
        handed = handed[:, :, 0] if self.places.own else handed.sum(axis=1)
        return handed if self.places.per_example else handed.sum(axis=2)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        places, upstream = [array.ravel() for array in arrays]
        width = batch if self.places.per_example else 1
        columns = self.places.width * width

        def added_up(numbers: Array) -> Array:
            return m.zeros(self.places.count * columns).at[places].add(numbers).reshape(-1, columns)

        # An option's column may have upstreams that are not finite and were handed to others: it gets 0 times those.
        infinite = m.where(m.abs(upstream) < math.inf, 0.0, 1.0)
        elsewhere = m.zeros(columns).at[places % columns].add(infinite) - added_up(infinite)
        return (added_up(upstream) + m.where(elsewhere > 0.0, math.nan, 0.0)).reshape(self.rows, width)

    def text(self, *names: str) -> str:
        return f"{names[1]} added up at {names[0]}"
