"""Finite differences: the slopes of a function around a point, and whether a derivative agrees with them.

They follow the definition of the derivative, (f(x + h) - f(x - h)) / 2h, and know no rule at all.

May import: the standard library only.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["USUAL", "Around", "InputCheck", "Precision", "Slopes"]

#: The steps that are tried, as fractions of the first: a kink near the point, but not at it, drops out of sight.
_SHRINKING = (1.0, 1 / 8, 1 / 64)
#: Over a step 64 times smaller the slopes at a jump become 64 times larger; what else is in f may hide some of it.
_JUMP = 16.0
#: Over the same step the gap between the slopes at a kink stays, and elsewhere becomes 64 times smaller.
_KINK = 0.5
#: The slopes on the two sides differ by step × curvature also where f is smooth: only more is worth a second look.
_SUSPICIOUS = 4.0
#: How many units in its last place each number of f may be wrong, as the result of a few roundings.
_ROUNDINGS = 8.0


class Slopes(NamedTuple):
    """Finite differences of a function at a point: from the left, from the right, across, and their rounding error.

    >>> slopes = Slopes(left=-1.0, right=1.0, central=0.0, rounding=0.0)
    >>> slopes.gap, slopes.steepest
    (2.0, 1.0)
    """

    left: float
    right: float
    central: float
    rounding: float

    @property
    def gap(self) -> float:
        """How far apart the slopes on the two sides are."""
        return abs(self.right - self.left)

    @property
    def steepest(self) -> float:
        """The size of the larger of them."""
        return max(abs(self.left), abs(self.right))


class Precision(NamedTuple):
    """How far x is moved, and how far two derivatives may be apart: atol + rtol · |numeric| + the rounding error.

    >>> precision = Precision(step=1e-6, rtol=0.1, atol=0.0)
    >>> precision.allows(10.5, Slopes(10.0, 10.0, 10.0, 0.0)), precision.allows(11.5, Slopes(10.0, 10.0, 10.0, 0.0))
    (True, False)
    """

    step: float
    rtol: float
    atol: float

    def allows(self, analytic: float, slopes: Slopes) -> bool:
        """Whether the analytic derivative agrees with the central difference."""
        if math.isinf(analytic) or math.isinf(slopes.central):
            return analytic == slopes.central
        return abs(analytic - slopes.central) <= self.margin(slopes.central, slopes)

    def margin(self, slope: float, slopes: Slopes) -> float:
        """The distance from `slope` that is no disagreement."""
        return self.atol + self.rtol * abs(slope) + slopes.rounding


#: A smaller step would lose more digits to rounding, and a larger one more to the curvature of f; ten digits are left,
#: of which five have to agree.
USUAL = Precision(step=1e-6, rtol=1e-5, atol=1e-7)


@dataclass(frozen=True, slots=True)
class InputCheck:
    """The comparison for one input: the derivative by the sweep, by differences, and the errors.

    `verdict` is "pass", "kink", "jump" or "FAIL". At a kink there is no one derivative: `left` and `right` are the
    slopes on either side, and anything between them is accepted. At a jump there is none at all, and nothing is.

    >>> row = Around(abs, 0.0, 0.0, USUAL).compare("x", analytic=0.0)
    >>> row.verdict, row.left, row.right, row.passed
    ('kink', -1.0, 1.0, True)
    """

    name: str
    at: float
    analytic: float
    numeric: float
    left: float
    right: float
    verdict: str

    @property
    def absolute_error(self) -> float:
        """|analytic - numeric|."""
        return 0.0 if self.analytic == self.numeric else abs(self.analytic - self.numeric)

    @property
    def relative_error(self) -> float:
        """|analytic - numeric| / max(|analytic|, |numeric|); 0 where both are 0, nan where one is not finite."""
        error, size = self.absolute_error, max(abs(self.analytic), abs(self.numeric))
        if not (math.isfinite(error) and math.isfinite(size)):
            return math.nan
        return error / size if error else 0.0

    @property
    def passed(self) -> bool:
        """Whether the derivatives agree, or the analytic one lies between the slopes at a kink."""
        return self.verdict in ("pass", "kink")


@dataclass(frozen=True, slots=True)
class Around:
    """A function of one number around a point: f(x) = y.

    >>> Around(math.exp, 0.0, 1.0, USUAL).compare("x", analytic=1.0).verdict
    'pass'
    """

    f: Callable[[float], float]
    x: float
    y: float
    precision: Precision

    def slopes(self, fraction: float = 1.0) -> Slopes:
        """The slopes over this fraction of the step, which grows with x, as the distance between floats does."""
        step = fraction * self.precision.step * max(1.0, abs(self.x))
        above, below = self.x + step, self.x - step
        y_above, y_below = self.f(above), self.f(below)
        size = max(abs(self.y), abs(y_above), abs(y_below))
        return Slopes(
            left=(self.y - y_below) / (self.x - below),
            right=(y_above - self.y) / (above - self.x),
            central=(y_above - y_below) / (above - below),
            rounding=_ROUNDINGS * sys.float_info.epsilon * size / step if math.isfinite(size) else 0.0,
        )

    def compare(self, name: str, analytic: float) -> InputCheck:
        """Compare a derivative with differences over shrinking steps."""
        agrees, slopes = self._differences(analytic)
        shape = self._shape(analytic, slopes)
        verdict = "pass" if agrees else "FAIL"
        if shape == "kink":
            low, high = sorted((slopes.left, slopes.right))
            margins = self.precision.margin(low, slopes), self.precision.margin(high, slopes)
            verdict = "kink" if low - margins[0] <= analytic <= high + margins[1] else "FAIL"
        elif shape == "jump":
            verdict = "jump"
        return InputCheck(name, self.x, analytic, slopes.central, slopes.left, slopes.right, verdict)

    def _differences(self, analytic: float) -> tuple[bool, Slopes]:
        """Whether the derivative agrees over one of the steps, and the slopes over that, or else over the first."""
        tried = []
        for fraction in _SHRINKING:
            slopes = self.slopes(fraction)
            if self.precision.allows(analytic, slopes):
                return True, slopes
            tried.append(slopes)
        return False, tried[0]

    def _shape(self, analytic: float, slopes: Slopes) -> str:
        """ "smooth", "kink" or "jump", by what becomes of the gap between the slopes on the two sides.

        With a smaller step it closes where f is smooth, stays at a kink, and grows at a jump.
        """
        suspicious = _SUSPICIOUS * self.precision.margin(slopes.steepest, slopes)
        if self.precision.allows(analytic, slopes) and not slopes.gap > suspicious:
            return "smooth"
        nearer = self.slopes(_SHRINKING[-1])
        if nearer.steepest > _JUMP * slopes.steepest:
            return "jump"
        return "kink" if nearer.gap > _KINK * slopes.gap > 0.0 else "smooth"
