"""Plots: what training did, what a network learned, and where its gradients went.

Each function takes what the toolkit returns and gives a matplotlib `Figure`, which shows itself in a notebook and is
written with `figure.savefig("name.svg")`. Nothing here touches pyplot or any other global state. Matplotlib comes with
`pip install "tinygrad_edu[learn]"` and is imported when the first plot is drawn.

May import: `modes`, `value`, `gradients`, `drawing`, `nn`, `optim`, `training`; `layer_history` of this folder; NumPy;
matplotlib inside functions.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.drawing.palette import CYCLE, GRAY, INK, NEGATIVE, PAPER, POSITIVE, blend
from tinygrad_edu.gradients import grad
from tinygrad_edu.modes import no_grad
from tinygrad_edu.nn.activations import Activation, activation_name, common_activations, resolve_activation
from tinygrad_edu.nn.layers import Layer
from tinygrad_edu.optim.optimizers import Optimizer
from tinygrad_edu.plotting.layer_history import LayerHistory
from tinygrad_edu.training.history import History
from tinygrad_edu.value import Value, as_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = [
    "descend",
    "plot_activations",
    "plot_confusion",
    "plot_decision_regions",
    "plot_descent",
    "plot_distributions",
    "plot_loss",
    "plot_weights",
]

Array = NDArray[np.float64]
Loss = Callable[[Value, Value], Value]

# Sizes in points; figures are 150 dots an inch, so that text can be read from the last row.
TITLE, LABEL, TICK = 12, 11, 10
DOTS_PER_INCH = 150
GRID = blend(GRAY, 0.18)
SHADE = blend(GRAY, 0.14)
CURVED_ACTIVATIONS = common_activations()[1:-1]
#: One shape per class or path, so that no one has to tell them by color.
MARKERS = "os^Dv*P"


# Figures and axes -----------------------------------------------------------------------------------------


@cache
def _figure_class() -> type[Figure]:
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


def _panels(rows: int, columns: int, size: tuple[float, float], **shared: Any) -> tuple[Figure, NDArray[Any]]:
    """A figure of rows × columns axes, each of this size in inches, in the one look that all plots have."""
    width, height = size
    figure = _figure_class()(
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


def _label(axis: Axes, title: str = "", x: str = "", y: str = "") -> None:
    axis.set_title(title, fontsize=TITLE, color=INK, loc="left")
    axis.set_xlabel(x, fontsize=LABEL, color=INK)
    axis.set_ylabel(y, fontsize=LABEL, color=INK)


def _legend(axis: Axes, **where: Any) -> None:
    axis.legend(fontsize=TICK, labelcolor=INK, frameon=False, **where)


def _whole_numbers(axis: Axes) -> None:
    """Ticks for something that is counted."""
    from matplotlib.ticker import MaxNLocator

    axis.xaxis.set_major_locator(MaxNLocator(nbins="auto", integer=True, min_n_ticks=1))


@cache
def _diverging() -> Colormap:
    """From negative over nothing to positive, in the colors that gradients have."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("sign", [NEGATIVE, PAPER, POSITIVE])


# Loss curves ----------------------------------------------------------------------------------------------


def plot_loss(history: History | Mapping[str, Sequence[float]], *, log: bool | None = None) -> Figure:
    """The loss in each epoch, of training and validation, with the best epoch marked.

    `history` is what `fit` returns, or a mapping from the name of a curve to its losses; the best epoch is the lowest
    point of the validation curve, else of the first one. `log` asks for a logarithmic axis; by default there is one
    when the losses span more than a factor of 30. Losses that are not finite are left out, and counted.

    Raises ValueError when there is no loss to show.

    >>> figure = plot_loss({"training": [1.0, 0.5, 0.25], "validation": [1.0, 0.75, 0.875]})
    >>> figure.axes[0].get_title(loc="left")
    'best epoch: 2 (validation 0.75)'
    """
    curves = _loss_curves(history)
    watched = min(curves, key=lambda name: not name.startswith("validation"))
    finite = np.concatenate(list(curves.values()))
    finite = finite[np.isfinite(finite)]
    figure, axes = _panels(1, 1, (7.0, 4.0))
    axis: Axes = axes[0, 0]
    for (name, losses), style in zip(curves.items(), ["-", "--", "-.", ":"] * len(curves), strict=False):
        epochs = np.arange(1, len(losses) + 1)
        missing = np.count_nonzero(~np.isfinite(losses))
        suffix = f" ({missing} not finite)" if missing else ""
        axis.plot(epochs, losses, style, linewidth=2.2, label=name + suffix, marker="." if len(losses) < 3 else "")
    best = int(np.nanargmin(np.where(np.isfinite(curves[watched]), curves[watched], np.inf)))
    lowest = curves[watched][best]
    axis.axvline(best + 1, color=GRAY, linewidth=1, linestyle=":")
    axis.plot(best + 1, lowest, "o", color=INK, markersize=7, zorder=3)
    if log or (log is None and finite.min() > 0.0 and finite.max() > 30.0 * finite.min()):
        axis.set_yscale("log")
    _whole_numbers(axis)
    _label(axis, f"best epoch: {best + 1} ({watched} {lowest:.4g})", "epoch", "loss")
    _legend(axis)
    return figure


