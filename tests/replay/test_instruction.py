"""What is given, what is constant, and arguments that are known."""

from __future__ import annotations

import numpy as np
import pytest
from replay.comparing import computes

from tinygrad_edu import record
from tinygrad_edu.replay.instruction import Constant, Instruction, Leaf, filled, shown, told_apart


def test_an_instruction_that_has_no_text_no_view_no_run_and_no_evaluate_says_so() -> None:
    for ask in (
        lambda i: i.text(),
        lambda i: i.view(batch=1),
        lambda i: i.run(np.zeros(1)),
        lambda i: i.evaluate(None, batch=1),
    ):
        with pytest.raises(NotImplementedError, match="Instruction"):
            ask(Instruction())


def test_constants_are_shown_and_of_many_the_first_four() -> None:
    c = [1.5, 2.5, 3.5, 4.5, 5.5]
    text = str(record(lambda x: [a * b for a, b in zip(c, x, strict=True)] + list(c[:4] - x[:4]), (5,), []))
    assert "v1 = constants 1.5, 2.5, 3.5, 4.5, ... * x0  " in text
    assert "v2 = constants 1.5, 2.5, 3.5, 4.5 - x0[0:4]  " in text


def test_constants_are_a_column_for_any_batch() -> None:
    computes(Constant((1.5, -2.0)), [[1.5], [-2.0]], batch=7)
    assert Constant((1.5,)).is_view


def test_0_and_minus_0_are_two_constants_and_nan_is_one() -> None:
    assert Constant((0.0,)) == Constant((-0.0,))
    assert Constant((0.0,)).key() != Constant((-0.0,)).key()
    assert told_apart([0.0, -0.0, float("nan"), None]) == ("0.0", "-0.0", "nan", "None")


def test_what_is_given_is_called_by_its_name_and_is_no_view() -> None:
    assert (Leaf("x0").text(), Leaf("x0").is_view, Leaf("x0").dtype) == ("x0", False, float)


def test_arguments_that_are_known_stand_between_the_others() -> None:
    assert filled([None, 2.0, None], ["a", "b"]) == ["a", 2.0, "b"]
    assert filled([], []) == []
    assert shown([1 / 3, None, 2.0], ["a"]) == ["0.333333", "a", "2"]
