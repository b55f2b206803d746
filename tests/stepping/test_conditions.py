"""What people type after `b` and `u`: places, conditions, and both."""

from __future__ import annotations

import pytest

from tinygrad_edu import Value
from tinygrad_edu.backprop import Step
from tinygrad_edu.stepping import NON_FINITE, Stepper
from tinygrad_edu.stepping.conditions import place, place_or_condition


@pytest.fixture
def stepper() -> Stepper:
    """(a * b).tanh() * a at a = 0.5, b = 2: the backward steps hand on 1, 0.5 and 0.5 · (1 - tanh² 1) = 0.20998..."""
    a, b = Value(0.5, "a"), Value(2.0, "b")
    return Stepper((a * b).tanh() * a, names={})


def stops(text: str, stepper: Stepper) -> list[int]:
    """The numbers of the backward steps at which it stops."""
    condition = stepper.stops_at(place_or_condition(text, stepper))
    return [step.index for step in stepper.steps() if isinstance(step, Step) and condition(step)]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("tanh", [2]),
        ("*", [1, 3]),
        ("upstream > 0.4", [1, 2]),
        ("upstream >= 0.5", [1, 2]),
        ("upstream == 1", [1]),
        ("upstream != 1", [2, 3]),
        ("upstream < 0.3", [3]),
        ("data <= 0.7", [1]),  # 0.5 tanh(1) = 0.38, tanh(1) = 0.76, 0.5 · 2 = 1
        ("2*upstream > data", [1, 2]),
        ("-abs(upstream) > -0.6", [2, 3]),
        ("*, upstream < 0.5", [3]),
        ("tanh, upstream > 0.6", []),
        ("maximum(upstream, data) > 0.9", [1, 3]),
    ],
)
def test_where_it_stops(text: str, steps: list[int], stepper: Stepper) -> None:
    assert stops(text, stepper) == steps


@pytest.mark.parametrize("word", ["nan", "inf", "nonfinite", "non-finite"])
def test_words_for_what_is_not_finite(word: str) -> None:
    assert place(word) == NON_FINITE


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("upstream >", "but the expression ends"),
        ("grad > 1", "no value for 'grad' .upstream, data given"),
        ("nowhere, upstream > 1", "no node of this graph has the label 'nowhere'"),
        ("upstream > 1, tanh", "no node of this graph has the label 'upstream > 1'"),
        ("data = 1 < 2", "'=' has no meaning"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(text: str, problem: str, stepper: Stepper) -> None:
    with pytest.raises(ValueError, match=problem):
        stepper.stops_at(place_or_condition(text, stepper))


def test_after_a_place_with_a_sign_of_its_own_there_still_has_to_be_a_comparison() -> None:
    odd = Value(0.5, "p<q")
    stepper = Stepper(odd.tanh(), names={})
    assert stops("p<q, upstream > 0", stepper) == [1]
    with pytest.raises(ValueError, match="a condition compares, as in upstream > 10, which 'tanh' does not"):
        place_or_condition("p<q, tanh", stepper)
