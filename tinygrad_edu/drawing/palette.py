"""The colors and the type of every picture: in one place, so that they agree.

Blue and vermilion of Okabe and Ito ("Color Universal Design", 2008) are told apart with every kind of color
vision; they mean a positive and a negative gradient wherever they occur.

May import: the standard library only.
"""

from __future__ import annotations

import math

__all__ = [
    "BROKEN", "CYCLE", "DARK", "FONT", "GRAY", "INK", "LINE", "NEGATIVE", "PAPER", "POSITIVE", "TINTS",
    "blend", "share_of", "sign_color", "tint",
]  # fmt: skip

PAPER = "#ffffff"
INK = "#1f2328"
GRAY = "#59636e"  # captions, and everything that waits

LINE = "#7d8590"  # around boxes

POSITIVE = "#0072b2"
NEGATIVE = "#c04f00"  # Okabe and Ito's vermilion, a little darker, so that small text in it is readable
BROKEN = "#b5005b"  # nan and infinities

#: What a node is, by the fill of its box.
TINTS = {"input": "#fff6d6", "parameter": "#e0f2e9", "constant": "#f3f4f6", "operation": "#fefefe"}

#: Lines of a plot, in this order.
CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#1f2328")

#: What each color becomes where people read light on dark; the hues of the interactive page.
DARK = {
    PAPER: "#14171c",
    INK: "#e8eaee",
    GRAY: "#a3acb8",
    POSITIVE: "#6cb6ff",
    NEGATIVE: "#ff9d5c",
    BROKEN: "#ff8ac4",
    LINE: "#6b7480",
    TINTS["input"]: "#37331d",
    TINTS["parameter"]: "#1d352a",
    TINTS["constant"]: "#262b33",
    TINTS["operation"]: "#1e232b",
}

FONT = "Helvetica"  # every Graphviz knows the widths of its letters


def blend(color: str, share: float, ground: str = PAPER) -> str:
    """`share` of a color over the ground: `blend("#000000", 0.5)` is a middle gray.

    >>> blend("#000000", 0.5)
    '#808080'
    """
    mixed = [round(int(ground[i : i + 2], 16) * (1.0 - share) + int(color[i : i + 2], 16) * share) for i in (1, 3, 5)]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def share_of(number: float, largest: float) -> float:
    """How much of the largest a number is, from 0 to 1; the root, so that small ones still differ from nothing.

    >>> share_of(-0.25, 1.0)
    0.5
    """
    if not math.isfinite(number):
        return 1.0
    return math.sqrt(abs(number) / largest) if largest else 0.0


def sign_color(number: float) -> str:
    """The color of a gradient: gray for none at all.

    >>> sign_color(-0.5) == NEGATIVE
    True
    """
    if number == 0.0:
        return GRAY
    if not math.isfinite(number):
        return BROKEN
    return POSITIVE if number > 0.0 else NEGATIVE


def tint(number: float, largest: float) -> str:
    """What is behind a gradient: from a first hint of its color to the strongest on which it is still easy to read.

    The color is transparent, so that it is right on light and on dark ground.

    >>> tint(1.0, 1.0) == POSITIVE + "66"
    True
    """
    if number == 0.0:
        return "transparent"
    return sign_color(number) + f"{round(255 * (0.08 + 0.32 * share_of(number, largest))):02x}"