def _loss_curves(history: History | Mapping[str, Sequence[float]]) -> dict[str, Array]:
    if isinstance(history, History):
        history = {"training": history.loss, "validation": history.validation_loss}
    if not isinstance(history, Mapping):
        raise TypeError(f"plot_loss takes the History that fit returns, or a mapping of curves, not {history!r}")
    curves = {name: np.asarray(losses, dtype=np.float64) for name, losses in history.items()}
    shown = {name: losses for name, losses in curves.items() if np.isfinite(losses).any()}
    if not shown:
        raise ValueError("there is no finite loss to plot; train for at least one epoch first")
    return shown


# Activations ----------------------------------------------------------------------------------------------


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
    xs = np.linspace(-reach, reach, 401)
    columns = min(5, len(activations))
    rows = math.ceil(len(activations) / columns)
    figure, axes = _panels(rows, columns, (2.9, 2.7), sharex=True, sharey=True)
    for axis, activation in zip(axes.flat, activations, strict=False):
        ys, slopes = _curve(activation, xs)
        axis.plot(xs, ys, linewidth=2.4, label="activation")
        axis.plot(xs, slopes, "--", linewidth=2.0, label="derivative")
        nearly_flat = {"where": np.abs(slopes) < 0.01, "transform": axis.get_xaxis_transform()}
        axis.fill_between(xs, 0, 1, **nearly_flat, color=SHADE, linewidth=0, label="derivative below 0.01")
        _label(axis, activation_name(activation))
        axis.set_ylim(-1.5, 2.5)
    unused = list(axes.flat)[len(activations) :]
    for axis in unused:
        axis.set_axis_off()
    for axis in axes[-1 - bool(unused)]:
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


# Decision regions -----------------------------------------------------------------------------------------


