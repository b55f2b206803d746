"""Colors that can be told apart and read, by the formulas of the accessibility guidelines (WCAG 2)."""

from __future__ import annotations

import itertools

import pytest

from tinygrad_edu.drawing.palette import BROKEN, CYCLE, GRAY, INK, NEGATIVE, PAPER, POSITIVE, TINTS, blend


def luminance(color: str) -> float:
    """Relative luminance: sRGB made linear, weighted by what eyes see."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("color", "ground"),
    [
        *itertools.product([INK, GRAY], [PAPER, *TINTS.values()]),
        *itertools.product(
            [POSITIVE, NEGATIVE, BROKEN], [PAPER]
        ),  # what an edge hands back is written beside the nodes
    ],
)
def test_small_text_is_readable_where_it_stands(color: str, ground: str) -> None:
    assert contrast(color, ground) >= 4.5


def test_the_oracle_knows_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


def test_no_two_colors_mean_different_things() -> None:
    assert len({*CYCLE}) == len(CYCLE)
    assert len({INK, GRAY, POSITIVE, NEGATIVE, BROKEN, PAPER}) == 6
    assert all(one != other for one, other in itertools.combinations(TINTS.values(), 2))


@pytest.mark.parametrize(
    ("color", "share", "ground", "mixed"),
    [
        ("#102030", 1.0, "#ffffff", "#102030"),
        ("#102030", 0.0, "#abcdef", "#abcdef"),
        ("#ff0000", 0.25, "#0000ff", "#4000bf"),  # 255 / 4 = 63.75, and 255 · 3 / 4 = 191.25
    ],
)
def test_a_blend_is_the_mean_of_each_channel(color: str, share: float, ground: str, mixed: str) -> None:
    assert blend(color, share, ground) == mixed
