"""A `dot` written out: the same numbers and gradients, by the engine's own × and +, and the original left alone."""

import pytest

from tinygrad_edu import Value, dot, no_grad, topological_order
from tinygrad_edu.drawing import expanded
from tinygrad_edu.drawing.expansion import expansion


def network():
    """Nine leaves, and a root made of them by two neurons."""
    x = [Value(0.5, "x1"), Value(-1.5, "x2"), Value(2.0, "x3")]
    w = [Value(0.1 * k - 0.3, f"w{k}") for k in range(6)]
    b = [Value(0.25, "b0"), Value(-0.5, "b1")]
    hidden = dot(w[:3], x, b[0]).tanh() * dot(w[3:], x, b[1])
    return [*x, *w, *b], (hidden * hidden).exp()


def test_an_expanded_graph_has_no_dot_and_the_same_numbers():
    leaves_, root = network()
    root.backward()
    copy = expanded(root)
    order = topological_order(copy)
    assert "dot" not in {node.op.name for node in order if node.op}
    assert len(order) == len(topological_order(root)) + 2 * (3 + 3) - 2, "three products and three sums for a dot"
    assert (copy.data, copy.grad) == (root.data, root.grad)
    twins = {node.label: node for node in order if node.label}
    for leaf in leaves_:
        assert twins[leaf.label] is not leaf
        assert (twins[leaf.label].data, twins[leaf.label].grad) == (leaf.data, leaf.grad)


def test_an_expanded_graph_has_the_gradients_of_one_written_by_hand():
    _, root = network()
    root.backward()
    drawn = sorted((node.data, node.grad) for node in topological_order(expanded(root)) if node.op)
    x = [Value(0.5), Value(-1.5), Value(2.0)]
    w = [Value(0.1 * k - 0.3) for k in range(6)]
    first = (w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + 0.25).tanh()
    product = first * (w[3] * x[0] + w[4] * x[1] + w[5] * x[2] + -0.5)
    by_hand = (product * product).exp()
    by_hand.backward()
    expected = sorted((node.data, node.grad) for node in topological_order(by_hand) if node.op)
    for (data, grad), (expected_data, expected_grad) in zip(drawn, expected, strict=True):
        assert data == pytest.approx(expected_data, rel=1e-12)
        assert grad == pytest.approx(expected_grad, rel=1e-12)


def test_an_expanded_graph_that_was_not_swept_has_no_gradients():
    _, root = network()
    assert {node.grad for node in topological_order(expanded(root))} == {0.0}


def test_a_dot_of_nothing_but_a_bias_stays_what_it_is():
    root = dot([], [], Value(2.0, "b"))
    assert [node.op.name for node in topological_order(expanded(root)) if node.op] == ["dot"]


def test_weights_that_changed_after_the_forward_pass_change_nothing():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    root = dot([w], [x], 1.0)
    w.data = 100.0
    root.backward()
    copy = expanded(root)
    assert (copy.data, copy.inputs[0].data) == (7.0, 6.0), "2 × 3, and 1 more"
    assert {n.label: n.grad for n in topological_order(copy) if n.label} == {"w": 3.0, "x": 2.0}


def test_every_node_has_one_that_stands_for_it_and_keeps_its_own_gradient():
    _, root = network()
    root.backward()
    order = topological_order(root)
    before = [(node.data, node.grad, node.inputs) for node in order]
    twins = expansion(order)
    assert list(twins) == order
    assert [(twin.data, twin.grad, twin.label) for twin in twins.values()] == [(n.data, n.grad, n.label) for n in order]
    assert not set(twins.values()) & set(order)
    assert [(node.data, node.grad, node.inputs) for node in order] == before


def test_products_and_sums_by_hand_also_where_nothing_is_recorded():
    w, x, b = [Value(2.0), Value(-1.0)], [Value(3.0), Value(4.0)], Value(10.0)
    root = dot(w, x, b)
    root.backward()
    with no_grad():
        order = topological_order(expanded(root))
    found = [(node.op.name, node.data, node.grad) for node in order if node.op]
    assert found == [("*", 6.0, 1.0), ("*", -4.0, 1.0), ("+", 2.0, 1.0), ("+", 12.0, 1.0)]
