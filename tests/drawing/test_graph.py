"""The drawing of a graph: everything it should say, read back from the SVG that people see."""

import math
import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET

import graphviz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import SVG, number, parts, read

from tinygrad_edu import MLP, Layer, Neuron, Value, dot, fsum, no_grad, topological_order, trace_sources, where
from tinygrad_edu.drawing import draw, expanded, graph_svg
from tinygrad_edu.drawing.layout import find_graphviz
from tinygrad_edu.drawing.limits import MAX_NODES
from tinygrad_edu.drawing.palette import GRAY, INK, NEGATIVE, PAPER, POSITIVE, TINTS, blend
from tinygrad_edu.nn import Module
from tinygrad_edu.training import MLPClassifier


@pytest.fixture
def neuron():
    x, w, b = Value(2.0, "x"), Value(-3.0, "w"), Value(6.5, "b")
    return x, w, b, w * x + b


# What a drawing says --------------------------------------------------------------------------------------


def test_nodes_show_their_names_symbols_values_and_no_gradient_before_a_sweep(neuron):
    nodes, _, _ = read(graph_svg(neuron[-1], names={}))
    shown = [(part.texts.get("symbol"), part.texts.get("name"), part.texts["value"]) for part in nodes.values()]
    assert sorted(shown, key=str) == sorted(
        [(None, "x", "2"), (None, "w", "−3"), (None, "b", "6.5"), ("×", "v1", "−6"), ("+", "L", "0.5")], key=str
    )
    assert {part.texts["grad"] for part in nodes.values()} == {"–"}


def test_edges_show_local_derivatives_before_a_sweep_and_contributions_after_it(neuron):
    out = neuron[-1]
    _, edges, _ = read(graph_svg(out))
    assert edges["edge-2-0"].texts == {"local": "∂ 2", "amount": "← –"}
    assert "∂ 2" in draw(out).source
    assert "←" not in draw(out).source
    (out * out).backward()
    nodes, edges, _ = read(graph_svg(out))
    assert edges["edge-2-0"].texts == {"local": "∂ 2", "amount": "← 2"}
    assert edges["edge-2-1"].texts == {"local": "∂ −3", "amount": "← −3"}
    assert nodes["node-0"].texts["grad"] == "2"
    assert nodes["node-4"].texts["grad"] == "1"


@pytest.mark.parametrize(("rankdir", "arrow"), [("LR", "←"), ("RL", "→"), ("TB", "↑"), ("BT", "↓")])
def test_the_arrow_of_a_contribution_points_back(neuron, rankdir, arrow):
    neuron[-1].backward()
    _, edges, _ = read(graph_svg(neuron[-1], rankdir=rankdir))
    assert {part.texts["amount"][0] for part in edges.values()} == {arrow}


def test_a_plus_a_has_two_edges():
    a = Value(2.0, "a")
    out = a + a
    out.backward()
    nodes, edges, _ = read(graph_svg(out))
    assert set(edges) == {"edge-1-0", "edge-1-1"}
    assert len({part.line.get("d") for part in edges.values()}) == 2, "the two must not lie on one another"
    assert [part.texts["amount"] for part in edges.values()] == ["← 1", "← 1"]
    assert nodes["node-0"].texts["grad"] == "2"


leaves = st.lists(st.integers(-3, 3), min_size=2, max_size=4)
operations = st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=6)


@settings(max_examples=25)
@given(leaves, operations)
def test_what_edges_hand_back_adds_up_to_the_gradients(numbers, program):
    made = [Value(float(n), f"x{k}") for k, n in enumerate(numbers)]
    for symbol, i, j in program:
        a, b = made[i % len(made)], made[j % len(made)]
        made.append({"+": a.__add__, "-": a.__sub__, "*": a.__mul__}[symbol](b))
    root = made[-1]
    root.backward()
    order = topological_order(root)
    received = dict.fromkeys(order, 0.0)
    for id_, edge in read(graph_svg(root, names={}))[1].items():
        _, node, slot = id_.split("-")
        upstream, local, amount = map(number, re.split(" [×=] ", edge.tooltip.split("upstream ")[1]))
        assert amount == pytest.approx(upstream * local, rel=2e-3)
        assert number(edge.texts["amount"]) == amount
        received[order[int(node)].inputs[int(slot)]] += amount
    for node in order[:-1]:
        assert received[node] == pytest.approx(node.grad, rel=5e-3, abs=0.01 * abs(node.grad))


