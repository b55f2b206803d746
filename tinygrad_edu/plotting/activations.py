"""`plot_activations`: activation functions and their derivatives.

May import: `value`, `gradients`, `drawing`, `nn`, `training`; `style` of this folder; NumPy; matplotlib inside
functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinygrad_edu.drawing.palette import GRAY, INK, blend
from tinygrad_edu.gradients import grad
from tinygrad_edu.nn.activations import Activation, activation_name, common_activations, resolve_activation
from tinygrad_edu.plotting.style import TICK, name_axes, panels
from tinygrad_edu.training.data import Array
from tinygrad_edu.value import Value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_activations"]

#: All that have a name, but for the straight line, which is the first, and softmax, which takes more than one number.
CURVED_ACTIVATIONS = common_activations()[1:-1]
#: Through ten layers, slopes smaller than this leave 1e-20 of a gradient.
_NEARLY_FLAT = 0.01
#: What is nearly flat lies in the shade, behind the curves.
_SHADE = blend(GRAY, 0.14)
#: Five small curves are as wide as a page.
_COLUMNS = 5


def plot_activations(
    activations: Sequence[Activation] = CURVED_ACTIVATIONS,
    *,
    reach: float = 5.0,
) -> Figure:
    """Activation functions with their derivatives, from -reach to reach; shaded where the derivative nearly vanishes.

    An activation is a name or a function from a `Value` to a `Value`. The derivatives are those of the reverse sweep,
    and nearly vanishing is a slope between -0.01 and 0.01.

    Raises ValueError for an unknown name or for none at all.

    >>> figure = plot_activations(["tanh", "relu"])
    >>> [axis.get_title(loc="left") for axis in figure.axes]
    ['tanh', 'relu']
    """
    if not len(activations):
        raise ValueError("there is no activation to plot; give the name of one, such as 'tanh'")
    xs = np.linspace(-reach, reach, 401)  # an odd number, so that 0, where many have their kink, is among them
    columns = min(_COLUMNS, len(activations))
    rows = math.ceil(len(activations) / columns)
    figure, axes = panels(rows, columns, (2.9, 2.7), sharex=True, sharey=True)
    for axis, activation in zip(axes.flat, activations, strict=False):
        ys, slopes = _curve(activation, xs)
        axis.plot(xs, ys, linewidth=2.4, label="activation")
        axis.plot(xs, slopes, "--", linewidth=2.0, label="derivative")
        nearly_flat = {"where": np.abs(slopes) < _NEARLY_FLAT, "transform": axis.get_xaxis_transform()}
        axis.fill_between(xs, 0, 1, **nearly_flat, color=_SHADE, linewidth=0, label=f"derivative below {_NEARLY_FLAT}")
        name_axes(axis, activation_name(activation))
        axis.set_ylim(-1.5, 2.5)  # from below -1 of tanh to well up the ramp of relu
    unused = list(axes.flat)[len(activations) :]
    for axis in unused:
        axis.set_axis_off()
    for axis in axes[-1 - bool(unused)]:  # those that have nothing below them in some column
        axis.tick_params(labelbottom=True)
    axes[0, 0].set_yticks([-1, 0, 1, 2])
    lines = axes[0, 0].get_legend_handles_labels()
    place = {"loc": "center"} if unused else {"loc": "upper left", "handlelength": 1.5}
    (unused[-1] if unused else axes[0, 0]).legend(*lines, fontsize=TICK, labelcolor=INK, frameon=False, **place)
    return figure


def _curve(activation: Activation, xs: Array) -> tuple[Array, Array]:
    """The activation and its derivative at each x."""
    function = resolve_activation(activation)
    inputs = [Value(x) for x in xs]
    outputs = [function(x) for x in inputs]
    slopes = [grad(output, [x])[0] for x, output in zip(inputs, outputs, strict=True)]
    return np.array([output.data for output in outputs]), np.array(slopes)
