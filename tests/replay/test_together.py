"""Slopes of several steps as one array operation: the same numbers, in fewer instructions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value, array, record, where
from tinygrad_edu.nn import LSTM, RNN
from tinygrad_edu.replay import together

#: What a step makes of a sum and its weight: with slopes that read conditions of the forward pass, and weights.
STEPS = {
    "tanh": lambda v, w: v.tanh(),
    "sigmoid": lambda v, w: v.sigmoid(),
    "exp": lambda v, w: v.exp(),
    "relu": lambda v, w: v.relu(),
    "kink": lambda v, w: where(v > 0.1, v * v, 0.5 * v),
    "power": lambda v, w: (1.5 + v.tanh()) ** w,
}


def recurrence(weights: list[Value], steps: list[str]) -> Any:
    """A state of as many numbers as there are weights; each step has an activation of its own."""

    def function(x: Any) -> Any:
        state = [0.03 + 0.1 * k for k in range(len(weights))]
        for name, number in zip(steps, x, strict=True):
            state = [STEPS[name](w * s + number, w) for w, s in zip(weights, state, strict=True)]
        return sum(state, Value(0.0))

    return function


def backward_of(program: Any) -> list[str]:
    return str(program).split("backward\n")[1].splitlines()


def without(monkeypatch: pytest.MonkeyPatch, make: Any) -> Any:
    """What is made when every slope is computed by itself."""
    with monkeypatch.context() as patched:
        patched.setattr(together, "LEAST", math.inf)
        return make()


@given(
    st.lists(st.sampled_from([*STEPS]), min_size=2, max_size=9) | st.sampled_from([[name] * 6 for name in STEPS]),
    st.integers(1, 3),
    st.sampled_from([0.3, 2.0, 30.0, math.inf, math.nan]),
)
def test_the_numbers_are_those_of_eager_code_whatever_the_steps(steps, width, size):
    """With saturated slopes, infinities and nan among them."""
    weights = [Value(0.9 - 0.4 * k) for k in range(width)]
    function = recurrence(weights, steps)
    program = record(function, (len(steps),), weights).twin(np.array([w.data for w in weights]))
    program.by_line = 0
    examples = size * np.cos(np.arange(7.0 * len(steps))).reshape(7, -1)
    for batch in (1, 7):
        _, gradient = program.value_and_grad(examples[:batch])
        wanted = np.zeros(width)
        for example in examples[:batch]:
            for weight in weights:
                weight.grad = 0.0
            function(array(example)).backward()
            wanted += [weight.grad / batch for weight in weights]
        np.testing.assert_allclose(gradient, wanted, rtol=1e-9, atol=1e-12)


def test_slopes_are_computed_for_as_many_steps_as_fit(monkeypatch):
    """75 steps of 4 units: 37 steps make 148 rows, so there are three arrays, and no slope of a single step."""
    weights = [Value(0.5 + 0.1 * k) for k in range(4)]
    function = recurrence(weights, ["tanh"] * 75)
    slopes = [line for line in backward_of(record(function, (75,), weights)) if "saturated_tanh_slope" in line]
    assert [line.split("(")[-1] for line in slopes] == ["148, batch)", "148, batch)", "4, batch)"]
    alone = backward_of(without(monkeypatch, lambda: record(function, (75,), weights)))
    assert sum("saturated_tanh_slope" in line for line in alone) == 75


@pytest.mark.parametrize("network", [LSTM(2, 3, seed=0), RNN(2, 3, seed=0)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_gradient_stays_what_it_was(network, dtype, monkeypatch):
    def make() -> Any:
        shapes = ((6, 2),)
        return record(lambda x: sum(network(x)[0][-1], Value(0.0)) ** 2, shapes, network.parameters(), dtype=dtype)

    program, alone = make(), without(monkeypatch, make)
    assert len(program.instructions.backward) < len(alone.instructions.backward) - 10
    for batch in (1, 5):
        x = np.random.default_rng(batch).normal(size=(batch, 6, 2)).astype(dtype)
        ours, theirs = program.value_and_grad(x), alone.value_and_grad(x)
        for one, other in zip(ours, theirs, strict=True):  # a product's last digit depends on where its memory is
            np.testing.assert_allclose(one, other, rtol=1e-13 if dtype == "float64" else 1e-5)


def test_large_arrays_and_few_steps_are_left_alone():
    """Two steps, and layers of which not three fit: computing them takes longer than calling."""
    for width, steps in ((2, 2), (together.ROWS // together.LEAST + 5, 5)):
        weights = [Value(0.5 + 0.01 * k) for k in range(width)]
        program = record(recurrence(weights, ["tanh"] * steps), (steps,), weights)
        assert sum("saturated_tanh_slope" in line for line in backward_of(program)) == steps


def test_what_is_the_same_for_all_examples_is_left_to_tangles():
    """A penalty of the parameters alone, the tanh of a tanh of a tanh, beside a product with the data."""
    weights = [Value(0.5), Value(-0.7)]

    def penalized(x: Any) -> Any:
        inner = weights[0]
        for _ in range(5):
            inner = (weights[1] * inner).tanh()
        return weights[0] * x + inner

    program = record(penalized, ((),), weights)
    assert sum("saturated_tanh_slope" in line for line in backward_of(program)) == 5


def test_slopes_that_are_alike_but_of_unlike_origin_are_not_mixed_up():
    """w · sigmoid twice in each step, once with the state of the step before: their slopes come in turns."""
    w, v = Value(0.4), Value(-0.7)

    def function(x: Any) -> Any:
        state, total = Value(0.0), Value(0.0)
        for number in x:
            gate = (v * number).sigmoid()
            state = (w * state + gate).sigmoid() * gate
            total = total + state * state
        return total

    program = record(function, (8,), [w, v])
    program = program.twin(program.theta)
    program.by_line = 0
    x = np.random.default_rng(0).normal(size=(3, 8))
    step = 1e-6
    _, gradient = program.value_and_grad(x)
    for k, theta in enumerate(np.eye(2)):
        up, down = (np.mean(program.twin(program.theta + s * step * theta)(x)) for s in (1, -1))
        assert gradient[k] == pytest.approx((up - down) / (2 * step), rel=1e-6)
