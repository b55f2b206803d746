"""The pieces of displays: safe, readable on white and on black, and readable without any style."""

from __future__ import annotations

import pytest
from notebooks.reading import parsed, tables, text_of, tint_of

from tinygrad_edu.drawing.palette import BROKEN, NEGATIVE, POSITIVE, blend, tint
from tinygrad_edu.notebooks.elements import (
    BAD,
    FAIR,
    GOOD,
    Entry,
    badge,
    beside,
    display,
    note,
    safe,
    shortened,
    table,
    title,
)

HOSTILE = "</td><script>alert('1')</script>&\"\x00\ud800\u202e\n"


def test_whatever_a_text_holds_it_stays_a_text() -> None:
    for made in (
        note(HOSTILE),
        title(HOSTILE, HOSTILE),
        badge(HOSTILE, GOOD),
        table(safe(HOSTILE), [HOSTILE], [[Entry(HOSTILE, below=HOSTILE, tip=HOSTILE, header=True)], HOSTILE]),
    ):
        shown = parsed(display(made))
        assert "script" not in {element.tag for element in shown.iter()}
        assert "<script>alert('1')</script>&\"" in text_of(shown)
        assert "\\x00\\ud800\\u202e\\n" in text_of(shown)


def test_a_long_text_is_cut_before_its_markup_is_made_safe() -> None:
    assert safe("<" * 100, 5) == "&lt;&lt;&lt;&lt;…"
    assert safe("<" * 5, 5) == "&lt;" * 5


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(share * channel for share, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("ground", "ink"), [("#ffffff", "#1f1f1f"), ("#111111", "#e0e0e0"), ("#1f1f1f", "#cccccc")])
@pytest.mark.parametrize(
    "style",
    [
        *[badge("x", color) for color in (GOOD, FAIR, BAD)],
        *[tint(gradient, 1.0) for gradient in (1.0, -1.0, float("nan"))],
    ],
)
def test_text_on_a_tint_is_readable_in_light_and_dark(ground: str, ink: str, style: str) -> None:
    color, opacity = tint_of(style)
    assert color in (GOOD, FAIR, BAD, POSITIVE, NEGATIVE, BROKEN)
    assert contrast(ink, blend(color, opacity, ground)) >= 4.5, "what WCAG asks of small text"
    assert contrast(ground, blend(color, opacity, ground)) > 1.2, "and the tint is seen"


def test_a_table_says_what_it_shows_and_which_cells_are_headings() -> None:
    (shown,) = tables(
        display(
            table("two", [Entry(), "a", Entry("b", kind="words")], [[Entry("r", header=True), Entry("1"), Entry("2")]])
        )
    )
    assert (shown.caption, shown.headings, shown.rows) == ("two", ["", "a", "b"], [["r", "1", "2"]])
    assert [cell.tag for cell in shown.element.iterfind("thead/tr/*")] == ["td", "th", "th"]
    assert [cell.tag for cell in shown.element.iterfind("tbody/tr/*")] == ["th", "td", "td"]


def test_a_row_for_what_is_left_out_stands_across() -> None:
    (shown,) = tables(display(table("", ["a", "b", "c"], ["… 7 more …"])))
    assert shown.rows == [["… 7 more …"]]
    assert shown.element.find("tbody/tr/td").get("colspan") == "3"


@pytest.mark.parametrize(("share", "end"), [(0.0, "0%"), (-3.0, "0%"), (0.25, "25%")])
def test_a_bar_fills_its_share_of_the_cell(share: float, end: str) -> None:
    assert f"#11223344 {end},transparent {end}" in str(Entry("x", tint="#11223344", share=share))


def test_the_style_reaches_nothing_else_on_the_page() -> None:
    style = parsed(display(note("x"))).find("style").text
    selectors = [selector for rule in style.split("}")[:-1] for selector in rule.partition("{")[0].split(",")]
    assert len(selectors) > 10
    assert all(selector.startswith(".tinygrad-edu-shown ") for selector in selectors), selectors
    assert "#" not in "".join(style.replace("#7d859099", "")), "no color but a gray that is half transparent"


@pytest.mark.parametrize("count", range(30))
def test_a_long_series_is_shortened_and_a_gap_stands_for_two_at_least(count: int) -> None:
    places = shortened(count, 6, 2)
    shown = [place for place in places if place is not None]
    assert shown == sorted(set(shown))
    assert len(places) <= 9
    assert (None in places) == (count > 9)
    assert shown[:6] == list(range(min(count, 6)))
    assert shown[-2:] == list(range(count))[-2:]


def test_nothing_makes_nothing() -> None:
    assert note("") == beside() == beside("", "") == ""
    assert len(parsed(display("", ""))) == 1, "the style alone"
