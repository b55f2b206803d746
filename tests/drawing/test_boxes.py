"""Which nodes share a box, which are left out, and which a part shows."""

from __future__ import annotations

from tinygrad_edu import MLP, Layer, Value, topological_order
from tinygrad_edu.drawing.boxes import Boxes, Neighborhood
from tinygrad_edu.drawing.neurons import find_neurons
from tinygrad_edu.drawing.sweeps import finished_sweep


def boxes_of(root: Value) -> tuple[list[Value], Boxes]:
    nodes = topological_order(root)
    return nodes, Boxes(nodes, find_neurons(nodes), finished_sweep(root))


def test_a_box_holds_parameters_sum_and_activation_and_not_the_inputs() -> None:
    layer = Layer(2, 1, "tanh", seed=0)
    inputs = [Value(1.0, "x1"), Value(2.0, "x2")]
    (output,) = layer(inputs)
    _, boxes = boxes_of(output)
    (neuron,) = boxes.neurons
    assert set(boxes.around) == {*layer.parameters(), output, output.inputs[0]}
    assert set(boxes.around.values()) == {neuron}
    assert boxes.left_out == set()


def test_of_many_inputs_the_strongest_have_rows_and_a_constant_that_feeds_none_is_left_out() -> None:
    layer = Layer(10, 1, "identity", seed=0)
    inputs = [Value(float(k), f"x{k}") for k in range(10)]
    (output,) = layer(inputs)
    output.backward()  # so the gradient of weight k is k
    nodes, boxes = boxes_of(output)
    (neuron,) = boxes.neurons
    assert boxes.shown[neuron] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert boxes.left_out == {*inputs[:2], *layer.neurons[0].weights[:2]}
    assert boxes.unseen(neuron) == inputs[:2]
    assert [len(column) for column in boxes.columns(set(nodes) - boxes.left_out)] == [8, 1]


def test_what_another_node_uses_is_not_left_out() -> None:
    layer = Layer(10, 1, "identity", seed=0)
    inputs = [Value(float(k + 1), f"x{k}") for k in range(10)]
    root = layer(inputs)[0] * inputs[0]
    root.backward()
    _, boxes = boxes_of(root)
    assert boxes.left_out == {inputs[1], *layer.neurons[0].weights[:2]}


def test_columns_are_in_the_order_of_the_pass_and_rows_in_that_of_the_layer() -> None:
    model = MLP(2, [3, 2], "tanh", seed=0)
    inputs = [Value(1.0, "x1"), Value(2.0, "x2")]
    outputs = model(inputs)
    nodes, boxes = boxes_of(outputs[1] * outputs[0])  # the other way round
    columns = list(boxes.columns(set(nodes)))
    assert columns[0] == inputs
    layers = [[[neuron.bias for neuron in layer] for layer in column] for column in (columns[1], columns[3])]
    expected = [[[neuron.bias for neuron in layer.neurons]] for layer in model.layers]
    assert layers == expected
    assert columns[2] == []


def test_a_shared_weight_is_told_in_the_box_of_the_first_neuron() -> None:
    layer = Layer(1, 1, "tanh", seed=0)
    first = layer([Value(1.0, "x")])
    _, boxes = boxes_of(layer(first)[0])
    one, two = boxes.neurons
    (weight,) = layer.neurons[0].weights
    assert boxes.around[weight] is one
    assert boxes.around[two.total] is two


def test_a_neighborhood_reaches_as_far_as_it_says_both_ways() -> None:
    nodes = [Value(0.5, "x")]
    for _ in range(6):
        nodes.append(nodes[-1].sin())
    boxes = Boxes(nodes, [], finished_sweep(nodes[-1]))
    same = {node: node for node in nodes}
    for depth in range(4):
        found = Neighborhood(nodes[3], depth).of(nodes, boxes, same)
        assert found == set(nodes[max(0, 3 - depth) : 4 + depth])


def test_a_neuron_is_one_box_in_a_neighborhood() -> None:
    model = MLP(2, [2, 1], "tanh", seed=0)
    (output,) = model([Value(1.0, "x1"), Value(2.0, "x2")])
    nodes, boxes = boxes_of(output)
    weight = model.layers[1].neurons[0].weights[0]
    found = Neighborhood(weight, 0).of(nodes, boxes, {node: node for node in nodes})
    assert found == {*model.layers[1].parameters(), output} | ({output.inputs[0]} if len(output.inputs) == 1 else set())
