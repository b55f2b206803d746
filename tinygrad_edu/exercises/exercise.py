"""What an exercise is.

May import: `learner` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinygrad_edu.exercises.learner import Learner

__all__ = ["Exercise"]


@dataclass(frozen=True)
class Exercise:
    """One function to write: the file that it is written in, what is asked of it, and hints that say ever more.

    `chapter` is the name of the demo that it ends. `check` raises `NotYet` as long as something is not right.

    >>> Exercise("04_activations", "the slope of silu", lambda code: None, ("It is a product.",)).number
    4
    """

    chapter: str
    what: str
    check: Callable[[Learner], None]
    hints: tuple[str, ...]

    @property
    def number(self) -> int:
        """The number of the chapter, and of the exercise."""
        return int(self.chapter[:2])
