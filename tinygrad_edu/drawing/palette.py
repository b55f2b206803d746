"""The colors and the type of every picture: in one place, so that they agree.

Blue and vermilion of Okabe and Ito ("Color Universal Design", 2008) are told apart with every kind of color
vision; they mean a positive and a negative gradient wherever they occur.

May import: nothing.
"""

from __future__ import annotations

__all__ = ["CYCLE", "FONT", "GRAY", "INK", "NEGATIVE", "PAPER", "POSITIVE", "TINTS", "blend"]

PAPER = "#ffffff"
INK = "#1f2328"
GRAY = "#59636e"  # captions, and everything that waits

POSITIVE = "#0072b2"
NEGATIVE = "#c04f00"  # Okabe and Ito's vermilion, a little darker, so that small text in it is readable
BROKEN = "#b5005b"  # nan and infinities

#: What a node is, by the fill of its box.
TINTS = {"input": "#fff6d6", "parameter": "#e0f2e9", "constant": "#f3f4f6", "operation": "#ffffff"}

#: Lines of a plot, in this order.
CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#1f2328")

FONT = "Helvetica"  # every Graphviz knows the widths of its letters


def blend(color: str, share: float, ground: str = PAPER) -> str:
    """`share` of a color over the ground: `blend("#000000", 0.5)` is a middle gray.

    >>> blend("#000000", 0.5)
    '#808080'
    """
    mixed = [round(int(ground[i : i + 2], 16) * (1.0 - share) + int(color[i : i + 2], 16) * share) for i in (1, 3, 5)]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)
