"""Straight lines as Python: what is given, what is raised on the way, and functions in pieces."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tinygrad_edu.number_systems import Symbol
from tinygrad_edu.number_systems.symbols import symbols
from tinygrad_edu.replay import pieces
from tinygrad_edu.replay.as_python import PythonFunction
from tinygrad_edu.replay.formulas import LineFormula
from tinygrad_edu.replay.straight import StraightLine

A, B = Symbol("{0}"), Symbol("{1}")


def test_where_python_raises_the_answer_is_that_of_ieee() -> None:
    formulas = [A / B, symbols.exp(A), A**0.5]
    operands = [(0, 1), (2,), (0,)]
    lines = [StraightLine(2 + k, LineFormula(formulas[k]), operands[k]) for k in range(3)]
    function = PythonFunction(lines, [[0], [1]], [2, 3, 4], {})
    assert function([1.0], [2.0]) == (0.5, math.exp(0.5), 1.0)
    assert "_safe" not in vars(function), "the other version is compiled when it is needed"
    assert function([1.0], [0.0]) == (math.inf, math.inf, 1.0)
    assert function([2000.0], [2.0]) == (1000.0, math.inf, math.sqrt(2000.0))
    assert math.isnan(function([-1.0], [1.0])[2])


def test_constants_are_written_as_they_are() -> None:
    numbers = {1: -2.5, 2: -0.0, 3: math.inf, 4: -math.inf, 5: math.nan}
    lines = [StraightLine(10 + k, LineFormula(-(A - B)), (0, k)) for k in numbers]
    results = PythonFunction(lines, [[0]], [line.target for line in lines], numbers)([1.0])
    assert list(map(repr, results)) == list(map(repr, [-(1.0 - number) for number in numbers.values()]))


@pytest.mark.parametrize("wanted", [[0], [3, 1], list(range(40))])
def test_few_numbers_are_taken_one_by_one_and_many_at_once(wanted: list[int]) -> None:
    lines = [StraightLine(100 + k, LineFormula(-A), (k,)) for k in wanted]
    function = PythonFunction(lines, [list(range(40))], [line.target for line in lines], {})
    assert function([float(k) for k in range(40)]) == tuple(-float(k) for k in wanted)


def test_pieces_compute_what_one_function_does(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[Any] = [StraightLine(k, LineFormula(A * 0.5 - B), (k - 1, max(k - 7, 0))) for k in range(1, 60)]
    wanted = [59, 3, 0, 31, 99]
    whole = PythonFunction(lines, [[0]], wanted, {99: 2.0})
    monkeypatch.setattr(pieces, "LONGEST", 4)
    monkeypatch.setattr(pieces.pieces, "__defaults__", (4,))
    cut = PythonFunction(lines, [[0]], wanted, {99: 2.0})
    assert (len(whole.pieces), len(cut.pieces)) == (1, 15)
    for number in (1.0, -3.25, math.inf):
        assert repr(whole([number])) == repr(cut([number]))
