"""The rule book on arrays: the plain formula wherever it is good, and no warnings."""

from __future__ import annotations

import numpy as np

from tinygrad_edu.number_systems import Symbol
from tinygrad_edu.number_systems.arrays import arrays


def test_arrays_prefer_the_plain_formula_and_compute_the_other_only_where_they_must():
    asked = []

    def otherwise(m, a):
        asked.append(a)
        return -a

    a = np.array([1.0, 2.0])
    assert arrays.prefer(a, a > 0.0, otherwise, a).tolist() == [1.0, 2.0]
    assert asked == []
    assert arrays.prefer(a, a > 1.0, otherwise, a).tolist() == [-1.0, 2.0]


def test_arrays_warn_of_nothing():
    a = np.array([-1.0, 0.0, 1000.0, np.inf, np.nan])
    for name in ("sigmoid", "silu", "gelu", "softplus", "log_sigmoid", "elu"):
        getattr(arrays, name)(a)


a, b, c = Symbol("a"), Symbol("b"), Symbol("c")
