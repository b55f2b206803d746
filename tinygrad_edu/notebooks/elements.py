"""The pieces of which every display in a notebook is made: tables, notes, tints; all text in them is made safe.

May import: `drawing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from tinygrad_edu.drawing.palette import BROKEN, CYCLE, LINE

__all__ = [
    "BAD",
    "FAIR",
    "GOOD",
    "Entry",
    "badge",
    "beside",
    "display",
    "note",
    "safe",
    "shortened",
    "table",
    "tinted",
    "title",
]

#: What is well, what wants a look, what is wrong: none of them the colors that say a gradient's sign.
GOOD, FAIR, BAD = CYCLE[2], CYCLE[5], BROKEN
#: How strong a tint is behind text that has to be read on it, in light and dark: two hexadecimal digits.
_TINT = "66"
#: Longer text nobody reads in a table.
_LENGTH = 60
_CLASS = "tinygrad-edu-shown"
_RULES = {
    "": "overflow-x:auto;line-height:1.4;font-variant-numeric:tabular-nums",
    "table": "border-collapse:collapse;table-layout:auto;width:auto;margin:0 0 .8em;border:none;"
    "color:inherit;font-size:inherit",
    "caption": "caption-side:top;text-align:left;white-space:nowrap;color:inherit;padding:0 0 .3em;font-size:inherit",
    "caption>span": "display:inline-block;width:0",  # so that a long caption does not widen a narrow table
    "tr:nth-child(n),.{0} tbody tr:nth-child(n)": "background:none;border:none;vertical-align:baseline",
    "th:nth-child(n),.{0} td:nth-child(n)": "padding:.15em .6em;text-align:right;vertical-align:baseline;"
    "white-space:nowrap;border:none;color:inherit;max-width:none;font-size:inherit;line-height:1.4",
    "th:nth-child(n)": "font-weight:600",
    "thead": "background:none;border:none",
    "thead tr:nth-child(n)>*": f"border-bottom:1px solid {LINE}99;font-weight:400",
    ".words:nth-child(n)": "text-align:left",
    ".index:nth-child(n)": "font-weight:400;opacity:.7",
    "small": "font-size:.85em",
    "td>code:nth-child(n)": "background:none;color:inherit;padding:0;font-size:.95em",
    "p": "margin:0 0 .5em;color:inherit;max-width:60em",
    ".badge": "border-radius:.3em;padding:.1em .5em;font-weight:600",
    ".beside": "display:flex;flex-wrap:wrap;gap:0 2.5em;align-items:flex-start",
    "svg": "display:block;max-width:100%;height:auto",
    ".key": "display:inline-block;margin:0 .5em 0 0;vertical-align:middle",
    ".keys span": "white-space:nowrap;margin-right:1.5em",
}
_STYLE = "".join(f".{_CLASS} {selector.format(_CLASS)}{{{rule}}}" for selector, rule in _RULES.items())


def display(*parts: str) -> str:
    """The whole display: its parts under each other, with their style, which reaches nothing else on the page.

    >>> display(note("hello")).startswith('<div class="tinygrad-edu-shown"><style>')
    True
    """
    return f'<div class="{_CLASS}"><style>{_STYLE}</style>{"".join(filter(None, parts))}</div>'


def beside(*parts: str) -> str:
    """Parts next to each other, as far as there is room, or nothing.

    >>> beside("", "<p>left</p>", "<p>right</p>")
    '<div class="beside"><p>left</p><p>right</p></div>'
    """
    inner = "".join(parts)
    return inner and f'<div class="beside">{inner}</div>'


def safe(text: str, limit: int = _LENGTH) -> str:
    """Any text as HTML: no markup, no control characters, not endless.

    >>> safe("<b>\\a & b</b>")
    '&lt;b&gt;\\\\x07 &amp; b&lt;/b&gt;'
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return escape("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut))


def title(name: str, text: str) -> str:
    """What is shown: the name of its class, and what there is to say of it at once.

    >>> title("History", "3 epochs")
    '<b>History</b> · 3 epochs'
    """
    return f"<b>{safe(name)}</b> · {safe(text, 300)}"


def note(text: str) -> str:
    """A sentence under the tables, or nothing.

    >>> note("it is so"), note("")
    ('<p>it is so</p>', '')
    """
    return f"<p>{safe(text, 1000)}</p>" if text else ""


def tinted(color: str) -> str:
    """A color, so transparent that text is readable on it.

    >>> tinted("#009e73")
    '#009e7366'
    """
    return color + _TINT


def badge(text: str, color: str) -> str:
    """A verdict, tinted.

    >>> badge("pass", "#009e73")
    '<span class="badge" style="background-color:#009e7366">pass</span>'
    """
    return f'<span class="badge" style="background-color:{tinted(color)}">{safe(text)}</span>'


@dataclass(frozen=True)
class Entry:
    """A cell of a table: its text, and smaller text below it; a tint, and how much of the cell that fills.

    Its `kind` is "words", "index" or "code"; without one it is a number. `header` says that it is the heading of its
    row. `content` is HTML, and stands in place of text.

    >>> str(Entry("1 < 2", kind="words"))
    '<td class="words">1 &lt; 2</td>'
    >>> str(Entry("5", below="∂ 2", tint="#0072b266"))
    '<td style="background-color:#0072b266">5<br/><small>∂ 2</small></td>'
    """

    text: str = ""
    below: str = ""
    tint: str = ""
    share: float = 1.0
    kind: str = ""
    tip: str = ""
    header: bool = False
    content: str = ""

    def __str__(self) -> str:
        tag = "th" if self.header else "td"
        attributes = ' scope="row"' if self.header else ""
        attributes += f' class="{self.kind.replace("code", "words")}"' if self.kind else ""
        attributes += f' title="{safe(self.tip, 300)}"' if self.tip else ""
        inner = self.content or safe(self.text)
        inner = f"<code>{inner}</code>" if self.kind == "code" else inner
        inner += f"<br/><small>{safe(self.below)}</small>" if self.below else ""
        return f"<{tag}{attributes}{self._ground()}>{inner}</{tag}>"

    def _ground(self) -> str:
        if not self.tint or self.tint == "transparent":
            return ""
        if self.share >= 1.0:
            return f' style="background-color:{self.tint}"'
        end = f"{100.0 * max(0.0, self.share):.0f}%"
        return f' style="background:linear-gradient(to right,{self.tint} {end},transparent {end})"'


def table(
    caption: str, columns: Sequence[Entry | str], rows: Iterable[Sequence[Entry] | str], *, headed: bool = True
) -> str:
    """A table of rows of cells; a row that is a text stands across, for rows that are left out.

    `caption` is HTML, the columns are texts, or cells for columns of words. Unless it is `headed`, a table has no
    headings of columns, only of rows.

    >>> table("two", ["a", "b"], [[Entry("1"), Entry("2")], "… 3 more"]).count("<tr>")
    3
    """
    head = ""
    if headed:
        cells = [Entry(column) if isinstance(column, str) else column for column in columns]
        written = "".join(_column(cell) for cell in cells)
        head = f"<thead><tr>{written}</tr></thead>"
    body = "".join(_row(row, len(columns)) for row in rows)
    return f"<table><caption><span>{caption}</span></caption>{head}<tbody>{body}</tbody></table>"


def _column(cell: Entry) -> str:
    if not cell.text:
        return "<td></td>"
    kind = f' class="{cell.kind}"' if cell.kind else ""
    return f'<th scope="col"{kind}>{safe(cell.text)}</th>'


def _row(row: Sequence[Entry] | str, width: int) -> str:
    if isinstance(row, str):
        return f'<tr><td class="words index" colspan="{width}">{safe(row, 300)}</td></tr>'
    return f"<tr>{''.join(map(str, row))}</tr>"


def shortened(count: int, first: int, last: int) -> list[int | None]:
    """The positions of what is shown of so many: the first and the last ones, and None for those between.

    >>> shortened(100, 2, 1), shortened(4, 2, 1)
    ([0, 1, None, 99], [0, 1, 2, 3])
    """
    if count <= first + last + 1:
        return [*range(count)]
    return [*range(first), None, *range(count - last, count)]
