"""How large a drawing can be, before nobody reads it or Graphviz takes minutes for it.

May import: `value`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinygrad_edu.value import Value

__all__ = ["HURRIED", "HURRY", "MAX_CROSSED", "MAX_NODES", "few_columns", "few_enough"]

#: Nobody reads more, and Graphviz would need more than half a minute for more.
MAX_NODES = 2_000
#: How many columns the edges may cross in all, before Graphviz has to hurry and before it is not asked at all: hurried
#: work on the second takes about twenty seconds.
HURRIED, MAX_CROSSED = 1_500, 60_000
#: Straight edges, and few tries to shorten them: seconds where careful work takes hours.
HURRY = {"splines": "line", "outputorder": "edgesfirst", "nslimit": "1", "nslimit1": "1", "mclimit": "0.2"}
_CURES = "draw the part around one of its nodes (around=node, depth=2), the model instead of the graph (draw(model))"


def few_enough(nodes: list[Value], is_expanded: bool = False) -> list[Value]:
    """The nodes, if they are not too many; ValueError if they are."""
    if len(nodes) > MAX_NODES:
        first = "leave out expand=True, " if is_expanded else ""
        raise ValueError(
            f"this graph has {len(nodes):,} nodes and a drawing can show {MAX_NODES:,}; {first}{_CURES}, or one "
            "example instead of a batch"
        )
    return nodes


def few_columns(nodes: Sequence[Value]) -> int:
    """How many columns the edges cross, if that is not too many; ValueError if it is."""
    crossed = _crossed_columns(nodes)
    if crossed > MAX_CROSSED:
        raise ValueError(
            f"the edges of this graph cross {crossed:,} columns in all and a drawing can show {MAX_CROSSED:,}: it is "
            f"deep and its values are used far from where they are made; {_CURES}, or fewer steps of a recurrent "
            "network"
        )
    return crossed


def _crossed_columns(nodes: Sequence[Value]) -> int:
    """How many columns all edges cross together, which is what laying out a graph costs.

    A column holds the nodes of the same depth, but a leaf stands just before the first node that uses it.
    """
    column: dict[Value, int] = {}
    used_in: dict[Value, list[int]] = {}
    for node in nodes:
        inputs = [value for value in node.inputs if value in column]  # of a part, some are not drawn
        column[node] = 1 + max((column[value] for value in inputs), default=0)
        for value in inputs:
            used_in.setdefault(value, []).append(column[node])
    starts = {value: column[value] if value.inputs else min(used) - 1 for value, used in used_in.items()}
    return sum(end - starts[value] - 1 for value, used in used_in.items() for end in used)
