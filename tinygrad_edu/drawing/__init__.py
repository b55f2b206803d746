"""Pictures of the computation graph, laid out by Graphviz."""

from tinygrad_edu.drawing.expansion import expanded
from tinygrad_edu.drawing.graph import draw, graph_svg
from tinygrad_edu.drawing.modules import module_paths
from tinygrad_edu.drawing.names import node_names

__all__ = ["draw", "expanded", "graph_svg", "module_paths", "node_names"]
