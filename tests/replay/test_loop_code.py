"""The text of a loop."""

from __future__ import annotations

import pytest

from tinygrad_edu.number_systems import Symbol
from tinygrad_edu.replay.loop_code import ALONG, APART, SAME, LoopStep, Operand, loop_module

DOUBLED = [LoopStep(Symbol("{0}") + Symbol("{0}"), (0,))]


@pytest.mark.parametrize(("single", "kind"), [(False, "<8 x double>"), (True, "<16 x float>")])
def test_elements_side_by_side_are_computed_together_and_the_rest_one_by_one(single: bool, kind: str) -> None:
    text = loop_module([Operand(ALONG, False)], DOUBLED, [(0, Operand(ALONG, False))], single)
    assert f"fadd {kind} " in text
    assert f"fadd {'float' if single else 'double'} " in text
    assert "fast" not in text
    assert "contract" not in text


def test_elements_apart_are_computed_one_by_one() -> None:
    text = loop_module([Operand(APART, False)], DOUBLED, [(0, Operand(ALONG, False))], False)
    assert "loop8" not in text
    assert "fadd double " in text


def test_one_number_for_all_is_read_before_its_row_begins_and_truths_are_bytes() -> None:
    steps = [LoopStep(Symbol(">", (Symbol("{0}"), Symbol("{1}"))), (0, 1))]
    text = loop_module([Operand(ALONG, False), Operand(SAME, False)], steps, [(0, Operand(ALONG, True))], False)
    begin, body = text.split("loop8:")
    assert "load double, ptr" in begin
    assert "load <8 x double>, ptr" in body
    assert "zext <8 x i1>" in body
    assert "store <8 x i8>" in body
