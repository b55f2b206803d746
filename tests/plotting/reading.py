"""Figures read back: titles, lines, and whether they can be drawn at all."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure


def title(figure: Figure, axis: int = 0) -> str:
    return figure.axes[axis].get_title(loc="left")


def lines(figure: Figure, axis: int = 0) -> dict[str, np.ndarray]:
    """The labeled lines of one axis: x and y, shape (2, n)."""
    return {
        line.get_label(): np.array(line.get_data())
        for line in figure.axes[axis].lines
        if not line.get_label().startswith("_")
    }


def draws(figure: Figure, tmp_path) -> bool:
    """Whether it can be drawn at all, without a warning."""
    figure.savefig(tmp_path / "plot.png", dpi=30)
    return (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
