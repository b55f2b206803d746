"""Straight lines as Python over floats: compiled once, called for each example.

They are written twice. The quick version has the functions of `math` and Python's own operators, which raise where IEEE
has an answer; where one does, the example is computed anew by the other version, over the functions of `floats`. That
is compiled when it is first needed.

May import: `number_systems`; `pieces` and `straight` of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from tinygrad_edu.number_systems.floats import FLOAT_FUNCTIONS, RAISED, RAISING_FUNCTIONS, define
from tinygrad_edu.replay.pieces import Piece, pieces
from tinygrad_edu.replay.straight import StraightLine, StraightLines

__all__ = ["PythonFunction", "both_ways", "forward_only"]

#: A piece as a function, of all that is kept so far.
Function = Callable[[Sequence[Sequence[float]]], Any]


class PythonFunction:
    """Lines as a function of what is `given`, each time a list of numbers: the `results`, as one tuple.

    >>> from tinygrad_edu.number_systems import Symbol
    >>> from tinygrad_edu.replay.formulas import LineFormula
    >>> line = StraightLine(2, LineFormula(Symbol("{0}") / Symbol("{1}")), (0, 1))
    >>> quotient = PythonFunction([line], [[0, 1]], [2, 0], {})
    >>> quotient([1.0, 4.0]), quotient([1.0, 0.0])
    ((0.25, 1.0), (inf, 1.0))
    """

    def __init__(
        self,
        lines: Sequence[StraightLine],
        given: Sequence[Sequence[int]],
        results: Sequence[int],
        constants: dict[int, float],
    ) -> None:
        self.given = given
        self.results = results
        self.pieces = pieces(lines, given, results)
        self.constants = {k: f"({number!r})" if number < 0 else repr(number) for k, number in constants.items()}

    def __call__(self, *given: Sequence[float]) -> tuple[float, ...]:
        """The results for these numbers."""
        try:
            return _result(self._quick, given)
        except RAISED:
            return _result(self._safe, given)

    @cached_property
    def _quick(self) -> list[Function]:
        return self._compiled(RAISING_FUNCTIONS, raises=True)

    @cached_property
    def _safe(self) -> list[Function]:
        return self._compiled(FLOAT_FUNCTIONS, raises=False)

    def _compiled(self, scope: dict[str, Any], raises: bool) -> list[Function]:
        """Each piece as a function."""
        scope = dict(scope)
        kept = [*self.given, *[piece.gives for piece in self.pieces]]
        for k, piece in enumerate(self.pieces):
            gives = self.results if piece is self.pieces[-1] else piece.gives
            define(self._source(f"piece{k}", piece, kept, gives, raises), scope)
        return [scope[f"piece{k}"] for k in range(len(self.pieces))]

    def _source(
        self, name: str, piece: Piece, kept: Sequence[Sequence[int]], gives: Sequence[int], raises: bool
    ) -> str:
        text = [f"def {name}(kept):"]
        for place, variables in piece.takes.items():
            text += _taking(place, variables, kept[place])
        names = _Names(self.constants)
        for target, formula, operands in piece.lines:
            template = formula.raising if raises else formula.python
            text.append(f"v{target} = {template.format(*[names[k] for k in operands])}")
        text.append(f"return ({''.join([f'{names[k]}, ' for k in gives])})")
        return "\n    ".join(text) + "\n"


class _Names(dict[int, str]):
    """What variables are called: constants by their numbers."""

    def __missing__(self, variable: int) -> str:
        self[variable] = f"v{variable}"
        return self[variable]


def _taking(place: int, variables: Sequence[int], there: Sequence[int]) -> list[str]:
    """The lines that take variables from a place: all at once, unless they are few among many."""
    if 4 * len(variables) < len(there):
        index = {variable: k for k, variable in enumerate(there)}
        return [f"place = kept[{place}]", *[f"v{v} = place[{index[v]}]" for v in variables]]
    wanted = set(variables)
    names = [f"v{v}" if v in wanted else "_" for v in there]
    return [f"{', '.join(names)}, = kept[{place}]"]


def _result(functions: Sequence[Function], given: Sequence[Sequence[float]]) -> tuple[float, ...]:
    if len(functions) == 1:
        result: tuple[float, ...] = functions[0](given)
        return result
    kept = list(given)
    for function in functions:
        kept.append(function(kept))
    return tuple(kept[-1])


def forward_only(lines: StraightLines, given: Sequence[Sequence[int]]) -> PythonFunction:
    """The outputs, of the inputs and the parameters."""
    return PythonFunction(lines.forward, given, lines.outputs, lines.constants)


def both_ways(lines: StraightLines, given: Sequence[Sequence[int]]) -> PythonFunction:
    """The output and the gradient, of the inputs, the parameters and the gradient of the output."""
    zero = -1
    results = [*lines.outputs, *[zero if g is None else g for g in lines.gradient]]
    constants = {**lines.constants, zero: 0.0}
    return PythonFunction([*lines.forward, *lines.backward], [*given, [lines.seed]], results, constants)
