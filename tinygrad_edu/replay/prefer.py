"""Two formulas of one number: a plain one, and one that keeps its digits where the plain one loses them.

May import: `elementwise` and `instruction` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.replay.elementwise import elements
from tinygrad_edu.replay.instruction import Array, Call, Constant, Instruction, filled, shown, told_apart

# What the methods of an instruction are for is said once, in `Instruction`.
__all__ = ["FEW", "Formula"]

#: For no more numbers than these, the other formula is computed for all of them. To look for those that need it, and
#: to copy them out and back, takes about ten microseconds, and so does a formula of a few functions on so many numbers.
FEW = 512


class Formula(NamedTuple):
    """A formula of single numbers as instructions, each with the places of its operands: inputs first, then results."""

    steps: tuple[tuple[Instruction, tuple[int, ...]], ...]
    result: int

    def bound(self, inputs: Sequence[Array], shape: tuple[int, ...], number: Any) -> tuple[list[Call], Array]:
        """The calls that compute it for these arrays of such numbers, and the array where the result will be."""
        arrays: list[Array] = [*inputs]
        runs: list[Call] = []
        for instruction, operands in self.steps:
            if isinstance(instruction, Constant):
                arrays.append(np.full(shape, instruction.numbers, number))
            else:
                out: Array = np.empty(shape, number if instruction.dtype is float else instruction.dtype)
                runs.append(instruction.run(out, *[arrays[k] for k in operands]))
                arrays.append(out)
        return runs, arrays[self.result]


def _as_vectors(*arrays: Array) -> Sequence[Array]:
    """Arrays of one shape as vectors, whose elements are found several times faster, where none needs a copy."""
    vectors = [array.reshape(-1) for array in arrays]
    shared = all(np.may_share_memory(*pair) for pair in zip(vectors, arrays, strict=True))
    return vectors if shared else arrays


@dataclass(frozen=True)
class Prefer(Instruction):
    """The numbers of a plain formula and, where they are no good, those of another.

    The operands are the plain numbers, whether each is good, and the arrays among the arguments of `otherwise`. The
    other formula is computed only where it is needed, but for small arrays, which are quicker without a search.
    """

    otherwise: Callable[..., Any]
    arguments: tuple[float | None, ...]  # of `otherwise`; None where a Var stands
    formula: Formula  # what `otherwise` makes of those

    def key(self) -> Any:
        return Prefer, self.otherwise, told_apart(self.arguments)

    def run(self, out: Array, *arrays: Array) -> Call:
        plain = arrays[0]
        target, good, *inputs = _as_vectors(out, *[np.broadcast_to(array, out.shape) for array in arrays[1:]])
        bad = np.empty(good.shape, dtype=bool)
        replace = self._everywhere if good.size <= FEW else self._where_needed
        replaced = replace(target, bad, inputs)

        def write() -> None:
            if plain is not out:  # else it was computed in its place
                np.copyto(out, plain)
            # The first that is false, if one is: there is no quicker way to ask whether all are true.
            if good.size and not good.item(good.argmin()):
                np.logical_not(good, bad)
                replaced()

        return write

    def _everywhere(self, target: Array, bad: Array, inputs: Sequence[Array]) -> Call:
        steps, result = self.formula.bound(inputs, target.shape, target.dtype)

        def replace() -> None:
            for step in steps:
                step()
            np.copyto(target, result, "same_kind", bad)

        return replace

    def _where_needed(self, target: Array, bad: Array, inputs: Sequence[Array]) -> Call:
        arguments = self._arguments(elements)

        def replace() -> None:
            places = bad.nonzero()
            target[places] = self.otherwise(elements, *filled(arguments, [array[places] for array in inputs]))

        return replace

    def _arguments(self, m: Any) -> list[Any]:
        """The known numbers as arrays, because 1.0 / 0.0 is an error of Python's."""
        return [None if argument is None else m.asarray(argument) for argument in self.arguments]

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        plain, good = arrays[:2]
        return m.where(good, plain, self.otherwise(m, *filled(self._arguments(m), arrays[2:])))

    def text(self, *names: str) -> str:
        name = self.otherwise.__name__.strip("_").replace("<lambda>", "otherwise")
        return f"{names[0]} where {names[1]}, else {name}({', '.join(shown(self.arguments, names[2:]))})"
