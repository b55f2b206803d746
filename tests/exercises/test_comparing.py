"""Differences as sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value
from tinygrad_edu.exercises.comparing import Question, numbers
from tinygrad_edu.exercises.learner import Learner, NotYet


def asked(folder: Path, body: str, cases: list[tuple[Any, ...]], expected: Any, **more: Any) -> str:
    """What is said about a function of one argument with this body; "" if it is right."""
    file = folder / "mine.py"
    file.write_text(f"import numpy as np\ndef f(x):\n    {body}\n", encoding="utf-8")
    try:
        Question("f", expected=expected, says="it is", **more).ask(Learner(file), cases)
    except NotYet as finding:
        return str(finding)
    return ""


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (None, "returns None: is there a `return`"),
        ("one", "returns 'one', of type str, which is not made of numbers alone"),
        ([1.0, [2.0]], "of type list, which is not made of numbers alone"),
        ([1.0, None], "of type list"),
        ({1: 2}, "of type dict"),
        (1j, "of type complex"),
        (Value(1.0), "returns a Value, where plain numbers are asked for: its number is .data"),
        ([Value(1.0)], "of type list"),
    ],
)
def test_what_is_no_number_is_a_sentence(result: object, sentence: str) -> None:
    with pytest.raises(NotYet) as finding:
        numbers(result, "f(1)")
    assert sentence in str(finding.value)


@pytest.mark.parametrize("result", [1, 1.0, True, np.float32(1.0), np.array(1)])
def test_any_number_will_do(result: object) -> None:
    assert numbers(result, "f(1)") == 1.0


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return 2.0 * x", ""),
        ("return 2.0000001 * x", ""),
        ("return -2.0 * x", "f(3.0) gives -6; it is 6.\nIn every case the sign is the wrong one."),
        ("return x", "f(3.0) gives 3; it is 6.\nIn every case it is 0.5 times what it should be: look for a factor."),
        ("return 0.0", "It is 0 in every case."),
        ("return x + 3.0", "f(5.0) gives 8; it is 10.\n1 of 2 cases are right."),
        ("return x + 1.0", "f(3.0) gives 4; it is 6.\nIt is so in every case."),
        ("return np.inf", "A number that is nan or inf has come out"),
        ("return x**2", "You squared it."),
        ("return [x, x]", "f(3.0) has the shape (2,); () is asked for."),
    ],
)
def test_numbers_are_explained(body: str, sentence: str, tmp_path: Path) -> None:
    said = asked(tmp_path, body, [(3.0,), (5.0,)], lambda x: 2 * x, mistakes={"You squared it.": lambda x: x**2})
    assert sentence in said
    assert bool(said) == bool(sentence)


def test_rows_and_columns(tmp_path: Path) -> None:
    said = asked(tmp_path, "return x.T", [(np.ones((2, 3)),)], lambda x: x)
    assert said.endswith("has the shape (3, 2); (2, 3) is asked for.\nRows and columns are exchanged.")


def test_of_a_large_array_the_first_wrong_entry_is_shown(tmp_path: Path) -> None:
    said = asked(tmp_path, "x[2, 1] = 9; return x", [(np.zeros((4, 4)),)], lambda x: x)
    assert "gives 9 at [2, 1]; it is 0." in said


def test_parts_have_names_and_arguments_may_be_changed(tmp_path: Path) -> None:
    cases = [([1.0, 2.0],)]
    said = asked(tmp_path, "x[0] = 5.0; return x, 1.0", cases, lambda x: (x, 2.0), parts=("the list", "the count"))
    assert "f([1.0, 2.0]), the list, gives [5, 2]; it is [1, 2]." in said
    assert cases == [([1.0, 2.0],)]
    said = asked(tmp_path, "return x", [(1.0,)], lambda x: (x, 2.0), parts=("the list", "the count"))
    assert said == "f(1.0) returns 1.0, where 2 things are asked for: the list, the count."
