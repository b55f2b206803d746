"""Pieces: a long run of lines, cut into functions of bounded length.

Compilers take more than twice as long for a function that is twice as long, at some length or other; for ten functions
they take ten times as long as for one. A piece takes what it needs from where it is kept, and gives what others need:
its own numbers are kept at the next place.

May import: `straight` of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tinygrad_edu.replay.straight import StraightLine

__all__ = ["Piece", "pieces"]

#: So many lines a piece has at most.
LONGEST = 4_000


class Piece(NamedTuple):
    """Some lines, the variables that are taken from each place, and those that are given to later pieces."""

    lines: Sequence[StraightLine]
    takes: dict[int, list[int]]
    gives: list[int]


def pieces(
    lines: Sequence[StraightLine], given: Sequence[Sequence[int]], results: Sequence[int], longest: int = LONGEST
) -> list[Piece]:
    """The lines in pieces; the last one is where the results are at hand.

    `given` has the variables that are kept at the first places: the inputs, the parameters. What stands in no line and
    is not given is a constant.

    >>> from tinygrad_edu.number_systems import Symbol
    >>> from tinygrad_edu.replay.formulas import LineFormula
    >>> double = LineFormula(2.0 * Symbol("{0}"))
    >>> lines = [StraightLine(k, double, (k - 1,)) for k in (1, 2, 3)]
    >>> [(piece.takes, piece.gives) for piece in pieces(lines, [[0]], [3, 1], longest=2)]
    [({0: [0]}, [2, 1]), ({1: [2, 1]}, [])]
    """
    chunks = [lines[k : k + longest] for k in range(0, len(lines), longest)] or [[]]
    place = {variable: k for k, variables in enumerate(given) for variable in variables}
    first = len(given)
    for k, chunk in enumerate(chunks):
        place.update((line.target, first + k) for line in chunk)
    needed: list[dict[int, None]] = [dict.fromkeys(v for line in chunk for v in line.operands) for chunk in chunks]
    needed[-1].update(dict.fromkeys(results))
    takes = []
    given_away: list[dict[int, None]] = [{} for _ in chunks]
    for k, variables in enumerate(needed):
        taken: dict[int, list[int]] = {}
        for variable in variables:
            at = place.get(variable, first + k)  # a constant is at hand everywhere
            if at != first + k:
                taken.setdefault(at, []).append(variable)
                if at >= first:
                    given_away[at - first][variable] = None
        takes.append(taken)
    return [Piece(*parts) for parts in zip(chunks, takes, map(list, given_away), strict=True)]
