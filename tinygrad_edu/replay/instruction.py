"""What an instruction is, and the two that compute nothing: what is given, and constants.

An instruction writes an array that has one row for each scalar. The batch is the last axis inside a program, though
it is the first for callers: so the numbers of one scalar lie side by side in memory, and a group of scalars that were
made together is a slice of rows.

Every instruction says the same thing twice: `view` and `run` work on NumPy arrays that are written anew at every call,
`evaluate` is a pure function for modules such as jax.numpy, whose arrays are never written to.

May import: NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

# What the methods of an instruction are for is said once, in `Instruction`.
__all__ = ["Array", "Call", "Instruction", "filled", "run_all", "shown", "told_apart"]

Array: TypeAlias = Any  # a NumPy or jax.numpy array; their types have nothing in common
Call: TypeAlias = "Callable[[], Any]"


class Instruction:
    """What writes a `Var`."""

    regroups = False  # whether `run` writes its rows in another shape, for which they must lie side by side

    @property
    def dtype(self) -> type:
        """What the elements of the result are."""
        return float

    @property
    def is_view(self) -> bool:
        """Whether the result is memory that is there already, seen otherwise, and costs nothing."""
        return False

    def key(self) -> Any:
        """What is equal for instructions that do the same."""
        return self

    def view(self, *arrays: Array, batch: int) -> Array:
        """The result, where it is a view."""
        raise NotImplementedError(type(self).__name__)

    def run(self, out: Array, *arrays: Array) -> Call:
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

    @property
    def is_view(self) -> bool:
        return True

    def key(self) -> Any:
        return Constant, told_apart(self.numbers)

    def view(self, *arrays: Array, batch: int) -> Array:
        return np.array(self.numbers).reshape(-1, 1)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        return m.asarray(self.numbers).reshape(-1, 1)

    def text(self, *names: str) -> str:
        first_ones = ", ".join(f"{number:.6g}" for number in self.numbers[:4])
        return f"constants {first_ones}{', ...' if len(self.numbers) > 4 else ''}"


def run_all(calls: Sequence[Call]) -> None:
    """Make the calls, one after the other: where an instruction needs more than one."""
    for call in calls:
        call()


# Some arguments of a function are known while a program is written, and stand in its instruction; None stands for an
# argument that is an array.


def told_apart(numbers: Sequence[float | None]) -> tuple[str, ...]:
    """A key for these numbers that tells 0.0 from -0.0, which are equal."""
    return tuple(map(repr, numbers))


def filled(arguments: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
    """All arguments of a function: the known ones, and the arrays where None stands.

    >>> filled([None, 2.0, None], ["a", "b"])
    ['a', 2.0, 'b']
    """
    given = iter(arrays)
    return [next(given) if argument is None else argument for argument in arguments]


def shown(arguments: Sequence[float | None], names: Sequence[str]) -> list[str]:
    """The same as text."""
    return [item if isinstance(item, str) else f"{item:.6g}" for item in filled(arguments, names)]
