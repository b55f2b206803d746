"""The list of all exercises, and where their files are.

The files that are handed out belong to the book, in `demos/exercises`; a wheel brings copies of them, in `starters`.

May import: `exercise`, `chapters_01_to_05`, `chapters_06_to_10`, `chapters_11_to_15` and `chapters_16_to_18` of this
folder.
"""

from __future__ import annotations

from pathlib import Path

from tinygrad_edu.exercises.chapters_01_to_05 import FIRST
from tinygrad_edu.exercises.chapters_06_to_10 import SECOND
from tinygrad_edu.exercises.chapters_11_to_15 import THIRD
from tinygrad_edu.exercises.chapters_16_to_18 import FOURTH
from tinygrad_edu.exercises.exercise import Exercise

__all__ = ["EXERCISES", "exercise_number", "starter"]

#: All exercises by their number.
EXERCISES: dict[int, Exercise] = {one.number: one for one in (*FIRST, *SECOND, *THIRD, *FOURTH)}


def exercise_number(number: int) -> Exercise:
    """The exercise of this number; raises ValueError where there is none.

    >>> exercise_number(4).what
    'the slope of silu'
    """
    if number not in EXERCISES:
        raise ValueError(f"there is no exercise {number}; their numbers are {min(EXERCISES)} to {max(EXERCISES)}")
    return EXERCISES[number]


def starter(exercise: Exercise) -> str:
    """The text of the file that is handed out.

    >>> starter(exercise_number(4)).splitlines()[0]
    '\"\"\"Exercise 4: the slope of silu.'
    """
    package = Path(__file__).parent
    folders = package / "starters", package.parents[1] / "demos" / "exercises"
    for folder in folders:
        file = folder / f"{exercise.chapter}.py"
        if file.exists():
            return file.read_text("utf-8")
    raise ValueError(f"the file of exercise {exercise.number} is in none of {', '.join(map(str, folders))}")
