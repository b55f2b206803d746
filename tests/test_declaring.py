"""Operations that users declare: known everywhere at once, checked when they are declared, and taken back."""

from __future__ import annotations

import copy
import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import MLP, Value, ValueArray, array, draw, grad, gradcheck, hessian, operation, record, save_page
from tinygrad_edu.declaring import forget
from tinygrad_edu.nn.activations import common_activations
from tinygrad_edu.nn.initializers import he_normal, resolve_initializer
from tinygrad_edu.op import RULE_BOOK
from tinygrad_edu.stepping import Stepper, explain, parse_expression
from tinygrad_edu.training import fit


def declare_softsign(**more):
    return operation(
        "softsign",
        lambda m, a: a / (1.0 + m.abs(a)),
        lambda m, y, a: 1.0 / (1.0 + m.abs(a)) ** 2,
        formula="a / (1 + |a|)",
        **more,
    )


def by_hand(x):
    """y, y' and y'' of softsign."""
    return x / (1 + abs(x)), 1 / (1 + abs(x)) ** 2, -2 * math.copysign(1.0, x) / (1 + abs(x)) ** 3


@given(st.floats(-50, 50).filter(lambda x: abs(x) > 1e-3))
def test_function_and_method_give_value_and_derivatives(x):
    softsign = RULE_BOOK.get("softsign") and Value.softsign
    softsign = softsign or declare_softsign()
    y, slope, curvature = by_hand(x)
    v = Value(x)
    node = softsign(v)
    node.backward()
    assert (node.data, v.grad) == pytest.approx((y, slope))
    assert v.softsign().data == node.data
    (first,) = grad(softsign(v) * 1.0, [v], create_graph=True)
    assert grad(first, [v])[0] == pytest.approx(curvature)


def test_plain_numbers_will_do_as_inputs():
    softsign = declare_softsign()
    assert softsign(3).data == softsign(np.float64(3.0)).data == 0.75
    assert softsign.__name__ == "softsign"
    assert softsign.__doc__ == Value.softsign.__doc__ == "a / (1 + |a|)."


def test_tools_know_it(tmp_path):
    softsign = declare_softsign(symbol="∿")
    x = Value(3.0, "x")
    y = softsign(x)
    y.label = "y"
    assert gradcheck(lambda v: v.softsign(), [0.7])
    assert "∿" in draw(y).source
    steps = list(y.backward_steps())
    assert [(step.node.op.name, step.contributions[0].amount) for step in steps] == [("softsign", 0.0625)]
    assert explain(y, x).gradient == 0.0625
    assert "1 / (1 + |x|)²" in str(draw(y).source)
    assert parse_expression("softsign(2*x)", {"x": 1.5}).data == 0.75
    Stepper(y).run()
    save_page(y, tmp_path / "page.html")
    assert "softsign" in (tmp_path / "page.html").read_text("utf-8")
    assert pickle.loads(pickle.dumps(y.op)) is copy.deepcopy(y.op) is y.op


def test_networks_know_it():
    assert "softsign" not in common_activations()
    declare_softsign(activation="rectifier")
    assert "softsign" in common_activations()
    assert resolve_initializer(None, "softsign") is he_normal
    model = MLP(2, [4, 1], "softsign", seed=0)
    X = np.random.default_rng(0).normal(size=(40, 2))
    history = fit(model, X, X[:, 0] * X[:, 1], epochs=30)
    assert history.engine.startswith("replay")
    assert history.loss[-1] < history.loss[0]


def test_it_can_be_recorded_and_goes_to_jax():
    softsign = declare_softsign()
    w = Value(0.5)
    program = record(lambda x: softsign(w * x), shapes=((),), params=[w])
    X = np.array([-3.0, 0.0, 4.0])
    mean, gradient = program.value_and_grad(X)
    expected = [by_hand(0.5 * x) for x in X]
    assert mean == pytest.approx(np.mean([y for y, _, _ in expected]))
    assert gradient == pytest.approx(np.mean([slope * x for (_, slope, _), x in zip(expected, X, strict=True)]))
    jax_mean, jax_gradient = program.to_jax()(program.theta, X)
    assert (float(jax_mean), float(jax_gradient[0])) == pytest.approx((mean, gradient[0]), rel=1e-5)


def test_settings_have_defaults_or_must_be_given():
    margin = operation(
        "squared_margin",
        lambda m, a, margin, weight: weight * m.maximum(margin - a, 0.0) ** 2,
        lambda m, y, a, margin, weight: -2.0 * weight * m.maximum(margin - a, 0.0),
        settings={"margin": None, "weight": 1.0},
    )
    v = Value(0.5)
    assert margin(v, 1.0).data == v.squared_margin(1.0).data == margin(v, margin=1.0).data == 0.25
    assert (
        margin(v, 1.0, 3.0).data == margin(v, weight=3.0, margin=1.0).data == v.squared_margin(1, weight=3).data == 0.75
    )
    with pytest.raises(TypeError, match="squared_margin takes margin, weight, not nothing"):
        margin(v)
    with pytest.raises(TypeError, match="width"):
        margin(v, 1.0, width=2.0)


