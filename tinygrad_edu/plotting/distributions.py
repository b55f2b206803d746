"""`plot_distributions`: how activations and gradients are distributed, layer by layer.

May import: `drawing`, `training`; `layer_history` and `style` of this folder; NumPy; matplotlib inside functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinygrad_edu.drawing.palette import CYCLE, INK, blend
from tinygrad_edu.plotting.layer_history import LayerHistory
from tinygrad_edu.plotting.style import LABEL, count_along_x, name_axes, panels
from tinygrad_edu.training.data import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_distributions"]

#: In inches: as wide as a page, unless there are so many layers that their titles would collide.
_PAGE, _NARROWEST = 7.2, 2.4
#: The middle nine tenths, the middle half, and the median between them.
_PERCENTILES = (5, 25, 50, 75, 95)


def plot_distributions(history: LayerHistory) -> Figure:
    """How the activations and the gradients of each layer are distributed, epoch by epoch.

    One column per layer. The line is the median, the bands hold the middle half and the middle nine tenths. Gradients
    are shown by size on a logarithmic axis, which all layers share: layers that fall behind there learn slowly or
    not at all. Above stands the share of gradients that were exactly zero throughout the last epoch.

    Raises ValueError when this history has seen no epoch.

    >>> from tinygrad_edu import MLP
    >>> from tinygrad_edu.nn.losses import mean_squared_error
    >>> from tinygrad_edu.training import fit
    >>> X, history = [[0.0], [1.0]], LayerHistory([[0.0], [1.0]])
    >>> _ = fit(MLP(1, [2, 1], seed=0), X, [0.0, 1.0], loss=mean_squared_error, epochs=3, callbacks=[history])
    >>> len(plot_distributions(history).axes)  # activations and gradients of two layers
    4
    """
    if not history.gradients:
        raise ValueError("this history has seen no epoch; give it to fit(..., callbacks=[history])")
    columns = len(history.gradients)
    width = max(_NARROWEST, _PAGE / columns)
    figure, axes = panels(2, columns, (width, 2.5), sharex=True, sharey="row")
    for (upper, lower), layer in zip(axes.T, history.gradients, strict=True):
        if layer in history.activations:
            _bands(upper, history.activations[layer], CYCLE[0])
        else:
            upper.set_visible(False)
        sizes = history.gradients[layer]
        zero = float(np.mean(sizes[-1] == 0.0))
        _bands(lower, [size[size > 0.0] for size in sizes], CYCLE[1])
        lower.set_yscale("log")
        name_axes(upper, layer)
        name_axes(lower, f"{100.0 * zero:.0f} % are zero" if zero else "", "epoch")
        count_along_x(lower)
    axes[0, 0].set_ylabel("activations", fontsize=LABEL, color=INK)
    axes[1, 0].set_ylabel("size of gradients", fontsize=LABEL, color=INK)
    return figure


def _bands(axis: Axes, over_time: Sequence[Array], color: str) -> None:
    """The median over time, and around it the middle half and the middle nine tenths."""
    finite = [numbers[np.isfinite(numbers)] for numbers in over_time]
    found = [np.percentile(numbers, _PERCENTILES) if len(numbers) else np.full(5, np.nan) for numbers in finite]
    p5, p25, median, p75, p95 = np.array(found).T
    epochs = np.arange(1, len(over_time) + 1)
    axis.fill_between(epochs, p5, p95, color=blend(color, 0.2), linewidth=0)
    axis.fill_between(epochs, p25, p75, color=blend(color, 0.45), linewidth=0)
    axis.plot(epochs, median, color=color, linewidth=2, marker="o" if len(epochs) < 3 else "")
