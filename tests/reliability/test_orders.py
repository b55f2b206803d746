"""Gradients of gradients, to order 3, for every operation: against finite differences of gradients, and exactly."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from oracles import EXACT, central_difference
from strategies import DOMAINS, calm, halfway, never, when_whole

from tinygrad_edu import AnomalyError, Value, detect_anomaly, dot, grad, gradcheck, hessian, ops, topological_order

METHODS = sorted(ops.RULE_BOOK)


def partial_derivative(method, fixed, numbers, positions):
    """∂ⁿ output / ∂ inputs at these positions, each order by the graph of gradients of the one before."""
    operation = ops.RULE_BOOK[method]
    inputs = [Value(number) for number in numbers]
    derivative = Value.apply(ops.bind(operation, *fixed) if fixed else operation, inputs)
    for position in positions:
        (derivative,) = grad(derivative, [inputs[position]], create_graph=True)
    return derivative.data


def near_a_kink(method, numbers, fixed):
    """Whether a small step could cross the point where the operation bends, if it has one."""
    if DOMAINS[method].kink is never:
        return False
    if DOMAINS[method].kink in (when_whole, halfway):
        return any(abs(2 * number - round(2 * number)) < 1e-2 for number in numbers)
    landmarks = [0.0, *fixed, *numbers]
    return any(abs(a - b) < 1e-3 for k, a in enumerate(numbers) for b in landmarks[: len(landmarks) - len(numbers) + k])


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 10)
def test_derivatives_to_order_three(method, data):
    numbers, fixed = data.draw(calm(method))
    first = DOMAINS[method].discrete
    assume(len(numbers) > first and not near_a_kink(method, numbers[first:], fixed))
    positions = data.draw(st.lists(st.integers(first, len(numbers) - 1), min_size=1, max_size=3))
    ours = partial_derivative(method, fixed, numbers, positions)

    def lower_order(*moved):
        return partial_derivative(method, fixed, moved, positions[:-1])

    size = 1.0 + max(abs(number) for number in (ours, lower_order(*numbers)))
    assert ours == pytest.approx(central_difference(lower_order, numbers, positions[-1]), rel=1e-4, abs=1e-5 * size)

    counts = Counter(positions)
    orders = tuple(counts[k] for k in range(len(numbers)))
    with mp.workdps(60):
        exact = mp.diff(lambda *args: EXACT[method](*args, *map(mpf, fixed)), tuple(map(mpf, numbers)), orders)
    assert ours == pytest.approx(float(exact), rel=1e-9, abs=1e-11 * size)


@pytest.mark.parametrize(
    ("f", "at", "slopes"),
    [
        (lambda x: x.relu(), 0.0, (0.0, 0.0)),
        (abs, 0.0, (0.0, 0.0)),
        (lambda x: x.leaky_relu(0.1), 0.0, (0.1, 0.0)),
        (lambda x: x.maximum(x * 3.0), 0.0, (2.0, 0.0)),
        (lambda x: x.clip(-1.0, 1.0), 1.0, (1.0, 0.0)),
        (lambda x: x.elu(), 0.0, (1.0, 1.0)),
        (lambda x: x.step(), 0.0, (0.0, 0.0)),
    ],
)
def test_conventions_at_kinks_hold_in_every_order(f, at, slopes):
    x = Value(at)
    (first,) = grad(f(x), [x], create_graph=True)
    (second,) = grad(first, [x], create_graph=True)
    assert (first.data, second.data) == slopes


def test_a_graph_of_gradients_has_no_useless_nodes():
    x, w = Value(0.5, "x"), Value(2.0, "w")
    (slope,) = grad(x * w + 3.0, [x], create_graph=True)
    assert slope is w
    (slope,) = grad((x * w).tanh(), [w], create_graph=True)
    for node in topological_order(slope):
        numbers = [value.data for value in node.inputs if value.op is None]
        if node.op is not None and node.op.name == "+":
            assert 0.0 not in numbers
        if node.op is not None and node.op.name == "*":
            assert 1.0 not in numbers


def test_what_no_gradient_reaches_makes_no_nodes():
    x = Value(-0.5)
    (slope,) = grad((x * x * x).relu() + x, [x], create_graph=True)
    assert slope.data == 1.0
    assert slope.inputs == ()


def test_zero_times_infinity_is_nan_in_graphs_of_gradients_too():
    """What is left out of a graph of gradients must not change its numbers."""
    x = Value(0.0)
    y = x.sqrt() * 0.0
    y.backward()
    assert math.isnan(x.grad)
    assert math.isnan(grad(y, [x], create_graph=True)[0].data)


@given(weights=st.lists(st.floats(-1.5, 1.5), min_size=9, max_size=9))
@settings(max_examples=settings.default.max_examples // 5)
def test_the_hessian_of_a_network_is_symmetric_and_right(weights):
    def loss(*w):
        hidden = [dot(w[0:2], [0.5, -1.0], w[2]).tanh(), dot(w[3:5], [0.5, -1.0], w[5]).sigmoid()]
        return (dot(w[6:8], hidden, w[8]) - 0.3) ** 2

    H = hessian(loss, weights)
    assert abs(H - H.T).max() <= 1e-12 * (1 + abs(H).max())
    for k in range(9):
        assert gradcheck(lambda *w, k=k: grad(loss(*w), [w[k]], create_graph=True)[0], weights)


def test_a_graph_of_gradients_can_be_stepped_and_differentiated_to_any_order():
    x = Value(0.3)
    derivative = x.exp()
    for _ in range(8):
        (derivative,) = grad(derivative, [x], create_graph=True)
        assert derivative.data == math.exp(0.3)
    assert [step.node.op.name for step in derivative.backward_steps()] == ["exp"]


def test_anomalies_in_graphs_of_gradients_point_at_the_forward_line():
    x = Value(0.0, "x")
    with detect_anomaly():
        y = x.sqrt()  # the forward line
        with pytest.raises(AnomalyError) as caught:
            grad(y, [x], create_graph=True)
    assert caught.value.source.text.endswith("# the forward line")
