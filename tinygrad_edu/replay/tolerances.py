"""How far apart the numbers of a program and of its function may be: they add up the same terms in another order.

May import: NumPy.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

__all__ = ["DOUBLE", "SINGLE", "UNDECIDED", "Tolerances"]

#: Where rounding may change a gradient by more than this, relatively, rounding decides, and nothing is compared.
UNDECIDED = 1e-2
#: Of losses and gradients smaller than this, single precision need not know a digit.
_SMALL = 1e-4


class Tolerances(NamedTuple):
    """What is allowed in one precision."""

    #: Numbers that are as near as this, relatively, are the same, and no closer look is taken. Most functions lose far
    #: less than seven of their sixteen digits, and less than two of seven.
    same: float
    same_gradient: float
    #: The same for a gradient by its largest entry, and for an output by the largest that was compared: of small ones,
    #: where much cancels, single precision leaves little.
    same_by_largest: float
    #: In a closer look, every number on the way may be wrong by so much. A sum of a thousand terms that is added up in
    #: another order may be, in its last place; and a gradient is computed on the way forward and on the way back.
    rounding: float
    rounding_of_gradient: float
    #: However much rounding explains, a difference is at most this share of the largest number that was compared. Of
    #: sixteen digits so many are left that this need not be asked.
    most: float
    #: How a difference comes about, and what to do.
    reason: str

    def limit(self, largest: float) -> float:
        """How large a difference may be at most, where the largest number that was compared is this.

        >>> DOUBLE.limit(3.0), round(SINGLE.limit(3.0), 6), round(SINGLE.limit(0.0), 9)
        (inf, 0.03, 1e-06)
        """
        return self.most * max(largest, _SMALL)


_EPSILON, _EPSILON_OF_SINGLE = (float(np.finfo(kind).eps) for kind in (np.float64, np.float32))
DOUBLE = Tolerances(
    same=1e-9,
    same_gradient=1e-6,
    same_by_largest=0.0,
    rounding=1e3 * _EPSILON,
    rounding_of_gradient=1e4 * _EPSILON,
    most=math.inf,
    reason=(
        "it depends on something that a recording does not see, such as the type of a number, a state of its own or a "
        "random number drawn while it runs, or rounding decides in it, as where a sum is compared by == or rounded to "
        "a whole number"
    ),
)
#: A program in single precision is compared with a function in double precision, which it has been seen to compute.
SINGLE = Tolerances(
    same=1e-5,
    same_gradient=1e-4,
    same_by_largest=1e-5,
    rounding=1e3 * _EPSILON_OF_SINGLE,
    rounding_of_gradient=1e3 * _EPSILON_OF_SINGLE,
    most=1e-2,
    reason=(
        "single precision has seven digits and no number above 3e38, and here that is not enough; leave "
        'dtype="float32" out, or scale the numbers that the function computes with'
    ),
)
