"""`plot_loss`: the loss, epoch by epoch.

May import: `drawing`, `training`; `style` of this folder; NumPy; matplotlib inside functions.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinygrad_edu.drawing.palette import GRAY, INK
from tinygrad_edu.plotting.style import add_legend, count_along_x, name_axes, panels
from tinygrad_edu.training.data import Array
from tinygrad_edu.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_loss"]

#: Losses that span more than this factor get a logarithmic axis: on a linear one their last tenth is flat.
_WIDE_SPAN = 30.0
#: Fewer epochs than these make no line that can be seen, and get dots.
_A_LINE = 3
_STYLES = ("-", "--", "-.", ":")


def plot_loss(history: History | Mapping[str, Sequence[float]], *, log: bool | None = None) -> Figure:
    """The loss in each epoch, of training and validation, with the best epoch marked.

    `history` is what `fit` returns, or a mapping from the name of a curve to its losses; the best epoch is the lowest
    point of the validation curve, else of the first one. `log` asks for a logarithmic axis; by default there is one
    when the losses span more than a factor of 30. Losses that are not finite are left out, and counted.

    Raises ValueError when there is no loss to show, TypeError for what is neither a history nor a mapping.

    >>> figure = plot_loss({"training": [1.0, 0.5, 0.25], "validation": [1.0, 0.75, 0.875]})
    >>> figure.axes[0].get_title(loc="left")
    'best epoch: 2 (validation 0.75)'
    """
    curves = _loss_curves(history)
    watched = min(curves, key=lambda name: not name.startswith("validation"))
    figure, axes = panels(1, 1, (7.0, 4.0))  # wide, for time runs to the right
    axis: Axes = axes[0, 0]
    for (name, losses), style in zip(curves.items(), itertools.cycle(_STYLES), strict=False):
        epochs = np.arange(1, len(losses) + 1)
        missing = np.count_nonzero(~np.isfinite(losses))
        suffix = f" ({missing} not finite)" if missing else ""
        marker = "." if len(losses) < _A_LINE else ""
        axis.plot(epochs, losses, style, linewidth=2.2, label=name + suffix, marker=marker)
    best = int(np.nanargmin(np.where(np.isfinite(curves[watched]), curves[watched], np.inf)))
    lowest = curves[watched][best]
    axis.axvline(best + 1, color=GRAY, linewidth=1, linestyle=":")
    axis.plot(best + 1, lowest, "o", color=INK, markersize=7, zorder=3)
    if log or (log is None and _spans_much(np.concatenate(list(curves.values())))):
        axis.set_yscale("log")
    count_along_x(axis)
    name_axes(axis, f"best epoch: {best + 1} ({watched} {lowest:.4g})", "epoch", "loss")
    add_legend(axis)
    return figure


def _spans_much(losses: Array) -> bool:
    """Whether the losses are all above 0, and some many times as large as others; those that are not finite apart."""
    finite = losses[np.isfinite(losses)]
    return bool(finite.min() > 0.0 and finite.max() > _WIDE_SPAN * finite.min())


def _loss_curves(history: History | Mapping[str, Sequence[float]]) -> dict[str, Array]:
    """The curves by name, those that have any finite loss."""
    if isinstance(history, History):
        history = {"training": history.loss, "validation": history.validation_loss}
    if not isinstance(history, Mapping):
        raise TypeError(f"plot_loss takes the History that fit returns, or a mapping of curves, not {history!r}")
    curves = {name: np.asarray(losses, dtype=np.float64) for name, losses in history.items()}
    shown = {name: losses for name, losses in curves.items() if np.isfinite(losses).any()}
    if not shown:
        raise ValueError("there is no finite loss to plot; train for at least one epoch first")
    return shown
