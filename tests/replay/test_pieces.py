"""Pieces: bounded functions that hand each other what they need."""

from __future__ import annotations

import pytest

from tinygrad_edu.number_systems import Symbol
from tinygrad_edu.replay.formulas import LineFormula
from tinygrad_edu.replay.pieces import LONGEST, pieces
from tinygrad_edu.replay.straight import StraightLine

DOUBLE = LineFormula(2.0 * Symbol("{0}"))


def chain(length: int) -> list[StraightLine]:
    """Each number is the double of the one before; 0 is given."""
    return [StraightLine(k, DOUBLE, (k - 1,)) for k in range(1, length + 1)]


@pytest.mark.parametrize(("length", "count"), [(0, 1), (1, 1), (LONGEST, 1), (LONGEST + 1, 2), (100_000, 25)])
def test_the_number_of_pieces_grows_with_the_lines(length: int, count: int) -> None:
    made = pieces(chain(length), [[0]], [length])
    assert len(made) == count == max(1, -(-length // LONGEST))
    assert [line for piece in made for line in piece.lines] == chain(length)
    assert all(len(piece.lines) <= LONGEST for piece in made)
    assert all(len(piece.takes) <= 1 for piece in made), "a chain hands on one number"


def test_each_piece_takes_what_it_lacks_and_gives_what_others_need() -> None:
    lines = [StraightLine(target, DOUBLE, (operand,)) for target, operand in [(2, 0), (3, 1), (4, 2), (5, 9)]]
    first, second = pieces(lines, [[0], [1]], [5, 3, 1], longest=2)
    assert (first.takes, first.gives) == ({0: [0], 1: [1]}, [2, 3])
    assert (second.takes, second.gives) == ({2: [2, 3], 1: [1]}, [])  # 9 is a constant
