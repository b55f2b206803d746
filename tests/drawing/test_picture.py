"""How a picture is put together: what leads where, what is drawn of a part, in which order things stand."""

from __future__ import annotations

import re

import pytest
from pictures import parts, read

from tinygrad_edu import MLP, Layer, Neuron, Value, topological_order
from tinygrad_edu.drawing import draw, graph_svg
from tinygrad_edu.drawing.picture import GraphPicture
from tinygrad_edu.nn import RNN


def loss_of(model: MLP, inputs: list[float]) -> Value:
    loss = (model(inputs)[0] - 1.0) ** 2
    loss.label = "loss"
    return loss


def edges_in(source: str) -> list[tuple[str, str]]:
    """Tails and heads of the edges that one sees, without ports."""
    found = re.findall(r'^\t"?([\w-]+)"?\S* -> "?([\w-]+)"?\S* \[(.*)', source, re.MULTILINE)
    return [(tail, head) for tail, head, rest in found if "style=invis" not in rest]


def test_edges_lead_from_the_box_of_a_neuron_to_the_rows_of_the_next_layer() -> None:
    loss = loss_of(MLP(2, [3, 1], "tanh", seed=0), [0.5, -1.0])
    source = draw(loss, names={}).source
    boxes = parts(graph_svg(loss, names={}), "neuron")
    *hidden, last = sorted(boxes, key=lambda id_: int(id_.removeprefix("neuron-")))
    into_last = [tail for tail, head in edges_in(source) if head == last]
    assert into_last == hidden
    assert len([head for _, head in edges_in(source) if head in hidden]) == 6


def test_columns_stand_from_left_to_right_and_neurons_of_a_layer_in_their_order() -> None:
    model = MLP(3, [4, 4, 4, 1], "tanh", seed=2)
    loss = loss_of(model, [0.5, -1.0, 2.0])
    loss.backward()
    boxes = parts(draw(loss, names={}).pipe("svg", encoding="utf-8"), "neuron")
    by_path = {box.tooltip: box for box in boxes.values()}
    lefts = [[by_path[f"layers.{k}.neurons.{j}"].left for j in range(size)] for k, size in enumerate([4, 4, 4, 1])]
    assert all(max(one) - min(one) < 2.0 for one in lefts), "one column for each layer"
    assert [min(one) for one in lefts] == sorted(min(one) for one in lefts)
    for k in range(3):
        heights = [_height(by_path[f"layers.{k}.neurons.{j}"]) for j in range(4)]
        assert heights == sorted(heights)


def _height(box) -> float:
    return min(float(text.get("y")) for text in box.element.iter() if text.get("y"))


def test_inputs_stand_in_their_order_also_where_the_first_neuron_shows_few() -> None:
    layer = Layer(12, 3, "tanh", seed=0)
    root = layer([Value(0.1 * k, f"x{k:02}") for k in range(12)]).sum()
    root.backward()
    nodes = parts(graph_svg(root, names={}), "node").values()
    placed = sorted((_height(part), part.texts["name"]) for part in nodes if "input" in part.classes)
    names = [name for _, name in placed]
    assert len(names) >= 8
    assert names == sorted(names)


def test_a_part_shows_what_is_near_and_dots_where_it_goes_on() -> None:
    nodes = [Value(0.5, "x")]
    for _ in range(9):
        nodes.append(nodes[-1].sin())
    svg = draw(nodes[-1], around=nodes[5], depth=1).pipe("svg", encoding="utf-8")
    assert set(parts(svg, "node")) == {"node-4", "node-5", "node-6"}, "numbered as in the whole"
    assert len(parts(svg, "cut")) == 2
    assert [part.texts["cut"] for part in parts(svg, "cut").values()] == ["…", "…"]


@pytest.mark.parametrize("name", ["w⁽²⁾₁₂", "w(2)12", "layers.1.neurons.0.weights.1"])
def test_a_part_is_found_by_any_name_of_its_node(name: str) -> None:
    loss = loss_of(MLP(2, [3, 1], "tanh", seed=0), [0.5, -1.0])
    assert draw(loss, names={}, around=name, depth=0).source.count("id=neuron") + draw(
        loss, names={}, around=name, depth=0
    ).source.count('id="neuron') == 1  # fmt: skip


def test_a_part_of_a_wide_network_has_no_dots_for_what_is_left_out() -> None:
    (output,) = MLP(30, [4, 1], "tanh", seed=0)([0.1 * k for k in range(30)])
    output.backward()
    svg = draw(output, names={}, around="a(1)2", depth=1).pipe("svg", encoding="utf-8")
    assert len(parts(svg, "neuron")) == 2
    assert len(parts(svg, "node")) < 35, "rows of two neurons, and the inputs that have one"
    assert len(parts(svg, "cut")) < 12


