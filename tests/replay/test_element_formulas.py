"""The formula of an instruction computes what the instruction computes."""

from __future__ import annotations

from tinygrad_edu.number_systems.printing import python
from tinygrad_edu.replay.cases import Cases
from tinygrad_edu.replay.element_formulas import formula_of, has_formula, placeholders
from tinygrad_edu.replay.elementwise import Elementwise


def test_operators_functions_and_choices_are_formulas_of_their_operands() -> None:
    assert python(formula_of(Elementwise("multiply", (None, 2.0)))) == "({0} * 2.0)"
    assert python(formula_of(Elementwise("arctan2", (None, None)))) == "arctan2({0}, {1})"
    text = python(formula_of(Cases((1.0, 0.5, 0.0))))
    assert eval(text.format("False", "True")) == 0.5
    assert eval(text.format("True", "True")) == 1.0
    assert eval(text.format("False", "False")) == 0.0


def test_what_has_no_formula_is_known() -> None:
    assert has_formula("greater")
    assert has_formula("tanh")
    assert not has_formula("nextafter")
    assert [symbol.head for symbol in placeholders(2)] == ["{0}", "{1}"]
