"""Functions of single numbers, applied to every element of whole arrays.

May import: `number_systems`; `instruction` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.number_systems import OPERATORS, PRIMITIVES, TRUTH, Arrays
from tinygrad_edu.replay.instruction import Array, Call, Instruction, filled, shown, told_apart

# What the methods of an instruction are for is said once, in `Instruction`.
__all__ = ["BOOLEAN", "as_vectors", "elements"]

_SIGNS = {name: sign for sign, name in OPERATORS.items() if not sign.isalpha()}
#: From so many elements on, choosing by the bits is worth its four calls.
_MANY = 8192
#: The functions whose results are truth values.
BOOLEAN = {OPERATORS[sign] for sign in TRUTH}


class _Elements(Arrays):
    """NumPy's functions for use at every run: each is searched for once, and then kept."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found = super().__getattr__(name)
        if name in PRIMITIVES:
            setattr(self, name, found)
        return found


elements = _Elements()


def as_vectors(out: Array, *arguments: Array) -> list[Array]:
    """The same arrays with fewer axes, where that needs no copy: one example as vectors, one number as a 0-d array.

    NumPy then has one loop to run and nothing to spread, which takes it a third of the time for short arrays.
    """
    if out.size > 1:
        arguments = tuple([array.reshape(()) if array.size == 1 else array for array in arguments])
    if out.ndim == 2 and out.shape[1] == 1 and all(array.ndim == 0 or array.shape == out.shape for array in arguments):
        return [array if array.ndim == 0 else array[:, 0] for array in (out, *arguments)]
    return [out, *arguments]


@dataclass(frozen=True)
class Elementwise(Instruction):
    """One function, applied to every element."""

    function: str
    arguments: tuple[float | None, ...]  # None where a Var stands

    @property
    def dtype(self) -> type:
        return bool if self.function in BOOLEAN else float

    @property
    def works_in_place(self) -> bool:
        """Whether the result may be written over an operand."""
        return self.function not in _WITH_A_CALL_OF_THEIR_OWN or self.function in _OF_TWO

    def key(self) -> Any:
        return Elementwise, self.function, told_apart(self.arguments)

    def run(self, out: Array, *arrays: Array) -> Call:
        # A number as a 0-d array of their kind: NumPy would make one at every call.
        kind = np.result_type(*[array.dtype for array in (out, *arrays) if array.dtype.kind == "f"] or [float])
        numbers = [None if number is None else np.asarray(number, kind) for number in self.arguments]
        out, *arguments = as_vectors(out, *filled(numbers, arrays))
        if self.function in _WITH_A_CALL_OF_THEIR_OWN:
            return _WITH_A_CALL_OF_THEIR_OWN[self.function](out, *arguments)
        ufunc = getattr(np, self.function, None)
        if ufunc is None:  # NumPy has no erf: one element after the other
            return partial(_write_result, getattr(elements, self.function), out, *arguments)
        return partial(ufunc, *arguments, out)  # in its place, `out` costs half as much as by name

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return getattr(m, self.function)(*filled(self.arguments, arrays))

    def text(self, *names: str) -> str:
        written = shown(self.arguments, names)
        sign = _SIGNS.get(self.function)
        return f" {sign.replace('&', 'and')} ".join(written) if sign else f"{self.function}({', '.join(written)})"


def _write_result(function: Callable[..., Array], out: Array, *arrays: Array) -> None:
    out[...] = function(*arrays)


def _where(out: Array, condition: Array, a: Array, b: Array) -> Call:
    if condition.dtype != np.bool_:
        return partial(_write_truthy_where, out, condition, a, b)
    if a.ndim or condition.shape != out.shape:
        return partial(_write_where, out, condition, a, b)
    if out.size < _MANY or not a.dtype == b.dtype == out.dtype:
        return partial(_write_where_number, out, condition, a, b)
    out, a, b = (array.view(f"i{out.itemsize}") for array in (out, a, b))
    return partial(_write_where_bits, out, a, b, condition.view(np.int8), np.empty(out.shape, np.int8))


def _write_where(out: Array, condition: Array, a: Array, b: Array) -> None:
    np.copyto(out, b)
    np.copyto(out, a, "same_kind", condition)  # by position, which costs less than by name


def _write_where_number(out: Array, condition: Array, a: Array, b: Array) -> None:
    np.copyto(out, b)
    np.putmask(out, condition, a)  # the quicker one, for an `a` that is one number


def _write_where_bits(out: Array, a: Array, b: Array, condition: Array, chosen: Array) -> None:
    """b ^ ((a ^ b) & -condition), on the bits: a processor that guesses each condition guesses many wrong."""
    np.negative(condition, chosen)
    np.bitwise_xor(a, b, out)
    np.bitwise_and(out, chosen, out)
    np.bitwise_xor(out, b, out)


def _write_truthy_where(out: Array, condition: Array, a: Array, b: Array) -> None:
    """The condition is a number, and every number but 0 is true."""
    _write_where(out, np.asarray(condition) != 0.0, a, b)


def _power(out: Array, base: Array, exponent: Array) -> Call:
    """Where all exponents are one number in memory and that is 0.5, NumPy takes √a, and √-inf is not -inf ** 0.5."""
    if exponent.ndim == 0 and exponent != 0.5:
        return partial(np.power, base, exponent, out)
    if exponent.ndim == 0:
        exponent = np.full(out.shape, exponent, exponent.dtype)
    if 0 not in exponent.strides:
        return partial(np.power, base, exponent, out)
    apart = np.empty(out.shape, exponent.dtype)

    def write() -> None:
        np.copyto(apart, exponent)
        np.power(base, apart, out)

    return write


def _larger(ufunc: np.ufunc, out: Array, a: Array, b: Array) -> Call:
    return partial(ufunc, a, b, out=out)  # by name: in its place, a third argument of these is deprecated


#: The functions whose call needs more than their place.
_OF_TWO = {"maximum": partial(_larger, np.maximum), "minimum": partial(_larger, np.minimum)}
#: What is more than a call of the function of that name.
_WITH_A_CALL_OF_THEIR_OWN: dict[str, Callable[..., Call]] = {
    "where": _where,
    "power": _power,
    **_OF_TWO,
}
