"""A GradCheck in a notebook: the verdict first, and every number that of the check."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from notebooks.reading import elements, notes, number, tables, tint_of

from tinygrad_edu import Value, gradcheck, operation
from tinygrad_edu.checking import GradCheck, InputCheck
from tinygrad_edu.notebooks.checks import check_html
from tinygrad_edu.notebooks.elements import BAD, FAIR, GOOD

NUMBERS = ("at", "analytic", "numeric", "difference", "relative error")


def row(error: float, verdict: str = "pass", name: str = "x") -> InputCheck:
    """An input whose relative error is as large as this."""
    return InputCheck(name, 0.0, 1.0 - error, 1.0, 1.0, 1.0, verdict)


def share(style: str) -> float:
    found = re.search(r"([\d.]+)%,", style)
    return float(found[1]) if found else 100.0


def test_a_check_that_passes_says_so_and_shows_its_numbers() -> None:
    check = gradcheck(lambda W, x: np.tanh(W @ x).sum(), [np.eye(2), [0.5, -1.0]])
    (shown,) = tables(check._repr_html_())
    assert shown.caption.startswith("GradCheck 6 inputs passed at f = −0.299")
    assert shown.headings == ["input", *NUMBERS, "verdict"]
    assert shown.column("input") == [checked.name for checked in check.rows]
    assert shown.column("verdict") == ["pass"] * 6
    for k, checked in enumerate(check.rows):
        at, analytic, numeric, difference, relative = (number(shown.column(heading)[k]) for heading in NUMBERS)
        assert at == checked.at
        assert (analytic, numeric) == pytest.approx((checked.analytic, checked.numeric), rel=1e-7)
        assert (difference, relative) == pytest.approx((checked.absolute_error, checked.relative_error), rel=0.05)


def test_a_check_that_fails_names_what_is_wrong() -> None:
    bad = operation("bad_cube", lambda m, a: a**3, lambda m, y, a: 2.5 * a**2, formula="a³")
    check = gradcheck(lambda x, y, z, w: bad(x) * y + z.relu() + w.step(), [1.5, -2.0, 0.0, 0.0])
    (shown,) = tables(check._repr_html_())
    assert shown.caption.startswith("GradCheck 2 of 4 inputs FAILED at f = ")
    assert [verdict.split("\n")[0] for verdict in shown.column("verdict")] == ["FAIL", "pass", "kink", "jump"]
    assert shown.column("verdict")[2] == "kink\nslope 0 left, 1 right"
    assert [tint_of(style)[0] for *_, style, _ in shown.grounds()] == [BAD, GOOD, FAIR, BAD]
    assert "the operation 'bad_cube' is wrong" in notes(check._repr_html_())[0]


def test_the_bar_is_longer_for_each_digit_that_is_lost() -> None:
    check = GradCheck(1.0, (row(0.0), row(1e-10), row(1e-7), row(1e-3, "FAIL"), row(1.0, "FAIL")))
    (shown,) = tables(check_html(check))
    assert [share(style) for *_, style, _ in shown.grounds()] == pytest.approx([0, 17, 42, 75, 100], abs=1)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_shown_and_marked(number: float) -> None:
    check = GradCheck(number, (InputCheck("x", 0.0, number, number, number, math.nan, "FAIL"),), (), ("why",))
    (shown,) = tables(check_html(check))
    assert shown.column("analytic") == shown.column("numeric") == [str(number).replace("-", "−")]
    assert shown.column("verdict")[0].startswith("FAIL")
    assert "1 of 1 input FAILED" in shown.caption
    assert notes(check_html(check)) == ["why"]
    assert tables(gradcheck(lambda x: x.log(), [0.0])._repr_html_())[0].column("numeric") == ["nan"]


def test_of_many_inputs_those_that_want_looking_at_are_shown() -> None:
    rows = [row(1e-9 * k, name=f"w{k}") for k in range(1, 500)]
    check = GradCheck(1.0, (*rows, row(0.5, "FAIL", name="bad")))
    (shown,) = tables(check_html(check))
    assert "bad" in shown.column("input")
    assert "w499" in shown.column("input")
    assert len(shown.rows) == 20
    assert notes(check_html(check))[0].startswith("… and 480 more")


def test_no_inputs_pass() -> None:
    (shown,) = tables(gradcheck(lambda: Value(1.0), [])._repr_html_())
    assert shown.caption == "GradCheck 0 inputs passed at f = 1"
    assert shown.rows == []


def test_labels_stay_text() -> None:
    check = gradcheck(lambda x: x * x, [Value(1.0, "<script>x</script>")])
    assert "script" not in elements(check._repr_html_())
    assert tables(check._repr_html_())[0].column("input") == ["<script>x</script>"]