def test_inputs_parameters_constants_operations_and_the_root_look_different():
    root = Value(1.0, "x") * Neuron(1).bias + 3.0
    nodes, _, _ = read(graph_svg(root, names={}))
    looks = {}
    for part in nodes.values():
        boxes = [shape for shape in part.element if shape.get("class") == "box"]
        round_corners = boxes[0].tag == f"{SVG}path"
        looks[" ".join(sorted(part.classes))] = (round_corners, boxes[0].get("fill"), len(boxes))
    assert looks["input"] == (False, TINTS["input"], 1)
    assert looks["constant"] == (False, TINTS["constant"], 1)
    assert looks["parameter"] == (True, TINTS["parameter"], 1)
    assert looks["operation"] == (True, TINTS["operation"], 1)
    assert looks["operation root"] == (True, TINTS["operation"], 2), "the root has a double border"
    assert len(set(TINTS.values())) == 4


def test_sign_and_size_of_a_gradient_can_be_read_without_color():
    xs = [Value(1.0, f"x{k}") for k in range(5)]
    root = dot([4.0, 1.0, 0.0, -1.0, -4.0], xs)
    root.backward()
    _, edges, _ = read(graph_svg(root))
    by_input = {
        edge.tooltip.split(" ")[0].split("/∂")[1]: edge.line for edge in edges.values() if "/∂x" in edge.tooltip
    }
    lines = [by_input[f"x{k}"] for k in range(5)]
    dashes = [line.get("stroke-dasharray") for line in lines]
    assert dashes[0] is dashes[1] is None
    assert dashes[3] == dashes[4] is not None
    assert dashes[2] not in (dashes[0], dashes[4])
    widths = [float(line.get("stroke-width", "1")) for line in lines]
    assert widths[0] > widths[1] > widths[2] == 1.0
    assert (widths[3], widths[4]) == (widths[1], widths[0])
    assert [line.get("stroke") for line in lines] == [POSITIVE, POSITIVE, GRAY, NEGATIVE, NEGATIVE]


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_text_has_the_contrast_that_wcag_asks_for():
    assert all(contrast(color, PAPER) >= 4.5 for color in (INK, GRAY, POSITIVE, NEGATIVE))
    assert all(contrast(GRAY, tint) >= 4.5 for tint in TINTS.values())
    darkest = [blend(POSITIVE, 0.4), blend(NEGATIVE, 0.4), *TINTS.values()]
    assert all(contrast(INK, tint) >= 4.5 for tint in darkest)


@pytest.mark.parametrize(
    ("make", "symbol"),
    [
        (lambda x: x.leaky_relu(0.25), "leaky_relu 0.25"),
        (lambda x: x**2, "** 2"),
        (lambda x: x.clip(-1, 1), "clip −1, 1"),
        (lambda x: x - x, "−"),
        (lambda x: x / x, "/"),
        (lambda x: dot([x], [x]), "w·x"),
        (lambda x: dot([x], [x], 0.5), "w·x + b"),
        (lambda x: where(x > 0, x, 0.0), "where"),
    ],
)
def test_operations_show_their_symbol_and_their_settings(make, symbol):
    nodes, _, _ = read(graph_svg(make(Value(0.5, "x"))))
    (root,) = [part for part in nodes.values() if "root" in part.classes]
    assert root.texts["symbol"] == symbol


