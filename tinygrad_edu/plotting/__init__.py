"""Figures of training runs, drawn by matplotlib: what training did, what a network learned, where its gradients went.

Each function takes what the package returns and gives a matplotlib `Figure`, which shows itself in a notebook and is
written with `figure.savefig("name.svg")`. To add a figure, write a module named after what it shows, on `style`.
"""

from tinygrad_edu.plotting.activations import plot_activations
from tinygrad_edu.plotting.confusion import plot_confusion
from tinygrad_edu.plotting.decision_regions import plot_decision_regions
from tinygrad_edu.plotting.descent import descend, plot_descent
from tinygrad_edu.plotting.distributions import plot_distributions
from tinygrad_edu.plotting.layer_history import LayerHistory
from tinygrad_edu.plotting.loss_curves import plot_loss
from tinygrad_edu.plotting.weights import plot_weights

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
