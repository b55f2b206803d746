"""What an operation is: computed and derived in whatever number system it is handed, declared once, pickled by name."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction
from types import SimpleNamespace

import pytest

from tinygrad_edu.op import RULE_BOOK, Op, bind, op

area = Op(
    "area",
    "area",
    lambda m, width, height, scale: scale * width * height,
    (lambda m, y, width, height, scale: scale * height, lambda m, y, width, height, scale: scale * width),
    parameters=("scale",),
)
total = Op("total", "total", lambda m, *terms: m.add_up(terms), lambda m, y, *terms: [1] * len(terms))


def test_a_rule_runs_in_any_number_system():
    doubled = bind(area, 2.0)
    assert doubled.compute(None, 3.0, 5.0) == 30.0
    assert doubled.local_derivatives(None, 30.0, 3.0, 5.0) == (10.0, 6.0)
    assert doubled.compute(None, Fraction(1, 2), Fraction(1, 3)) == pytest.approx(1 / 3)


def test_a_rule_knows_the_number_system_it_is_handed():
    assert total.compute(SimpleNamespace(add_up=sum), 1, 2, 3) == 6
    assert total.compute(SimpleNamespace(add_up=max), 1, 2, 3) == 3


def test_one_rule_may_give_all_derivatives_of_any_number_of_inputs():
    assert total.local_derivatives(None, 6, 1, 2, 3) == (1, 1, 1)


def test_settings_make_another_operation_that_knows_its_base():
    doubled = bind(area, 2.0)
    assert (doubled.base, doubled.settings, area.settings) == (area, (2.0,), ())
    assert bind(area, 2.0) is doubled
    assert bind(area) is area
    assert repr(area) == "Op('area')"
    assert repr(doubled) == "Op('area', scale=2)"


def test_a_declared_operation_joins_the_rule_book_once():
    declared = op("shout", lambda m, a: a, (lambda m, y, a: 1.0,), "A", cure="whisper")
    assert RULE_BOOK["shout"] is declared
    assert (declared.method, declared.symbol, declared.formula, declared.cure) == ("shout", "shout", "A", "whisper")
    try:
        with pytest.raises(ValueError, match="'shout' is declared already; choose another name"):
            op("shout", lambda m, a: a, (lambda m, y, a: 1.0,))
        assert RULE_BOOK["shout"] is declared
    finally:
        del RULE_BOOK["shout"]


def test_an_operation_is_pickled_and_copied_by_its_name():
    leaky = bind(RULE_BOOK["leaky_relu"], 0.2)
    for again in (pickle.loads(pickle.dumps(leaky)), copy.deepcopy(leaky)):
        assert again is leaky
    assert pickle.loads(pickle.dumps(RULE_BOOK["multiply"])) is RULE_BOOK["multiply"]
