"""What is too large for a drawing is refused before Graphviz is asked, with what to do instead."""

from __future__ import annotations

import pytest

from tinygrad_edu import Value, topological_order
from tinygrad_edu.drawing.limits import MAX_CROSSED, MAX_NODES, few_columns, few_enough


def chain(count: int) -> list[Value]:
    nodes = [Value(0.5)]
    while len(nodes) < count:
        nodes.append(nodes[-1].sin())
    return nodes


def test_as_many_nodes_as_can_be_shown_pass_and_one_more_does_not() -> None:
    assert len(few_enough(chain(MAX_NODES))) == MAX_NODES
    with pytest.raises(
        ValueError, match=r"2,001 nodes .* 2,000; draw the part around .*around=node, depth=2.*draw\(model"
    ):
        few_enough(chain(MAX_NODES + 1))
    with pytest.raises(ValueError, match="; leave out expand=True, draw the part"):
        few_enough(chain(MAX_NODES + 1), is_expanded=True)


def test_columns_are_counted_between_where_a_value_is_made_and_where_it_is_used() -> None:
    x = Value(1.0, "x")
    once = x.sin()
    twice = once.sin()
    assert few_columns(topological_order(twice)) == 0
    assert few_columns(topological_order(twice * once)) == 1, "past twice"
    assert few_columns(topological_order(twice * x)) == 2, "past once and twice"
    assert few_columns(topological_order(twice * Value(2.0))) == 0, "a leaf stands just before its first use"


def test_edges_across_too_many_columns_are_refused() -> None:
    weight, hidden = Value(0.5), Value(0.1)
    for _ in range(400):
        hidden = (weight * hidden).tanh()
    with pytest.raises(ValueError, match=rf"cross [\d,]+ columns .* can show {MAX_CROSSED:,}: .* fewer steps"):
        few_columns(topological_order(hidden))


def test_of_a_part_only_what_is_drawn_counts() -> None:
    *_, before, last = chain(10)
    assert few_columns([before, last]) == 0