def test_tooltips_give_the_rule_in_symbols_and_numbers(neuron):
    out = neuron[-1]
    out.backward()
    nodes, edges, _ = read(graph_svg(out, names={"out": out}))
    assert edges["edge-2-0"].tooltip == "∂v1/∂w = x = 2\nupstream 1 × local 2 = 2"
    assert edges["edge-4-1"].tooltip == "∂out/∂b = 1\nupstream 1 × local 1 = 1"
    assert nodes["node-4"].tooltip == "out = v1 + b\nvalue 0.5, grad 1.0"
    assert nodes["node-1"].tooltip == "input x\nvalue 2.0, grad -3.0"


def test_nodes_that_were_traced_say_where_they_were_made():
    with trace_sources():
        root = Value(2.0, "a") * 3.0
    nodes, _, _ = read(graph_svg(root))
    line = f'test_graph.py, line {root.source.line}: root = Value(2.0, "a") * 3.0'
    assert nodes["node-2"].tooltip.endswith(line)


def test_what_is_not_finite_is_shown_as_it_is():
    a, b = Value(0.0, "a"), Value(float("nan"), "b")
    root = (a.log() + 1.0) * b
    root.backward()
    nodes, edges, _ = read(graph_svg(root))
    assert {"−inf", "nan"} <= {part.texts["value"] for part in nodes.values()}
    assert "nan" in {part.texts.get("grad") for part in nodes.values()}
    assert all(math.isfinite(part.width) for part in edges.values())


def custom_model():
    """Two neurons of a module that is no layer: nothing of it is drawn as boxes of neurons."""
    model = Module()
    model.inner = Module()
    model.inner.scale, model.offset = Neuron(1, seed=0), Neuron(1, seed=1)
    model.label_parameters()
    return model


def test_modules_are_clusters_inside_clusters_where_there_are_no_neurons():
    model = custom_model()
    scaled = model.inner.scale.weights[0] * 2.0 + model.inner.scale.bias
    root = (scaled * model.offset.weights[0]).tanh()
    _, _, clusters = read(graph_svg(root))
    assert sorted(clusters) == ["inner", "offset", "scale"]
    assert parts(graph_svg(root), "title") == {}


def test_layers_have_titles_and_each_neuron_is_one_box():
    model = MLP(2, [2, 1], seed=0)
    root = model([Value(1.0, "x1"), Value(2.0, "x2")])[0]
    nodes, _, titles = read(graph_svg(root, names={}))
    assert sorted(titles) == ["layers.0", "layers.1"]
    boxes = parts(graph_svg(root, names={}), "neuron")
    assert [box.tooltip for box in boxes.values()] == ["layers.0.neurons.0", "layers.0.neurons.1", "layers.1.neurons.0"]
    names = [part.texts.get("name") for part in nodes.values()]
    assert "× w⁽¹⁾₂₁" in names
    assert any("layers.0.neurons.1.weights.0" in part.tooltip for part in nodes.values())


def test_a_tooltip_says_in_which_module_an_operation_was_computed():
    with trace_sources():
        root = MLP(1, [1], seed=0)([1.0])[0]
    nodes, _, _ = read(graph_svg(root))
    place = f"node-{len(topological_order(root)) - 1}"
    assert "in layers.0.neurons.0" in nodes[place].tooltip.splitlines()


def test_inputs_stand_before_outputs_where_a_module_is_used_twice():
    cell = MLP(1, [1, 1], seed=0)
    between = cell([Value(1.0, "x")])[0] * 2.0
    root = cell([between])[0]
    boxes = parts(graph_svg(root, names={}), "neuron")
    lefts = [boxes[id_].left for id_ in sorted(boxes, key=lambda id_: int(id_.removeprefix("neuron-")))]
    assert len(lefts) == 4
    assert lefts == sorted(set(lefts))


# Names that would like to be markup -----------------------------------------------------------------------


@pytest.mark.parametrize("label", [r"\N\G\n", "<b>&amp;</b>", '"quoted"', "{a|b}", "<>", "α₂ é 漢", "%s", "-->", "]]>"])
def test_labels_are_shown_as_they_are(label):
    nodes, _, _ = read(graph_svg(Value(1.0, label) * 2.0))
    assert nodes["node-0"].texts["name"] == label
    assert nodes["node-0"].tooltip.startswith(f"input {label}\n")


