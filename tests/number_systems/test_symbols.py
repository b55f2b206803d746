"""Symbols: what is written down instead of computed."""

from __future__ import annotations

import operator

from tinygrad_edu.number_systems import Symbol

a, b, c = Symbol("a"), Symbol("b"), Symbol("c")


def test_comparisons_of_symbols_are_formulas():
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        assert isinstance(compare(a, 1.0), Symbol)
