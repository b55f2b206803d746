"""`plot_distributions`: how activations and gradients are distributed, layer by layer.

May import: `drawing`, `training`; `layer_history` and `style` of this folder; NumPy; matplotlib inside functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.drawing.palette import CYCLE, INK, blend
from tinygrad_edu.plotting.layer_history import LayerHistory
from tinygrad_edu.plotting.style import LABEL, count_along_x, name_axes, panels
from tinygrad_edu.training.data import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_distributions"]

#: In inches: as wide as a page, unless there are so many layers that their titles would collide.
_PAGE, _NARROWEST = 7.2, 1.8
#: More columns than these would be too small on a page, and go on below.
_COLUMNS = 5
#: The middle nine tenths, the middle half, and the median between them.
_PERCENTILES = (5, 25, 50, 75, 95)


def plot_distributions(history: LayerHistory) -> Figure:
    """How the activations and the gradients of each layer are distributed, epoch by epoch.

    One column per layer, at most five beside one another. The line is the median, the bands hold the middle half and
    the middle nine tenths. Gradients are shown by size on a logarithmic axis, which all layers share: layers that fall
    behind there learn slowly or not at all. Above stands the share of gradients that were exactly zero throughout the
    last epoch.

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
    columns, bands = min(len(history.gradients), _COLUMNS), -(-len(history.gradients) // _COLUMNS)
    figure, axes = panels(2 * bands, columns, (max(_NARROWEST, _PAGE / columns), 5.0 / (1 + bands)), sharex=True)
    uppers, lowers = _with_one_scale(axes[0::2]), _with_one_scale(axes[1::2])
    for unused in (*uppers[len(history.gradients) :], *lowers[len(history.gradients) :]):
        unused.remove()
    for upper, lower, layer in zip(uppers, lowers, history.gradients, strict=False):
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
    for upper, lower in zip(axes[0::2, 0], axes[1::2, 0], strict=True):
        upper.set_ylabel("activations", fontsize=LABEL, color=INK)
        lower.set_ylabel("size of gradients", fontsize=LABEL, color=INK)
    return figure


def _with_one_scale(axes: NDArray[Any]) -> list[Axes]:
    """The axes of some rows, one after the other, with the same scale upwards, written beside the first of each row."""
    for axis in axes.flat[1:]:
        axis.sharey(axes[0, 0])
    for axis in axes[:, 1:].flat:
        axis.tick_params(labelleft=False)
    return list(axes.flat)


def _bands(axis: Axes, over_time: Sequence[Array], color: str) -> None:
    """The median over time, and around it the middle half and the middle nine tenths."""
    finite = [numbers[np.isfinite(numbers)] for numbers in over_time]
    found = [np.percentile(numbers, _PERCENTILES) if len(numbers) else np.full(5, np.nan) for numbers in finite]
    p5, p25, median, p75, p95 = np.array(found).T
    epochs = np.arange(1, len(over_time) + 1)
    axis.fill_between(epochs, p5, p95, color=blend(color, 0.2), linewidth=0)
    axis.fill_between(epochs, p25, p75, color=blend(color, 0.45), linewidth=0)
    axis.plot(epochs, median, color=color, linewidth=2, marker="o" if len(epochs) < 3 else "")
