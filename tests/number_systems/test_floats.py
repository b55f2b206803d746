"""The rule book on floats: IEEE, as NumPy has it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygrad_edu.number_systems.floats import floats


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda: floats.divide(1.0, 0.0), math.inf),
        (lambda: floats.divide(-1.0, 0.0), -math.inf),
        (lambda: floats.divide(1.0, -0.0), -math.inf),
        (lambda: floats.power(0.0, -1.0), math.inf),
        (lambda: floats.log(0.0), -math.inf),
        (lambda: floats.exp(1000.0), math.inf),
        (lambda: floats.sinh(-1000.0), -math.inf),
        (lambda: floats.fsum([1e308, 1e308]), math.inf),
        (lambda: floats.logsumexp([math.inf, 1.0]), math.inf),
        (lambda: floats.norm([3e300, -4e300]), 5e300),
        (lambda: floats.norm([]), 0.0),
        (lambda: floats.norm([-math.inf, 1.0]), math.inf),
        (lambda: floats.maximum(1.0, math.inf), math.inf),
    ],
)
def test_floats_follow_ieee(compute, expected):
    assert compute() == expected


def test_a_dot_adds_from_left_to_right_whatever_the_version_of_python():
    """`sum` of Python 3.12 and later keeps what each rounding loses, and would give 2 here; replay and page do not."""
    assert floats.dot([1.0, 1e100, 1.0, -1e100], [1.0, 1.0, 1.0, 1.0], 0.0) == 0.0
    assert floats.dot([0.1] * 10, [1.0] * 10, 0.0) == 0.9999999999999999
    assert floats.dot([2.0**-53] * 4, [1.0] * 4, 1.0) == 1.0, "the bias comes first"


@pytest.mark.parametrize("function", [floats.maximum, floats.minimum])
@pytest.mark.parametrize("pair", [(math.nan, 1.0), (1.0, math.nan)])
def test_nan_wins_every_comparison(function, pair):
    assert math.isnan(function(*pair))


def test_the_processors_flags_are_left_clean():
    """A rule that meets infinity inside np.exp(array_of_values) must not make NumPy warn of it."""
    with np.errstate(all="raise"):
        np.frompyfunc(lambda _: floats.exp(1000.0) + floats.divide(1.0, 0.0) + floats.log(-1.0), 1, 1)(np.zeros(3))


def test_the_norm_of_a_nan_is_nan_as_in_numpy():
    assert math.isnan(floats.norm([math.inf, math.nan]))
    assert math.isnan(np.linalg.norm([math.inf, math.nan]))
