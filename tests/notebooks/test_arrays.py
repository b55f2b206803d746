"""A ValueArray in a notebook: every number and gradient that is shown is that of the array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from notebooks.reading import notes, number, parsed, tables, text_of, tint_of

from tinygrad_edu import Value, array, record
from tinygrad_edu.drawing.palette import BROKEN, NEGATIVE, POSITIVE
from tinygrad_edu.notebooks.arrays import array_html


def swept() -> object:
    a = array([[0.5, -1.25, 3.0], [30.0, 4.0, 0.0]])
    (a * np.array([[1.0, -2.0, 0.5], [0.0, 1e-6, 40.0]])).sum().backward()
    return a


def test_an_array_before_a_sweep_is_its_numbers() -> None:
    a = array([[1.0, -2.5], [30.0, 4.0]])
    (shown,) = tables(a._repr_html_())
    assert shown.caption == "ValueArray · 2 × 2, in a graph of 4 Values"
    assert shown.headings == ["", "0", "1"]
    assert shown.rows == [["0", "1.0", "−2.5"], ["1", "30.0", "4.0"]]
    assert not any(map(any, shown.grounds())), "no gradient, no color"


def test_after_a_sweep_each_number_has_its_gradient_below_and_behind_it() -> None:
    a = swept()
    (shown,) = tables(a._repr_html_())
    assert shown.caption.endswith("6 Values, with gradients (∂)")
    for row, numbers, gradients in zip(shown.rows, a.data, a.grad, strict=True):
        for text, data, grad in zip(row[1:], numbers, gradients, strict=True):
            above, below = text.split("\n")
            assert number(above) == data
            assert number(below.removeprefix("∂ ")) == grad
    tints = [[tint_of(style) if style else None for style in row[1:]] for row in shown.grounds()]
    assert [tint and tint[0] for row in tints for tint in row] == [
        *(POSITIVE, NEGATIVE, POSITIVE),
        *(None, POSITIVE, POSITIVE),
    ]
    assert tints[1][2][1] == max(tint[1] for row in tints for tint in row if tint), "the largest is the strongest"


def test_an_array_of_one_axis_is_a_row_and_a_single_number_has_no_headings() -> None:
    (shown,) = tables((array([1.0, 2.0]) * 3.0)._repr_html_())
    assert shown.caption == "ValueArray · 2 elements, in a graph of 5 Values"
    assert (shown.headings, shown.rows) == (["0", "1"], [["3", "6"]])
    (shown,) = tables(array(2.0)._repr_html_())
    assert shown.caption == "ValueArray · a single number, in a graph of 1 Value"
    assert (shown.headings, shown.rows) == ([], [["2"]])


@pytest.mark.parametrize(
    ("shape", "said"), [((0,), "0 elements"), ((0, 3), "0 × 3"), ((2, 0), "2 × 0"), ((2, 0, 3), "2 × 0 × 3")]
)
def test_an_empty_array_says_its_shape(shape: tuple[int, ...], said: str) -> None:
    html = array(np.zeros(shape))._repr_html_()
    assert tables(html) == []
    assert notes(html) == [f"ValueArray · {said}, empty"]


def test_a_deeper_array_is_a_table_for_each_index() -> None:
    a = array(np.arange(24.0).reshape(3, 2, 4))
    found = tables(a._repr_html_())
    assert [shown.caption for shown in found] == ["[0]", "[1]", "[2]"]
    assert [[number(text) for text in row[1:]] for row in found[1].rows] == [[8, 9, 10, 11], [12, 13, 14, 15]]
    html = array(np.zeros((2, 3, 1, 1)))._repr_html_()
    assert [shown.caption for shown in tables(html)] == ["[0, 0]", "[0, 1]", "[1, 2]"]
    assert "… 3 more tables …" in notes(html)


def test_a_large_array_is_shortened_in_both_directions() -> None:
    html = array(np.arange(10_000.0).reshape(100, 100))._repr_html_()
    assert len(html) < 10_000
    (shown,) = tables(html)
    assert "100 × 100, in a graph of 10,000 Values" in shown.caption
    assert shown.headings == ["", "0", "1", "2", "3", "4", "5", "…", "98", "99"]
    assert [row[0] for row in shown.rows] == ["0", "1", "2", "3", "4", "5", "⋮", "98", "99"]
    assert [number(text) for text in shown.rows[-1][1:7]] == [9900, 9901, 9902, 9903, 9904, 9905]
    assert number(shown.rows[-1][-1]) == 9999


def test_numbers_that_are_none_are_shown_and_marked() -> None:
    a = array([1.0, np.nan, np.inf])
    a.grad = [0.5, np.nan, -np.inf]
    (shown,) = tables(a._repr_html_())
    assert shown.rows == [["1\n∂ 0.5", "nan\n∂ nan", "inf\n∂ −inf"]]
    assert [tint_of(style)[0] for style in shown.grounds()[0]] == [POSITIVE, BROKEN, BROKEN]


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=9))
def test_no_number_loses_its_size(numbers: list[float]) -> None:
    (shown,) = tables(array(numbers)._repr_html_())
    largest = max(map(abs, numbers))
    for text, data in zip(shown.rows[0], numbers, strict=True):
        assert number(text) == pytest.approx(data, rel=0.05)
        if data and abs(data) == largest:
            assert number(text) == pytest.approx(data, rel=1e-3)


def test_labels_are_tooltips_and_stay_text() -> None:
    html = array([Value(1.0, "<script>w</script>")])._repr_html_()
    (shown,) = tables(html)
    assert shown.element.find("tbody/tr/td").get("title") == "<script>w</script>"
    assert "script" not in text_of(parsed(html))


def test_while_recording_there_is_nothing_to_see() -> None:
    seen = []

    def f(x):
        seen.append(array_html(x))
        return x.sum()

    record(f, shapes=(2,), params=[])
    assert seen[0] is None
