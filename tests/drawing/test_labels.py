"""What stands in the boxes, read back from the SVG: each number is the engine's, at the place that says so."""

from __future__ import annotations

import pytest
from pictures import SVG, number, own_texts, parts, read

from tinygrad_edu import Layer, Neuron, Value, topological_order
from tinygrad_edu.drawing import draw, graph_svg
from tinygrad_edu.drawing.labels import SHOWN_INPUTS, shown_inputs
from tinygrad_edu.drawing.neurons import find_neurons
from tinygrad_edu.drawing.palette import NEGATIVE, POSITIVE
from tinygrad_edu.drawing.sweeps import finished_sweep


def swept_layer(inputs: int = 3, neurons: int = 2) -> Value:
    root = Layer(inputs, neurons, "tanh", seed=0)([Value(0.5 * k - 0.7, f"x{k}") for k in range(inputs)]).sum()
    root.label = "L"
    root.backward()
    return root


def test_each_row_shows_its_node_s_numbers() -> None:
    root = swept_layer()
    nodes, _, _ = read(graph_svg(root, names={}))
    for k, node in enumerate(topological_order(root)):
        texts = nodes[f"node-{k}"].texts
        assert number(texts["value"]) == pytest.approx(node.data, rel=1e-3)
        assert number(texts["grad"]) == pytest.approx(node.grad, rel=1e-3)


def test_rows_are_in_the_order_of_the_inputs_from_top_to_bottom() -> None:
    root = swept_layer(5)
    svg = graph_svg(root, names={})
    for box in parts(svg, "neuron").values():
        rows = [group for group in box.element if group.get("class") == "copy"]
        placed = [(float(text.get("y", "nan")), text.text) for row in rows for text in own_texts(row)]
        names = [text for _, text in sorted(placed) if text and text.startswith("x")]
        assert names == [f"x{k}" for k in range(5)]


def test_what_came_along_an_edge_stands_beside_its_row() -> None:
    root = swept_layer(3, 2)
    svg = graph_svg(root, names={})
    order = topological_order(root)
    checked = 0
    for id_, edge in parts(svg, "edge").items():
        _, index, slot = id_.split("-")
        node = order[int(index)]
        if node.op.name != "dot":
            continue
        weight = node.inputs[int(slot) - len(node.inputs) // 2]
        row = parts(svg, "node")[f"node-{next(k for k, other in enumerate(order) if other is weight)}"]
        height = {float(text.get("y", "nan")) for text in own_texts(row.element)}
        beside = [float(text.get("y", "nan")) for text in own_texts(edge.element)]
        assert beside == pytest.approx([*height] * 2, abs=1.0)
        assert number(edge.texts["local"]) == pytest.approx(weight.data, rel=1e-3)
        assert number(edge.texts["amount"]) == pytest.approx(node.grad * weight.data, rel=2e-3)
        checked += 1
    assert checked == 6


def test_before_a_sweep_gradients_are_a_dash_and_nothing_came_along() -> None:
    root = Layer(2, 2, "tanh", seed=0)([1.0, 2.0]).sum()
    nodes, edges, _ = read(draw(root, names={}).pipe("svg", encoding="utf-8"))
    assert {part.texts["grad"] for part in nodes.values() if "grad" in part.texts} == {"–"}
    assert not any("amount" in edge.texts for edge in edges.values())


def test_tints_tell_sign_and_size_of_gradients() -> None:
    root = swept_layer()
    nodes, _, _ = read(graph_svg(root, names={}))
    shown = []
    for k, node in enumerate(topological_order(root)):
        (cell,) = nodes[f"node-{k}"].element.findall(f"{SVG}rect")
        if node.grad:
            assert cell.get("fill") == (POSITIVE if node.grad > 0 else NEGATIVE)
            shown.append((abs(node.grad), float(cell.get("fill-opacity", "nan"))))
    shown.sort()
    opacities = [opacity for _, opacity in shown]
    assert opacities == sorted(opacities)
    assert opacities[-1] > 2 * opacities[0]


def test_more_inputs_than_have_rows_are_counted() -> None:
    layer = Layer(32, 2, "tanh", seed=0)
    root = layer([Value(0.1 * k, f"x{k}") for k in range(32)]).sum()
    root.backward()
    for box, neuron in zip(parts(graph_svg(root, names={}), "neuron").values(), layer.neurons, strict=True):
        assert "… 24 more" in [text.text for text in own_texts(box.element)]
        strongest = sorted(range(32), key=lambda k, of=neuron: -abs(of.weights[k].grad))[:SHOWN_INPUTS]
        rows = [group for group in box.element if "parameter" in (group.get("class") or "")]
        grads = [number(text.text or "") for row in rows for text in own_texts(row) if text.get("class") == "grad"]
        expected = [neuron.weights[k].grad for k in sorted(strongest)] + [neuron.bias.grad]
        assert grads == pytest.approx(expected, rel=1e-3)


def test_before_a_sweep_the_largest_weights_are_the_strongest() -> None:
    neuron = Neuron(12, seed=0)
    (found,) = find_neurons(topological_order(neuron([1.0] * 12)))
    largest = sorted(range(12), key=lambda k: -abs(neuron.weights[k].data))[:SHOWN_INPUTS]
    assert shown_inputs(found, finished_sweep(found.output)) == sorted(largest)


def test_constants_show_their_number_alone() -> None:
    root = Value(3.0, "x") * 2.0
    root.backward()
    nodes, edges, _ = read(graph_svg(root, names={}))
    assert nodes["node-1"].texts == {"value": "2"}
    assert set(edges["edge-2-1"].texts) == {"local"}


def test_a_name_that_nobody_gave_is_small_and_is_the_stepper_s() -> None:
    x = Value(3.0, "x")
    root = (x * 2.0).exp() * x
    svg = draw(root, names={"y": root}).pipe("svg", encoding="utf-8")
    classes = {part.texts["name"]: part.element for part in parts(svg, "node").values() if "name" in part.texts}
    sizes = {
        name: text.get("font-size")
        for name, element in classes.items()
        for text in own_texts(element)
        if (text.get("class") or "").startswith("name")
    }
    assert sizes == {"x": "11.00", "v1": "9.00", "v2": "9.00", "y": "11.00"}
