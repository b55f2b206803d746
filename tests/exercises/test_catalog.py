"""The list of exercises, and the files that are handed out."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from exercises.answers import solution

from tinygrad_edu.exercises.catalog import EXERCISES, exercise_number, starter

DEMOS = Path(__file__).parents[2] / "demos"
every_exercise = pytest.mark.parametrize("number", EXERCISES)


def test_there_is_one_for_each_chapter_and_a_file_for_each() -> None:
    chapters = sorted(path.stem for path in DEMOS.glob("[0-9]*.py"))
    assert [exercise.chapter for exercise in EXERCISES.values()] == chapters
    assert sorted(path.stem for path in (DEMOS / "exercises").glob("*.py")) == chapters


@every_exercise
def test_the_file_says_what_it_is_and_how_it_is_checked(number: int) -> None:
    text = ast.get_docstring(ast.parse(starter(EXERCISES[number]))) or ""
    assert text.startswith(f"Exercise {number}: {EXERCISES[number].what}.")
    assert f"tinygrad-edu exercise {number} --hint 1" in text


@every_exercise
def test_the_solution_fills_in_the_file_and_changes_nothing_else(number: int) -> None:
    handed_out, solved = (ast.parse(text) for text in (starter(EXERCISES[number]), solution(number)))

    def heads(tree: ast.Module) -> list[str]:
        found = []
        for node in tree.body[1:]:
            if isinstance(node, ast.FunctionDef) and ast.unparse(node.body[-1]) != ast.unparse(node.body[0]):
                node.body = node.body[:1]
            found.append(ast.unparse(node))
        return found

    assert heads(handed_out) == heads(solved)
    assert "NotImplementedError" not in solution(number)


def test_a_number_that_is_none() -> None:
    with pytest.raises(ValueError, match="there is no exercise 19; their numbers are 1 to 18"):
        exercise_number(19)
