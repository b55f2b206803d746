"""The Python that is copied makes the same graph: run, and compared node by node."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu.value
from tinygrad_edu import Value, grad
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.drawing.names import name_all
from tinygrad_edu.ops import RULE_BOOK
from tinygrad_edu.playing.writing import python_of
from tinygrad_edu.stepping.calls import callable_operations
from tinygrad_edu.stepping.expression import parse_expression

NAMES = {"w": 1.5, "x": -2.0, "b": 0.25, "Value": 3.0, "lambda": 0.5, "fsum": 2.5, "v1": 4.0, "L": -1.0, "é": 0.75}

atoms = st.one_of(st.sampled_from(["2.0", "0.5", "3.", "1e1", "1e999", "7"]), st.sampled_from(sorted(NAMES)))


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    infix = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), inner).map("".join)
    pairs = st.tuples(inner, inner)
    return st.one_of(
        infix,
        inner.map("-{}".format),
        inner.map("({})".format),
        inner.map("({})**2".format),
        inner.map("tanh({})".format),
        inner.map("abs({})".format),
        inner.map("leaky_relu({}, 0.2)".format),
        inner.map("clip({}, -1, 1)".format),
        pairs.map(lambda pair: f"maximum({pair[0]}, {pair[1]})"),
        pairs.map(lambda pair: f"power({pair[0]}, {pair[1]})"),
        pairs.map(lambda pair: f"fsum({pair[0]}, {pair[1]}, {pair[0]})"),
        pairs.map(lambda pair: f"where({pair[0]}, {pair[1]}, 2)"),
    )


def graph_made_by(code: str) -> Value:
    """Run the lines as people do; the last one names the root. They are ours: made of formulas above."""
    scope: dict[str, Any] = {}
    exec(code, scope)
    root = scope[code.splitlines()[-1].partition(" = ")[0]]
    assert isinstance(root, Value)
    return root


def looks(root: Value) -> list[Any]:
    """All that a graph is: each node's operation and settings, inputs by number, label and number."""
    nodes = topological_order(root)
    place = {node: k for k, node in enumerate(nodes)}
    return [
        (
            node.op and node.op.method,
            node.op and node.op.settings,
            [place[value] for value in node.inputs],
            node.label,
            node.origin.is_plain if node.op is None else None,
            repr(node.data),
        )
        for node in nodes
    ]


def same_graph(formula: str) -> str:
    root = parse_expression(formula, NAMES)
    code = python_of(root)
    if root.op is not None:
        made = graph_made_by(code)
        assert looks(made) == looks(root), code
        gradients = [map(repr, grad(each, topological_order(each))) for each in (root, made)]
        assert list(gradients[0]) == list(gradients[1])
    return code


@given(st.recursive(atoms, larger, max_leaves=12))
def test_the_lines_make_the_same_graph(formula: str) -> None:
    same_graph(formula)


@pytest.mark.parametrize("name", sorted(callable_operations()))
def test_every_operation_is_written(name: str) -> None:
    operation = RULE_BOOK["absolute" if name == "abs" else name]
    count = 3 if callable(operation.derivatives) else len(operation.derivatives)
    settings = ["0.5", "0.75"][: len(operation.parameters)]
    for arguments in (["x", "w", "b"][:count], ["2", "3", "4"][:count], ["-x", "-2", "w*x"][:count]):
        same_graph(f"{name}({', '.join([*arguments, *settings])})")


@pytest.mark.parametrize(
    ("formula", "last"),
    [
        ("tanh(w*x + b)", "L_1 = (w * x + b).tanh()"),
        ("w - (x - b)", "L_1 = w - (x - b)"),
        ("w - x - b", "L_1 = w - x - b"),
        ("w*(x + b)/x", "L_1 = w * (x + b) / x"),
        ("-x**2", "L_1 = -x ** 2.0"),
        ("(-x)**2", "L_1 = (-x) ** 2.0"),
        ("x**-w", "L_1 = x ** -w"),
        ("w**x**b", "L_1 = w ** x ** b"),
        ("(w**x)**b", "L_1 = (w ** x) ** b"),
        ("2*3*x", "L_1 = as_value(2.0) * 3.0 * x"),
        ("tanh(2)", "L_1 = as_value(2.0).tanh()"),
        ("lambda*Value", "L_1 = lambda_ * Value_"),
        ("fsum(x, fsum)", "L_1 = fsum([x, fsum_])"),
        ("x*1e999", 'L_1 = x * float("inf")'),
    ],
)
def test_the_lines_read_as_people_write(formula: str, last: str) -> None:
    assert same_graph(f"{formula}").splitlines()[-1] == last.replace("L_1", "L")


def test_a_long_formula_becomes_several_lines_named_as_in_the_picture() -> None:
    formula = "+".join(["tanh(w*x + b)"] * 30)
    code = same_graph(formula)
    assert max(map(len, code.splitlines())) < 120
    scope: dict[str, Any] = {}
    exec(code, scope)
    nodes = topological_order(parse_expression(formula, NAMES))
    named = {name: node.data for node, name in name_all(nodes, {}).items()}
    inner = [name for name in scope if name.startswith("v")]
    assert len(inner) > 5
    assert all(scope[name].data == named[name] for name in inner)


def test_as_value_is_what_the_lines_import() -> None:
    assert "from tinygrad_edu.value import as_value" in same_graph("2*3*x")
    assert tinygrad_edu.value.as_value(2.0).origin.is_plain
