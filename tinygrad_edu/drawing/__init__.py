"""Pictures: the computation graph (Graphviz), and plots (matplotlib).

May import: `ops`, `number_systems`, `value`, `backprop`, `files`, `nn`, `replay`, `training`.
"""

from tinygrad_edu.drawing.graph import draw, expanded, graph_svg
from tinygrad_edu.drawing.names import module_paths, node_names
from tinygrad_edu.drawing.plots import (
    descend,
    plot_activations,
    plot_confusion,
    plot_decision_regions,
    plot_descent,
    plot_distributions,
    plot_loss,
    plot_weights,
)
from tinygrad_edu.drawing.program import draw_program
from tinygrad_edu.drawing.recorder import LayerRecorder

__all__ = [
    "LayerRecorder",
    "descend",
    "draw",
    "draw_program",
    "expanded",
    "graph_svg",
    "module_paths",
    "node_names",
    "plot_activations",
    "plot_confusion",
    "plot_decision_regions",
    "plot_descent",
    "plot_distributions",
    "plot_loss",
    "plot_weights",
]
