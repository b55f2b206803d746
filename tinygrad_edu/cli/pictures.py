"""Pictures of a training run, for the command line.

May import: `plotting`; `train` of this folder; NumPy; matplotlib inside functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinygrad_edu.cli.train import Trained
from tinygrad_edu.plotting import plot_confusion, plot_decision_regions, plot_loss, plot_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["pictures_of"]


def pictures_of(trained: Trained) -> dict[str, Figure]:
    """File names and figures: the loss, what was taken for what, and what the network made of its inputs.

    That is the decision regions where there are two of them, and the weights of the first layer for the digits. Nothing
    but the weights where training broke off in the first epoch. Raises ImportError without matplotlib.
    """
    data, pictures = trained.data, {}
    if trained.history.epochs:
        pictures["loss.png"] = plot_loss(trained.history)
    X, y = (data.X_test, data.y_test) if len(data.y_test) else (data.X, data.y)
    matrix = np.zeros((len(data.classes), len(data.classes)), dtype=int)
    np.add.at(matrix, (y.astype(int), trained.predicted(X)), 1)
    pictures["confusion.png"] = plot_confusion(matrix, data.classes)
    if X.shape[1] == 2:
        pictures["regions.png"] = plot_decision_regions(trained.predicted, X, y.astype(int))
    if trained.name == "digits":
        pictures["weights.png"] = plot_weights(trained.model.layers[0], (8, 8))
    return pictures
