"""Any text in a label stays text: no markup, no escapes, nothing that is no character, nothing endless."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.drawing.layout import laid_out, tidy
from tinygrad_edu.drawing.markup import bold, cell, label_text, table, tooltip_text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain", "plain"),
        ("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#x27;"),
        ("\\N", "\\\\N"),
        ("\t", "&#x27;\\\\t&#x27;"),
        ("a\tb\x00", "a\\\\tb\\\\x00"),
        ("\ud800", "\\\\ud800"),
        ("", "&#x27;&#x27;"),
        ("x" * 40, "x" * 40),
        ("x" * 41, "x" * 39 + "…"),
    ],
)
def test_text_worked_out_by_hand(text: str, safe: str) -> None:
    assert label_text(text) == safe


def test_a_tooltip_is_escaped_twice_and_has_lines() -> None:
    assert tooltip_text(["\\N", "b"]) == "\\\\\\\\N\nb"
    assert len(tooltip_text(["x" * 1_000])) == 400


@given(st.text(max_size=60))
def test_a_label_of_any_text_is_well_formed(text: str) -> None:
    label = table([[bold(text), cell("1", "value", "right")]])
    (rows,) = ET.fromstring(label)
    assert [column.get("ALIGN") for column in rows] == ["LEFT", "RIGHT"]


def test_graphviz_shows_the_text_as_it_was() -> None:
    text = 'a<b> & "\\N" </TD>'
    label = f"<{table([[bold(text)]])}>"
    svg = tidy(laid_out(f'digraph {{ n [label={label} tooltip="{tooltip_text(["a < b"])}"] }}', "svg"))
    assert [found.text for found in svg.findall(".//{*}text")] == [text]
    assert svg.findtext(".//{*}g[@class='node']/{*}title") == "a < b"
