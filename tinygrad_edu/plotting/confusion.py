"""`plot_confusion`: which class was taken for which.

May import: `drawing`; `style` of this folder; NumPy; matplotlib inside functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_edu.drawing.palette import GRAY, INK, PAPER
from tinygrad_edu.plotting.style import TICK, name_axes, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_confusion"]

#: In inches: a cell holds four digits, the names stand beside the cells, and the title needs some width in any case.
_CELL, _NAMES, _SMALLEST = 0.52, 1.2, 3.6
#: Names of more letters than these would run into each other, and are turned.
_SHORT_NAME = 4


def plot_confusion(matrix: ArrayLike, class_names: Sequence[Any] | None = None) -> Figure:
    """A confusion matrix: how many examples of each class (row) were taken for which class (column).

    `matrix` is square, as `sklearn.metrics.confusion_matrix` returns it. The color is the share of the row, so that
    rare classes count as much as frequent ones; the numbers are the counts.

    Raises ValueError for a matrix that is not square, or names that are too few or too many.

    >>> plot_confusion([[8, 2], [1, 9]], ["cat", "dog"]).axes[0].get_title(loc="left")
    '17 of 20 right (85.0 %)'
    """
    counts = np.asarray(matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not counts.size:
        raise ValueError(f"a confusion matrix has one row and one column for each class, not shape {counts.shape}")
    labels = [str(name) for name in (range(len(counts)) if class_names is None else class_names)]
    if len(labels) != len(counts):
        raise ValueError(f"a matrix of {len(counts)} classes needs as many names, not {len(labels)}")
    side = max(_SMALLEST, _CELL * len(counts) + _NAMES)
    figure, axes = panels(1, 1, (side, side))
    axis: Axes = axes[0, 0]
    totals = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    axis.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0)
    for (row, column), count in np.ndenumerate(counts):
        ink = PAPER if share[row, column] > 0.5 else INK if count else GRAY  # white on dark blue, gray for nothing
        weight = "bold" if row == column else "normal"
        axis.text(column, row, f"{count:g}", ha="center", va="center", color=ink, fontsize=TICK, fontweight=weight)
    angle, end = (45, "right") if max(map(len, labels)) > _SHORT_NAME else (0, "center")
    axis.set_xticks(range(len(labels)), labels, rotation=angle, ha=end)
    axis.set_yticks(range(len(labels)), labels)
    axis.grid(visible=False)
    right, total = int(np.trace(counts)), int(counts.sum())
    accuracy = f" ({100.0 * right / total:.1f} %)" if total else ""
    name_axes(axis, f"{right:,} of {total:,} right{accuracy}", "predicted", "true")
    return figure
