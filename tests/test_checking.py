"""gradcheck: it passes what is right, catches what is wrong, and says which operation it was."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from tinygrad_edu import Value, array, dot, fsum, grad, gradcheck, logsumexp, no_grad, ops, where
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.checking import check_node


@pytest.fixture
def plant(monkeypatch):
    """Replace the rules of one operation by wrong ones, as a slip of the pen in `ops` would."""

    def planted(method, wrong_rules):
        monkeypatch.setitem(ops.RULE_BOOK, method, replace(ops.RULE_BOOK[method], derivatives=wrong_rules))
        monkeypatch.setattr(ops, method, ops.RULE_BOOK[method])
        monkeypatch.setattr(Value, method, lambda *v: Value.apply(ops.RULE_BOOK[method], v), raising=False)

    return planted


def network(*x):
    hidden = [dot([0.3, -0.2, 0.5], x, 0.1).tanh(), dot([0.9, 0.4, -0.6], x, 0.2).sigmoid()]
    return logsumexp(hidden) * 2.0 + hidden[0].exp() / (hidden[1] + 3.0)


def test_right_gradients_pass_closely():
    result = gradcheck(network, [0.5, -1.0, 2.0])
    assert result
    assert [row.verdict for row in result.rows] == ["pass"] * 3
    assert 0.0 < result.max_relative_error < 1e-8


@pytest.mark.parametrize(
    ("method", "wrong_rules"),
    [
        ("tanh", (lambda m, y, a: 1.0 + y * y,)),
        ("sigmoid", (lambda m, y, a: a * (1.0 - a),)),  # the slip in the tutorial: the rule wants y, not a
        ("exp", (lambda m, y, a: y * 1.001,)),
    ],
)
def test_a_planted_wrong_rule_is_caught_and_named(plant, method, wrong_rules):
    plant(method, wrong_rules)
    result = gradcheck(network, [0.5, -1.0, 2.0])
    assert not result
    assert [wrong.node.op.method for wrong in result.wrong] == [method]
    assert f"the operation '{method}' is wrong" in str(result)


def test_a_planted_wrong_variadic_rule_names_the_input(plant):
    plant("logsumexp", lambda m, y, *terms: [m.exp(terms[0] - y), *[0.25] * (len(terms) - 1)])
    result = gradcheck(network, [0.5, -1.0, 2.0])
    assert not result
    assert [(wrong.node.op.method, wrong.position) for wrong in result.wrong] == [("logsumexp", 1)]


def test_two_planted_rules_are_both_named(plant):
    plant("tanh", (lambda m, y, a: 1.0,))
    plant("exp", (lambda m, y, a: -y,))
    assert {wrong.node.op.method for wrong in gradcheck(network, [0.5, -1.0, 2.0]).wrong} == {"tanh", "exp"}


def test_a_result_that_was_computed_under_no_grad_is_refused():
    with pytest.raises(RuntimeError, match="computed under no_grad"):
        gradcheck(no_grad()(lambda x: x * x), [3.0])


def test_a_part_hidden_from_the_sweep_is_no_operations_fault():
    result = gradcheck(lambda x: Value(x.data) * x, [2.0])
    assert not result
    assert result.wrong == ()
    assert "hidden from the sweep" in str(result)


def test_a_random_function_is_refused():
    source = random.Random(0)
    with pytest.raises(ValueError, match=r"same number each time.*fix the seed"):
        gradcheck(lambda x: x * source.random(), [2.0])


@pytest.mark.parametrize(
    ("f", "left", "right"),
    [
        (lambda x: x.relu(), 0.0, 1.0),
        (abs, -1.0, 1.0),
        (lambda x: x.leaky_relu(0.2), 0.2, 1.0),
        (lambda x: x.maximum(3.0 * x), 1.0, 3.0),
        (lambda x: x.clip(0.0, 1.0) * 2.0, 0.0, 2.0),
        (lambda x: x.hypot(0.0), -1.0, 1.0),
    ],
)
def test_a_kink_shows_the_slopes_on_both_sides(f, left, right):
    result = gradcheck(f, [0.0])
    (row,) = result.rows
    assert result
    assert row.verdict == "kink"
    assert (row.left, row.right) == pytest.approx((left, right))
    assert f"slope {left:g} left, {right:g} right" in str(result)


def test_a_derivative_outside_the_slopes_at_a_kink_fails(plant):
    plant("relu", (lambda m, y, a: m.where(a > 0.0, 1.0, -0.5),))
    result = gradcheck(lambda x: x.relu(), [0.0])
    assert not result
    assert "FAIL: slope 0 left, 1 right" in str(result)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.step(),
        lambda x: x.sign() + x,
        lambda x: x.heaviside(0.5),
        lambda x: x.floor(),
        lambda x: (x - 2.0).ceil(),
        lambda x: round(x + 0.5),
        lambda x: (x + 6.0) % 3.0,
        lambda x: x // 0.7,
        lambda x: x.arctan2(-1.0),
    ],
)
def test_a_jump_has_no_derivative_and_blames_nobody(f):
    result = gradcheck(f, [0.0])
    assert not result
    assert result.rows[0].verdict == "jump"
    assert result.wrong == ()
    assert "f jumps at x" in str(result)


def test_the_newer_operations_pass_between_their_jumps():
    def f(a, b):
        whole = a.floor() + b.ceil() + a.trunc() + round(b) + a // b
        return whole * a + a % b * b + a.hypot(b) * a.arctan2(b) + a.deg2rad().logaddexp(b.rad2deg()) * a.log_sigmoid()

    for a, b in [(7.3, 2.1), (-7.3, 2.1), (7.3, -2.1), (-7.3, -2.1)]:
        assert [row.verdict for row in gradcheck(f, [a, b]).rows] == ["pass", "pass"]


@pytest.mark.parametrize("x", [3e-7, -3e-7, 1e-6, -9e-7])
def test_a_kink_nearby_does_no_harm(x):
    assert [row.verdict for row in gradcheck(abs, [x]).rows] == ["pass"]


def test_strong_curvature_is_no_kink():
    assert [row.verdict for row in gradcheck(lambda x: (1000.0 * x).sin(), [0.3]).rows] == ["pass"]


def test_rounding_in_large_outputs_is_allowed_for():
    assert gradcheck(lambda x, y: x * 1e-3 + y * 1e9, [1.0, 1.0])


def test_the_edge_of_a_domain_is_reported_and_blames_nobody():
    result = gradcheck(lambda x: x.sqrt(), [0.0])
    assert not result
    assert result.wrong == ()
    assert "not finite on both sides of x" in str(result)


def test_parameters_of_a_model_are_nudged_in_place_and_put_back():
    weights = [Value(0.5, "w0"), Value(-0.3, "w1")]
    weights[0].grad = 7.0
    result = gradcheck(lambda *_: dot(weights, [2.0, 3.0]).tanh(), weights)
    assert result
    assert [row.name for row in result.rows] == ["w0", "w1"]
    assert [w.data for w in weights] == [0.5, -0.3]
    assert weights[0].grad == 7.0


def test_inputs_are_put_back_when_f_raises():
    x = Value(1.0)

    def f(v):
        if v.data != 1.0:
            raise KeyError("no")
        return v * v

    with pytest.raises(KeyError):
        gradcheck(f, [x])
    assert x.data == 1.0


def test_names_come_from_labels_then_parameters_then_numbers():
    assert [row.name for row in gradcheck(lambda a, *rest: a * fsum(rest), [1.0, 2.0, Value(3.0, "c")]).rows] == [
        "a",
        "rest[0]",
        "c",
    ]


def test_derivatives_of_derivatives_can_be_checked():
    def slope(x):
        return grad(x.tanh() * x, [x], create_graph=True)[0]

    assert gradcheck(slope, [0.7])


def test_a_number_that_does_not_depend_on_the_input_passes():
    assert gradcheck(lambda x: 3.0, [1.0]).rows[0].analytic == 0.0


def test_many_inputs_show_the_worst_and_count_the_rest():
    text = str(gradcheck(lambda *x: fsum(v.sin() for v in x), [i / 7 for i in range(50)]))
    assert "50 inputs passed" in text
    assert "… and 30 more" in text
    assert text.count("pass ") == 20


def test_an_input_may_be_an_array():
    def loss(W, x, b):
        assert (W.shape, x.shape) == ((2, 3), (3,))
        return np.tanh(W @ x + b).sum()

    result = gradcheck(loss, [np.arange(6.0).reshape(2, 3) / 10.0, [0.5, -1.0, 2.0], 0.25])
    assert result
    assert [row.name for row in result.rows][5:] == ["W[1, 2]", "x[0]", "x[1]", "x[2]", "b"]
    assert result.rows[1].at == 0.1


def test_the_elements_of_an_array_of_values_are_nudged_in_place_and_put_back():
    W = array([[1.0, -2.0]])
    W[0, 1].label = "second"
    result = gradcheck(lambda given: (given * W).sum(), [W])
    assert [(row.name, round(row.numeric, 6)) for row in result.rows] == [("given[0, 0]", 2.0), ("second", -4.0)]
    assert W.data.tolist() == [[1.0, -2.0]]
    assert W.grad.tolist() == [[0.0, 0.0]]


def test_inputs_that_are_too_many_or_too_few_are_told():
    with pytest.raises(
        TypeError, match=r"each of the 2 inputs, where one array x is \[x\], and <lambda> has .* \(x\)$"
    ):
        gradcheck(lambda x: (x * x).sum(), np.ones(2))
    with pytest.raises(TypeError, match=r"each of the 1 inputs, .* \(x, y\)$"):
        gradcheck(lambda x, y: x * y, [1.0])


def test_a_computed_input_is_refused():
    with pytest.raises(ValueError, match=r"detach"):
        gradcheck(lambda x: x, [Value(1.0) * 2.0])


def test_a_list_as_result_is_refused():
    with pytest.raises(TypeError, match="returns one number, but it returned a list"):
        gradcheck(lambda x: [x], [1.0])


@pytest.mark.parametrize(
    "settings", [{"step": 0.0}, {"step": -1.0}, {"step": math.nan}, {"rtol": -1.0}, {"atol": math.nan}]
)
def test_impossible_settings_are_refused(settings):
    with pytest.raises(ValueError, match=r"gradcheck needs"):
        gradcheck(lambda x: x, [1.0], **settings)


def test_any_node_of_a_recorded_graph_can_be_checked_without_changing_it():
    x = Value(0.3, "x")
    hidden = (x * x + 1.0).log()
    root = hidden.tanh() * x
    nodes = topological_order(root)
    before = [(node.data, node.grad) for node in nodes]
    for node, gradient in zip(nodes, grad(root, nodes), strict=True):
        row = check_node(nodes, node, gradient)
        assert row.verdict == "pass"
        assert row.numeric == pytest.approx(gradient, rel=1e-7)
        assert check_node(nodes, node, gradient + 0.01).verdict == "FAIL"
    assert [(node.data, node.grad) for node in nodes] == before


def test_a_node_at_a_kink_is_reported_as_one():
    x = Value(0.0, "x")
    nodes = topological_order(x.relu() * 3.0)
    row = check_node(nodes, x, 0.0)
    assert (row.verdict, row.left, row.right) == ("kink", 0.0, pytest.approx(3.0))


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_an_input_that_is_not_finite_is_refused(number):
    with pytest.raises(ValueError, match=f"finite inputs, but input 1 is {number}"):
        gradcheck(lambda x, y: x * y, [1.0, number])


def test_what_is_not_finite_has_no_relative_error():
    row = gradcheck(lambda x: x.sqrt() * 0.0, [0.0]).rows[0]
    assert math.isnan(row.relative_error)
    assert not row.passed


def test_a_jump_names_the_operations_that_are_flat_elsewhere():
    assert "jumps at v, so it has no derivative there; the slope of floor is 0" in str(
        gradcheck(lambda v: v.floor(), [2.0])
    )
    assert str(gradcheck(lambda v: where(v > 2.0, v, -v), [2.0])).rstrip().endswith("so it has no derivative there")


def test_one_number_in_the_place_of_the_list_of_inputs_is_told():
    with pytest.raises(TypeError, match=r"^inputs is a list with each argument of f, such as \[0\.7\], not 0\.7$"):
        gradcheck(lambda a: a.tanh(), 0.7)
    with pytest.raises(TypeError, match=r"such as \[Value\(0\.7\)\]"):
        gradcheck(lambda a: a.tanh(), Value(0.7))
