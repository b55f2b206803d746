"""What an exercise is."""

from __future__ import annotations

from tinygrad_edu.exercises.catalog import EXERCISES


def test_hints_come_in_stages_and_none_is_said_twice() -> None:
    for exercise in EXERCISES.values():
        assert len(set(exercise.hints)) == len(exercise.hints) >= 2
        assert all(hint.endswith((".", "?")) for hint in exercise.hints)