def test_several_inputs():
    mixed = operation(
        "mixed",
        lambda m, a, b, c: a * b + m.exp(c),
        (lambda m, y, a, b, c: b, lambda m, y, a, b, c: a, lambda m, y, a, b, c: m.exp(c)),
    )
    a, b, c = Value(2.0), Value(3.0), Value(0.0)
    mixed(a, b, c).backward()
    assert (a.grad, b.grad, c.grad) == (3.0, 2.0, 1.0)
    assert a.mixed(3.0, c).data == mixed(a, 3, 0).data == 7.0
    assert hessian(mixed, [2.0, 3.0, 0.0]).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    for too_few in (lambda: mixed(a, b), lambda: a.mixed(b)):
        with pytest.raises(TypeError, match="mixed takes 3 numbers or Values, not 2"):
            too_few()


def test_gradcheck_names_a_wrong_derivative():
    operation("mistaken", lambda m, a: a * m.sin(a), lambda m, y, a: m.sin(a) - a * m.cos(a))
    result = gradcheck(lambda v: 2.0 * v.mistaken(), [0.7])
    assert not result
    assert "the operation 'mistaken' is wrong" in str(result)


def newton_steps(m, a):
    """A square root by twenty steps of Newton's method: each step is written out twice in the next."""
    x = a
    for _ in range(20):
        x = 0.5 * (x + a / x)
    return x


GOOD = {"name": "cubed", "forward": lambda m, a: a**3, "derivatives": lambda m, y, a: 3.0 * a * a}


@pytest.mark.parametrize(
    ("wrong", "kind", "sentence"),
    [
        ({"name": "tanh"}, ValueError, "there is an operation 'tanh' already; choose another name"),
        ({"name": "grad"}, ValueError, "'grad' would hide what that is now"),
        ({"name": "item"}, ValueError, "'item' would hide what that is now"),
        ({"name": "__add__"}, ValueError, "'__add__' would hide"),
        ({"name": "2cubed"}, ValueError, "a name that Python could call it by, such as 'softsign', not '2cubed'"),
        ({"name": "lambda"}, ValueError, "not 'lambda'"),
        ({"name": 3}, ValueError, "not 3"),
        ({"name": "type"}, ValueError, "'type' means something else"),
        ({"name": "a"}, ValueError, "'a' means something else"),
        ({"name": "_cubed"}, ValueError, "'_cubed' means something else"),
        ({"name": "__len__"}, ValueError, "'__len__' means something else"),
        ({"name": "softmax"}, ValueError, "there is an operation 'softmax' already"),
        ({"name": "\ufb01"}, ValueError, "a name that Python could call it by"),
        ({"forward": lambda m, a: a * 10**400}, ValueError, "'cubed' cannot be computed: "),
        ({"forward": lambda m, a: m.exp(a, a)}, ValueError, "'cubed' cannot be computed: "),
        ({"forward": lambda m, a: m.where(a > 0.0, a >= 0.0, 0.0)}, ValueError, "makes one of a condition"),
        ({"forward": lambda m, a: -(a > 0.0)}, ValueError, "makes one of a condition"),
        ({"forward": newton_steps}, ValueError, "more than 2,000 operations when it is written out"),
        ({"settings": ["k"]}, TypeError, "settings are names with their defaults"),
        ({"settings": {3: 1.0}}, ValueError, "cannot be called 3"),
        ({"settings": {"k": "x"}}, TypeError, "one real number"),
        ({"formula": 5}, TypeError, "a formula is text, such as 'w', not 5"),
        ({"symbol": 5}, TypeError, "a symbol is text"),
        ({"cure": 5}, TypeError, "a cure is text"),
        ({"largest_slope": "x"}, TypeError, "one real number"),
        ({"forward": lambda a: a}, ValueError, "the forward rule of 'cubed' should take m, a, and it takes a"),
        (
            {"derivatives": lambda m, a: a},
            ValueError,
            "'cubed' by a should take m, y, a, and it takes m, a",
        ),
        ({"derivatives": ()}, ValueError, "one derivative for each input, and has 0"),
        ({"derivatives": 3}, TypeError, "the derivative of 'cubed' by a should be a function such as lambda m, y, a"),
        ({"forward": "a ** 3"}, TypeError, "the forward rule of 'cubed' should be a function such as lambda m, a"),
        ({"forward": lambda m, a: a > 0.0}, ValueError, "m.where.condition, 1.0, 0.0. makes one of a condition"),
        ({"forward": lambda m, a: None}, ValueError, "should return a number, and returned None"),
        ({"forward": lambda m, a: m.sinc(a)}, ValueError, "a rule may not use m.sinc.* abs, .* where"),
        ({"forward": lambda m, a: math.exp(a)}, ValueError, "computes with m, as in m.exp"),
        ({"forward": lambda m, a: np.exp(a)}, ValueError, "computes with m, as in m.exp"),
        ({"forward": lambda m, a: a if a > 0 else 0.0}, ValueError, r"use m.where\(condition, a, b\)"),
        ({"activation": "relu-like"}, ValueError, "'rectifier', 'saturating', 'step', not 'relu-like'"),
        ({"settings": {"y": 1.0}}, ValueError, "a setting of 'cubed' cannot be called 'y'"),
        ({"settings": {"exp": 1.0}}, ValueError, "a setting of 'cubed' cannot be called 'exp'"),
        ({"settings": {"p": 1.0, "q": None}}, ValueError, "that have a default come after those that have none"),
    ],
)
def test_a_wrong_declaration_is_refused_in_one_sentence_and_leaves_nothing(wrong, kind, sentence):
    with pytest.raises(kind, match=sentence) as caught:
        operation(**{**GOOD, **wrong})
    assert "\n" not in str(caught.value)
    assert "cubed" not in RULE_BOOK
    assert not hasattr(Value, "cubed")
    operation(**GOOD)
    assert Value(2.0).cubed().data == 8.0


