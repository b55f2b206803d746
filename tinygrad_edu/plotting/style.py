"""The one look of all figures: their size, axes, colors and type.

A figure begins with `panels`, and names its axes by `name_axes`. Nothing here touches pyplot or any other global state.
Matplotlib comes with `pip install "tinygrad_edu[learn]"` and is imported when the first figure is drawn.

May import: `drawing`; NumPy; matplotlib inside functions.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from tinygrad_edu.drawing.palette import CYCLE, GRAY, INK, PAPER, blend

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "LABEL",
    "MARKERS",
    "TICK",
    "TITLE",
    "add_legend",
    "count_along_x",
    "figure_class",
    "name_axes",
    "panels",
]

#: Sizes of type in points, for figures 7 to 14 inches wide: readable on a page and on a slide.
TITLE, LABEL, TICK = 12, 11, 10
#: Type of 10 points is then 21 pixels high, which can be read from the last row.
DOTS_PER_INCH = 150
#: Pale enough to lie behind everything.
GRID = blend(GRAY, 0.18)
#: One shape per class or path, so that nobody has to tell them by color.
MARKERS = "os^Dv*P"


@cache
def figure_class() -> type[Figure]:
    """A `Figure` that also shows itself in a notebook where nobody has set up pyplot."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib; install it with pip install "tinygrad_edu[learn]"') from error

    class NotebookFigure(Figure):
        def _repr_png_(self) -> bytes:
            stream = io.BytesIO()
            self.savefig(stream, format="png")
            return stream.getvalue()

    return NotebookFigure


def panels(rows: int, columns: int, size: tuple[float, float], **shared: Any) -> tuple[Figure, NDArray[Any]]:
    """A figure of rows × columns axes, an array of shape (rows, columns), each of this (width, height) in inches.

    Raises ImportError without matplotlib.
    """
    width, height = size
    figure = figure_class()(
        figsize=(width * columns, height * rows), dpi=DOTS_PER_INCH, layout="constrained", facecolor=PAPER
    )
    axes = figure.subplots(rows, columns, squeeze=False, **shared)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.spines[["left", "bottom"]].set_color(GRAY)
        axis.tick_params(colors=GRAY, labelsize=TICK, labelcolor=INK)
        axis.grid(color=GRID, linewidth=0.8)
        axis.set_axisbelow(True)
        axis.set_prop_cycle(color=CYCLE)
    return figure, axes


def name_axes(axis: Axes, title: str = "", x: str = "", y: str = "") -> None:
    """Give axes a title, flush left, and a name for each direction."""
    axis.set_title(title, fontsize=TITLE, color=INK, loc="left")
    axis.set_xlabel(x, fontsize=LABEL, color=INK)
    axis.set_ylabel(y, fontsize=LABEL, color=INK)


def add_legend(axis: Axes, **where: Any) -> None:
    """Show what each line or marker means, without a frame."""
    axis.legend(fontsize=TICK, labelcolor=INK, frameon=False, **where)


def count_along_x(axis: Axes) -> None:
    """Ticks at whole numbers only: what the axis shows is counted, as epochs are."""
    from matplotlib.ticker import MaxNLocator

    axis.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True, min_n_ticks=1))