def test_a_wide_neuron_by_itself_is_a_box() -> None:
    boxes = [parts(graph_svg(Neuron(count, seed=0)([0.5] * count), names={}), "neuron") for count in (8, 9)]
    assert list(map(len, boxes)) == [0, 1]


def test_what_is_no_node_of_the_graph_has_no_part() -> None:
    root = Value(1.0, "x").sin()
    with pytest.raises(ValueError, match="around should be a node of the graph of"):
        draw(root, around=Value(1.0, "y"))
    with pytest.raises(ValueError, match="no node is called 'y'; there are x, L"):
        draw(root, names={}, around="y")
    with pytest.raises(ValueError, match="depth"):
        draw(root, around="x", depth=-1)


def test_a_graph_too_large_to_draw_has_parts_that_are_not() -> None:
    end = middle = Value(0.5, "x")
    for k in range(3_000):
        end = end.sin()
        middle = end if k == 1_500 else middle
    assert len(read(draw(end, around=middle, depth=2).pipe("svg", encoding="utf-8"))[0]) == 5


def test_a_shared_weight_has_its_gradient_once_in_full_and_copies_that_say_of_what() -> None:
    outputs, _ = RNN(1, 1, seed=0)([[1.0], [0.5]])
    root = outputs[-1].sum()
    root.backward()
    svg = graph_svg(root, names={})
    weights = [part for part in parts(svg, "node").values() if "parameter" in part.classes]
    assert len(weights) == 3, "two weights and a bias, though they are used twice"
    for part in weights:
        assert f'data-of="{part.id}"' in svg


def test_opened_neurons_have_a_node_for_each_parameter() -> None:
    loss = loss_of(MLP(2, [2, 1], "tanh", seed=0), [0.5, -1.0])
    opened = graph_svg(loss, names={}, expand="neurons")
    assert parts(opened, "neuron") == {}
    assert len(parts(opened, "edge")) == sum(len(node.inputs) for node in topological_order(loss))


@pytest.mark.parametrize("sizes", [(4, [1]), (3, [2, 1])])
def test_parameters_of_opened_neurons_stand_in_their_order(sizes: tuple[int, list[int]]) -> None:
    root = MLP(*sizes, seed=0)([0.5 + k for k in range(sizes[0])])[0]
    nodes = parts(graph_svg(root, names={}, expand="neurons"), "node").values()
    first = [part for part in nodes if part.texts.get("name", "").startswith(("w₁", "w⁽¹⁾₁", "b₁", "b⁽¹⁾₁"))]
    assert len(first) == sizes[0] + 1
    assert [part.texts["name"][-1] for part in sorted(first, key=_height)] == [*"₁₂₃₄"[: sizes[0]], "₁"]
    second = [part for part in nodes if part.texts.get("name", "").startswith("w⁽¹⁾₂")]
    assert [part.texts["name"][-1] for part in sorted(second, key=_height)] == [*"₁₂₃"[: len(second)]]


def test_one_neuron_is_drawn_open() -> None:
    root = Layer(2, 1, "tanh", seed=0)([1.0, 2.0])[0]
    assert parts(graph_svg(root, names={}), "neuron") == {}
    assert {part.texts.get("name") for part in parts(graph_svg(root, names={}), "node").values()} >= {"w₁₁", "b₁"}


def test_expand_is_one_of_three() -> None:
    with pytest.raises(ValueError, match="expand is False, \"neurons\" or True, not 'layers'"):
        draw(Value(1.0).exp(), expand="layers")  # type: ignore[arg-type]  # which is what is tested


def test_the_description_says_how_large_it_is_and_what_came_out() -> None:
    root = Value(2.0, "a") * 3.0
    assert "3 nodes; L = 6" in GraphPicture(root, {}, False, "LR").drawing().source


def test_a_part_that_reaches_further_than_the_graph_is_the_graph() -> None:
    x = Value(1.0, "x")
    source = draw((x * 2.0).tanh(), names={}, around=x, depth=10**12).source
    assert len(set(re.findall(r'id="?(node-\d+)', source))) == 4


def test_numbers_of_different_moments_are_told() -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x")
    root = w * x
    root.backward()
    assert "note" not in draw(root).pipe("svg", encoding="utf-8")
    w.data, x.grad = 5.0, 0.0
    picture = draw(root).pipe("svg", encoding="utf-8")
    for note in (
        "Inputs of root were changed after the forward pass.",
        "Gradients of x were set to zero after the sweep.",
    ):
        assert picture.count(note) == 2, "below the picture, and in what screen readers say of it"
