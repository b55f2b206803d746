"""The sentences of the stepper, each written out by hand for a graph of known numbers."""

from __future__ import annotations

import pytest

from tinygrad_edu import Value, dot, topological_order
from tinygrad_edu.backprop import Step
from tinygrad_edu.drawing.names import name_all
from tinygrad_edu.stepping import Stepper
from tinygrad_edu.stepping.wording import Wording, chain_of_equals


def wording_of(root: Value) -> Wording:
    return Wording(name_all(topological_order(root), {}))


@pytest.fixture
def words() -> tuple[Wording, dict[str, Value]]:
    """e = a · b + 0.5 with a = 2 and b = -3, so c = -6 and e = -5.5."""
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    c = a * b
    c.label = "c"
    e = c + 0.5
    e.label = "e"
    return wording_of(e), {"a": a, "b": b, "c": c, "e": e, "half": e.inputs[1]}


def test_a_node_in_words(words: tuple[Wording, dict[str, Value]]) -> None:
    wording, node = words
    assert wording.rule(node["c"]) == "a * b"
    assert wording.rule_in_numbers(node["c"]) == "2 * (-3)"
    assert wording.computation(node["c"]) == "c = a * b = 2 * (-3) = -6"
    assert wording.definition(node["c"]) == "c = a * b"
    assert wording.definition(node["a"]) == "a = 2"


def test_derivatives_in_words(words: tuple[Wording, dict[str, Value]]) -> None:
    wording, node = words
    assert wording.local_formulas(node["c"]) == ["b", "a"]
    assert wording.local_formulas_in_numbers(node["c"]) == ["-3", "2"]
    assert wording.derivative(node["c"], node["a"]) == "∂c/∂a"
    assert wording.derivative(node["e"], node["half"]) == "∂e/∂(0.5)"
    assert (wording.gradient(node["a"]), wording.root_gradient) == ("∂e/∂a", "∂e/∂e")


def test_a_backward_step_in_words(words: tuple[Wording, dict[str, Value]]) -> None:
    wording, node = words
    stepper = Stepper(node["e"], names={})
    step = stepper.steps()[-1]
    assert isinstance(step, Step)
    by_a, by_b = wording.contributions(step)
    assert wording.upstream(step) == "∂e/∂c = 1"
    assert (by_a.rule, by_a.sum) == ("∂c/∂a = b = -3", "a.grad = 0 + 1 × -3 = -3")
    assert (by_b.rule, by_b.sum) == ("∂c/∂b = a = 2", "b.grad = 0 + 1 × 2 = 2")
    assert [text.derivative for text in wording.contributions(step, limit=1)] == ["∂c/∂a"]


def test_the_gradient_of_a_constant_stands_in_brackets(words: tuple[Wording, dict[str, Value]]) -> None:
    wording, node = words
    last = Stepper(node["e"], names={}).steps()[2]
    assert isinstance(last, Step)
    assert wording.contributions(last)[1].sum == "(0.5).grad = 0 + 1 × 1 = 1"


def test_brackets_and_powers_follow_the_formula_and_not_the_numbers() -> None:
    a, b = Value(3.0, "a"), Value(3.0, "b")
    assert wording_of(a * b).rule_in_numbers(a * b) == "3 * 3"
    square = a * a
    wording = wording_of(square)
    assert (wording.rule(square), wording.rule_in_numbers(square)) == ("a²", "3²")


def test_brackets_are_not_doubled() -> None:
    out = Value(-2.0, "x[0]").tanh()
    wording = wording_of(out)
    assert (wording.rule(out), wording.rule_in_numbers(out)) == ("tanh(x[0])", "tanh(-2)")
    assert wording.local_formulas(out) == ["1 - L²"]


def test_many_inputs_are_abbreviated() -> None:
    w, x = [Value(float(k), f"w{k}") for k in range(5)], [Value(1.0, f"x{k}") for k in range(5)]
    out = dot(w, x, Value(0.5, "b"))
    assert wording_of(out).rule(out) == "w0 * x0 + w1 * x1 + … + w4 * x4 + b"
    few = dot(w[:2], x[:2], Value(0.5, "b"))
    assert wording_of(few).rule(few) == "w0 * x0 + w1 * x1 + b"


def test_shared_labels_are_numbered_and_constants_may_share_a_number() -> None:
    root = (Value(1.0, "w") * 2.0 + Value(3.0, "w") * 2.0).exp()
    names = list(name_all(topological_order(root), {}).values())
    assert names == ["w_1", "2", "v1", "w_2", "2", "v2", "v3", "L"]


def test_a_label_that_is_taken_is_not_given_again() -> None:
    root = Value(1.0, "v1").exp().exp() * Value(2.0, "L")
    assert list(name_all(topological_order(root), {}).values()) == ["v1", "v2", "v3", "L", "v4"]


def test_numbers_that_are_stale_are_named() -> None:
    a = Value(1.0, "a")
    root = (a * 2.0).exp()
    wording = wording_of(root)
    assert wording.staleness() == ""
    a.data = 5.0
    assert wording.staleness().startswith("The .data of some inputs was changed after v1 had been computed:")


def test_forms_that_say_the_same_are_said_once() -> None:
    assert chain_of_equals("a", "b", "b", "a") == "a = b = a"
    assert chain_of_equals("a") == "a"


def test_the_whole_rule_goes_back_to_what_has_a_name() -> None:
    def whole(root: Value) -> str:
        return Wording(name_all(topological_order(root), {})).whole_rule()

    w, x, b, y = Value(0.5, "w"), Value(-2.0, "x"), Value(0.25, "b"), Value(1.0, "y")
    assert whole(((w * x + b).tanh() - y) ** 2) == "(tanh(w * x + b) - y)²"
    assert whole((-w) / (x - (b - 3.0))) == "-w / (x - (b - 3))"
    assert whole((x * x).leaky_relu() * -2.0) == "leaky_relu(x², 0.01) * (-2)"
    c = w * x
    c.label = "c"
    assert whole(c * c + b) == "c² + b"
    long = w
    for _ in range(2000):
        long = long + x
    assert whole(long) == "v1999 + x"
    doubled = w
    for _ in range(60):
        doubled = doubled + doubled
    assert whole(doubled) == "v59 + v59"
