"""What functions are given, checked: sizes, positive numbers, seeds, and names that are nearly right.

Each check returns the argument as the type that the caller goes on with, or raises an error that says in one sentence
what was given, what it was given as, and what is expected.

May import: NumPy.
"""

from __future__ import annotations

import difflib
import inspect
import math
import operator
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "Seed",
    "above_zero",
    "at_least_zero",
    "check_takes",
    "kept_share",
    "random_generator",
    "unknown_name",
    "whole_number",
]

#: What makes random numbers repeatable: an int, a generator that is used further, or None for fresh randomness.
Seed: TypeAlias = int | np.random.Generator | None


def whole_number(number: Any, what: str, least: int = 1) -> int:
    """The number as an int of at least `least`.

    Raises ValueError for another number, TypeError for what is none.

    >>> whole_number(0, "n_inputs")
    Traceback (most recent call last):
        ...
    ValueError: n_inputs should be a whole number of at least 1, not 0
    """
    try:
        count = operator.index(number)
    except TypeError:
        kind = ValueError if isinstance(number, Real) else TypeError
        raise kind(f"{what} should be a whole number of at least {least}, not {number!r}") from None
    if count < least or isinstance(number, bool):
        raise ValueError(f"{what} should be a whole number of at least {least}, not {number!r}")
    return count


def above_zero(number: Any, what: str) -> float:
    """The number as a float, if it is finite and above 0.

    Raises ValueError for another number, TypeError for what is none.

    >>> above_zero(0.0, "epsilon, which keeps a division from one by 0,")
    Traceback (most recent call last):
        ...
    ValueError: epsilon, which keeps a division from one by 0, must be a finite number above 0, not 0
    """
    return _real(number, what, "must be a finite number above 0", lambda real: 0.0 < real < math.inf)


def at_least_zero(number: Any, what: str) -> float:
    """The number as a float, if it is finite and not negative.

    Raises ValueError for another number, TypeError for what is none.

    >>> at_least_zero(0.0, "weight_decay")
    0.0
    """
    return _real(number, what, "must be a finite number of at least 0", lambda real: 0.0 <= real < math.inf)


def kept_share(number: Any, what: str) -> float:
    """The number as a float, if it is in [0, 1): how much of the past a running average keeps.

    Raises ValueError for another number, TypeError for what is none.

    >>> kept_share(0.9, "momentum")
    0.9
    """
    return _real(
        number,
        what,
        "must be at least 0 and below 1",
        lambda real: 0.0 <= real < 1.0,
        "the share of the past that is kept",
    )


def _real(number: Any, what: str, expected: str, holds: Callable[[float], bool], meaning: str = "") -> float:
    try:
        real = math.copysign(math.fabs(number), number)  # which take no text, as float() would
    except TypeError:
        raise TypeError(f"{what} must be a number, not {number!r}") from None
    if not holds(real):
        raise ValueError(f"{what} {expected}, not {real:g}{meaning and f': it is {meaning}'}")
    return real


def random_generator(seed: Seed) -> np.random.Generator:
    """The random generator that a seed stands for: the same one for the same number, a fresh one for None.

    Raises ValueError for a number that is no seed, TypeError for what is neither a number nor a generator.

    >>> random_generator(7).random() == random_generator(7).random()
    True
    """
    return np.random.default_rng(whole_number(seed, "seed", least=0) if isinstance(seed, Real) else seed)


def check_takes(function: Callable[..., Any], count: int, sentence: str) -> None:
    """Raise a TypeError of this sentence unless a function can be called with so many arguments.

    >>> check_takes(lambda x, y: x * y, 2, "two numbers are given to it")
    >>> check_takes(lambda x: x, 2, "two numbers are given to it")
    Traceback (most recent call last):
        ...
    TypeError: two numbers are given to it, and <lambda> has the arguments (x)
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of one written in C
        return
    try:
        signature.bind(*range(count))
    except TypeError:
        name = getattr(function, "__name__", repr(function))
        raise TypeError(f"{sentence}, and {name} has the arguments {signature}") from None


def unknown_name(what: str, name: str, known: Iterable[str], listed: str = "") -> ValueError:
    """The error for a name that is not known: the nearest one that is, and all of them, or what `listed` says.

    >>> print(unknown_name("initializer", "zeroes", ["zeros", "he_normal"]))
    no initializer is called 'zeroes'; did you mean 'zeros'? There are zeros, he_normal
    """
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1) or difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {close[0]!r}? There" if close else "there"
    return ValueError(f"no {what} is called {name!r}; {hint} are {listed or ', '.join(known)}")