@settings(max_examples=40)
@given(st.text(min_size=1))
def test_no_label_breaks_a_drawing(label):
    nodes, edges, _ = read(graph_svg(Value(1.0, label).exp(), names={}))
    assert len(nodes) == 2
    assert len(edges) == 1


def test_a_blank_label_is_shown_in_quotes():
    assert read(graph_svg(Value(1.0, " ").exp(), names={}))[0]["node-0"].texts["name"] == "' '"


def test_no_module_breaks_a_drawing():
    names, model = ["a\\", '"', "<b>", "&#0;", "a\tb", "%"], Module()
    for name in names:
        setattr(model, name, Neuron(1))
    model.label_parameters()
    root = fsum([getattr(model, name).bias for name in names])
    _, _, clusters = read(graph_svg(root))
    assert sorted(clusters) == sorted(["a\\", '"', "<b>", "&#0;", r"a\tb", "%"])


def test_control_characters_are_written_out_and_long_labels_cut():
    nodes, _, _ = read(graph_svg(Value(1.0, "a\nb\x00" + "c" * 1000).exp()))
    name = nodes["node-0"].texts["name"]
    assert name.startswith(r"a\nb\x00c")
    assert name.endswith("c…")
    assert len(name) == 40


# Ids, order, and leaving things alone ---------------------------------------------------------------------


@pytest.mark.parametrize("expand", [False, "neurons"])
def test_ids_follow_the_topological_order(expand):
    model = MLP(2, [2, 1], seed=0)
    root = model([1.0, 2.0])[0]
    nodes, edges, _ = read(graph_svg(root, expand=expand))
    order = topological_order(root)
    assert set(nodes) == {f"node-{k}" for k in range(len(order))}
    every = {f"edge-{k}-{j}" for k, node in enumerate(order) for j in range(len(node.inputs))}
    in_boxes = {id_ for id_ in every if "parameter" in nodes[_tail(id_, order)].classes}
    assert set(edges) == (every if expand else every - in_boxes)
    for k, node in enumerate(order):
        assert number(nodes[f"node-{k}"].texts["value"]) == pytest.approx(node.data, rel=1e-3)


def _tail(edge, order):
    """The id of the node that an edge comes from."""
    _, node, slot = edge.split("-")
    value = order[int(node)].inputs[int(slot)]
    return next(f"node-{k}" for k, other in enumerate(order) if other is value)


def test_the_same_graph_gives_the_same_picture(neuron):
    assert graph_svg(neuron[-1]) == graph_svg(neuron[-1])
    assert draw(neuron[-1], expand=True).source == draw(neuron[-1], expand=True).source


@pytest.mark.parametrize("expand", [False, True])
def test_drawing_changes_no_node(expand):
    a, b = Value(2.0, "a"), Value(3.0, "b")
    root = dot([a, b], [b, 1.0], 0.5).tanh()
    root.backward()
    order = topological_order(root)
    before = [(v.data, v.grad, v.op, v.inputs, v.local_derivatives, v.label) for v in order]
    draw(root, expand=expand)
    assert [(v.data, v.grad, v.op, v.inputs, v.local_derivatives, v.label) for v in order] == before
    assert topological_order(root) == order


def test_a_leaf_can_be_drawn():
    a = Value(2.0, "a")
    assert read(graph_svg(a))[0]["node-0"].classes == {"input", "root"}


# Expansion ------------------------------------------------------------------------------------------------


