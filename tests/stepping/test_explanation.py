"""`explain`: every path's product, counted exactly, and a sum that is the gradient."""

from __future__ import annotations

import inspect
import io
import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tinygrad_edu import Value, dot
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.stepping import Explanation, explain
from tinygrad_edu.stepping.explanation import Paths


def naive_products(node: Value, wrt: Value) -> list[float]:
    """The product along every path, by walking them all: right, and exponential."""
    if node is wrt:
        return [1.0]
    edges = zip(node.inputs, node.local_derivatives, strict=True)
    return [product * local for value, local in edges for product in naive_products(value, wrt)]


def random_graph(seed: int, size: int) -> tuple[Value, Value]:
    choose = random.Random(seed)
    x = Value(choose.uniform(-2, 2), "x")
    nodes = [x, Value(0.7, "y")]
    for _ in range(size):
        a, b = choose.choice(nodes), choose.choice(nodes)
        nodes.append(choose.choice([lambda a, b: a + b, lambda a, b: a * b, lambda a, b: (a - b).tanh()])(a, b))
    return nodes[-1], x


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 40))
def test_paths_are_those_of_a_walk_through_all_of_them(seed: int, size: int, limit: int) -> None:
    root, x = random_graph(seed, size)
    explanation = root.explain(x, limit)
    walked = sorted(naive_products(root, x), key=abs, reverse=True)
    assert explanation.count == len(walked)
    shown = [path.product for path in explanation.paths]
    assert [abs(product) for product in shown] == pytest.approx([abs(product) for product in walked[:limit]])
    assert math.fsum(shown) + explanation.rest == pytest.approx(math.fsum(walked), abs=1e-12)
    root.backward()
    assert explanation.gradient == x.grad


def test_each_path_is_a_way_through_the_graph_and_no_way_comes_twice() -> None:
    root, x = random_graph(5, 12)
    explanation = root.explain(x, limit=1000)
    for path in explanation.paths:
        assert path.nodes[0] is x
        assert path.nodes[-1] is root
        for (below, above), local in zip(itertools.pairwise(path.nodes), path.locals, strict=True):
            edges = zip(above.inputs, above.local_derivatives, strict=True)
            assert any(value is below and derivative == local for value, derivative in edges)
    assert len(explanation.paths) == explanation.count


def test_both_edges_of_a_plus_a_are_paths() -> None:
    a = Value(3.0, "a")
    paths = (a + a).explain(a).paths
    assert [path.locals for path in paths] == [(1.0,), (1.0,)]
    assert [path.places for path in paths] == [(0,), (1,)]


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_one_pass_finds_the_paths_of_every_node(seed: int, size: int) -> None:
    root, _ = random_graph(seed, size)
    nodes = topological_order(root)
    paths = Paths(nodes, limit=5)
    for node in nodes:
        walked = sorted(naive_products(root, node), key=abs, reverse=True)
        assert paths.counts[node] == len(walked)
        products = [abs(path.product) for path in paths.largest(node)]
        assert products == pytest.approx([abs(product) for product in walked[:5]])


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_places_and_local_derivatives_say_the_same_way(seed: int, size: int) -> None:
    root, x = random_graph(seed, size)
    for path in root.explain(x, limit=50).paths:
        assert path.nodes[0] is x
        for below, above, place, local in zip(path.nodes[:-1], path.nodes[1:], path.places, path.locals, strict=True):
            assert above.inputs[place] is below
            assert above.local_derivatives[place] == local


def test_of_equal_paths_the_one_computed_first_comes_first() -> None:
    x = Value(2.0, "x")
    first, second = x + 1.0, x + 5.0
    paths = (second + first).explain(x).paths
    assert [path.nodes[1] for path in paths] == [second, first], "inputs are visited from left to right"


def test_astronomically_many_paths_are_counted_exactly() -> None:
    a = Value(1.0, "a")
    x = a
    for _ in range(500):
        x = x * 0.5 + x * 0.5
    explanation = x.explain(a, limit=3)
    assert explanation.count == 2**500
    assert len(explanation.paths) == 3
    assert explanation.gradient == explanation.rest == 1.0
    assert "about 3.27e+150" in str(explanation)


