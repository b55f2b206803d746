"""Text in the DOT language: labels as tables of cells, and any text made safe to stand in them.

A cell is as wide as its text is in the widest font (see `widths`), and says in its ID what it holds: whose it is, its
role, and which side its text keeps to. `layout.tidy` reads that in the SVG and holds the text there in every font.

May import: `palette` and `widths` of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from unicodedata import category

from tinygrad_edu.drawing.palette import GRAY
from tinygrad_edu.drawing.widths import text_width

__all__ = [
    "AIR", "PADDING", "ROW", "SIZE", "SMALL",
    "Cell", "bold", "caption", "cell", "label_text", "spacer", "table", "tooltip_text", "visible",
]  # fmt: skip

#: The size of type in points, and that of captions.
SIZE, SMALL = 11, 9
#: The height of a row of a table, in points; larger type takes more.
ROW = 16
#: Between a text and the edge of its cell, in points.
PADDING = 3
#: What keeps that much clear where Graphviz itself draws the text, as in a PNG.
AIR = " "
#: More characters than these make a box, or a tooltip, that nobody reads.
_LABEL_LENGTH, _TOOLTIP_LENGTH = 40, 400
_INVISIBLE = {"Cc", "Cn", "Cs"}  # control characters, and what is no character: neither belongs into XML


def label_text(text: str, limit: int = _LABEL_LENGTH) -> str:
    """Any text, safe inside a label: no markup, no escapes such as \\N, no control characters, not endless.

    >>> label_text("a < b & c"), label_text("tab\\there")
    ('a &lt; b &amp; c', 'tab\\\\\\\\there')
    """
    return escape(visible(text, limit)).replace("\\", "\\\\")


def tooltip_text(lines: Sequence[str]) -> str:
    """Lines of any text as the tooltip of a node or an edge."""
    # Graphviz expands escapes in tooltips twice.
    return "\n".join(label_text(line, _TOOLTIP_LENGTH).replace("\\", "\\\\") for line in lines)


def visible(text: str, limit: int = _LABEL_LENGTH) -> str:
    """Any text as people can see it: control characters written out, blanks in quotes, not endless.

    >>> visible(" "), visible("12345", 4)
    ("' '", '123…')
    """
    cut = text[: limit + 1] if text.strip() else repr(text)
    shown = "".join(c.encode("unicode_escape").decode() if category(c) in _INVISIBLE else c for c in cut)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


@dataclass(frozen=True)
class Cell:
    """A cell of a table, at least `room` points wide.

    >>> str(Cell("<TD", 20, ">x</TD>"))
    '<TD WIDTH="20">x</TD>'
    """

    before: str
    room: int
    after: str

    def __str__(self) -> str:
        return f'{self.before} WIDTH="{self.room}"{self.after}'


def table(rows: Sequence[Sequence[Cell | str]], attributes: str = 'BORDER="0"') -> str:
    """A table of rows, each of one or more cells; a row without any is a line across.

    >>> table([[cell("x", "name")], []], 'BORDER="1"').count("<TR>")
    1
    """
    body = "".join(f"<TR>{''.join(map(str, row))}</TR>" if row else "<HR/>" for row in rows)
    return f'<TABLE {attributes} CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{body}</TABLE>'


def cell(
    text: str,
    role: str,
    align: str = "left",
    *,
    size: int = SIZE,
    is_bold: bool = False,
    color: str = "",
    tint: str = "transparent",
    owner: str = "",
    tip: str = "",
    width: float = 0.0,
    limit: int = _LABEL_LENGTH,
    attributes: str = "",
) -> Cell:
    """A cell for one line of any text, wide enough for it in every font, and at least `width`.

    Of a text of more letters than `limit` the end is left out.

    `owner` is the id of the node or edge that the text tells of, if that is not the one around it.

    >>> "1 &lt; 2" in str(cell("1 < 2", "value"))
    True
    """
    room = max(width, text_width(visible(text, limit), size, is_bold) + 2 * PADDING)
    colored = f' COLOR="{color}"' if color else ""
    # Not <B>, with which Graphviz sets a line higher than the others of its row.
    face = ' FACE="Helvetica-Bold"' if is_bold else ""
    content = f'<FONT POINT-SIZE="{size}"{face}{colored}>{AIR}{label_text(text, limit)}{AIR}</FONT>'
    title = escape(tip).replace("\n", "&#10;") or " "  # without a title Graphviz would forget the ID
    return Cell(
        f'<TD ID="{owner or "-"} {role} {align}" TITLE="{title}" BGCOLOR="{tint}" ALIGN="{align.upper()}"',
        math.ceil(room),
        f' HEIGHT="{max(ROW, math.ceil(1.25 * size) + 2)}"{attributes and " " + attributes}>{content}</TD>',
    )


def spacer(height: float = ROW, attributes: str = "") -> Cell:
    """A cell for nothing.

    >>> str(spacer(4))
    '<TD HEIGHT="4" WIDTH="1"></TD>'
    """
    return Cell(f'<TD HEIGHT="{height:g}"', 1, f"{attributes and ' ' + attributes}></TD>")


def bold(text: str, role: str = "name", align: str = "left", size: int = SIZE) -> Cell:
    """A cell for any text in bold type."""
    return cell(text, role, align, size=size, is_bold=True)


def caption(text: str, align: str = "left", attributes: str = "") -> Cell:
    """A cell that says what the number beside it is."""
    return cell(text, "caption", align, size=SMALL, color=GRAY, attributes=attributes)