def test_an_expanded_drawing_of_a_swept_graph_still_adds_up():
    x, w = [Value(0.5), Value(-1.5), Value(2.0)], [Value(0.1 * k - 0.3) for k in range(6)]
    hidden = dot(w[:3], x, 0.25).tanh() * dot(w[3:], x, -0.5)
    root = (hidden * hidden).exp()
    root.backward()
    nodes, edges, _ = read(graph_svg(root, expand=True))
    order = topological_order(expanded(root))
    received = dict.fromkeys(order, 0.0)
    for id_, edge in edges.items():
        _, node, slot = id_.split("-")
        if "amount" in edge.texts:  # not to constants
            received[order[int(node)].inputs[int(slot)]] += number(edge.texts["amount"])
    shown = {k: number(part.texts["grad"]) for k, part in nodes.items() if "grad" in part.texts}
    for k, node in enumerate(order[:-1]):
        assert received[node] == pytest.approx(shown.get(f"node-{k}", 0.0), rel=5e-3, abs=1e-6)
    assert len(shown) > 12
    assert [part.texts["symbol"] for part in nodes.values() if "operation" in part.classes].count("×") == 8
    assert all("grad" not in part.texts for part in nodes.values() if "constant" in part.classes)


def test_expansion_works_where_nothing_is_recorded():
    root = dot([Value(2.0), Value(3.0)], [4.0, 5.0])
    with no_grad():
        nodes, _, _ = read(graph_svg(root, expand=True))
    assert [part.texts["symbol"] for part in nodes.values() if "symbol" in part.texts].count("×") == 2


def test_an_expanded_drawing_shows_the_numbers_that_the_forward_pass_saw():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    root = dot([w], [x], 1.0)
    w.data = 100.0
    root.backward()
    edges = read(graph_svg(root, expand=True))[1].values()
    received = [number(edge.texts["amount"]) for edge in edges if "amount" in edge.texts]
    assert sorted(received) == [1.0, 2.0, 3.0]


# Files ----------------------------------------------------------------------------------------------------


