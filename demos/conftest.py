"""`pytest demos/exercises` checks each exercise as `tinygrad-edu exercise NUMBER` does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tinygrad_edu.cli.exercise import report
from tinygrad_edu.exercises.catalog import EXERCISES, exercise_number
from tinygrad_edu.exercises.running import check_file

FILES = {exercise.chapter: exercise.number for exercise in EXERCISES.values()}


class Unsolved(Exception):  # noqa: N818 - to learn is no error
    """What is to be said about an exercise that is not done."""


class ExerciseItem(pytest.Item):
    """The check of one file."""

    def runtest(self) -> None:
        """Check it; raises Unsolved with the report if it is not done."""
        exercise = exercise_number(FILES[self.path.stem])
        verdict = check_file(exercise, self.path)
        if not verdict.passed:
            raise Unsolved(report(exercise, verdict))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        """The report alone; the way through pytest is of no interest."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, None, str]:
        """How it is called in the summary."""
        return self.path, None, self.path.stem


class ExerciseFile(pytest.File):
    """A file that a learner writes; it is not imported by pytest."""

    def collect(self) -> Iterator[pytest.Item]:
        """The one check."""
        yield ExerciseItem.from_parent(self, name="exercise")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Iterator[None]:
    """In `exercises`, nobody else collects: doctest would import what a learner wrote."""
    others = yield
    if file_path.parent.name != "exercises":
        return others
    return [ExerciseFile.from_parent(parent, path=file_path)] if file_path.stem in FILES else []
