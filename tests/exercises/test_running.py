"""The process of its own: whatever code does in it, there is a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from exercises.answers import solution

from tinygrad_edu.exercises.catalog import EXERCISES, starter
from tinygrad_edu.exercises.running import Verdict, check_file

HEAD = "def slope_of_silu(x):\n"


def checked(folder: Path, text: str, seconds: float = 60.0) -> Verdict:
    file = folder / "silu.py"
    file.write_text(text, encoding="utf-8")
    return check_file(EXERCISES[4], file, seconds)


def test_a_solution_is_done(tmp_path: Path) -> None:
    assert checked(tmp_path, solution(4)) == Verdict(True, checks=["slope_of_silu: 6 cases"])


def test_what_is_handed_out_is_not_begun(tmp_path: Path) -> None:
    verdict = checked(tmp_path, starter(EXERCISES[4]))
    assert (verdict.passed, verdict.begun) == (False, False)


def test_what_the_code_prints_is_kept(tmp_path: Path) -> None:
    verdict = checked(tmp_path, f"{HEAD}    print('x is', x)\n    return x\n")
    assert "x is 0.0\nx is 1.0\n" in verdict.printed
    assert "finite differences say" in verdict.found


def test_a_loop_that_never_ends_is_stopped_and_its_line_is_named(tmp_path: Path) -> None:
    verdict = checked(tmp_path, f"{HEAD}    while x < 10:\n        x = x * 1.0\n", seconds=1.5)
    assert "It has not come to an end within 1.5 seconds." in verdict.found
    assert "in line 2: while x < 10" in verdict.found or "in line 3: x = x * 1.0" in verdict.found


def test_code_that_only_waits_is_stopped_too(tmp_path: Path) -> None:
    verdict = checked(tmp_path, f"import time\n{HEAD}    time.sleep(1000)\n", seconds=1.5)
    assert "When it was stopped it was in line 3: time.sleep(1000)." in verdict.found


def test_threads_that_are_left_hold_up_the_verdict_for_as_long_as_there_is_time(tmp_path: Path) -> None:
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n"
    assert checked(tmp_path, thread + solution(4), seconds=1.5).passed


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("while True: print('again')", "prints more than 100,000 characters"),
        ("import os; os._exit(7)", "The process ended without a word, with exit code 7"),
        ("return input('x? ')", "fails with EOFError"),
        ("import sys; sys.exit('bye')", "fails with SystemExit: bye"),
        ("return slope_of_silu(x)", "calls itself without end"),
    ],
)
def test_there_is_a_sentence_for_each(body: str, sentence: str, tmp_path: Path) -> None:
    verdict = checked(tmp_path, f"{HEAD}    {body}\n")
    assert not verdict.passed
    assert sentence in verdict.found


def test_a_file_may_import_its_neighbors(tmp_path: Path) -> None:
    (tmp_path / "my_helpers.py").write_text("from math import exp\n", encoding="utf-8")
    assert checked(tmp_path, "from my_helpers import exp\n" + solution(4).partition("\n")[2]).passed