def test_the_file_ending_decides(neuron, tmp_path):
    out = neuron[-1]
    for name in ("a.svg", "a.png", "a.dot"):
        assert isinstance(draw(out, tmp_path / name), graphviz.Digraph)
    assert ET.parse(tmp_path / "a.svg").getroot().tag == f"{SVG}svg"
    png = (tmp_path / "a.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    assert width > 300
    assert height > 100
    checked = subprocess.run(
        [find_graphviz(), "-Tcanon", tmp_path / "a.dot"], capture_output=True, text=True, check=True
    )
    assert "node-4" in checked.stdout
    assert sorted(os.listdir(tmp_path)) == ["a.dot", "a.png", "a.svg"]


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.svg.gz", ".svg", "a.SVGX"])
def test_another_ending_is_refused(neuron, tmp_path, name):
    with pytest.raises(ValueError, match=r"ending in \.svg, \.png or \.dot, not to"):
        draw(neuron[-1], tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_an_ending_in_capitals_is_understood(neuron, tmp_path):
    draw(neuron[-1], tmp_path / "a.SVG")
    assert ET.parse(tmp_path / "a.SVG").getroot().tag == f"{SVG}svg"


def test_an_unwritable_place_is_refused_in_one_sentence(neuron, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot write '.*missing/a\.svg' .*folder that exists"):
        draw(neuron[-1], tmp_path / "missing" / "a.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(IsADirectoryError, match=r"cannot write '.*folder\.svg'"):
        draw(neuron[-1], tmp_path / "folder.svg")
    assert os.listdir(tmp_path) == ["folder.svg"]


# Bad input ------------------------------------------------------------------------------------------------


def chain(n_nodes: int) -> Value:
    end = Value(0.5)
    for _ in range(n_nodes - 1):
        end = end.sin()
    return end


def test_a_graph_too_large_to_read_is_refused_with_its_count(tmp_path):
    assert draw(chain(MAX_NODES)).source.count('id="node-') == MAX_NODES
    with pytest.raises(
        ValueError, match=r"has 2,001 nodes and a drawing can show 2,000; draw the part around one of its nodes"
    ):
        draw(chain(MAX_NODES + 1), tmp_path / "a.svg")
    assert os.listdir(tmp_path) == []


def recurrent(steps):
    """Two weights, used again at every step: edges that cross the whole drawing."""
    w, u = Value(0.5, "w"), Value(-0.25, "u")
    hidden = Value(0.1, "h")
    for _ in range(steps):
        hidden = (w * hidden + u).tanh()
    return hidden


def test_edges_across_many_columns_make_graphviz_hurry_and_it_ends():
    assert "nslimit" not in draw(recurrent(5)).source
    assert "nslimit" in draw(recurrent(40)).source
    assert graph_svg(recurrent(60)).count('class="edge"') == 60 * 5


def test_a_graph_too_tangled_to_lay_out_is_refused_with_the_cure():
    root = recurrent(300)
    assert len(topological_order(root)) < MAX_NODES
    with pytest.raises(ValueError, match=r"cross .* columns in all .* fewer steps of a recurrent network"):
        draw(root)


def test_an_expansion_too_large_to_read_is_refused_with_its_count():
    root = dot([Value(1.0)] * 1100, [1.0] * 1100)
    assert len(topological_order(root)) < MAX_NODES
    with pytest.raises(ValueError, match=r"has 3,300 nodes .*; leave out expand=True, "):
        draw(root, expand=True)


def test_what_is_no_value_is_refused():
    with pytest.raises(TypeError, match=r"the Value at the end of a graph, such as .*, not 3\.0 of type float"):
        draw(3.0)
    with pytest.raises(TypeError, match=r"such as loss or outputs\[0\], or a model, not ValueArray"):
        draw(MLP(1, [2], seed=0)([1.0]))


def test_what_is_no_file_is_refused(neuron):
    with pytest.raises(TypeError, match=r'a graph is written to a file such as "graph.svg", not to 3; an example'):
        draw(neuron[-1], 3)


def test_a_class_and_settings_that_a_model_has_not_are_refused():
    with pytest.raises(TypeError, match=r"or a model, not <class '.*MLP'> of type type"):
        draw(MLP)
    for has in ({"expand": True}, {"around": "w"}, {"rankdir": "TB"}, {"names": {}}):
        with pytest.raises(TypeError, match="are for the graph of a Value; a model is drawn as it is"):
            draw(MLP(1, [1]), **has)


def test_of_a_network_too_wide_to_draw_whole_the_rows_count():
    root = MLP(784, [4, 2], seed=0)([0.5] * 784).sum()
    assert len(topological_order(root)) > MAX_NODES
    assert len(parts(draw(root, names={}).pipe("svg", encoding="utf-8"), "neuron")) == 6


def test_an_unknown_direction_is_refused(neuron):
    with pytest.raises(ValueError, match="rankdir is one of LR, RL, TB, BT, not 'up'"):
        draw(neuron[-1], rankdir="up")


# In a notebook --------------------------------------------------------------------------------------------


def test_a_value_shows_itself_as_its_graph(neuron):
    nodes, _, _ = read(neuron[-1]._repr_svg_())
    assert len(nodes) == 5


def test_names_in_a_notebook_are_those_of_the_notebook(monkeypatch):
    value = Value(1.0).exp()
    monkeypatch.setattr(sys.modules["__main__"], "in_the_notebook", value, raising=False)

    def machinery(obj):
        return obj._repr_svg_()

    texts = [text.text for text in ET.fromstring(machinery(value)).iter(f"{SVG}text")]
    assert "in_the_notebook" in texts
    assert "obj" not in texts


def test_of_a_large_graph_a_notebook_shows_what_is_around_the_value():
    nodes, _, _ = read(chain(MAX_NODES + 1)._repr_svg_())
    assert len(nodes) == 3
    assert len(parts(chain(MAX_NODES + 1)._repr_svg_(), "cut")) == 1


def test_weights_of_equal_numbers_keep_their_own_rows():
    layer = Layer(2, 2, "identity", init="zeros")
    loss = sum(layer([1.0, 2.0])) + layer.neurons[0].weights[1] ** 2
    source = draw(loss, names={}).source
    assert re.search(r'neuron-\d+":w1:e -> ', source)
    assert not re.search(r'neuron-\d+":w0:e -> ', source)


def test_of_an_estimator_its_network_is_drawn():
    with pytest.raises(TypeError, match=r"not MLPClassifier\(\) of type MLPClassifier; the network .* is its \.model_"):
        draw(MLPClassifier())
