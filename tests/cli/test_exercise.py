"""The command `exercise`: hand out, check, hint."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from exercises.answers import solution

from tinygrad_edu.__main__ import main
from tinygrad_edu.exercises.catalog import EXERCISES, starter


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_a_number_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercise"]) == 0
    printed = capsys.readouterr().out
    assert all(f"{number:3}  {exercise.what}\n" in printed for number, exercise in EXERCISES.items())


def test_the_first_call_writes_the_file_and_the_next_checks_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exercise", "4"]) == 0
    assert "wrote 04_activations.py: the slope of silu." in capsys.readouterr().out
    file = Path("04_activations.py")
    assert file.read_text("utf-8") == starter(EXERCISES[4])
    assert main(["exercise", "4"]) == 1
    assert "the slope of silu: not begun" in capsys.readouterr().out
    file.write_text(solution(4).replace("return s + x", "print(s)\n    return s - x"), encoding="utf-8")
    assert main(["exercise", "4"]) == 1
    printed = capsys.readouterr().out
    assert "  ✗ slope_of_silu(1.0) gives 0.534447; finite differences say 0.927671.\n" in printed
    assert "are added, not subtracted" in printed
    assert "  your code printed:\n  | 0.5\n  | 0.7310585786300049\n" in printed
    assert "a hint: tinygrad-edu exercise 4 --hint 1" in printed
    file.write_text(solution(4), encoding="utf-8")
    assert main(["exercise", "4"]) == 0
    assert capsys.readouterr().out == (
        "exercise 4, the slope of silu: done\n  ✓ slope_of_silu: 6 cases\n"
        "  next: tinygrad-edu exercise 5, the gradient of the cross-entropy\n"
    )


@pytest.mark.parametrize("folder", ["exercises", "demos/exercises"])
def test_the_file_is_found_in_the_folders_of_the_book(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(folder).mkdir(parents=True)
    Path(folder, "04_activations.py").write_text(solution(4), encoding="utf-8")
    assert main(["exercise", "4"]) == 0
    assert "done" in capsys.readouterr().out


def test_a_chapter_of_the_same_name_is_not_taken_for_the_exercise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("demos/exercises").mkdir(parents=True)
    Path("demos/04_activations.py").write_text("1 / 0", encoding="utf-8")
    Path("demos/exercises/04_activations.py").write_text(solution(4), encoding="utf-8")
    monkeypatch.chdir("demos")
    assert main(["exercise", "4"]) == 0
    assert "done" in capsys.readouterr().out


def test_a_file_may_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.py").write_text(solution(4), encoding="utf-8")
    assert main(["exercise", "4", "--file", "mine.py"]) == 0
    assert "done" in capsys.readouterr().out


def test_hints_come_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert [main(["exercise", "4", "--hint", str(k)]) for k in (1, 2, 3)] == [0, 0, 0]
    printed = capsys.readouterr().out
    assert "hint 1, 2 hints left: silu is a product" in printed
    assert "hint 2, 1 hint left: " in printed
    assert "hint 3, the last hint: " in printed


def test_the_session_in_the_readme_is_what_one_gets(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    (shown,) = re.findall(r"^\$ tinygrad-edu exercise 6\n(.*?)^```", readme, re.M | re.S)
    wrong = solution(6).replace("value.grad += node.grad * local", "value.grad = node.grad * local")
    Path("06_backpropagation.py").write_text(wrong, encoding="utf-8")
    assert main(["exercise", "6"]) == 1
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["19"], "there is no exercise 19; their numbers are 1 to 18"),
        (["four"], "invalid int value: 'four'"),
        (["4", "--hint", "9"], "exercise 4 has the hints 1 to 3, and no hint 9"),
        (["4", "--file", "none.py"], "there is no file 'none.py'; leave --file out, and one is made"),
        (["--hint", "1"], "--file and --hint want the number of an exercise"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(["exercise", *arguments])
    except SystemExit as leaving:  # as argparse leaves
        code = leaving.code
    assert code == 2
    assert sentence in capsys.readouterr().err