def plot_decision_regions(
    predict: Callable[[Array], ArrayLike],
    X: ArrayLike,
    y: ArrayLike,
    *,
    boundary: float = 0.0,
    names: tuple[str, str] = ("x1", "x2"),
    resolution: int = 200,
) -> Figure:
    """Which class a classifier of two features gives to every point of the plane, over the data it is about.

    `predict` takes points of shape (n, 2) and returns labels of shape (n,), probabilities or scores of shape
    (n, classes), or one score for each point, shape (n,) or (n, 1), that is above `boundary` for the second class:
    0 for the outputs of a network trained with a hinge or logits, 0.5 for probabilities. X has shape (n, 2), y shape
    (n,). Each class has its own color and shape; what is classified wrongly has a ring around it.

    Raises ValueError when the shapes do not fit or a point has a label that `predict` never returns for scores.

    >>> X, y = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0, 1])
    >>> figure = plot_decision_regions(lambda points: points.sum(axis=1) > 1.0, X, y, resolution=20)
    >>> figure.axes[0].get_title(loc="left")
    '0 of 2 wrong'
    """
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != (len(X),) or not len(X):
        raise ValueError(
            f"decision regions need points of shape (n, 2) and labels of shape (n,), not {X.shape} and {y.shape}"
        )
    classes = np.unique(y)
    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.12 * np.where(high > low, high - low, 1.0)
    across, up = (np.linspace(low[k] - margin[k], high[k] + margin[k], resolution) for k in (0, 1))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    leads = _leads(predict(grid), classes, boundary).reshape(resolution, resolution, len(classes))
    wrong = np.argmax(_leads(predict(X), classes, boundary), axis=1) != np.searchsorted(classes, y)

    figure, axes = _panels(1, 1, (6.0, 5.0))
    axis: Axes = axes[0, 0]
    colors = [CYCLE[k % len(CYCLE)] for k in range(len(classes))]
    for k, color in enumerate(colors):
        lead = leads[..., k]
        if lead.max() > 0.0:
            axis.contourf(across, up, lead, levels=[0.0, 2.0 * lead.max()], colors=[blend(color, 0.22)])
        if lead.min() < 0.0 < lead.max():
            axis.contour(across, up, lead, levels=[0.0], colors=INK, linewidths=1.0)
    for k, name in enumerate(classes):
        marker = MARKERS[k % len(MARKERS)]
        axis.scatter(
            X[y == name, 0],
            X[y == name, 1],
            s=32,
            marker=marker,
            color=colors[k],
            edgecolor=PAPER,
            linewidth=0.6,
            label=str(name),
        )
    if wrong.any():
        across, up = X[wrong].T
        axis.scatter(across, up, s=110, facecolor="none", edgecolor=INK, linewidth=1.4, label="wrong")
    axis.grid(visible=False)
    _label(axis, f"{np.count_nonzero(wrong)} of {len(X)} wrong", *names)
    _legend(axis, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _leads(predicted: ArrayLike, classes: NDArray[Any], boundary: float) -> Array:
    """For each point and class, by how much its score is above the best of the others; positive for one class only."""
    scores = _scores(np.asarray(predicted), classes, boundary)
    if len(classes) == 1:
        return np.ones_like(scores)
    others = [np.delete(scores, k, axis=1).max(axis=1) for k in range(len(classes))]
    leads: Array = scores - np.stack(others, axis=1)
    return leads


def _scores(answers: NDArray[Any], classes: NDArray[Any], boundary: float) -> Array:
    """What `predict` answered, as one score for each point and class."""
    if answers.ndim == 2 and answers.shape[1] > 1:
        if answers.shape[1] != len(classes):
            raise ValueError(
                f"predict gives {answers.shape[1]} scores for each point and the data has {len(classes)} classes"
            )
        return answers.astype(np.float64)
    answers = answers.reshape(len(answers))
    if np.isin(answers, classes).all():
        hits: Array = np.equal.outer(answers, classes).astype(np.float64)
        return hits
    if len(classes) != 2 or answers.dtype.kind not in "fiu":
        raise ValueError(
            f"predict gives one answer for each point, but not the labels of the data, which are {classes.tolist()}; "
            "return these labels, or one score for each class"
        )
    above = answers - boundary
    return np.stack([-above, above], axis=1)


# Gradient descent -----------------------------------------------------------------------------------------


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

    figure, axes = _panels(1, 2, (5.6, 4.8), width_ratios=[3, 2])
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
    _label(chart, "the way down", *names)
    _label(curve, "loss at each step", "step", "loss")
    lowest = min(np.nanmin(line) for line in heights.values())
    if lowest > 0.0:
        curve.set_yscale("log")
    start = max(line[0] for line in heights.values())
    curve.set_ylim(top=3.0 * start if start > 0.0 else None)
    _legend(curve, loc="best")
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


# Distributions --------------------------------------------------------------------------------------------


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
    figure, axes = _panels(2, columns, (max(2.4, 7.2 / columns), 2.5), sharex=True, sharey="row")
    for (upper, lower), layer in zip(axes.T, history.gradients, strict=True):
        if layer in history.activations:
            _bands(upper, history.activations[layer], CYCLE[0])
        else:
            upper.set_visible(False)
        sizes = history.gradients[layer]
        zero = float(np.mean(sizes[-1] == 0.0))
        _bands(lower, [size[size > 0.0] for size in sizes], CYCLE[1])
        lower.set_yscale("log")
        _label(upper, layer)
        _label(lower, f"{100.0 * zero:.0f} % are zero" if zero else "", "epoch")
        _whole_numbers(lower)
    axes[0, 0].set_ylabel("activations", fontsize=LABEL, color=INK)
    axes[1, 0].set_ylabel("size of gradients", fontsize=LABEL, color=INK)
    return figure


def _bands(axis: Axes, over_time: Sequence[Array], color: str) -> None:
    """The median over time, and around it the middle half and the middle nine tenths."""
    levels = [5, 25, 50, 75, 95]
    finite = [numbers[np.isfinite(numbers)] for numbers in over_time]
    found = [np.percentile(numbers, levels) if len(numbers) else np.full(5, np.nan) for numbers in finite]
    p5, p25, median, p75, p95 = np.array(found).T
    epochs = np.arange(1, len(over_time) + 1)
    axis.fill_between(epochs, p5, p95, color=blend(color, 0.2), linewidth=0)
    axis.fill_between(epochs, p25, p75, color=blend(color, 0.45), linewidth=0)
    axis.plot(epochs, median, color=color, linewidth=2, marker="o" if len(epochs) < 3 else "")


# Weights and confusion ------------------------------------------------------------------------------------


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
    columns = min(count, 10 if count > 12 else 5)
    rows = math.ceil(count / columns)
    size = 1.1 if count > 12 else 1.5
    figure, axes = _panels(rows, columns, (size, size + 0.25 * (titles is not None)))
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
    side = max(3.6, 0.52 * len(counts) + 1.2)
    figure, axes = _panels(1, 1, (side, side))
    axis: Axes = axes[0, 0]
    totals = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    axis.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0)
    for (row, column), count in np.ndenumerate(counts):
        ink = PAPER if share[row, column] > 0.5 else INK if count else GRAY
        weight = "bold" if row == column else "normal"
        axis.text(column, row, f"{count:g}", ha="center", va="center", color=ink, fontsize=TICK, fontweight=weight)
    long_names = max(map(len, labels)) > 4
    axis.set_xticks(
        range(len(labels)), labels, rotation=45 if long_names else 0, ha="right" if long_names else "center"
    )
    axis.set_yticks(range(len(labels)), labels)
    axis.grid(visible=False)
    right, total = int(np.trace(counts)), int(counts.sum())
    accuracy = f" ({100.0 * right / total:.1f} %)" if total else ""
    _label(axis, f"{right:,} of {total:,} right{accuracy}", "predicted", "true")
    return figure
