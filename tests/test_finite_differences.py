"""Slopes of functions whose slopes are known, and what is said of smooth points, kinks and jumps."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tinygrad_edu.finite_differences import USUAL, Around, InputCheck, Precision, Slopes


def compared(f: Callable[[float], float], x: float, analytic: float) -> InputCheck:
    return Around(f, x, f(x), USUAL).compare("x", analytic)


def test_slopes_over_a_step_of_one_half_worked_out_by_hand() -> None:
    slopes = Around(lambda x: x * x, 1.0, 1.0, Precision(0.5, 0.0, 0.0)).slopes()
    # (1 - 0.25) / 0.5 and (2.25 - 1) / 0.5 and (2.25 - 0.25) / 1, all exact
    assert slopes[:3] == (1.5, 2.5, 2.0)
    assert slopes.rounding == 8 * 2.0**-52 * 2.25 / 0.5
    assert (slopes.gap, slopes.steepest) == (1.0, 2.5)


def test_the_step_is_a_share_of_large_numbers_and_at_least_itself() -> None:
    asked: list[float] = []
    around = Around(lambda x: asked.append(x) or 0.0, 1e6, 0.0, Precision(2.0**-10, 0.0, 0.0))  # type: ignore[func-returns-value]
    around.slopes(0.5)
    assert asked == [1e6 + 1e6 / 2**11, 1e6 - 1e6 / 2**11]
    Around(lambda x: asked.append(x) or 0.0, 0.5, 0.0, Precision(0.25, 0.0, 0.0)).slopes()  # type: ignore[func-returns-value]
    assert asked[2:] == [0.75, 0.25]


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [(math.exp, 1.0, math.e), (math.sin, 2.0, math.cos(2.0)), (lambda x: x**3, -2.0, 12.0), (lambda x: 5.0, 1.0, 0.0)],
)
def test_the_right_derivative_passes_and_another_fails(f: Callable[[float], float], x: float, slope: float) -> None:
    right = compared(f, x, slope)
    assert right.verdict == "pass"
    assert right.numeric == pytest.approx(slope, rel=1e-8, abs=1e-12)
    wrong = compared(f, x, slope + 0.001)
    assert (wrong.verdict, wrong.passed) == ("FAIL", False)
    assert wrong.absolute_error == pytest.approx(0.001, rel=1e-3)


@pytest.mark.parametrize(
    ("analytic", "verdict"),
    [(-1.0, "kink"), (0.0, "kink"), (0.7, "kink"), (1.0, "kink"), (1.1, "FAIL"), (-2.0, "FAIL")],
)
def test_at_a_kink_whatever_lies_between_the_slopes_is_accepted(analytic: float, verdict: str) -> None:
    row = compared(abs, 0.0, analytic)
    assert (row.verdict, row.left, row.right) == (verdict, -1.0, 1.0)


def test_a_kink_beside_the_point_is_none() -> None:
    assert compared(lambda x: max(x, 0.0), 3e-7, 1.0).verdict == "pass", "1e-6 / 8 does not reach it"


@pytest.mark.parametrize("analytic", [0.0, 5e5])
def test_at_a_jump_no_derivative_is_right(analytic: float) -> None:
    assert compared(lambda x: math.floor(x), 2.0, analytic).verdict == "jump"


def test_infinities_agree_only_with_themselves() -> None:
    slopes = Slopes(math.inf, math.inf, math.inf, 0.0)
    assert USUAL.allows(math.inf, slopes)
    assert not USUAL.allows(-math.inf, slopes)
    assert not USUAL.allows(1e308, slopes)
    assert not USUAL.allows(math.nan, Slopes(1.0, 1.0, 1.0, 0.0))


def test_the_margin_is_absolute_and_relative_and_what_rounding_takes() -> None:
    precision = Precision(1e-6, rtol=0.25, atol=0.5)
    assert precision.margin(-8.0, Slopes(0.0, 0.0, 0.0, rounding=0.125)) == 0.5 + 2.0 + 0.125
    assert precision.allows(10.5, Slopes(8.0, 8.0, 8.0, rounding=0.0))
    assert not precision.allows(10.501, Slopes(8.0, 8.0, 8.0, rounding=0.0))


@pytest.mark.parametrize(
    ("analytic", "numeric", "absolute", "relative"),
    [(4.0, 5.0, 1.0, 0.2), (-5.0, 5.0, 10.0, 2.0), (0.0, 0.0, 0.0, 0.0), (math.inf, math.inf, 0.0, math.nan)],
)
def test_errors_worked_out_by_hand(analytic: float, numeric: float, absolute: float, relative: float) -> None:
    row = InputCheck("x", 1.0, analytic, numeric, numeric, numeric, "pass")
    assert row.absolute_error == absolute
    assert row.relative_error == pytest.approx(relative, nan_ok=True)
