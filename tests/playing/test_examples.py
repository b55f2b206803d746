"""The examples: each is a formula whose every name has a number, and is drawn."""

from __future__ import annotations

import math

import pytest

from tinygrad_edu.playing.answers import answer, as_page
from tinygrad_edu.playing.examples import EXAMPLES
from tinygrad_edu.stepping.expression import names_in, parse_expression


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_formula_with_a_number_for_each_of_its_names(name: str) -> None:
    formula, numbers = EXAMPLES[name]
    assert sorted(names_in(formula)) == sorted(numbers)
    assert math.isfinite(parse_expression(formula, numbers).data)
    said = answer({"formula": formula, "numbers": {key: str(x) for key, x in numbers.items()}}, as_page)
    assert said["numbers"] == numbers


def test_xor_by_hand_is_xor() -> None:
    formula, _ = EXAMPLES["XOR by hand"]
    for x1, x2 in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)):
        assert parse_expression(formula, {"x1": x1, "x2": x2}).data == float(x1 != x2)


def test_the_neuron_that_learned_little_has_next_to_no_gradient() -> None:
    formula, numbers = EXAMPLES["a neuron that learns little"]
    root = parse_expression(formula, numbers)
    root.backward()
    assert 0 < max(abs(leaf.grad) for leaf in root.inputs) < 1e-3
