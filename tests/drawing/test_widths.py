"""Widths of text, compared with those that real fonts have: the advance widths in their own files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.drawing.widths import text_width

#: Advance widths of some letters in thousandths of the size, as the files of the fonts give them: DejaVu Sans, then
#: Liberation Sans (whose widths are Arial's and Helvetica's).
REGULAR = {"0": (636, 556), "a": (613, 556), "W": (989, 944), "m": (974, 833), "i": (278, 222), "−": (838, 584)}
BOLD = {"0": (696, 556), "a": (675, 556), "W": (1103, 944), "m": (1042, 889), "i": (343, 278), "−": (838, 584)}


@pytest.mark.parametrize(("widths", "bold"), [(REGULAR, False), (BOLD, True)])
def test_a_letter_is_at_least_as_wide_as_in_each_font_and_not_much_wider(
    widths: dict[str, tuple[int, int]], bold: bool
) -> None:
    for letter, found in widths.items():
        ours = text_width(letter, 1000.0, bold)
        assert max(found) <= ours <= 1.35 * max(found), letter


def test_letters_that_no_table_has_are_wide_rather_than_narrow() -> None:
    assert text_width("漢", 10.0) >= 10.0
    assert text_width("🙂", 10.0) >= 12.0
    assert text_width("é", 10.0) >= text_width("e", 10.0)
    assert text_width("e\u0301", 10.0) == text_width("e", 10.0), "an accent of its own takes no room"
    assert text_width("₁", 10.0) == text_width("²", 10.0) < text_width("1", 10.0)


@given(st.text(), st.text(), st.booleans())
def test_widths_add_up(one: str, other: str, bold: bool) -> None:
    together = text_width(one + other, 11.0, bold)
    assert together == pytest.approx(text_width(one, 11.0, bold) + text_width(other, 11.0, bold), abs=0.03)
