"""Curves: every point where its number belongs, ticks that are round, and nothing lost of a long run."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from notebooks.reading import SVG, number

from tinygrad_edu.notebooks.chart import Axis, Curve, chart, keys

NAN = math.nan


def drawn(*heights: list[float], **settings: object) -> ET.Element:
    curves = [Curve(f"curve {k}", list(given)) for k, given in enumerate(heights)]
    return ET.fromstring(chart(curves, "epoch", "loss", **settings))


def points(line: ET.Element) -> list[tuple[float, float]]:
    return [tuple(map(float, point.split(","))) for point in line.get("points").split()]


def lines(picture: ET.Element) -> list[list[tuple[float, float]]]:
    return [points(line) for line in picture.iter(f"{SVG}polyline")]


def scale(picture: ET.Element, direction: str) -> list[tuple[float, float]]:
    """The numbers written along an axis, and where they stand."""
    anchor, place = ("end", "y") if direction == "up" else ("middle", "x")
    texts = [
        text for text in picture.iter(f"{SVG}text") if text.get("text-anchor") == anchor and text.text[-1].isdigit()
    ]
    return [(number(text.text), float(text.get(place)) - (4 if direction == "up" else 0)) for text in texts]


def interpolated(ticks: list[tuple[float, float]], place: float, is_log: bool = False) -> float:
    (low, start), (high, end) = ticks[0], ticks[-1]
    share = (place - start) / (end - start)
    return low * (high / low) ** share if is_log else low + share * (high - low)


def test_points_stand_where_the_axes_say() -> None:
    heights = [4.0, 2.5, 3.0, 1.0]
    picture = drawn(heights)
    (line,) = lines(picture)
    up, across = scale(picture, "up"), scale(picture, "across")
    assert [interpolated(across, x) for x, _ in line] == pytest.approx([1, 2, 3, 4], abs=0.01)
    assert [interpolated(up, y) for _, y in line] == pytest.approx(heights, abs=0.02)


def test_heights_that_span_much_get_a_logarithmic_axis() -> None:
    heights = [1000.0, 50.0, 1.0, 0.02]
    picture = drawn(heights)
    (line,) = lines(picture)
    up = scale(picture, "up")
    assert [tick for tick, _ in up] == [0.1, 1, 10, 100, 1000]
    assert [interpolated(up, y, is_log=True) for _, y in line] == pytest.approx(heights, rel=0.02)
    assert "loss (logarithmic)" in [text.text for text in picture.iter(f"{SVG}text")]
    assert "loss" in [text.text for text in drawn([2.0, 1.0]).iter(f"{SVG}text")]


def test_a_gap_is_a_gap_and_a_lonely_point_is_seen() -> None:
    picture = drawn([1.0, 2.0, NAN, 1.5, math.inf, 1.0, 1.2, 1.3])
    assert [len(line) for line in lines(picture)] == [2, 3]
    dots = list(picture.iter(f"{SVG}circle"))
    assert len(dots) == 3, "two for the short line, one for the lonely point"


def test_the_best_point_has_a_ring() -> None:
    picture = drawn([3.0, 1.0, 2.0], marked=(2, 1.0))
    (ring,) = picture.iter(f"{SVG}circle")
    assert (float(ring.get("cx")), float(ring.get("cy"))) == lines(picture)[0][1]
    assert ring.get("stroke") == "currentColor"


def test_text_and_lines_have_the_color_of_the_page() -> None:
    picture = drawn([3.0, 1.0], [2.0, 1.5])
    colors = {element.get(key) for element in picture.iter() for key in ("fill", "stroke") if element.get(key)}
    assert colors - {"currentColor", "none"} == {"#0072b2", "#d55e00"}
    assert len({line.get("stroke-dasharray") for line in picture.iter(f"{SVG}polyline")}) == 2, (
        "told apart without color"
    )


def test_it_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    picture = drawn([3.0, 1.0])
    assert picture.get("role") == "img"
    assert picture.find(f"{SVG}title").text == "loss by epoch: curve 0 from 3 to 1"


def test_a_very_long_run_keeps_its_ends_and_its_extremes() -> None:
    heights = [2.0 + math.sin(k) for k in range(100_000)]
    heights[54_321] = 7.0
    text = chart([Curve("loss", heights)], "epoch", "loss")
    assert len(text) < 20_000
    picture = ET.fromstring(text)
    (line,) = lines(picture)
    up, across = scale(picture, "up"), scale(picture, "across")
    assert interpolated(up, min(y for _, y in line)) == pytest.approx(7.0, abs=0.05)
    assert [x for x, _ in line] == sorted(x for x, _ in line)
    assert interpolated(across, line[-1][0]) == pytest.approx(100_000, rel=0.001)


def test_heights_so_large_that_no_axis_holds_them_are_left_out() -> None:
    assert len(list(drawn([1.0, 1e308, -1e308, 1.0]).iter(f"{SVG}circle"))) == 2
    assert len(list(drawn([1.0, 0.5, 0.7, -1e308], marked=(4, -1e308)).iter(f"{SVG}circle"))) == 0
    assert not Curve("", [1e308, NAN]).is_drawn
    assert Curve("", [NAN, 1e300]).is_drawn


@pytest.mark.parametrize(
    "heights", [[0.7], [0.0], [0.0, 0.0], [-3.0, -3.0, -3.0], [1e-300, 2e-300], [5e-324], [-1e300, 1e300], [1e300] * 2]
)
def test_unusual_heights_are_drawn_inside_the_picture(heights: list[float]) -> None:
    picture = drawn(heights, marked=(1, heights[0]))
    marks = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in picture.iter(f"{SVG}circle")]
    everything = [point for line in lines(picture) for point in line] + marks
    assert everything
    assert all(0 <= x <= 560 and 0 <= y <= 240 for x, y in everything)
    assert all(tick == int(tick) and 1 <= tick <= len(heights) for tick, _ in scale(picture, "across"))


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12))
def test_ticks_are_round_and_inside(low: float, span: float) -> None:
    assume(span > 1e-6 * abs(low))
    axis = Axis(low, low + span, 0.0, 100.0)
    ticks = axis.ticks()
    assert 3 <= len(ticks) <= 8
    assert all(-0.01 <= axis.place(tick) <= 100.01 for tick in ticks)
    step = ticks[1] - ticks[0]
    assert float(f"{step:.2g}") == pytest.approx(step, rel=1e-3)


@given(st.floats(1e-300, 1e290), st.floats(30.0, 1e9))
def test_logarithmic_ticks_are_powers_inside(low: float, factor: float) -> None:
    axis = Axis(low, low * factor, 0.0, 100.0, is_log=True)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 6
    assert all(-0.01 <= axis.place(tick) <= 100.01 for tick in ticks)
    assert all(math.log10(tick) == pytest.approx(round(math.log10(tick)), abs=1e-6) for tick in ticks)


def test_names_stay_text() -> None:
    hostile = Curve("</title><script>", [1.0])
    for made in (chart([hostile], "<b>", "&"), keys([hostile], "<i>")):
        assert {element.tag.removeprefix(SVG) for element in ET.fromstring(made).iter()}.isdisjoint(
            {"script", "b", "i"}
        )
