"""`descend` and `plot_descent`: the way of an optimizer down a loss of two numbers.

May import: `modes`, `value`, `gradients`, `drawing`, `optim`, `training`; `style` of this folder; NumPy; matplotlib
inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_edu.drawing.palette import CYCLE, GRAY, INK, PAPER
from tinygrad_edu.gradients import grad
from tinygrad_edu.modes import no_grad
from tinygrad_edu.optim.optimizers import Optimizer
from tinygrad_edu.plotting.style import MARKERS, add_legend, name_axes, panels
from tinygrad_edu.training.data import Array
from tinygrad_edu.value import Value, as_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["descend", "plot_descent"]

#: A function of two parameters, which can be drawn as a landscape.
LossOfTwo: TypeAlias = Callable[[Value, Value], Value]

#: Steps of a path that carry a marker: more of them would hide the line.
_MARKED = 25
#: Lines of equal loss on the map. The loss is shown by its logarithm, for it falls by powers of ten. A thousandth of
#: its range is added, so that the bottom does not sink without end; 1e-12 is for a loss that is the same everywhere.
_CONTOURS, _BOTTOM, _FLAT = 14, 1e-3, 1e-12
#: Around what it shows, the map leaves this share of its extent free, and an extent is at least 0.3 of the other one.
_MARGIN, _LEAST_SIDE = 0.15, 0.3
#: Where a path has more than twice its first loss, and beyond three times that loss on the curve, it is not shown: it
#: went astray, and would press everything else into a corner.
_ASTRAY, _CURVE_TOP = 2.0, 3.0


def descend(
    loss: LossOfTwo, start: tuple[float, float], optimizer: Callable[[list[Value]], Optimizer], steps: int = 50
) -> Array:
    """The points that an optimizer visits on its way down a loss of two numbers, shape (steps + 1, 2).

    `optimizer` makes the optimizer from the parameters, as in `lambda p: SGD(p, 0.1)`. The path ends early where the
    gradient is no longer finite.

    >>> from tinygrad_edu.optim import SGD
    >>> descend(lambda a, b: a * a + b * b, (1.0, 2.0), lambda p: SGD(p, 0.25), steps=2).tolist()
    [[1.0, 2.0], [0.5, 1.0], [0.25, 0.5]]
    """
    place = [Value(number) for number in start]
    moves = optimizer(place)
    path = [[value.data for value in place]]
    for _ in range(steps):
        gradient = grad(loss(*place), place)
        if not np.isfinite(gradient).all():
            break
        for value, slope in zip(place, gradient, strict=True):
            value.grad = slope
        moves.step()
        path.append([value.data for value in place])
    return np.array(path)


def plot_descent(
    loss: LossOfTwo,
    paths: Mapping[str, ArrayLike],
    *,
    minimum: tuple[float, float] | None = None,
    names: tuple[str, str] = ("w1", "w2"),
    resolution: int = 60,
) -> Figure:
    """Paths of gradient descent on a map of the loss, and beside it the loss at each step.

    `loss` is a function of two `Value`s; `paths` maps a name ("SGD 0.1", "Adam") to the points it visited, shape
    (steps + 1, 2), as `descend` returns them. Darker is lower, a star marks `minimum`, a ring the start. The map shows
    the paths that go down; one that diverges leaves it.

    Raises ValueError when there is no path or one of another shape.

    >>> path = [[1.0, 1.0], [0.5, 0.5]]
    >>> figure = plot_descent(lambda a, b: a * a + b * b, {"by hand": path}, resolution=10)
    >>> [axis.get_xlabel() for axis in figure.axes]
    ['w1', 'step']
    """
    walks = _checked_walks(paths)
    heights = {name: _heights(loss, walk) for name, walk in walks.items()}
    across, up = _map_range(walks, heights, minimum, resolution)
    ground = _heights(loss, np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)).reshape(len(up), len(across))

    figure, axes = panels(1, 2, (5.6, 4.8), width_ratios=[3, 2])  # the map is nearly square, the curve upright
    chart, curve = axes[0]
    _draw_ground(chart, across, up, ground)
    for k, (name, walk) in enumerate(walks.items()):
        style: dict[str, Any] = {
            "marker": MARKERS[k % len(MARKERS)],
            "markevery": max(1, len(walk) // _MARKED),
            "color": CYCLE[k % len(CYCLE)],
        }
        chart.plot(*_until_far_away(walk, across, up).T, linewidth=1.6, markersize=4, **style)
        curve.plot(heights[name], linewidth=2, markersize=4, label=name, **style)
        chart.plot(*walk[0], "o", markersize=11, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.5)
    if minimum is not None:
        chart.plot(*minimum, "*", color=INK, markersize=15, markeredgecolor=PAPER)
    chart.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))
    name_axes(chart, "the way down", *names)
    name_axes(curve, "loss at each step", "step", "loss")
    _scale_curve(curve, list(heights.values()))
    add_legend(curve, loc="best")
    return figure


def _checked_walks(paths: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """The paths as arrays of shape (steps + 1, 2), at least one."""
    walks = {name: np.asarray(path, dtype=np.float64) for name, path in paths.items()}
    if not walks:
        raise ValueError("there is no path to plot; descend(loss, start, optimizer) makes one")
    for name, walk in walks.items():
        if walk.ndim != 2 or walk.shape[1] != 2 or not len(walk):
            raise ValueError(f"a path has shape (steps + 1, 2), and {name!r} has shape {walk.shape}")
    return walks


def _heights(loss: LossOfTwo, points: Array) -> Array:
    """The loss at each of the points, shape (n,)."""
    with no_grad():
        return np.array([as_value(loss(Value(x), Value(y))).data for x, y in points])


def _draw_ground(chart: Axes, across: Array, up: Array, ground: Array) -> None:
    """The landscape of the loss, in gray so that the paths stand out: darker is lower."""
    lowest, highest = np.nanmin(ground), np.nanmax(ground)
    depth = np.log(ground - lowest + _BOTTOM * (highest - lowest) + _FLAT)
    chart.contourf(across, up, depth, levels=_CONTOURS, cmap="Grays_r", alpha=0.55)
    chart.contour(across, up, depth, levels=_CONTOURS, colors=GRAY, linewidths=0.4)
    chart.grid(visible=False)


def _scale_curve(curve: Axes, heights: list[Array]) -> None:
    """A logarithmic axis where all losses are above 0, cut off above the losses at the start."""
    lowest = min(np.nanmin(line) for line in heights)
    if lowest > 0.0:
        curve.set_yscale("log")
        curve.set_ylim(bottom=lowest / 2.0)  # by itself the axis makes room for what flies off
    start = max(line[0] for line in heights)
    curve.set_ylim(top=_CURVE_TOP * start if start > 0.0 else None)


def _map_range(
    walks: Mapping[str, Array], heights: Mapping[str, Array], minimum: tuple[float, float] | None, resolution: int
) -> tuple[Array, Array]:
    """Where the map begins and ends: around everything that went down, the starts and the minimum."""
    shown = [walk[0] for walk in walks.values()] + ([np.asarray(minimum)] if minimum else [])
    for name, walk in walks.items():
        if np.isfinite(walk).all() and heights[name][-1] <= heights[name][0]:
            shown.extend(walk[heights[name] <= _ASTRAY * abs(heights[name][0]) + _FLAT])
    low, high = np.min(shown, axis=0), np.max(shown, axis=0)
    margin = _MARGIN * np.maximum(high - low, _LEAST_SIDE * np.max(high - low) + 1e-6)  # a path may stay at one point
    return (
        np.linspace(low[0] - margin[0], high[0] + margin[0], resolution),
        np.linspace(low[1] - margin[1], high[1] + margin[1], resolution),
    )


def _until_far_away(walk: Array, across: Array, up: Array) -> Array:
    """The path up to the first point that is half a map or more outside of it."""
    low, high = np.array([across[0], up[0]]), np.array([across[-1], up[-1]])
    far = ~(np.abs(walk - (low + high) / 2.0) < high - low).all(axis=1)
    return walk[: np.argmax(far) + 1] if far.any() else walk
