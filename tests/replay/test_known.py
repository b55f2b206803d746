"""Numbers that are known while a function is recorded: as operands, as conditions, as the answer itself."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from replay.comparing import exactly

from tinygrad_edu import Value, choose, dot, fsum, logsumexp, record, where
from tinygrad_edu.functions import applied
from tinygrad_edu.op import RULE_BOOK, Op, bind, op
from tinygrad_edu.replay.known import Known, known

INF, NAN = math.inf, math.nan


NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, INF, -INF, NAN)


def eager(function: Callable[..., Any], params: Sequence[Value], *example: float) -> tuple[float, list[float]]:
    for parameter in params:
        parameter.grad = 0.0
    result = function(*map(Value, example))
    if not isinstance(result, Value):
        return result, [0.0] * len(params)
    result.backward()
    return result.data, [parameter.grad for parameter in params]


def replayed(function: Callable[..., Any], params: Sequence[Value], *example: float) -> tuple[Any, Any]:
    """The value and the gradient of one example, which are those of a batch of two equal ones."""
    program = record(function, ((),) * len(example), params)
    arrays = [np.array([number]) for number in example]
    value, gradient = program.values_and_grad(*arrays)
    if example:
        values, again = program.values_and_grad(*[np.repeat(array, 2) for array in arrays])
        exactly(values, np.repeat(value, 2))
        np.testing.assert_allclose(again, gradient, rtol=1e-15)
        assert program(*[array[:0] for array in arrays]).shape == (0,)
        mean, nothing = program.value_and_grad(*[array[:0] for array in arrays])
        assert math.isnan(mean)
        np.testing.assert_array_equal(nothing, np.zeros(len(params)))
    return value[0], gradient


SETTINGS = {"leaky_relu": (0.1,), "clip": (-1.0, 2.0), "power_by": (3.0,)}
OF_TWO_OR_THREE = [o for o in RULE_BOOK.values() if not callable(o.derivatives) and len(o.derivatives) > 1]


@pytest.mark.parametrize("operation", OF_TWO_OR_THREE, ids=lambda operation: operation.method)
def test_every_operation_takes_a_constant_for_any_of_its_inputs(operation: Op) -> None:
    count = len(operation.derivatives)
    columns = [NUMBERS, NUMBERS] if count == 2 else [NUMBERS[::3], NUMBERS, NUMBERS[1::2]]
    for places in itertools.product([True, False], repeat=count):
        if all(places) or not any(places):
            continue
        for numbers in itertools.product(*columns):
            params = [Value(n) for n, is_constant in zip(numbers, places, strict=True) if not is_constant]

            def function(*_: Any, numbers: Any = numbers, places: Any = places, params: Any = params) -> Value:
                given = iter(params)
                return applied(operation, [n if c else next(given) for n, c in zip(numbers, places, strict=True)])

            value, gradient = eager(function, params)
            program = record(function, (), params)
            either = 2.0 if operation.method in ("maximum", "minimum") else 0.0  # of 0.0 and -0.0, NumPy takes one
            exactly(program() + either, [value + either])
            np.testing.assert_allclose(program.value_and_grad()[1], gradient, rtol=2e-15, atol=1e-322)


MASK = [True, False, True]
P = [Value(0.8), Value(-2.0)]
p, q = P
WITH_CONSTANTS: dict[str, Callable[[Any], Any]] = {
    "a false condition": lambda x: where(False, p * 2, 3.0) + p,
    "a true condition": lambda x: where(True, x * p, 3.0),
    "a false condition beside numbers that vary": lambda x: where(False, x * p, 3.0),
    "a condition of constants": lambda x: where(Value(1.0) < 0, p, 3.0) * p,
    "two constant branches": lambda x: where(x > 0.0, 2.0, -0.0) * p,
    "1 and -0": lambda x: p / where(x > 0.0, 1.0, -0.0),
    "nothing but constants": lambda x: where(True, 2.0, 3.0) * p,
    "several conditions": lambda x: fsum(where(c, x * v, 3.0) for c, v in zip(MASK, [p, q, p], strict=True)),
    "a nan as the condition": lambda x: where(NAN, p, q),
    "nested": lambda x: where(True, where(False, p, where(x > 0.0, q, 1.0)), p),
    "a division by 0": lambda x: p / 0.0 + x,
    "0 divided by 0": lambda x: (p * 0.0) / Value(0.0),
    "a power that overflows": lambda x: p * Value(10.0) ** Value(400.0),
    "an infinite constant": lambda x: p * INF + x,
    "nan": lambda x: p + x * NAN,
    "a sum of nothing": lambda x: p * x + fsum([]),
    "the first thing is a sum of nothing": lambda x: fsum([]) + p,
    "a sum of constants": lambda x: fsum([1.0, 2.0, 1e16, -1e16]) * p,
    "a sum of zeros and one": lambda x: fsum([0.0, p, -0.0]) * x,
    "a dot of constants": lambda x: dot([1.0, 2.0], [3.0, 4.0], 0.5) * p,
    "a dot of some constants": lambda x: dot([1.0, p], [x, 4.0], 0.5),
    "a dot of constants beside a bias that is none": lambda x: dot([0.5], [2.0], p) + dot([2.0, 2.0], [3.0, 3.0], x),
    "a dot of nothing": lambda x: dot([], [], p) + dot([], [], 2.0),
    "a logsumexp of constants": lambda x: logsumexp([1.0, 2.0]) + p,
    "a logsumexp of some constants": lambda x: logsumexp([1.0, p, -INF]) + logsumexp([2.0, x * p]),
    "a choice of constants": lambda x: choose(x, [3.0, 4.0]) * p,
    "a choice of some constants": lambda x: choose(x, [3.0, p * x]) + q,
    "a constant index": lambda x: choose(Value(1.0), [p, q * x]) * p,
    "a constant": lambda x: 3.0,
    "an infinite answer": lambda x: -INF,
    "nan as the answer": lambda x: NAN,
    "an input": lambda x: x,
    "a parameter": lambda x: q,
    "plus 0": lambda x: 1.0 / (q * 0.0 + 0.0) + p,
    "0 plus": lambda x: 1.0 / (0.0 + q * (x - x)) + p,
    "minus 0": lambda x: 1.0 / (q * 0.0 - 0.0) + p,
    "times 1": lambda x: 1.0 / (q * 0.0 * 1.0) + p,
    "an upstream that is infinite, for the branch not chosen": lambda x: where(True, p * 0.0, q).log(),
    "the same, for a choice": lambda x: choose(Value(0.0), [p * 0.0, q]).log(),
}


@pytest.mark.parametrize("name", WITH_CONSTANTS)
def test_constants_are_what_they_are_in_eager_code(name: str) -> None:
    function = WITH_CONSTANTS[name]
    for example in (1.0, 0.0):
        value, gradient = eager(function, P, example)
        ours, our_gradient = replayed(function, P, example)
        exactly(ours, value)
        np.testing.assert_allclose(our_gradient, gradient, rtol=2e-15)


def test_what_a_mask_restarts_and_what_begins_as_constants() -> None:
    def masked(*x: Any) -> Any:
        state: Any = Value(0.0)
        for number, keep in zip(x, [True, False, True], strict=True):
            state = where(keep, (p * state + number).tanh(), 0.0)
        return state

    def ball(bounce: Any) -> Any:
        height, speed = Value(1.0), Value(0.0)
        for _ in range(40):
            speed = speed - 0.1
            height = height + 0.1 * speed
            hit = height < 0
            speed, height = where(hit, -bounce * speed, speed), where(hit, -height, height)
        return height

    for function, example in ((masked, (0.1, 0.2, 0.3)), (ball, (0.8,))):
        value, gradient = eager(function, P, *example)
        ours, our_gradient = replayed(function, P, *example)
        np.testing.assert_allclose(ours, value, rtol=1e-14)
        np.testing.assert_allclose(our_gradient, gradient, rtol=1e-14)


OF_ONES_OWN: dict[str, Any] = {
    "divides its second input alone": (
        lambda m, a, b: a * (1.0 / b) + a / (b - 2.0) + (b - 2.0) ** -1.0,
        (lambda m, y, a, b: 1.0 / b, lambda m, y, a, b: a * 0.0),
    ),
    "chooses before it divides": (
        lambda m, a, b: a + 1.0 / m.where(b == b, 0.0, 1.0),
        (lambda m, y, a, b: 1.0 / m.prefer(0.0, b == b, lambda m: 1.0), lambda m, y, a, b: 7.0 % b),
    ),
    "overflows": (
        lambda m, a, b: a + (b + 10.0) ** 400.0 + m.exp(1000.0 + b),
        (lambda m, y, a, b: (b - 10.0) ** 0.5, lambda m, y, a, b: 1.0),
    ),
    "prefers, and divides elsewhere": (
        lambda m, a, b: m.prefer(a, a > 5.0, lambda m, a, b: a + 1.0 / b, a, b),
        (lambda m, y, a, b: m.prefer(1.0, a > 5.0, lambda m, b: 1.0 / b + b // 0.0, b), lambda m, y, a, b: 0.0),
    ),
    "adds truth values": (
        lambda m, a, b: (a > -9.0) + (a < 9.0) - (a == b) + -(a > 0.0),
        (lambda m, y, a, b: (a > -9.0) + (a < 9.0), lambda m, y, a, b: a > 0.0),
    ),
    "is a truth value": (lambda m, a, b: a > b, (lambda m, y, a, b: a > b, lambda m, y, a, b: 0.0)),
}


@pytest.mark.parametrize("name", OF_ONES_OWN)
@pytest.mark.parametrize("number", [0.0, 2.0, -0.0, INF])
def test_a_rule_of_ones_own_computes_with_constants_as_on_floats(name: str, number: float) -> None:
    declared = op(name, *OF_ONES_OWN[name])
    try:
        w = [Value(1.5), Value(-0.5)]
        value = [applied(declared, [v, number]) for v in w]
        values = record(lambda: [applied(declared, [v, number]) for v in w], (), w)
        program = record(lambda: fsum(applied(declared, [v, number]) for v in w), (), w)
        many = record(lambda x: applied(declared, [x * w[0], number]), ((),), w)  # more numbers than are few
        np.testing.assert_array_equal(values()[0], [float(y.data) for y in value])
        gradient = program.value_and_grad()[1]
        np.testing.assert_array_equal(gradient, [y.local_derivatives[0] for y in value])
        mean, gradient = many.value_and_grad(np.ones(1000))
        np.testing.assert_allclose(mean, value[0].data, rtol=1e-13)
        np.testing.assert_allclose(gradient, [value[0].local_derivatives[0], 0.0], rtol=1e-13)
    finally:
        del RULE_BOOK[name]


def test_settings_are_constants_too() -> None:
    declared = op(
        "scaled",
        lambda m, a, s: a * (1.0 / s),
        (lambda m, y, a, s: 1.0 / s,),
        parameters=("scale",),
    )
    try:
        w = Value(2.0)
        program = record(lambda: applied(bind(declared, 0.0), [w]), (), [w])
        assert program.value_and_grad() == (INF, INF)
    finally:
        del RULE_BOOK["scaled"]


def test_a_known_number_is_a_truth_value_or_a_number() -> None:
    assert known(True) is True
    assert isinstance(known(1), Known)
    assert known("a") == "a"


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        (1.0 / Known(0.0), INF), (Known(-1.0) / 0, -INF), (Known(0.0) / 0.0, NAN), (Known(0.0) ** -1, INF),
        (Known(-8.0) ** 0.5, NAN), (10.0 ** Known(400.0), INF), (Known(7.0) % 0.0, NAN), (Known(7.0) // -2.0, -4.0),
        (7.0 % Known(4.0), 3.0), (7.0 // Known(4.0), 1.0), (-Known(0.0), -0.0), (abs(Known(-2.0)), 2.0),
        (+Known(2.0), 2.0), (1 + Known(2.0), 3.0), (1 - Known(2.0), -1.0), (Known(2.0) - 1, 1.0), (3 * Known(2.0), 6.0),
    ],
)  # fmt: skip
def test_operators_have_the_answer_of_ieee_and_it_is_known_again(ours: Any, expected: float) -> None:
    assert type(ours) is Known
    exactly([ours], [expected])
