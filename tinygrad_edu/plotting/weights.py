"""`plot_weights`: the weights of each neuron as an image.

May import: `drawing`, `nn`, `training`; `style` of this folder; NumPy; matplotlib inside functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_edu.drawing.palette import GRAY, INK, NEGATIVE, PAPER, POSITIVE
from tinygrad_edu.nn.layers import Layer
from tinygrad_edu.plotting.style import TICK, panels
from tinygrad_edu.training.data import Array

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = ["plot_weights"]

#: More images than these are drawn smaller, and ten to a row instead of five: the figure stays as wide as a page.
_FEW = 12
#: What a title adds to the height of an image, in inches.
_TITLE = 0.25


def plot_weights(
    weights: Layer | ArrayLike, shape: tuple[int, int] | None = None, *, titles: Sequence[Any] | None = None
) -> Figure:
    """The weights of each neuron as an image: blue pulls it up, vermilion pushes it down, white does nothing.

    `weights` is a `Layer`, or an array of shape (neurons, pixels) or (neurons, height, width). `shape` is that of an
    image, by default square: (8, 8) for the digits. All images share one scale of colors.

    Raises ValueError when the weights do not fill such images.

    >>> from tinygrad_edu.nn import Layer
    >>> figure = plot_weights(Layer(64, 10, seed=0))
    >>> len(figure.axes)  # ten neurons and the scale
    11
    """
    if isinstance(weights, Layer):
        weights = [[weight.data for weight in neuron.weights] for neuron in weights.neurons]
    images = _as_images(np.asarray(weights, dtype=np.float64), shape)
    count = len(images)
    columns, size = (10, 1.1) if count > _FEW else (min(count, 5), 1.5)
    rows = math.ceil(count / columns)
    figure, axes = panels(rows, columns, (size, size + _TITLE * (titles is not None)))
    largest = float(np.max(np.abs(images[np.isfinite(images)]), initial=0.0)) or 1.0
    for axis in axes.flat:
        axis.set_axis_off()
    for k, (axis, image) in enumerate(zip(axes.flat, images, strict=False)):
        drawn = axis.imshow(image, cmap=_diverging(), vmin=-largest, vmax=largest, interpolation="nearest")
        axis.set_title("" if titles is None else str(titles[k]), fontsize=TICK, color=INK)
    bar = figure.colorbar(drawn, ax=axes, shrink=0.8, aspect=30)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=GRAY, labelsize=TICK, labelcolor=INK)
    return figure


def _as_images(weights: Array, shape: tuple[int, int] | None) -> Array:
    """The weights as images, shape (neurons, height, width)."""
    if weights.ndim == 3 and shape is None:
        return weights
    flat = weights.reshape(len(weights), -1) if weights.ndim > 1 and len(weights) else np.empty((0, 0))
    side = math.isqrt(flat.shape[1])
    height, width = shape or (side, side)
    if not flat.size or height * width != flat.shape[1]:
        raise ValueError(
            f"weights of shape {weights.shape} are no images of {height}×{width} pixels; give shape=(height, width)"
        )
    return flat.reshape(-1, height, width)


@cache
def _diverging() -> Colormap:
    """From negative over nothing to positive, in the colors that gradients have."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("sign", [NEGATIVE, PAPER, POSITIVE])
