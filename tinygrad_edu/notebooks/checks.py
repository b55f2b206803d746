"""A `GradCheck` in a notebook: the verdict, and for each input the two derivatives and how far they are apart.

May import: `texts`, `checking`; `elements` of this folder.
"""

from __future__ import annotations

import math

from tinygrad_edu.checking import GradCheck, InputCheck, sentences, shown_rows, slopes
from tinygrad_edu.notebooks.elements import BAD, FAIR, GOOD, Entry, badge, display, note, table, tinted
from tinygrad_edu.texts import counted

__all__ = ["check_html"]

#: A relative error of so little has no bar behind it; one of 1 fills its cell, and each digit less is a step.
_SMALLEST = 1e-12


def check_html(check: GradCheck) -> str:
    """The check as a table; behind each relative error is a bar, a twelfth longer for each digit that is lost.

    >>> from tinygrad_edu import gradcheck
    >>> "1 input passed</span>" in check_html(gradcheck(lambda x: x * x, [3.0]))
    True
    """
    failed, inputs = sum(not row.passed for row in check.rows), counted(len(check.rows), "input")
    verdict = badge(f"{failed} of {inputs} FAILED", BAD) if failed else badge(f"{inputs} passed", GOOD)
    caption = f"<b>GradCheck</b> {verdict} at f = {_minus(f'{check.output:.6g}')}"
    numbers = ["at", "analytic", "numeric", "difference", "relative error"]
    headings: list[Entry | str] = [Entry("input", kind="words"), *numbers, Entry("verdict", kind="words")]
    rows = map(_row, shown_rows(check))
    return display(table(caption, headings, rows), *map(note, sentences(check)))


def _row(row: InputCheck) -> list[Entry]:
    color = {"pass": GOOD, "kink": FAIR}.get(row.verdict, BAD)
    numbers = [f"{row.at:.6g}", f"{row.analytic:.8g}", f"{row.numeric:.8g}", _error(row.absolute_error)]
    return [
        Entry(row.name, kind="words", header=True),
        *[Entry(_minus(number)) for number in numbers],
        Entry(_minus(_error(row.relative_error)), tint=tinted(color), share=_lost(row.relative_error)),
        Entry(content=badge(row.verdict, color), below=slopes(row), kind="words"),
    ]


def _error(error: float) -> str:
    return f"{error:.1e}" if error else "0"


def _minus(number: str) -> str:
    """A minus as wide as a plus."""
    return number.replace("-", "−")


def _lost(error: float) -> float:
    """How many of the digits differ, as a share of those that floats have."""
    if not math.isfinite(error):
        return 0.99
    return 1.0 + math.log10(max(error, _SMALLEST)) / -math.log10(_SMALLEST)
