"""Operations as formulas line by line: what is shared is computed once, and what is no product is none."""

from __future__ import annotations

import math

import pytest

from tinygrad_edu import ops
from tinygrad_edu.number_systems import Symbol
from tinygrad_edu.number_systems.floats import FLOAT_FUNCTIONS, RAISED, RAISING_FUNCTIONS, define, evaluate
from tinygrad_edu.op import RULE_BOOK, bind
from tinygrad_edu.replay.formulas import LineFormula, formulas

POINTS = [(0.75, 0.5, 0.25), (-1.5, 2.0, 0.125), (0.0, 0.0, 0.0), (math.inf, -1.0, math.nan)]


def computed(operation: ops.Op, numbers: tuple[float, ...], raises: bool) -> list[float]:
    """The output and the slopes, by the lines of the operation; upstream is 2, and 1 was handed before."""
    written = formulas(operation, len(numbers))
    scope, known = (RAISING_FUNCTIONS if raises else FLOAT_FUNCTIONS), list(numbers)

    def value(use: object) -> float:
        formula, roles = use  # type: ignore[misc]
        text = formula.raising if raises else formula.python
        source = text.format(*[f"({known[k]!r})" for k in roles])
        return float(define(f"result = {source}", dict(scope))["result"])

    for use in [*written.before, written.output, *written.after]:
        known.append(value(use))  # noqa: PERF401 - each may be made of those before it
    output = known[len(numbers) + len(written.before)]
    known += [2.0, 1.0]
    return [output, *map(value, written.first), *map(value, written.further)]


@pytest.mark.parametrize("method", sorted(set(RULE_BOOK) - {"choose"}))
def test_the_lines_are_the_rules_of_the_operation(method: str) -> None:
    operation = RULE_BOOK[method]
    if operation.parameters:
        operation = bind(operation, *[0.5 + k for k in range(len(operation.parameters))])
    count = 3 if callable(operation.derivatives) else len(operation.derivatives)
    for point in POINTS:
        numbers = point[:count]
        output, slopes = evaluate(operation, *numbers)
        expected = [output, *[2.0 * slope for slope in slopes], *[1.0 + 2.0 * slope for slope in slopes]]
        for raises in (False, True):
            try:
                ours = computed(operation, numbers, raises)
            except RAISED:
                assert raises, "without errors there is an answer everywhere"
                continue
            assert list(map(repr, ours)) == list(map(repr, expected)), (numbers, raises)


def test_what_is_no_product_is_not_written_as_one() -> None:
    assert [use.formula.is_copy for use in formulas(ops.add, 2).first] == [True, True]
    assert formulas(ops.subtract, 2).first[1].formula.python == "-{0}"
    assert formulas(ops.multiply, 2).further[0].formula.python == "({0} + ({1} * {2}))"
    assert not LineFormula(1.0).is_copy


def test_what_several_slopes_need_is_computed_once() -> None:
    assert [use.formula.python for use in formulas(ops.silu, 1).before] == ["exp(-{0})"]
    of_three = formulas(ops.logsumexp, 3)
    assert len(of_three.after) == 4, "a power for each term, and their sum"
    assert of_three.after[-1].formula.python == "fsum(({0}, {1}, {2}, ))"


def test_raising_formulas_have_operators_and_others_have_functions() -> None:
    a, b = Symbol("{0}"), Symbol("{1}")
    assert (LineFormula(a / b).python, LineFormula(a / b).raising) == ("divide({0}, {1})", "({0} / {1})")
    assert (LineFormula(a // b).python, LineFormula(a // b).raising) == ("floor_divide({0}, {1})", "({0} // {1})")
    assert LineFormula(a**b).raising == "power({0}, {1})", "Python makes complex numbers of some powers"
