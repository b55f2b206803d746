"""What is given, what is constant, and arguments that are known."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_edu import (
    record,
)
from tinygrad_edu.replay.instruction import Instruction


def test_an_instruction_that_has_no_text_no_run_and_no_evaluate_says_so() -> None:
    for ask in (lambda i: i.text(), lambda i: i.run(np.zeros(1)), lambda i: i.evaluate(None, batch=1)):
        with pytest.raises(NotImplementedError, match="Instruction"):
            ask(Instruction())


def test_constants_are_shown_and_of_many_the_first_four() -> None:
    c = [1.5, 2.5, 3.5, 4.5, 5.5]
    text = str(record(lambda x: [a * b for a, b in zip(c, x, strict=True)] + list(c[:4] - x[:4]), (5,), []))
    assert "v1 = constants 1.5, 2.5, 3.5, 4.5, ... * x0  " in text
    assert "v2 = constants 1.5, 2.5, 3.5, 4.5 - x0[0:4]  " in text
