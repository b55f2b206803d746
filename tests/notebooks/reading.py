"""What a notebook is shown, read back by the parser of XML, which forgives nothing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Shown:
    """A table: its caption, the headings of its columns, and its rows of texts."""

    caption: str
    headings: list[str]
    rows: list[list[str]]
    element: ET.Element

    def column(self, heading: str) -> list[str]:
        return [row[self.headings.index(heading)] for row in self.rows]

    def grounds(self) -> list[list[str]]:
        """The style of each cell."""
        return [[cell.get("style", "") for cell in row] for row in self.element.iterfind("tbody/tr")]


def parsed(html: str | None) -> ET.Element:
    assert html is not None
    return ET.fromstring(html)


def text_of(element: ET.Element) -> str:
    """What people read: each line of a cell apart."""
    for line_break in element.iter("br"):
        line_break.text = "\n"
    return "".join(element.itertext()).strip()


def tables(html: str | None) -> list[Shown]:
    return [_table(element) for element in parsed(html).iter("table")]


def _table(element: ET.Element) -> Shown:
    caption = element.find("caption")
    assert caption is not None, "a table says what it shows"
    head = element.find("thead/tr")
    headings = [] if head is None else [text_of(cell) for cell in head]
    rows = [[text_of(cell) for cell in row] for row in element.iterfind("tbody/tr")]
    for heading in element.iter("th"):
        assert heading.get("scope") in ("row", "col")
    return Shown(text_of(caption), headings, rows, element)


def notes(html: str | None) -> list[str]:
    return [text_of(paragraph) for paragraph in parsed(html).iter("p")]


def elements(html: str | None) -> set[str]:
    """The kinds of elements there are."""
    return {element.tag.removeprefix(SVG) for element in parsed(html).iter()}


def number(text: str) -> float:
    """The number that is written, with a minus as wide as a plus."""
    return float(text.replace("−", "-").replace(",", ""))


def tint_of(style: str) -> tuple[str, float]:
    """The color of a tint, and how opaque it is."""
    found = re.search(r"(#[0-9a-f]{6})([0-9a-f]{2})\b", style)
    assert found is not None, style
    return found[1], int(found[2], 16) / 255
