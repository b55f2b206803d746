"""Pictures: the computation graph.

May import: `ops`, `number_systems`, `value`, `backprop`, `files`.
"""

from tinygrad_edu.draw.graph import draw, expanded, graph_svg
from tinygrad_edu.draw.names import module_paths, node_names

__all__ = ["draw", "expanded", "graph_svg", "module_paths", "node_names"]
