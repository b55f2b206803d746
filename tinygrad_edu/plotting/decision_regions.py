"""`plot_decision_regions`: which class a classifier gives to each point of the plane.

May import: `drawing`, `training`; `style` of this folder; NumPy; matplotlib inside functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.drawing.palette import CYCLE, INK, PAPER, blend
from tinygrad_edu.plotting.style import MARKERS, add_legend, name_axes, panels
from tinygrad_edu.training.data import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_decision_regions"]

#: The share of their extent that is shown around the data, so that no point lies on the edge.
_MARGIN = 0.12
#: In square points, as matplotlib has it: some hundred points can be told apart, and a ring goes well around its own.
_POINT, _RING = 32, 110


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

    Raises ValueError when the shapes do not fit, or the answers are neither labels of the data nor scores of its
    classes.

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
    across, up = _plane(X, resolution)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    leads = _leads(predict(grid), classes, boundary).reshape(resolution, resolution, len(classes))
    wrong = np.argmax(_leads(predict(X), classes, boundary), axis=1) != np.searchsorted(classes, y)

    figure, axes = panels(1, 1, (6.0, 5.0))  # the plane is square, and the legend stands beside it
    axis: Axes = axes[0, 0]
    colors = [CYCLE[k % len(CYCLE)] for k in range(len(classes))]
    for k, color in enumerate(colors):  # all regions first, so that none covers a point
        _draw_region(axis, across, up, leads[..., k], color)
    for k, name in enumerate(classes):
        x1, x2 = X[y == name].T
        marker = MARKERS[k % len(MARKERS)]
        axis.scatter(x1, x2, s=_POINT, marker=marker, color=colors[k], edgecolor=PAPER, linewidth=0.6, label=str(name))
    if wrong.any():
        x1, x2 = X[wrong].T
        axis.scatter(x1, x2, s=_RING, facecolor="none", edgecolor=INK, linewidth=1.4, label="wrong")
    axis.grid(visible=False)
    name_axes(axis, f"{np.count_nonzero(wrong)} of {len(X)} wrong", *names)
    add_legend(axis, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _plane(X: Array, resolution: int) -> tuple[Array, Array]:
    """The part of the plane that is shown, along each direction: that of the data and a margin around it."""
    low, high = X.min(axis=0), X.max(axis=0)
    margin = _MARGIN * np.where(high > low, high - low, 1.0)
    across, up = (np.linspace(low[k] - margin[k], high[k] + margin[k], resolution) for k in (0, 1))
    return across, up


def _draw_region(axis: Axes, across: Array, up: Array, lead: Array, color: str) -> None:
    """Where a class leads the others: a pale area, with a line where it ends."""
    if lead.max() > 0.0:
        axis.contourf(across, up, lead, levels=[0.0, 2.0 * lead.max()], colors=[blend(color, 0.22)])
    if lead.min() < 0.0 < lead.max():
        axis.contour(across, up, lead, levels=[0.0], colors=INK, linewidths=1.0)


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
