"""The listing of a program, word by word."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, choose, dot, fsum, logsumexp, record, where
from tinygrad_edu.replay.builder import Builder
from tinygrad_edu.replay.choices import Places
from tinygrad_edu.replay.forms import Form
from tinygrad_edu.replay.indices import Grid, Index, index_text
from tinygrad_edu.replay.instruction import Instruction


def test_a_loss_is_listed_with_its_gradient() -> None:
    w = [[Value(0.5), Value(-0.25)], [Value(0.75), Value(1.25)]]

    def loss(x: Any, k: Any) -> Any:
        return choose(k, [dot(row, x[:2]) for row in w]) * 3.0 + fsum(v.exp() for v in x)

    expected = """\
9 Values a call became 12 array operations on 4 parameters
forward
    v1 = theta[2×2] @ x0[0:2]                                   (2, batch)     2 Values
    v2 = exp(x0)                                                (3, batch)     3 Values
    v3 = places of x1 among 2×1                                 (1, batch)
    v4 = v1 at v3                                               (1, batch)     1 Value
    v5 = constants 3 @ v4                                       (1, batch)
    v6 = v5 + v2[0:1]                                           (1, batch)
    v7 = v6 + v2[1:2]                                           (1, batch)
    v8 = v7 + v2[2:3]                                           (1, batch)     3 Values
backward
    v9 = constants 3ᵀ @ seed                                    (1, batch)
   v10 = v9 added up at v3                                      (2, batch)
   v11 = v10 @ x0[0:2]ᵀ                                         (4)
   v12 = 1 parts: v11                                           (4)"""
    assert str(record(loss, (3, ()), [v for row in w for v in row])) == expected


def test_constants_are_shown_and_of_many_the_first_four() -> None:
    c = [1.5, 2.5, 3.5, 4.5, 5.5]
    text = str(record(lambda x: [a * b for a, b in zip(c, x, strict=True)] + list(c[:4] - x[:4]), (5,), []))
    assert "v1 = constants 1.5, 2.5, 3.5, 4.5, ... * x0  " in text
    assert "v2 = constants 1.5, 2.5, 3.5, 4.5 - x0[0:4]  " in text


def test_runs_of_one_length_and_of_several() -> None:
    def sums(x: Any) -> list[Any]:
        y = [v.exp() for v in x]
        return [fsum(y[:2]), fsum(y[2:5]), fsum(y[5:9]), x[0]]

    assert "sums of 2 to 4 rows of v1, rounded as they go  " in str(record(sums, (9,), []))
    equal = str(record(lambda x: [fsum(v.exp() for v in row) for row in x], ((2, 3),), []))
    assert "sums of 3 rows of v1, rounded as they go  " in equal
    assert "largest of each of 2 runs of x0  " in str(record(lambda x: [*map(logsumexp, x)], ((2, 3),), []))


@pytest.mark.parametrize("count", [8, 9])
def test_of_many_parts_the_first_eight_are_shown(count: int) -> None:
    def powers(x: Any) -> list[Any]:
        return [x**k for k in (-4, -3, -2, -1, 0.5, 1.5, 3, 4, 5)[:count]]

    text = str(record(powers, ((),), []))
    more = ", ..." if count > 8 else ""
    assert f"{count} parts: v1, v2, v3, v4, v5, v6, v7, v8{more}  " in text


def test_conditions_are_written_with_their_signs_and_functions_with_brackets() -> None:
    text = str(record(lambda x: where((x > 0.25) & (x != 2.0), x.tanh(), -x), ((),), []))
    assert "v1 = x0 > 0.25  " in text
    assert " = tanh(x0)  " in text
    assert " x0 != 2  " in text
    assert "v11 = where(v10, v5, v6)  " in text
    assert " absolute(x0) " in str(record(lambda x: abs(x), ((),), []))
    assert " negative(x0) " in text


INDICES: list[tuple[Index, str]] = [
    (slice(2, 5, 1), "a[2:5]"),
    (slice(2, 7, 2), "a[2:7:2]"),
    (Grid(0, 2, 3, 3, 1), "a[2×3]"),
    (np.array([3, 1]), "a[2 rows]"),
    (None, "a"),
]


@pytest.mark.parametrize(("index", "text"), INDICES, ids=[text for _, text in INDICES])
def test_an_index_is_written_as_in_numpy(index: Index, text: str) -> None:
    assert index_text("a", index) == text


def test_an_instruction_that_has_no_text_no_run_and_no_evaluate_says_so() -> None:
    for ask in (lambda i: i.text(), lambda i: i.run(np.zeros(1)), lambda i: i.evaluate(None, batch=1)):
        with pytest.raises(NotImplementedError, match="Instruction"):
            ask(Instruction())


def test_at_most_eight_bad_indices_are_named() -> None:
    message = str(Places(3, 1, False, False).error(np.arange(10.0)))
    assert message.endswith("from 0 to 2, and these are not: [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]")


def test_a_form_has_what_the_builder_has_and_nothing_else() -> None:
    builder = Builder()
    assert Form(builder).constants([1.0]).instruction.text() == "constants 1"
    with pytest.raises(AttributeError, match="tangent"):
        _ = Form(builder).tangent
