"""Formulas as instructions: each computed once, in one lane or in several."""

from __future__ import annotations

import pytest

from tinygrad_edu.number_systems import Symbol
from tinygrad_edu.number_systems.symbols import symbols
from tinygrad_edu.replay.assembly import Assembly, c_functions

A, B = Symbol("a"), Symbol("b")
NAMES = {"a": "%a", "b": "%b"}


def written(item: object, lanes: int = 1) -> list[str]:
    code = Assembly(lanes)
    code.number(item, NAMES)
    return code.lines


def test_operators_are_instructions_and_may_not_be_reordered() -> None:
    assert written((A + B) / -A) == [
        "%r1 = fadd double %a, %b",
        "%r2 = fneg double %a",
        "%r3 = fdiv double %r1, %r2",
    ]
    assert not any(flag in " ".join(written(A * B + A)) for flag in ("fast", "contract", "reassoc", "fma"))


def test_numbers_are_written_bit_by_bit() -> None:
    code = Assembly(1)
    bits = [code.constant(number) for number in (1.0, -0.0, float("inf"), 0.1)]
    assert bits == ["0x3FF0000000000000", "0x8000000000000000", "0x7FF0000000000000", "0x3FB999999999999A"]
    assert Assembly(2).constant(1.0) == "<double 0x3FF0000000000000, double 0x3FF0000000000000>"


def test_what_is_not_preferred_is_computed_only_where_it_is_needed() -> None:
    preferred = symbols.prefer(A, A > 0.0, lambda m, a: m.exp(a), A)
    lines = written(preferred)
    assert [line.split()[0] for line in lines] == ["%r1", "br", "other2:", "%r3", "br", "done2:", "%r4"]
    assert lines[-1].endswith("phi double [ %a, %entry ], [ %r3, %other2 ]")
    assert any("vector.reduce.and" in line for line in written(preferred, lanes=4))


def test_functions_are_called_for_each_lane() -> None:
    assert written(symbols.exp(A)) == ["%r1 = call double @rule_exp(double %a)"]
    assert sum("call double @rule_exp" in line for line in written(symbols.exp(A), lanes=4)) == 4


def test_nan_is_true_and_above_nothing() -> None:
    assert "fcmp une double %a, 0x0000000000000000" in written(symbols.where(A, B, 1.0))[0]
    assert "fcmp ogt" in written(A > B)[0]


@pytest.mark.parametrize(("name", "c"), [("arcsin", "asin"), ("power", "pow"), ("tanh", "tanh"), ("erfc", "erfc")])
def test_functions_are_those_of_the_c_library(name: str, c: str) -> None:
    assert c_functions()[name] == c
    assert c_functions().keys().isdisjoint({"hypot", "sqrt", "maximum", "where"})
