"""`tinygrad-edu exercise`: hand an exercise out, check what was written, and give hints one by one.

May import: `exercises`, `files`, `texts`; `exit_codes` of this folder.
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import Any

from tinygrad_edu.cli.exit_codes import FAILED
from tinygrad_edu.exercises.catalog import EXERCISES, exercise_number, starter
from tinygrad_edu.exercises.exercise import Exercise
from tinygrad_edu.exercises.running import Verdict, check_file
from tinygrad_edu.files import write_whole
from tinygrad_edu.texts import counted

__all__ = ["add_exercise", "report"]

#: Where the file of an exercise is looked for, if none is named; it is written to the first.
_FOLDERS = (".", "exercises", "demos/exercises")
_WIDTH = 100
#: So much of what the code printed is shown.
_LINES = 12


def add_exercise(commands: Any) -> None:
    """Declare `exercise` and its options."""
    what = "check an exercise of the book, and say what is wrong with it"
    folders = " or ".join(("the current folder", *_FOLDERS[1:]))
    description = f"{what[0].upper()}{what[1:]}. Its file is looked for in {folders}; where there is none, it is made."
    parser: argparse.ArgumentParser = commands.add_parser("exercise", help=what, description=description)
    parser.add_argument("number", metavar="NUMBER", nargs="?", type=int, help="which; without one, all are listed")
    parser.add_argument("--file", metavar="FILE", type=Path, help="the file with your function, if it is another")
    parser.add_argument("--hint", metavar="K", type=int, help="show hint number K; each says more than the one before")
    parser.set_defaults(run=_exercise)


def _exercise(arguments: argparse.Namespace) -> int:
    if arguments.number is None:
        return _list_all(arguments)
    exercise = exercise_number(arguments.number)
    if arguments.hint is not None:
        print(_wrapped(_hint(exercise, arguments.hint)))
        return 0
    file = arguments.file or _file_of(exercise)
    if arguments.file and not arguments.file.exists():
        raise ValueError(f"there is no file {str(arguments.file)!r}; leave --file out, and one is made")
    if not file.exists():
        write_whole(file, starter(exercise))
        print(_wrapped(f"wrote {file}: {exercise.what}. Fill in the function, and give this command again."))
        return 0
    verdict = check_file(exercise, file)
    print(report(exercise, verdict))
    return 0 if verdict.passed else FAILED


def _list_all(arguments: argparse.Namespace) -> int:
    if arguments.file or arguments.hint is not None:
        raise ValueError("--file and --hint want the number of an exercise")
    for number, exercise in EXERCISES.items():
        print(f"{number:3}  {exercise.what}")
    print("tinygrad-edu exercise NUMBER makes its file, and checks it once there is one.")
    return 0


def _file_of(exercise: Exercise) -> Path:
    """Where the file of an exercise is, or should be."""
    places = [Path(folder, f"{exercise.chapter}.py") for folder in _FOLDERS]
    # In `demos` stand the chapters themselves, under the same names.
    known = [place for place in places if place.exists() and place.resolve().parent.name != "demos"]
    return known[0] if known else places[0]


def _hint(exercise: Exercise, number: int) -> str:
    if not 1 <= number <= len(exercise.hints):
        raise ValueError(f"exercise {exercise.number} has the hints 1 to {len(exercise.hints)}, and no hint {number}")
    rest = len(exercise.hints) - number
    more = f"{counted(rest, 'hint')} left" if rest else "the last hint"
    return f"hint {number}, {more}: {exercise.hints[number - 1]}"


def report(exercise: Exercise, verdict: Verdict) -> str:
    """What a verdict says, for the terminal.

    >>> print(report(exercise_number(4), Verdict(passed=True, checks=["slope_of_silu: 6 cases"])))
    exercise 4, the slope of silu: done
      ✓ slope_of_silu: 6 cases
      next: tinygrad-edu exercise 5, the gradient of the cross-entropy
    """
    state = "done" if verdict.passed else "not yet" if verdict.begun else "not begun"
    lines = [f"exercise {exercise.number}, {exercise.what}: {state}"]
    lines += [f"  ✓ {check}" for check in verdict.checks]
    for k, sentence in enumerate(verdict.found.splitlines()):
        lines.append(_wrapped(sentence, "  ✗ " if k == 0 and verdict.begun else "    ", "    "))
    if verdict.printed:
        printed = verdict.printed.splitlines()
        lines += ["  your code printed:", *(f"  | {line}" for line in printed[-_LINES:])]
    following = EXERCISES.get(exercise.number + 1)
    if not verdict.passed:
        lines.append(f"  a hint: tinygrad-edu exercise {exercise.number} --hint 1")
    elif following:
        lines.append(f"  next: tinygrad-edu exercise {following.number}, {following.what}")
    return "\n".join(lines)


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False)
