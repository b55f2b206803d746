"""What formulas call: every operation, with its inputs first and plain numbers for its settings."""

from __future__ import annotations

import math

import pytest

from tinygrad_edu import Value
from tinygrad_edu.stepping.calls import call, callable_operations, check_name


@pytest.mark.parametrize(
    ("name", "inputs", "settings", "expected"),
    [
        ("exp", [0.5], [], math.exp(0.5)),
        ("abs", [-3.0], [], 3.0),
        ("maximum", [2.0, 5.0], [], 5.0),
        ("where", [0.0, 2.0, 5.0], [], 5.0),
        ("clip", [7.0], [-1.0, 1.0], 1.0),
        ("leaky_relu", [-2.0], [], -0.02),
        ("leaky_relu", [-2.0], [0.5], -1.0),
        ("fsum", [1e16, 1.0, -1e16], [], 1.0),
        ("logsumexp", [0.0, 0.0], [], math.log(2.0)),
    ],
)
def test_inputs_are_numbers_or_values_and_settings_numbers(
    name: str, inputs: list[float], settings: list[float], expected: float
) -> None:
    for given in (inputs, list(map(Value, inputs))):
        assert call(name, [*given, *settings]).data == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("exp", [], r"exp takes something, as in exp\(x\)"),
        ("fsum", [], "fsum takes something"),
        ("exp", [1.0, 2.0], "exp takes 1 argument, not 2"),
        ("maximum", [1.0], "maximum takes 2 arguments, not 1"),
        ("leaky_relu", [1.0, 2.0, 3.0], "leaky_relu takes 1 or 2 arguments, not 3"),
        ("leaky_relu", [1.0, Value(2.0)], "the negative_slope of leaky_relu must be a plain number"),
        ("clip", [1.0, 2.0, Value(3.0)], "the high of clip must be a plain number"),
        ("clip", [1.0, 3.0, 2.0], "clip needs low <= high"),
    ],
)
def test_wrong_arguments_are_refused(name: str, arguments: list[Value | float], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        call(name, arguments)


def test_a_name_that_is_nearly_right_is_answered_with_those_that_are() -> None:
    with pytest.raises(
        ValueError, match=r"no function is called 'sigmiod'; did you mean 'sigmoid'\? .*among them sigmoid"
    ):
        check_name("sigmiod")
    with pytest.raises(ValueError, match=r"no function is called 'q'; there are abs, .*, where$"):
        check_name("q")
    for name in callable_operations():
        check_name(name)
