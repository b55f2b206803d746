"""Answers to exercises: the solutions, and the same with a mistake put in."""

from __future__ import annotations

from pathlib import Path

from tinygrad_edu.exercises.catalog import EXERCISES
from tinygrad_edu.exercises.learner import Learner, NotYet

SOLUTIONS = Path(__file__).parents[1] / "demos" / "solutions"


def solution(number: int) -> str:
    return (SOLUTIONS / f"{EXERCISES[number].chapter}.py").read_text("utf-8")


def said(number: int, folder: Path, *edits: str) -> str:
    """What is said about the solution, each text in `edits` replaced by the one after it; "" if it is right."""
    text = solution(number)
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    file = folder / f"{EXERCISES[number].chapter}.py"
    file.write_text(text, encoding="utf-8")
    try:
        EXERCISES[number].check(Learner(file))
    except NotYet as finding:
        return str(finding)
    return ""
