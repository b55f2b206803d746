"""What is answered: a page, a file, words to share, or what is wrong and where."""

from __future__ import annotations

import math
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value, save_page
from tinygrad_edu.playing import answers
from tinygrad_edu.playing.answers import ANSWERS, MAX_LENGTH, answer, as_file, as_page, as_text, command_of
from tinygrad_edu.stepping.expression import parse_expression

NEURON = {"formula": "tanh(w*x + b)", "numbers": {"w": "1", "x": "2.0", "b": "-0.5"}}


def problem(formula: str, **numbers: str) -> tuple[str, int | None]:
    said = answer({"formula": formula, "numbers": numbers}, as_page)
    assert set(said) == {"problem", "place"}
    return said["problem"], said["place"]


def test_a_formula_is_answered_with_its_page_and_its_numbers() -> None:
    said = answer(NEURON, as_page)
    assert said["numbers"] == {"w": 1.0, "x": 2.0, "b": -0.5}
    assert f'"value":{math.tanh(1.5)!r}' in said["page"]
    assert said["page"].count("</html>") == 1


def test_a_name_without_a_number_is_one_and_a_number_without_a_name_is_left_out() -> None:
    said = answer({"formula": "w*q", "numbers": {"w": "3", "other": "4"}}, as_page)
    assert said["numbers"] == {"w": 3.0, "q": 1.0}


def test_it_is_said_where_constants_stand() -> None:
    said = answer({"formula": "2.5*x**3 - -1", "numbers": {}}, as_page)
    assert said["constants"] == [[0, 2.5, 0, 3], [4, -1.0, 11, 13]]


def test_a_file_is_what_save_page_writes(tmp_path: Any) -> None:
    said = answer(NEURON, as_file)
    save_page(parse_expression("tanh(w*x + b)", {"w": 1.0, "x": 2.0, "b": -0.5}), tmp_path / "page.html", names={})
    assert said["page"] == (tmp_path / "page.html").read_text("utf-8")
    assert "played" not in said["page"]


def test_what_is_shared_are_the_command_and_the_python() -> None:
    said = answer(NEURON, as_text)
    assert said["command"] == 'tinygrad-edu play "tanh(w*x + b)" w=1 x=2 b=-0.5'
    assert said["python"].splitlines()[-1] == "L = (w * x + b).tanh()"


@given(st.dictionaries(st.sampled_from(["w", "x", "é", "x_1"]), st.floats(allow_nan=False, allow_infinity=False)))
def test_a_shell_reads_the_command_back(numbers: dict[str, float]) -> None:
    program, play, formula, *pairs = shlex.split(command_of("-w * x\n+ é % x_1 // 2", numbers))
    assert (program, play, formula) == ("tinygrad-edu", "play", "-w * x + é % x_1 // 2")
    assert {name: float(x) for name, _, x in (pair.partition("=") for pair in pairs)} == numbers


@pytest.mark.parametrize(
    ("formula", "sentence", "place"),
    [
        ("w * * x", "expected a number, a name or a bracket, but there is '*'", 4),
        ("tanh(w", "this bracket is never closed", 4),
        ("", "expected a number, a name or a bracket, but the expression ends", 0),
        ("w + tahn(x)", "no function is called 'tahn'", 4),
        ("tanh", "there is no value for 'tanh'", 0),
        ("__import__('os')", "has no meaning in a formula", 11),
        ("w", "a number without an operation", None),
        ("2", "a number without an operation", None),
        ("x+" * 999 + "x", "has 1,000 nodes, and 200 are drawn here", None),
        ("x" * (MAX_LENGTH + 1), "may have 2,000 characters, and this one has 2,001", MAX_LENGTH),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence_with_its_place(formula: str, sentence: str, place: int | None) -> None:
    said, where = problem(formula)
    assert sentence in said
    assert where == place
    assert "⟨here⟩" not in said, "the page points to the place itself"


def test_the_largest_formula_is_drawn_and_no_larger_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_NODES", 3)
    assert answer({"formula": "x+x+x", "numbers": {}}, as_page)["numbers"] == {"x": 1.0}
    assert "has 4 nodes, and 3 are drawn here" in problem("x+x+x+x")[0]


@pytest.mark.parametrize(
    "question",
    [
        None,
        [],
        "w*x",
        {},
        {"formula": "w*x"},
        {"formula": 3, "numbers": {}},
        {"formula": "w*x", "numbers": []},
        {"formula": "w*x", "numbers": {"w": 1.0}},
        {"formula": "w*x", "numbers": {"w": None}},
        {"formula": "w*x", "numbers": {"w": "one"}},
        {"formula": "w*x", "numbers": {"w": "nan"}},
        {"formula": "w*x", "numbers": {"w": "1e999"}},
        {"formula": "w*x", "numbers": {"w": "1" * 1000}},
        {"formula": "w*x", "numbers": {}, "more": 1},
    ],
    ids=lambda question: repr(question)[:40],
)
def test_what_is_no_question_is_refused(question: Any) -> None:
    for kind in ANSWERS.values():
        with pytest.raises(ValueError, match=r"a question is|should be finite"):
            answer(question, kind)


@given(st.text(max_size=40))
def test_any_text_is_answered(formula: str) -> None:
    assert answer({"formula": formula, "numbers": {}}, lambda *_: {"page": ""})


def test_the_leaves_are_those_of_the_formula() -> None:
    seen: dict[str, Value] = {}
    answer(NEURON, lambda root, formula, leaves: seen.update(leaves) or {"formula": formula})  # type: ignore[func-returns-value]
    assert {name: leaf.label for name, leaf in seen.items()} == {"w": "w", "x": "x", "b": "b"}