def test_declaring_twice_is_refused_until_the_first_is_forgotten():
    softsign = declare_softsign()
    old = softsign(Value(1.0))
    with pytest.raises(ValueError, match=r"'softsign' is declared already; .*declaring.forget\('softsign'\)"):
        declare_softsign()
    forget("softsign")
    assert not hasattr(Value, "softsign")
    operation("softsign", lambda m, a: 2.0 * a, lambda m, y, a: 2.0)
    assert Value(1.0).softsign().data == 2.0
    old.backward()
    assert old.inputs[0].grad == 0.25


def test_a_function_keeps_its_operation_when_the_name_is_declared_anew():
    first = operation("scaled", lambda m, a: 2.0 * a, lambda m, y, a: 2.0)
    old = first(Value(3.0))
    forget("scaled")
    assert first(Value(3.0)).data == 6.0
    second = operation("scaled", lambda m, a: 5.0 * a, lambda m, y, a: 5.0)
    assert (first(Value(3.0)).data, second(Value(3.0)).data, Value(3.0).scaled().data) == (6.0, 15.0, 15.0)
    assert grad(old, [old.inputs[0]], create_graph=True)[0].data == 2.0


def test_a_derivative_may_ask_for_the_same_function_of_the_output_twice():
    exy = operation("exy", lambda m, a: m.log1p(m.exp(a)), lambda m, y, a: (m.exp(y) - 1.0) / m.exp(y))
    x = Value(0.3)
    exy(x).backward()
    assert x.grad == pytest.approx(1 / (1 + math.exp(-0.3)))


def test_an_activation_has_one_input():
    first, second = (lambda m, y, a, b: 1.0), (lambda m, y, a, b: 0.0)
    with pytest.raises(ValueError, match="an activation has one input, and 'two' has 2"):
        operation("two", lambda m, a, b: a, (first, second), activation="rectifier")
    assert "two" not in RULE_BOOK


def test_rules_may_use_the_sign_plus_and_round():
    assert operation("whole", lambda m, a: +round(a), lambda m, y, a: 0.0)(2.6).data == 3.0


def test_rules_may_use_functions_of_several_numbers_and_other_operations():
    operation("twice", lambda m, a: m.fsum([a, a]), lambda m, y, a: 2)
    several = operation(
        "several",
        lambda m, a, b: m.logsumexp([a, b]) + m.dot([a], [b], 1.0) + m.twice(a) + m.choose(1.0, [a, b]),
        (
            lambda m, y, a, b: m.exp(a - m.logsumexp([a, b])) + b + 2.0,
            lambda m, y, a, b: m.exp(b - m.logsumexp([a, b])) + a + np.float32(1.0),
        ),
    )
    a, b = 0.4, -1.3
    assert several(a, b).data == pytest.approx(np.logaddexp(a, b) + a * b + 1 + 2 * a + b)
    assert gradcheck(several, [a, b])


def test_an_operation_is_refused_whole_or_declared_whole_by_many_threads_at_once():
    with ThreadPoolExecutor(8) as pool:
        names = [f"scaled_{k}" for k in range(24)]
        functions = list(pool.map(lambda name: operation(name, lambda m, a: 3.0 * a, lambda m, y, a: 3.0), names))
    assert [function(2.0).data for function in functions] == [6.0] * 24


def test_what_is_built_in_cannot_be_forgotten():
    with pytest.raises(ValueError, match="'tanh' was not declared by operation"):
        forget("tanh")
    assert "tanh" in RULE_BOOK


def test_a_declared_function_takes_arrays_element_by_element():
    scaled = operation(
        "scaled", lambda m, a, b, by: a * b * by, (lambda m, y, a, b, by: b * by, lambda m, y, a, b, by: a * by),
        settings={"by": 2.0},
    )  # fmt: skip
    a = array([1.0, 2.0])
    product = scaled(a, np.array([3.0, 4.0]), by=10.0)
    assert isinstance(product, ValueArray)
    assert product.data.tolist() == [30.0, 80.0]
    product.sum().backward()
    assert a.grad.tolist() == [30.0, 40.0]
    assert scaled(2.0, a).data.tolist() == [4.0, 8.0]
    assert a.scaled(a).data.tolist() == [2.0, 8.0]
