"""The rule book on Values, where plain numbers stand among them."""

from __future__ import annotations

import math

from tinygrad_edu import Value
from tinygrad_edu.number_systems.values import values


def test_plain_numbers_may_stand_first_in_a_rule():
    a = Value(2.0)
    assert values.maximum(0.0, a).inputs[1] is a
    assert values.fsum([1.0, a]).data == 3.0
    assert values.divide(1.0, 0.0) == math.inf
    assert values.exp(0.0) == 1.0
