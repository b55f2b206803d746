"""Backpropagation: the order, the sweep and its steps, what a gradient means, and gradients of gradients."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value, backprop, dot, fsum, grad, hessian, no_grad, topological_order
from tinygrad_edu.backprop import Contribution, Plain, StandIn, Step, operations_at, shortest_path, sweep


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
    root.grad = np.array([1.0, 1.0])
    assert list(sweep([root])) == []
    assert leaf.grad.tolist() == [11.0, 22.0]


# Places and paths -----------------------------------------------------------------------------------------


def labelled_graph():
    """Two leaves of equal data, so that mistaking equality for identity shows."""
    x, w = Value(2.0, "x"), Value(2.0, "w")
    product = x * w
    product.label = "product"
    twin = Value(4.0)
    root = product.tanh() + x * twin
    return x, w, product, twin, root


def test_a_place_is_a_label_an_operation_or_a_node():
    x, w, product, _, root = labelled_graph()
    nodes = topological_order(root)
    tanh, other_product = root.inputs
    assert operations_at("product", nodes) == {product}
    assert operations_at("tanh", nodes) == {tanh}
    assert operations_at("*", nodes) == operations_at("multiply", nodes) == {product, other_product}
    assert operations_at(product, nodes) == {product}
    assert operations_at("w", nodes) == operations_at(w, nodes) == {product}
    assert operations_at(x, nodes) == {product, other_product}
    assert {id(node) for node in operations_at(w, nodes)} == {id(product)}


@pytest.mark.parametrize(
    ("where", "error", "words"),
    [
        ("nowhere", ValueError, "no node of this graph has the label 'nowhere'.*labels: 'product', 'w', 'x'"),
        ("", ValueError, "no node of this graph has the label ''"),
        (Value(4.0), ValueError, "not part of this graph"),
        (3, TypeError, "a label, the name of an operation or a Value, not 3"),
    ],
    ids=["label", "empty", "node", "number"],
)
def test_a_place_that_is_none_is_refused(where, error, words):
    nodes = topological_order(labelled_graph()[-1])
    with pytest.raises(error, match=words):
        operations_at(where, nodes)


def test_a_label_that_two_nodes_share_is_refused():
    _x, _w, _product, twin, root = labelled_graph()
    twin.label = "w"
    with pytest.raises(ValueError, match="2 nodes share the label 'w'"):
        operations_at("w", topological_order(root))


def test_at_most_ten_labels_are_offered():
    total = fsum(Value(k, f"v{k}") for k in range(20))
    total.label = "total"
    with pytest.raises(ValueError, match=r"labels: 'total', 'v19', .*, 'v11'$"):
        operations_at("nowhere", topological_order(total))


def test_a_leaf_alone_has_no_step_to_stop_at():
    x = Value(1.0)
    with pytest.raises(ValueError, match="no step to stop at"):
        operations_at(x, [x])


@pytest.mark.parametrize(
    ("stop_at", "stops"),
    [
        ("product", ["product"]),
        ("*", ["*", "product"]),
        ("x", ["*", "product"]),
        (lambda step: step.index == 1, ["+"]),
        (lambda step: any(edge.local == 4.0 for edge in step.contributions), ["*"]),
    ],
    ids=["label", "operation", "leaf", "first", "condition"],
)
def test_backward_pauses_after_the_steps_it_is_asked_to(monkeypatch, stop_at, stops):
    x, w, _, _, root = labelled_graph()
    paused = []
    monkeypatch.setattr(backprop, "_pause", lambda node, upstream, contributions: paused.append((node, upstream)))
    root.backward(stop_at=stop_at)
    assert [node.label or node.op.name for node, _ in paused] == stops
    assert all(node.grad == upstream for node, upstream in paused)
    gradients = (x.grad, w.grad)
    x.grad = w.grad = 0.0
    root.backward()
    assert gradients == (x.grad, w.grad)


def test_a_wrong_place_to_stop_changes_nothing():
    x, _, product, _, root = labelled_graph()
    root.backward()
    before = (x.grad, product.grad)
    with pytest.raises(ValueError, match="nowhere"):
        root.backward(stop_at="nowhere")
    assert (x.grad, product.grad) == before


def test_the_shortest_path_is_the_shortest():
    x, w, product, _twin, root = labelled_graph()
    assert [id(node) for node in shortest_path(root, x)] == [id(x), id(root.inputs[1]), id(root)]
    assert [id(node) for node in shortest_path(root, w)] == [id(w), id(product), id(root.inputs[0]), id(root)]
    assert shortest_path(root, root) == [root]
    for stranger in (Value(2.0), Value(4.0)):
        with pytest.raises(ValueError, match="does not depend on"):
            shortest_path(root, stranger)


def test_paths_between_nodes_of_equal_data_are_found_by_identity():
    x = Value(0.0)
    v = x + 0.0
    w = v + 0.0
    assert [id(node) for node in shortest_path(w, x)] == [id(x), id(v), id(w)]


def test_records_of_steps_cannot_be_changed():
    _, _, _, e = karpathys_example()
    step = next(iter(e.backward_steps()))
    with pytest.raises(AttributeError):
        step.index = 7
    with pytest.raises(AttributeError):
        step.contributions[0].amount = 7.0


# Gradients as values --------------------------------------------------------------------------------------


def test_grad_touches_no_gradient():
    x = Value(2.0)
    x.grad = 5.0
    y = x * x
    y.grad = 6.0
    assert grad(y, [x, y]) == [4.0, 1.0]
    assert (x.grad, y.grad) == (5.0, 6.0)


@pytest.mark.parametrize("arguments", [(2.0, [Value(1.0)]), (Value(1.0) * 2.0, [2.0]), (Value(1.0), ["x"])])
def test_grad_wants_values(arguments):
    with pytest.raises(TypeError, match="grad needs a Value as output and a list of Values"):
        grad(*arguments)


def test_plain_numbers_in_graphs_of_gradients():
    x = Value(3.0)
    assert (Plain(2.0) + Plain(3.0), Plain(2.0) * Plain(3.0)) == (Plain(5.0), Plain(6.0))
    assert (x * Plain(1.0)) is (Plain(1.0) * x) is (x + Plain(0.0)) is (Plain(0.0) + x) is x
    assert ((Plain(2.0) + x).data, (x + Plain(2.0)).data, (Plain(2.0) * x).data, (x * Plain(-2.0)).data) == (
        5,
        5,
        6,
        -6,
    )
    assert x * Plain(0.0) == Plain(0.0)
    assert math.isnan((Value(math.inf) * Plain(0.0)).data)
    assert float(Plain(2.0)) == 2.0
    assert Plain.unwrap(Plain(2.0)).data == Plain.unwrap(2.0).data == 2.0
    assert Plain.unwrap(x) is x


def test_grad_of_what_does_not_matter_is_zero():
    x, y = Value(2.0), Value(3.0)
    assert grad(x * 2.0, [y]) == [0.0]
    assert grad(x * 2.0, [y], create_graph=True)[0].data == 0.0


def test_gradients_of_gradients():
    x = Value(1.5)
    derivative = x.sin()
    for expected in [math.cos(1.5), -math.sin(1.5), -math.cos(1.5), math.sin(1.5)]:
        (derivative,) = grad(derivative, [x], create_graph=True)
        assert derivative.data == pytest.approx(expected)
    derivative.backward()
    assert x.grad == pytest.approx(math.cos(1.5))


def test_a_changed_leaf_makes_a_graph_of_gradients_an_error():
    w, x = Value(2.0), Value(3.0)
    y = (w * x).tanh()
    w.data = 7.0
    with pytest.raises(RuntimeError, match="changed after it was computed"):
        grad(y, [x], create_graph=True)
    assert grad(y, [x]) == [y.local_derivatives[0] * 2.0]


def test_a_nan_that_stayed_the_same_is_no_change():
    x = Value(-1.0)
    (slope,) = grad(x.log() * 0.0, [x], create_graph=True)
    assert slope.data == 0.0


@given(at=st.tuples(*[st.floats(-2.0, 2.0)] * 3))
def test_hessian_of_a_cubic(at):
    x, y, z = at
    H = hessian(lambda x, y, z: x * x * y + fsum([x, y, z]) * z * z + x**3, at)
    expected = [[2 * y + 6 * x, 2 * x, 2 * z], [2 * x, 0.0, 2 * z], [2 * z, 2 * z, 2 * (x + y) + 6 * z]]
    np.testing.assert_allclose(H, expected, rtol=1e-12, atol=1e-12)
    assert H.shape == (3, 3)
    assert all(H[i, j] == pytest.approx(H[j, i]) for i, j in itertools.product(range(3), repeat=2))


def test_hessian_of_a_constant_or_of_nothing():
    assert hessian(lambda x, y: Value(3.0), [1.0, 2.0]).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert hessian(lambda: Value(3.0), []).shape == (0, 0)


def test_a_million_steps_deep_gradient_without_touching_grads():
    x = Value(1.0)
    v = x
    for _ in range(200_000):
        v = v + x
    assert grad(v, [x]) == [200_001.0]
    assert x.grad == 0.0
