"""Text in the DOT language: labels as tables of cells, and any text made safe to stand in them.

May import: `palette` of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from unicodedata import category

from tinygrad_edu.drawing.palette import GRAY

__all__ = ["AS_BOLD", "bold", "caption", "cell", "label_text", "number_cell", "table", "tooltip_text"]

#: Set after plain text, this keeps it on the base line of bold text beside it: graphviz-pure would lower it.
AS_BOLD = '<B><FONT POINT-SIZE="1"> </FONT></B>'
#: In points: most numbers of four digits need no more, so boxes keep their width while a script changes the numbers.
_NUMBER_WIDTH = 50
#: More characters than these make a box, or a tooltip, that nobody reads.
_LABEL_LENGTH, _TOOLTIP_LENGTH = 40, 300
_INVISIBLE = {"Cc", "Cn", "Cs"}  # control characters, and what is no character: neither belongs into XML


def label_text(text: str, limit: int = _LABEL_LENGTH) -> str:
    """Any text, safe inside a label: no markup, no escapes such as \\N, no control characters, not endless.

    >>> label_text("a < b & c"), label_text("tab\\there")
    ('a &lt; b &amp; c', 'tab\\\\\\\\there')
    """
    return escape(_visible(text, limit)).replace("\\", "\\\\")


def tooltip_text(lines: Sequence[str]) -> str:
    """Lines of any text as the tooltip of a node or an edge."""
    # Graphviz expands escapes in tooltips twice.
    return "\n".join(label_text(line, _TOOLTIP_LENGTH).replace("\\", "\\\\") for line in lines)


def _visible(text: str, limit: int) -> str:
    cut = text[: limit + 1] if text.strip() else repr(text)
    shown = "".join(c.encode("unicode_escape").decode() if category(c) in _INVISIBLE else c for c in cut)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def table(rows: Sequence[str]) -> str:
    """A label of rows, each of one or more cells.

    >>> table([cell("x")])
    '<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1"><TR><TD ALIGN="LEFT">x</TD></TR></TABLE>>'
    """
    body = "".join(f"<TR>{row}</TR>" for row in rows)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{body}</TABLE>>'


def bold(text: str, size: int = 11) -> str:
    """Any text in bold type."""
    return f'<B><FONT POINT-SIZE="{size}">{label_text(text)}</FONT></B>'


def cell(content: str, align: str = "LEFT") -> str:
    """A cell of what is markup already."""
    return f'<TD ALIGN="{align}">{content}</TD>'


def caption(text: str) -> str:
    """A cell that says what the number beside it is."""
    return cell(f'<FONT COLOR="{GRAY}" POINT-SIZE="9">{text}</FONT>')


def number_cell(text: str, tint: str = "") -> str:
    """A cell for a number, with a rectangle of the color `tint` behind it, if any."""
    background = f' BGCOLOR="{tint}"' if tint else ""
    return f'<TD ALIGN="RIGHT" WIDTH="{_NUMBER_WIDTH}"{background}>{text}</TD>'
