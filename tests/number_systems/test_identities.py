"""The algebra of 0 and 1 changes no bit: each identity is what floats compute, and what is none is not claimed."""

from __future__ import annotations

import math

import pytest
from strategies import SPECIAL

from tinygrad_edu.number_systems.identities import keeps, power, product


def same(ours: float | None, theirs: float) -> bool:
    """The same bits, but that one nan is as good as another."""
    return ours is not None and repr(ours) == repr(theirs)


@pytest.mark.parametrize("x", SPECIAL)
def test_what_needs_no_operation_is_what_the_operation_gives(x: float) -> None:
    assert same(product(x, 1.0), x * 1.0)
    assert same(product(x, -1.0), x * -1.0)
    assert same(power(x, 1.0), x**1.0)
    assert same(power(x, 2.0), x * x)


def test_other_numbers_need_the_operation() -> None:
    for number in (0.0, -0.0, 2.0, 0.5, math.inf, math.nan):
        assert product(3.0, number) is None
    for number in (0.0, -1.0, 3.0, 0.5, math.inf, math.nan):
        assert power(3.0, number) is None


def test_only_1_is_neutral_and_no_0_is() -> None:
    """-0.0 + 0.0 is 0.0, so 0 is not neutral."""
    assert keeps("multiply", 1.0)
    assert keeps("multiply", 1)
    assert keeps("power", 1.0)
    for method, number in (("add", 0.0), ("subtract", 0.0), ("multiply", -1.0), ("power", 0.0), ("multiply", None)):
        assert not keeps(method, number)
