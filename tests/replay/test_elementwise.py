"""Functions of single numbers on whole arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from replay.comparing import exactly

from tinygrad_edu import (
    Value,
    record,
    where,
)

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("shared", [True, False], ids=["one exponent", "an exponent for each"])
def test_a_power_with_exponent_one_half_is_no_root(shared: bool) -> None:
    bases = [-INF, -0.0, 0.0, 4.0, INF, -4.0]
    w = [Value(0.5) for _ in bases]

    def powers(*x: Any) -> list[Any]:
        return [a ** (w[0] if shared else b) for a, b in zip(x, w, strict=True)] + [a**0.5 for a in x]

    theirs = [y.data for y in powers(*map(Value, bases))]
    for batch in (1, 3):
        arrays = [np.full(batch, number) for number in bases]
        for row in record(powers, ((),) * len(bases), w)(*arrays):
            exactly(row, theirs)


def test_conditions_are_written_with_their_signs_and_functions_with_brackets() -> None:
    text = str(record(lambda x: where((x > 0.25) & (x != 2.0), x.tanh(), -x), ((),), []))
    assert "v1 = x0 > 0.25  " in text
    assert " = tanh(x0)  " in text
    assert " x0 != 2  " in text
    assert "v11 = where(v10, v5, v6)  " in text
    assert " absolute(x0) " in str(record(lambda x: abs(x), ((),), []))
    assert " negative(x0) " in text
