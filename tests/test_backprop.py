"""Backpropagation: the order, the sweep and its steps, what a gradient means, and gradients of gradients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value, dot, no_grad, topological_order
from tinygrad_edu.backprop import Contribution, Step, sweep
from tinygrad_edu.gradients import StandIn


def karpathys_example():
    """e = c · c for c = a + b, with both inputs used."""
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c = a + b
    c.label = "c"
    return a, b, c, c * c


# Order ----------------------------------------------------------------------------------------------------


@given(choices=st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1, max_size=60))
def test_inputs_come_before_what_is_made_of_them(choices):
    nodes = [Value(1.0), Value(2.0)]
    for i, j in choices:
        nodes.append(nodes[i % len(nodes)] + nodes[j % len(nodes)])
    order = topological_order(nodes[-1])
    position = {node: k for k, node in enumerate(order)}
    assert len(position) == len(order)
    assert order[-1] is nodes[-1]
    assert all(position[value] < position[node] for node in order for value in node.inputs)
    reachable = {nodes[-1]}
    for node in reversed(nodes):
        if node in reachable:
            reachable.update(node.inputs)
    assert set(order) == reachable


def test_the_order_of_a_leaf_is_the_leaf():
    x = Value(1.0)
    assert topological_order(x) == [x]


# What a gradient means ------------------------------------------------------------------------------------


def test_leaves_accumulate_and_interior_nodes_are_reset():
    a, b, c, e = karpathys_example()
    e.backward()
    assert (a.grad, b.grad, c.grad, e.grad) == (10.0, 10.0, 10.0, 1.0)
    e.backward()
    assert (a.grad, b.grad, c.grad, e.grad) == (20.0, 20.0, 10.0, 1.0)


def test_two_roots_that_share_a_part_both_count():
    a, _, c, e = karpathys_example()
    e.backward()
    (c * 7.0).backward()
    assert a.grad == 17.0
    assert c.grad == 7.0


def test_an_input_used_twice_counts_twice():
    a = Value(3.0)
    (a + a).backward()
    assert a.grad == 2.0
    a.grad = 0.0
    (a * a * a).backward()
    assert a.grad == 27.0


def test_backward_on_a_leaf_adds_one():
    x = Value(5.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_changing_a_weight_after_the_forward_pass_leaves_its_gradients_right():
    w, x = Value(2.0), Value(3.0)
    y = w * x
    w.data = 100.0
    y.backward()
    assert (w.grad, x.grad) == (3.0, 2.0)


def test_nothing_flows_through_what_was_detached_or_not_recorded():
    x = Value(3.0)
    with no_grad():
        frozen = x * x
    (x * frozen + x.detach() * 5.0).backward()
    assert x.grad == 9.0


@pytest.mark.parametrize(
    "ask", [lambda v: v.backward(), lambda v: v.backward_steps(), lambda v: v.backward(lambda s: True)]
)
def test_what_was_computed_under_no_grad_is_refused(ask):
    x = Value(3.0)
    with no_grad():
        square = x * x
        leaf = Value(1.0)
    with pytest.raises(RuntimeError, match=r"^nothing flows back from what was computed under no_grad\(\)"):
        list(ask(square))
    assert (square.grad, x.grad) == (0.0, 0.0)
    leaf.backward()
    square.detach().backward()
    (square * x).backward()
    assert (leaf.grad, x.grad, square.grad) == (1.0, 9.0, 3.0)


def test_a_diamond_of_many_paths():
    x = Value(1.0)
    v = x
    for _ in range(60):
        v = v + v  # 2⁶⁰ paths
    v.backward()
    assert x.grad == 2.0**60


# Steps ----------------------------------------------------------------------------------------------------


def test_steps_say_what_happened_on_each_edge():
    _, _, c, e = karpathys_example()
    first, second = e.backward_steps()
    assert first == Step(
        1, 2, e, 1.0, (Contribution(c, 5.0, 1.0, 5.0, 0.0, 5.0), Contribution(c, 5.0, 1.0, 5.0, 5.0, 10.0))
    )
    assert second.index == 2
    assert second.node is c
    assert [(edge.input.label, edge.amount, edge.after) for edge in second.contributions] == [
        ("a", 10, 10),
        ("b", 10, 10),
    ]


def test_steps_are_lazy_and_each_is_complete():
    a, _, c, e = karpathys_example()
    steps = e.backward_steps()
    next(steps)
    assert (c.grad, a.grad) == (10.0, 0.0)
    next(steps)
    assert a.grad == 10.0
    with pytest.raises(StopIteration):
        next(steps)


def test_steps_and_backward_are_the_same_sweep():
    def graph():
        x, w = Value(0.3), Value(-1.7)
        return x, w, (dot([w, x], [x, w], 0.1).tanh() * x + w.exp() / (x + 2.0)).sigmoid()

    x1, w1, y1 = graph()
    x2, w2, y2 = graph()
    y1.backward()
    total = {}
    for step in y2.backward_steps():
        for edge in step.contributions:
            assert edge.amount == edge.upstream * edge.local
            assert edge.after == edge.before + edge.amount == edge.before + step.upstream * edge.local
            total[edge.input] = total.get(edge.input, 0.0) + edge.amount
    assert (x1.grad, w1.grad) == (x2.grad, w2.grad) == (total[x2], total[w2])


def test_a_leaf_has_no_steps():
    assert list(Value(1.0).backward_steps()) == []


def test_the_sweep_runs_on_anything_that_looks_like_a_node():
    leaf = StandIn([], [])
    root = StandIn([leaf, leaf], [np.array([1.0, 2.0]), np.array([10.0, 20.0])])
    root._grad = np.array([1.0, 1.0])
    assert list(sweep([root])) == []
    assert leaf._grad.tolist() == [11.0, 22.0]


def test_records_of_steps_cannot_be_changed():
    _, _, _, e = karpathys_example()
    step = next(iter(e.backward_steps()))
    with pytest.raises(AttributeError):
        step.index = 7
    with pytest.raises(AttributeError):
        step.contributions[0].amount = 7.0
