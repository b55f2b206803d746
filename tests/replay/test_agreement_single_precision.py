"""A program in single precision is held against its function in double precision, as closely as rounding allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import RecordingError, Value, dot, logsumexp
from tinygrad_edu.replay.agreement import Twins, _Comparison, compare
from tinygrad_edu.replay.programs import recorded
from tinygrad_edu.replay.run import Program


def single(function: Callable[..., Any], params: list[Value], inputs: int = 1) -> Program:
    theta = np.array([p.data for p in params], dtype=np.float32)
    for parameter, number in zip(params, theta.tolist(), strict=True):
        parameter.data = number
    return recorded(function, [()] * inputs, params).twin(theta)


def rows(count: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Numbers that single precision holds, as float64."""
    return np.random.default_rng(seed).uniform(0.5, 2.0, count).astype(np.float32).astype(np.float64)


def test_rounding_is_no_difference() -> None:
    """Also where much cancels: the loss of a class that is nearly certain, and its gradient."""
    w = [Value(number) for number in (14.0, -3.0, 0.1)]

    def loss(x: Any) -> Value:
        logits = [w[0] * x, w[1] * x + w[2], w[2].sin() * x]
        return logsumexp(logits) - logits[0]

    program, twins = single(loss, w), None
    for seed in range(30):
        twins = twins or Twins(program)
        assert compare(program, loss, [rows(9, seed)], program.theta, twins=twins)
    assert np.abs(loss(Value(1.0)).data) < 1e-4


def test_the_twins_are_one_of_each_precision() -> None:
    w = [Value(2.0)]
    program = single(lambda x: w[0] * x, w)
    (double, _), (one, _) = Twins(program).twins
    assert (double.theta.dtype, one.theta.dtype) == (np.float64, np.float32)
    assert double(np.array([0.1])).dtype == np.float64
    assert one(np.array([0.1])).dtype == np.float32
    assert (program.is_single, double.is_single) == (True, False)


def test_a_difference_that_rounding_could_hide_is_seen_in_double_precision() -> None:
    w, factor = [Value(1.5)], [1.0]

    def function(x: Any) -> Value:
        return w[0] * x * factor[0]

    program = single(function, w)
    factor[0] = 1.0 + 1e-8
    with pytest.raises(RecordingError, match="depends on something that a recording does not see"):
        compare(program, function, [rows(3)], program.theta)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda w, x: (w * x * 100.0).exp().log(), r"gives inf and the function \d"),
        (lambda w, x: (w * x - 60.0).exp().log() + (w * x * -200.0).exp().log(), "gives -?inf and the function"),
        (lambda w, x: ((w * x + 1e-9) - w * x) * 1e9, r"gives 0\.0 and the function 1\.0"),
        (lambda w, x: ((w * x + 1e-6) - w * x) * w * 1e6, "gives .* and the function"),
        (lambda w, x: 1e20 / (w * x * 1e20) ** 2.0 * 1e20, "gives 0.0 and the function"),
        (lambda w, x: (w * 0.1).sin() * 1e-30 * x * 1e-30 * 1e30 * 1e30, "gives 0.0 and the function"),
    ],
)
def test_what_single_precision_cannot_compute_is_refused(function: Callable[..., Any], message: str) -> None:
    w = [Value(1.0)]
    bound = lambda x: function(w[0], x)  # noqa: E731 - one of many
    program = single(bound, w)
    with pytest.raises(RecordingError, match=message) as caught:
        compare(program, bound, [rows(5)], program.theta)
    assert 'leave dtype="float32" out' in str(caught.value)
    double = recorded(bound, [()], w)
    assert compare(double, bound, [rows(5)], double.theta)


def test_a_gradient_that_single_precision_cannot_compute_is_refused() -> None:
    """The output is x / w, with 1e25 on the way; on the way back there is 1e50."""
    w = [Value(1.0)]

    def function(x: Any) -> Value:
        return (w[0] * 1e-25) ** -1.0 * 1e-25 * x

    program = single(function, w)
    with pytest.raises(RecordingError, match=r"the derivative -inf and the function -\d"):
        compare(program, function, [rows(5)], program.theta)


def test_a_kink_that_rounding_decides_about_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """-0.1 - 0.2 + 0.3, of single numbers, is 7e-9 in double precision and 0 in single: relu has two slopes there."""
    w = [Value(number) for number in (-0.1, -0.2, 0.3, 2.0)]

    def function(x: Any) -> Value:
        return dot(w[:3], [x, x, x]).relu() + w[3] * x

    program = single(function, w)
    assert sum(p.data for p in w[:3]) == pytest.approx(7.45e-9, rel=1e-3)
    assert float(np.sum(program.theta[:3])) <= 0.0
    assert compare(program, function, [rows(20)], program.theta)
    monkeypatch.setattr(_Comparison, "_jump", lambda self, answer: np.zeros(4))
    with pytest.raises(RecordingError, match=r"has, by parameter \d, the derivative 0\.0 and the function"):
        compare(program, function, [rows(20)], program.theta)


def test_a_wrong_gradient_in_single_precision_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a hundredth, which no rounding explains here."""
    w = [Value(0.7), Value(-0.4)]

    def function(x: Any) -> Value:
        return (w[0] * x + w[1]).tanh().square()

    program = single(function, w)
    right = Program.values_and_grad

    def wrong(self: Program, *arrays: Any) -> tuple[Any, Any]:
        values, gradient = right(self, *arrays)
        return values, gradient * np.float32(1.01) if self.is_single else gradient

    assert compare(program, function, [rows(5)], program.theta)
    monkeypatch.setattr(Program, "values_and_grad", wrong)
    with pytest.raises(
        RecordingError, match=r"has, by parameter \d, the derivative .* single precision has seven digits"
    ):
        compare(program, function, [rows(5)], program.theta)
