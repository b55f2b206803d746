"""Figures of training runs, drawn by matplotlib."""

from tinygrad_edu.plotting.figures import (
    descend,
    plot_activations,
    plot_confusion,
    plot_decision_regions,
    plot_descent,
    plot_distributions,
    plot_loss,
    plot_weights,
)
from tinygrad_edu.plotting.layer_history import LayerHistory

__all__ = [
    "LayerHistory",
    "descend",
    "plot_activations",
    "plot_confusion",
    "plot_decision_regions",
    "plot_descent",
    "plot_distributions",
    "plot_loss",
    "plot_weights",
]
