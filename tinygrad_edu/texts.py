"""Numbers and counts as people read them, the same in every table, picture and sentence.

May import: the standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["aligned", "count_text", "counted", "drawn_number", "short_number"]

#: More digits than these nobody reads.
_DIGITS = 15


def short_number(number: float) -> str:
    """A number as sentences and tables show it: six digits at most.

    >>> short_number(0.1 + 0.2), short_number(-2.0)
    ('0.3', '-2')
    """
    return f"{number:g}"


def drawn_number(number: float) -> str:
    """A number as pictures show it: four digits, and a minus as wide as a plus.

    >>> drawn_number(-0.123456), drawn_number(3.0), drawn_number(float("nan"))
    ('−0.1235', '3', 'nan')
    """
    return f"{number + 0.0:.4g}".replace("-", "−")


def aligned(numbers: Sequence[float]) -> list[str]:
    """Numbers for a table: four digits of the largest, and all with as many decimals, but where digits would be lost.

    >>> aligned([1.5, -20.25, 0.0]), aligned([1.0, 3e-5]), aligned([2.0, 3.0])
    (['1.50', '−20.25', '0.00'], ['1', '3e−05'], ['2', '3'])
    """
    finite = [abs(number) for number in numbers if math.isfinite(number)]
    largest = max(finite, default=0.0)
    if largest and not 1e-3 <= largest < 1e6:
        return [drawn_number(number) for number in numbers]
    decimals = max(0, 3 - math.floor(math.log10(largest))) if largest else 0
    while decimals and all(f"{number:.{decimals}f}".endswith(("0", "nan", "inf")) for number in numbers):
        decimals -= 1
    return [_with_decimals(number, decimals) for number in numbers]


def _with_decimals(number: float, decimals: int) -> str:
    if number and (not math.isfinite(number) or abs(number) < 10.0 ** (1 - decimals) / 2):
        return drawn_number(number)
    return f"{number + 0.0:.{decimals}f}".replace("-", "−")


def counted(count: int, what: str) -> str:
    """How many of something there are, in the singular or the plural.

    >>> counted(1, "path"), counted(1024, "path"), counted(2**200, "path")
    ('1 path', '1,024 paths', 'about 1.61e+60 paths')
    """
    return f"{count_text(count)} {what}{'' if count == 1 else 's'}"


def count_text(count: int) -> str:
    """An exact count, or its size when it has too many digits to be read.

    >>> count_text(1024), count_text(2**200)
    ('1,024', 'about 1.61e+60')
    """
    if count < 10**_DIGITS:
        return f"{count:,}"
    leading, exponent = math.modf(math.log10(count))  # a float may not hold the count itself
    return f"about {10**leading:.3g}e+{exponent:.0f}"
