"""Known numbers, chosen by conditions: a slope such as 1, ½ or 0, and the 1 or 0 that a truth value is.

Of many numbers, bytes are chosen from, not floats: eight times as many fit into a register, and then each becomes the
float that it stands for.

May import: `elementwise` and `instruction` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinygrad_edu.replay.elementwise import as_vectors
from tinygrad_edu.replay.instruction import Array, Call, Instruction, told_apart

# What the methods of an instruction are for is said once, in `Instruction`.
__all__ = ["MOST", "TRUTH"]

#: What a truth value is as a number.
TRUTH = (1.0, 0.0)
#: More conditions than these are not gathered: of a long chain, each link would begin anew.
MOST = 3
#: From so many elements on, choosing bytes is worth its calls.
_MANY = 4096


@dataclass(frozen=True)
class Cases(Instruction):
    """The number of the first condition that holds, and the last number where none does.

    >>> print(Cases((1.0, 0.5, 0.0)).text("v1", "v2"))
    1 where v1, 0.5 where v2, else 0
    """

    numbers: tuple[float, ...]

    def key(self) -> Any:
        return Cases, told_apart(self.numbers)

    def run(self, out: Array, *arrays: Array) -> Call:
        out, *conditions = as_vectors(out, *arrays)
        if told_apart(self.numbers) == told_apart(TRUTH):
            return partial(np.copyto, out, *conditions)
        in_bytes = _in_bytes(self.numbers, out.dtype) if out.size >= _MANY else None
        if in_bytes is None:
            return partial(_write, out, conditions, self.numbers)
        truths = [condition.view(np.int8) for condition in conditions]
        chosen, other = np.empty(out.shape, np.int8), np.empty(out.shape, np.int8)
        return partial(_write_by_bytes, out, truths, *in_bytes, chosen, other)

    def evaluate(self, m: Any, *arrays: Array, batch: int) -> Array:
        # Not condition · 1.0: XLA would take a factor that is 0 or 1 for a choice, and 0 · ∞ for 0.
        return self.written(m, arrays)

    def written(self, m: Any, conditions: Sequence[Any]) -> Any:
        """The same in another number system, one choice inside the other."""
        *numbers, chosen = self.numbers
        for condition, number in zip(reversed(conditions), reversed(numbers), strict=True):
            chosen = m.where(condition, number, chosen)
        return chosen

    def text(self, *names: str) -> str:
        cases = [f"{number:.6g} where {name}" for number, name in zip(self.numbers, names, strict=False)]
        return f"{', '.join(cases)}, else {self.numbers[-1]:.6g}"


def _in_bytes(numbers: Sequence[float], kind: Any) -> tuple[list[Array], Array] | None:
    """Small integers and a unit, of which these numbers are exactly so many; None where they are not."""
    given = np.array(numbers, kind)
    unit = np.abs(given[given != 0.0]).min(initial=1.0 if not given.any() else np.inf)
    with np.errstate(all="ignore"):
        counts = np.rint(given / unit)
        are_small = bool((np.abs(counts) < 128.0).all())
    # On bits, because no byte is -0.0.
    if not are_small or (counts.astype(np.int8) * unit).tobytes() != given.tobytes():
        return None
    return [np.array(count, np.int8) for count in counts], np.asarray(unit)


def _write(out: Array, conditions: Sequence[Array], numbers: Sequence[float]) -> None:
    out.fill(numbers[-1])
    for k in range(len(conditions) - 1, -1, -1):  # the first one that holds has the last word
        if conditions[k].shape == out.shape:
            np.putmask(out, conditions[k], numbers[k])
        else:
            np.copyto(out, numbers[k], "same_kind", conditions[k])


def _write_by_bytes(
    out: Array, truths: Sequence[Array], counts: Sequence[Array], unit: Array, chosen: Array, other: Array
) -> None:
    """chosen ^ ((chosen ^ count) · truth): a processor that guesses each condition guesses many wrong."""
    np.copyto(chosen, counts[-1])
    for k in range(len(truths) - 1, -1, -1):
        np.bitwise_xor(chosen, counts[k], other)
        np.multiply(other, truths[k], other)
        np.bitwise_xor(chosen, other, chosen)
    np.copyto(out, chosen)
    np.multiply(out, unit, out)
