"""How NumPy's functions find what they mean on arrays of `Value`s, and what is said of those that mean nothing here.

NumPy asks an array that is given to one of its functions: `__array_ufunc__` for functions of single numbers,
`__array_function__` for all others. Each function that means something here is in `MEANINGS`, where the modules of this
folder put it.

May import: NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NoReturn, TypeVar

import numpy as np

__all__ = ["MEANINGS", "meaning_of", "not_here"]

F = TypeVar("F", bound=Callable[..., Any])

#: What each function of NumPy does when it is given an array of Values.
MEANINGS: dict[Callable[..., Any], Callable[..., Any]] = {}

#: What to write instead of a function that has no meaning here.
_CURES = {
    "lstsq": "write np.linalg.solve(A.T @ A, A.T @ b) for the normal equations",
    "pinv": "write np.linalg.solve(A.T @ A, A.T), if A has full rank",
    "copysign": "write abs(a) * np.sign(b)",
    "polyfit": "solve for the coefficients with np.linalg.solve",
    "roots": "the roots are those of the numbers: np.roots(a.data)",
    "save": "the numbers are in .data: np.save(file, a.data)",
    "savez": "the numbers are in .data: np.savez(file, a.data)",
    "savetxt": "the numbers are in .data: np.savetxt(file, a.data)",
}  # fmt: skip


def meaning_of(*names: str) -> Callable[[F], F]:
    """A decorator: this is what the functions of NumPy with these names do when they are given an array of Values.

    >>> @meaning_of("no_function_of_numpy")
    ... def nothing(a): ...
    >>> nothing in MEANINGS.values()
    False
    """

    def declared(function: F) -> F:
        for name in names:
            try:
                MEANINGS[attrgetter(name)(np)] = function
            except AttributeError:  # of another version of NumPy
                continue
        return function

    return declared


def not_here(function: Callable[..., Any]) -> NoReturn:
    """Refuse one of NumPy's functions, in one sentence.

    Raises TypeError.

    >>> not_here(np.linalg.pinv)
    Traceback (most recent call last):
        ...
    TypeError: np.linalg.pinv has no derivative here, so it does not take an array of Values: write \
np.linalg.solve(A.T @ A, A.T), if A has full rank
    """
    name = function.__name__
    module = getattr(function, "__module__", "numpy") or "numpy"
    place = module.replace("numpy", "np", 1)
    cure = _CURES.get(name)
    if cure is None and module == "numpy.fft":
        cure = (
            "a Value is a real number, and a Fourier transform makes complex ones: write the sums of cosines and sines"
        )
    raise TypeError(
        f"{place}.{name} has no derivative here, so it does not take an array of Values: "
        f"{cure or 'write it with functions that have one, or give it a.data, the plain numbers'}"
    )