def test_more_paths_than_digits_that_can_be_printed() -> None:
    a = Value(1.0, "a")
    x = a
    for _ in range(20_000):
        x = (x + x) * 0.5
    explanation = x.explain(a, limit=1)
    assert explanation.count == 2**20_000
    assert "about 3.98e+6020" in str(explanation)


def test_no_gradient_is_touched() -> None:
    a = Value(3.0, "a")
    b = a * a
    b.backward()
    b.explain(a)
    assert (a.grad, b.grad) == (6.0, 1.0)


def test_paths_to_a_node_inside_the_graph_start_there() -> None:
    a = Value(3.0, "a")
    h = a * a
    explanation = (h.tanh() + h).explain(h)
    assert explanation.count == 2
    assert all(path.nodes[0] is h for path in explanation.paths)


def test_the_output_itself_and_a_stranger() -> None:
    a = Value(3.0, "a")
    b = a * 2.0
    itself, stranger = b.explain(b), b.explain(Value(1.0, "q"))
    assert (itself.count, itself.gradient, itself.paths[0].nodes) == (1, 1.0, (b,))
    assert (stranger.count, stranger.gradient, stranger.paths, stranger.rest) == (0, 0.0, (), 0.0)
    assert "b does not depend on q" in str(stranger)


def test_a_path_with_nan_or_infinity_comes_first() -> None:
    x = Value(0.0, "x")
    root = x * 5.0 + x.sqrt()
    explanation = root.explain(x, limit=1)
    assert math.isinf(explanation.paths[0].product)
    assert math.isnan(explanation.rest) or math.isinf(explanation.gradient)


def test_the_table_says_it_all_in_text_in_color_and_in_a_notebook() -> None:
    weights = [Value(2.0, "w1"), Value(-1.0, "w2")]
    x = Value(3.0, "x")
    root = dot(weights, [x, x], Value(0.5, "b"))
    root.label = "h"
    explanation = root.explain(x)
    text = str(explanation)
    assert text.splitlines()[0] == "∂h/∂x = 1: the sum over 2 paths"
    assert [line.split() for line in text.splitlines()[2:]] == [
        ["x", "→", "h", "2", "2"],
        ["x", "→", "h", "-1", "-1"],
        ["sum", "1"],
    ]
    console = Console(record=True, force_terminal=True, width=80, file=io.StringIO())
    console.print(explanation)
    assert "∂h/∂x = 1" in console.export_text()
    assert "∂h/∂x = 1" in explanation._repr_mimebundle_([], [])["text/html"]


def test_wrong_arguments_are_refused() -> None:
    a = Value(3.0, "a")
    with pytest.raises(TypeError, match=r"why one derivative is what it is: loss\.explain\(w\)"):
        Value(1.0).explain()
    with pytest.raises(TypeError, match=r"explain needs one Value, such as weights\[0\], not 'a'"):
        (a * a).explain("a")
    with pytest.raises(ValueError, match="at least 1 path, not limit = 0"):
        (a * a).explain(a, limit=0)


def test_the_method_says_what_it_takes_and_does_before_its_room_is_loaded() -> None:
    of_the_method, of_the_function = (list(inspect.signature(f).parameters.values()) for f in (Value.explain, explain))
    for ours, its in zip(of_the_method[1:], of_the_function[1:], strict=True):
        assert (ours.name, ours.kind, ours.default) == (its.name, its.kind, its.default)
    assert "Nodes are called by label, else by the variable" in (inspect.getdoc(Value.explain) or "")
    a = Value(3.0)
    assert "∂here/∂a = 3" in str(explained_in_a_function(a))


def explained_in_a_function(a: Value) -> Explanation:
    here = a * 3.0
    return here.explain(a)


def test_it_is_an_explanation() -> None:
    a = Value(3.0, "a")
    assert isinstance(a.tanh().explain(a), Explanation)


def test_names_with_brackets_are_shown_as_they_are() -> None:
    x = Value(3.0, "x[i]")
    text = str((x * x).explain(x, names={}))
    assert "∂L/∂x[i] = 6" in text
    assert text.count("x[i] → L") == 2
