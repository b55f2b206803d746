"""What a function returns beside what it should: where they differ, and which mistake would explain it.

A mistake is a formula too: whoever makes it gets these numbers. If a learner's numbers are those in all cases, the
sentence that belongs to the mistake is said; otherwise what can be seen in the numbers themselves, such as a sign.

May import: `learner` of this folder; `texts`; NumPy.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.exercises.learner import Learner, NotYet, shown
from tinygrad_edu.texts import counted, short_number

__all__ = ["Function", "Mistakes", "Question", "numbers", "plainly"]

#: Arrays with more entries than this are not written out.
_MANY = 8
Array: TypeAlias = NDArray[np.float64]
#: One array for each part of a result.
Parts: TypeAlias = "list[Array]"
Function: TypeAlias = Callable[..., Any]
#: What is said about each mistake, and a function that makes it.
Mistakes: TypeAlias = dict[str, Function]


@dataclass(frozen=True)
class _Case:
    """One call, and what came of it."""

    call: str
    arguments: tuple[Any, ...]
    got: Parts
    right: Parts

    @property
    def agrees(self) -> bool:
        return _same(self.got, self.right)


def plainly(function: Function, *arguments: Any) -> Any:
    """Call a function with copies of the arguments, so that it may change them.

    >>> mine = [3, 1, 2]
    >>> plainly(lambda numbers: numbers.pop(), mine), mine
    (2, [3, 1, 2])
    """
    return function(*copy.deepcopy(arguments))


@dataclass(frozen=True)
class Question:
    """A function to be written, and how it is compared with what is right, case by case.

    `says` begins the second half of the sentence: "finite differences say". `mistakes` are functions like the one that
    is asked for. `parts` names what a result is made of, where it is a tuple. `run` is how a function is called in a
    case, and `told` what that is called in words.
    """

    name: str
    expected: Function
    says: str
    mistakes: Mistakes = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    run: Callable[..., Any] = plainly
    told: Callable[..., str] = shown

    def ask(self, code: Learner, cases: Sequence[tuple[Any, ...]]) -> None:
        """Call the learner's function in each case; raises NotYet where it does not do what is right."""

        def written(*arguments: Any) -> Any:
            return code.call(self.name, *arguments)

        done = []
        for arguments in cases:
            call = self.told(self.name, *arguments)
            got = _parts(self.run(written, *arguments), call, self.parts)
            done.append(_Case(call, arguments, got, _parts(self.expected(*arguments), "what is right", self.parts)))
        wrong = [case for case in done if not case.agrees]
        if wrong:
            raise NotYet(f"{_difference(wrong[0], self.says, self.parts)}\n{self._explained(done, wrong)}")
        code.passed.append(f"{self.name}: {counted(len(done), 'case')}")

    def _explained(self, done: Sequence[_Case], wrong: Sequence[_Case]) -> str:
        """The sentence of the mistake that would give these numbers, or what can be seen in them."""
        for sentence, mistake in self.mistakes.items():
            if all(self._made(mistake, case) for case in done):
                return sentence
        right = len(done) - len(wrong)
        share = f"{right} of {counted(len(done), 'case')} are right." if right else "It is so in every case."
        return _seen_in_numbers(done) or share

    def _made(self, mistake: Function, case: _Case) -> bool:
        """Whether this mistake leads to the numbers of this case."""
        with np.errstate(all="ignore"):
            return _same(case.got, _parts(self.run(mistake, *case.arguments), "a mistake", self.parts))


def numbers(result: Any, call: str) -> Array:
    """A result as an array of floats; raises NotYet for what is none.

    >>> numbers([1, 2.5], "f()")
    array([1. , 2.5])
    """
    if result is None:
        raise NotYet(f"{call} returns None: is there a `return` on every way through the function?")
    if hasattr(result, "local_derivatives"):
        raise NotYet(f"{call} returns a Value, where plain numbers are asked for: its number is .data.")
    try:
        array = np.asarray(result)
        if array.dtype.kind not in "fiub":
            raise ValueError
        return array.astype(np.float64)
    except (ValueError, TypeError):
        kind = type(result).__name__
        raise NotYet(f"{call} returns {result!r:.60}, of type {kind}, which is not made of numbers alone.") from None


def _parts(result: Any, call: str, names: Sequence[str]) -> Parts:
    if not names:
        return [numbers(result, call)]
    if not isinstance(result, tuple | list) or len(result) != len(names):
        listed = ", ".join(names)
        raise NotYet(f"{call} returns {result!r:.60}, where {len(names)} things are asked for: {listed}.")
    return [numbers(part, f"{call}, {name}:") for part, name in zip(result, names, strict=True)]


def _same(some: Parts, others: Parts) -> bool:
    return all(
        one.shape == other.shape and np.allclose(one, other, rtol=1e-5, atol=1e-8, equal_nan=True)
        for one, other in zip(some, others, strict=True)
    )


def _difference(case: _Case, says: str, names: Sequence[str]) -> str:
    """The call, what it gives, and what it should."""
    wrong = [k for k, (got, right) in enumerate(zip(case.got, case.right, strict=True)) if not _same([got], [right])]
    got, right = case.got[wrong[0]], case.right[wrong[0]]
    what = f"{case.call}, {names[wrong[0]]}," if names else case.call
    if got.shape != right.shape:
        return f"{what} has the shape {got.shape}; {right.shape} is asked for."
    if got.size <= _MANY:
        return f"{what} gives {_written(got)}; {says} {_written(right)}."
    place = np.unravel_index(int(np.argmax(~np.isclose(got, right, rtol=1e-5, atol=1e-8))), got.shape)
    where = ", ".join(str(int(k)) for k in place)
    return f"{what} gives {short_number(got[place])} at [{where}]; {says} {short_number(right[place])}."


def _written(array: Array) -> str:
    """The numbers of a small array.

    >>> _written(np.array([[1.0, 0.5]]))
    '[[1, 0.5]]'
    """
    return short_number(float(array)) if array.ndim == 0 else f"[{', '.join(_written(row) for row in array)}]"


def _seen_in_numbers(done: Sequence[_Case]) -> str:
    """What the numbers of all cases together say: nan, a sign, a factor."""
    pairs = [(got, right) for case in done for got, right in zip(case.got, case.right, strict=True)]
    if any(got.shape != right.shape for got, right in pairs):
        turned = all(got.T.shape == right.shape for got, right in pairs)
        return "Rows and columns are exchanged." if turned else ""
    got, right = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in (0, 1))
    if not np.isfinite(got).all():
        return "A number that is nan or inf has come out: was there an overflow, or a division by 0?"
    if not got.any():
        return "It is 0 in every case."
    if np.allclose(got, -right, rtol=1e-5):
        return "In every case the sign is the wrong one."
    ratios = got[right != 0] / right[right != 0]
    if len(ratios) > 1 and np.allclose(ratios, ratios[0], rtol=1e-5) and np.allclose(got[right == 0], 0.0):
        return f"In every case it is {short_number(float(ratios[0]))} times what it should be: look for a factor."
    return ""
