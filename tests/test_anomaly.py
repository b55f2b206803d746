"""detect_anomaly: the first operation that made inf or nan is named, with its line, its operands and a cure."""

from __future__ import annotations

import inspect
import math

import pytest

from tinygrad_edu import AnomalyError, Value, detect_anomaly, dot, grad, logsumexp, no_grad


def line_of(text):
    """The number of the only line of this file that contains the text and is not a call of this function."""
    lines = inspect.getsource(inspect.getmodule(line_of)).splitlines()
    (found,) = [number for number, line in enumerate(lines, start=1) if text in line and "line_of" not in line]
    return found


def caught(f):
    with pytest.raises(AnomalyError) as caught_error, detect_anomaly():
        f()
    return caught_error.value


def test_the_first_operation_of_the_forward_pass_is_named():
    p = Value(0.0, "p")

    def forward():
        scale = Value(2.0, "scale")
        surprise = -(p * scale).log()  # the culprit
        return (surprise + 1.0).exp()

    error = caught(forward)
    assert (error.phase, error.node.op.name, error.node.data) == ("forward", "log", -math.inf)
    assert error.source.file == __file__
    assert error.source.line == line_of("# the culprit")
    assert error.source.expression == "(p * scale).log()"
    assert str(error) == "\n".join(
        [
            "log made -inf out of finite numbers in the forward pass",
            "  formula   log(a)",
            "  operands  a = 0 (from p * scale)",
            f"  made at   {__file__}, line {line_of('# the culprit')}: (p * scale).log()",
            "  leads to  log",
            f"  cure      {error.cure}",
        ]
    )
    assert "log1p" in error.cure
    assert "clip" in error.cure
    assert "logits" in error.cure


def test_an_infinite_slope_is_found_backward_and_points_at_the_forward_line():
    x = Value(0.0, "x")

    def train():
        root = x.sqrt()  # no slope at 0
        loss = root * 3.0 + 1.0
        loss.label = "loss"
        loss.backward()

    error = caught(train)
    assert error.phase == "backward"
    assert error.node.op.name == "sqrt"
    assert error.source.line == line_of("# no slope at 0")
    assert [node.label or node.op.name for node in error.chain] == ["sqrt", "*", "loss"]
    assert "the gradient of sqrt by x became inf (0 + upstream 3 × local inf) out of finite numbers" in str(error)
    assert "leads to  sqrt → * → loss" in str(error)
    assert "(x + 1e-12).sqrt()" in error.cure


@pytest.mark.parametrize(
    ("f", "made"),
    [
        (lambda x: x * 1e200 * 1e200, "inf (0 + upstream 1e+200 × local 1e+200)"),
        (lambda x: x * 1e308 + x * 1e308, "inf (1e+308 + upstream 1 × local 1e+308)"),
    ],
    ids=["product", "sum"],
)
def test_gradients_that_overflow_are_found(f, made):
    error = caught(lambda: f(Value(1e-300, "x")).backward())
    assert error.phase == "backward"
    assert f"the gradient of * by x became {made}" in str(error)
    assert "clip the gradients" in error.cure


@pytest.mark.parametrize(
    ("f", "operation", "word"),
    [
        (lambda: Value(1.0) / Value(0.0), "divide", "divisor"),
        (lambda: Value(1000.0).exp(), "exp", "logsumexp"),
        (lambda: Value(-1.0).sqrt(), "sqrt", "root"),
        (lambda: Value(0.0) ** -1.0, "power_by", "negative"),
        (lambda: Value(-8.0) ** Value(1 / 3), "power", "fractional"),
        (lambda: Value(1.5).arcsin(), "arcsin", r"inside"),
        (lambda: Value(0.5).arccosh(), "arccosh", "above 1"),
        (lambda: Value(1e200) * 1e200, "multiply", "learning rate"),
        (lambda: dot([1e200, 1.0], [1e200, 1.0]), "dot", "scale the inputs"),
        (lambda: Value(-1.0).log1p(), "log1p", "logits"),
    ],
)
def test_each_kind_of_failure_has_its_cure(f, operation, word):
    error = caught(f)
    assert error.node.op.method == operation
    assert word in error.cure


def test_infinities_put_in_on_purpose_are_no_anomalies():
    with detect_anomaly():
        top = Value(-math.inf)
        y = (top.exp() + 1.0) * logsumexp([top, 2.0]) + (Value(math.inf) * 0.0) * 0.0 - math.inf
        y.backward()
    assert math.isnan(y.data)


def test_finite_work_runs_undisturbed():
    with detect_anomaly():
        x = Value(0.5)
        (x.tanh() * x).backward()
        expected = x.grad
        assert grad(x.tanh() * x, [x]) == [expected]
        assert grad(x.tanh() * x, [x], create_graph=True)[0].data == expected
        assert sum(1 for _ in (x.tanh() * x).backward_steps()) == 2


@pytest.mark.parametrize("create_graph", [False, True])
def test_grad_is_watched_too_and_points_at_the_forward_line(create_graph):
    x = Value(0.0, "x")

    def train():
        root = x.sqrt()  # watched by grad
        grad(root * 2.0, [x], create_graph=create_graph)

    error = caught(train)
    assert error.node.op.name == "sqrt"
    assert error.source.line == line_of("# watched by grad")
    assert error.phase == "backward"


def test_steps_are_watched_too():
    x = Value(0.0)
    with detect_anomaly(), pytest.raises(AnomalyError, match="sqrt"):
        list(x.sqrt().backward_steps())


def test_a_graph_built_outside_is_checked_but_has_no_line():
    y = Value(0.0, "x").sqrt()
    error = caught(y.backward)
    assert error.source is None
    assert "made outside detect_anomaly()" in str(error)


def test_no_grad_is_watched():
    with detect_anomaly(), no_grad(), pytest.raises(AnomalyError, match="log made -inf"):
        Value(0.0).log()


def test_the_mode_ends_with_its_block_even_by_its_own_error():
    caught(lambda: Value(0.0).log())
    assert Value(0.0).log().data == -math.inf
    assert Value(0.0).log().source is None


def test_many_operands_and_a_long_chain_are_cut():
    error = caught(lambda: dot([Value(1e200)] * 6, [Value(1e200)] * 6))
    assert "dot of 13 inputs" in str(error)
    assert "and 9 more" in str(error)

    def deep():
        v = Value(0.0).sqrt()
        for _ in range(50):
            v = v + 1.0
        v.backward()

    error = caught(deep)
    assert len(error.chain) == 51
    assert "… 43 more …" in str(error)
