"""`descend` and `plot_descent`: the way of an optimizer down a loss of two numbers.

May import: `modes`, `value`, `gradients`, `drawing`, `optim`, `training`; `style` of this folder; NumPy; matplotlib
inside functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from tinygrad_edu.drawing.palette import CYCLE, GRAY, INK, PAPER
from tinygrad_edu.gradients import grad
from tinygrad_edu.modes import no_grad
from tinygrad_edu.optim.optimizers import Optimizer
from tinygrad_edu.plotting.style import MARKERS, label, legend, panels
from tinygrad_edu.training.data import Array
from tinygrad_edu.value import Value, as_value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["descend", "plot_descent"]

Loss = Callable[[Value, Value], Value]


def descend(
    loss: Loss, start: tuple[float, float], optimizer: Callable[[list[Value]], Optimizer], steps: int = 50
) -> Array:
    """The points that an optimizer visits on its way down a loss of two numbers, shape (steps + 1, 2).

    `optimizer` makes it from the parameters, as in `lambda p: SGD(p, 0.1)`. The path ends early where the loss or its
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
    loss: Loss,
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
    walks = {name: np.asarray(path, dtype=np.float64) for name, path in paths.items()}
    if not walks:
        raise ValueError("there is no path to plot; descend(loss, start, optimizer) makes one")
    for name, walk in walks.items():
        if walk.ndim != 2 or walk.shape[1] != 2 or not len(walk):
            raise ValueError(f"a path has shape (steps + 1, 2), and {name!r} has shape {walk.shape}")
    heights = {name: _heights(loss, walk) for name, walk in walks.items()}
    across, up = _map_range(walks, heights, minimum, resolution)
    ground = _heights(loss, np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)).reshape(len(up), len(across))

    figure, axes = panels(1, 2, (5.6, 4.8), width_ratios=[3, 2])
    chart, curve = axes[0]
    depth = np.log(ground - np.nanmin(ground) + 1e-3 * (np.nanmax(ground) - np.nanmin(ground)) + 1e-12)
    chart.contourf(across, up, depth, levels=14, cmap="Grays_r", alpha=0.55)
    chart.contour(across, up, depth, levels=14, colors=GRAY, linewidths=0.4)
    for k, (name, walk) in enumerate(walks.items()):
        style = {
            "marker": MARKERS[k % len(MARKERS)],
            "markevery": max(1, len(walk) // 25),
            "color": CYCLE[k % len(CYCLE)],
        }
        chart.plot(*_until_far_away(walk, across, up).T, linewidth=1.6, markersize=4, **style)
        curve.plot(heights[name], linewidth=2, markersize=4, label=name, **style)
        chart.plot(*walk[0], "o", markersize=11, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=1.5)
    if minimum is not None:
        chart.plot(*minimum, "*", color=INK, markersize=15, markeredgecolor=PAPER)
    chart.set(xlim=(across[0], across[-1]), ylim=(up[0], up[-1]))
    chart.grid(visible=False)
    label(chart, "the way down", *names)
    label(curve, "loss at each step", "step", "loss")
    lowest = min(np.nanmin(line) for line in heights.values())
    if lowest > 0.0:
        curve.set_yscale("log")
    start = max(line[0] for line in heights.values())
    curve.set_ylim(top=3.0 * start if start > 0.0 else None)
    legend(curve, loc="best")
    return figure


def _heights(loss: Loss, points: Array) -> Array:
    with no_grad():
        return np.array([as_value(loss(Value(x), Value(y))).data for x, y in points])


def _map_range(
    walks: Mapping[str, Array], heights: Mapping[str, Array], minimum: tuple[float, float] | None, resolution: int
) -> tuple[Array, Array]:
    """Where the map begins and ends: around everything that went down, the starts and the minimum."""
    shown = [walk[0] for walk in walks.values()] + ([np.asarray(minimum)] if minimum else [])
    for name, walk in walks.items():
        if np.isfinite(walk).all() and heights[name][-1] <= heights[name][0]:
            shown.extend(walk[heights[name] <= 2.0 * abs(heights[name][0]) + 1e-12])
    low, high = np.min(shown, axis=0), np.max(shown, axis=0)
    margin = 0.15 * np.maximum(high - low, 0.3 * np.max(high - low) + 1e-6)
    return (
        np.linspace(low[0] - margin[0], high[0] + margin[0], resolution),
        np.linspace(low[1] - margin[1], high[1] + margin[1], resolution),
    )


def _until_far_away(walk: Array, across: Array, up: Array) -> Array:
    """The path up to the first point that is half a map or more outside of it."""
    low, high = np.array([across[0], up[0]]), np.array([across[-1], up[-1]])
    far = ~(np.abs(walk - (low + high) / 2.0) < high - low).all(axis=1)
    return walk[: np.argmax(far) + 1] if far.any() else walk
