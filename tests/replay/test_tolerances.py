"""What is allowed in single precision stands to its digits as what is allowed in double precision to its own."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygrad_edu.replay.tolerances import DOUBLE, SINGLE


def test_each_precision_is_given_some_of_its_last_digits() -> None:
    for tolerances, kind in ((DOUBLE, np.float64), (SINGLE, np.float32)):
        epsilon = float(np.finfo(kind).eps)
        assert 10 * epsilon < tolerances.same < 1e8 * epsilon
        assert tolerances.rounding == 1e3 * epsilon
        assert tolerances.same < tolerances.same_gradient
    assert DOUBLE.same < SINGLE.same <= 1e-5


def test_only_single_precision_has_a_limit_and_small_numbers_need_no_digits() -> None:
    assert DOUBLE.limit(0.0) == DOUBLE.limit(1e9) == math.inf
    assert SINGLE.limit(50.0) == 0.5
    assert SINGLE.limit(0.0) == SINGLE.limit(1e-5) == pytest.approx(1e-6)
