"""Where to stop in a backward pass: places by name, the debugger at a step, the shortest way between nodes."""

from __future__ import annotations

import pytest

from tinygrad_edu import (
    Value,
    fsum,
    stopping,
    topological_order,
)
from tinygrad_edu.stopping import operations_at, shortest_path


def labeled_graph():
    """Two leaves of equal data, so that mistaking equality for identity shows."""
    x, w = Value(2.0, "x"), Value(2.0, "w")
    product = x * w
    product.label = "product"
    twin = Value(4.0)
    root = product.tanh() + x * twin
    return x, w, product, twin, root


def test_a_place_is_a_label_an_operation_or_a_node():
    x, w, product, _, root = labeled_graph()
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
    nodes = topological_order(labeled_graph()[-1])
    with pytest.raises(error, match=words):
        operations_at(where, nodes)


def test_a_label_that_two_nodes_share_is_refused():
    _x, _w, _product, twin, root = labeled_graph()
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
    x, w, _, _, root = labeled_graph()
    paused = []
    monkeypatch.setattr(stopping, "_pause", lambda node, upstream, contributions: paused.append((node, upstream)))
    root.backward(stop_at=stop_at)
    assert [node.label or node.op.name for node, _ in paused] == stops
    assert all(node.grad == upstream for node, upstream in paused)
    gradients = (x.grad, w.grad)
    x.grad = w.grad = 0.0
    root.backward()
    assert gradients == (x.grad, w.grad)


def test_a_wrong_place_to_stop_changes_nothing():
    x, _, product, _, root = labeled_graph()
    root.backward()
    before = (x.grad, product.grad)
    with pytest.raises(ValueError, match="nowhere"):
        root.backward(stop_at="nowhere")
    assert (x.grad, product.grad) == before


def test_the_shortest_path_is_the_shortest():
    x, w, product, _twin, root = labeled_graph()
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
