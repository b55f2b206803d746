"""The live page in a cell of a notebook, offline: the same HTML as in a file, in a frame.

May import: `value`; `pages` of this folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape, unescape
from typing import Any

from tinygrad_edu.stepping.pages import page_html
from tinygrad_edu.value import Value

__all__ = ["Page", "page"]

#: Pixels that the page needs besides its picture; and how low and how high a cell may be.
_AROUND, _LOWEST, _HIGHEST = 260, 620, 860
_PIXELS_PER_POINT = 4 / 3
_FRAME = "width:100%;border:1px solid #8888;border-radius:6px;box-sizing:border-box;resize:vertical"


class Page:
    """A live page, which a notebook shows where a cell ends in it; `html` is its text.

    >>> page(Value(2.0, "x") ** 2)._repr_html_()[:7]
    '<iframe'
    """

    def __init__(self, html: str) -> None:
        self.html = html
        self._title = re.findall(r"<title>(.*?)</title>", html)[0]
        points = float(re.findall(r'<svg[^>]* height="([\d.]+)pt"', html)[0])
        self._height = round(min(max(points * _PIXELS_PER_POINT + _AROUND, _LOWEST), _HIGHEST))

    def _repr_html_(self) -> str:
        style = f"height:{self._height}px;{_FRAME}"  # people can drag the lower edge
        return f'<iframe title="{escape(unescape(self._title))}" srcdoc="{escape(self.html)}" style="{style}"></iframe>'

    def __repr__(self) -> str:
        return f"<live page: {unescape(self._title)}>"


def page(root: Value, *, names: Mapping[str, Any] | None = None, data: Any = None) -> Page:
    """The live page of `root` for a notebook, which shows it in the cell; arguments and errors as for `save_page`.

    It works offline, in Jupyter and VS Code, in light and dark, and stays in the saved notebook.

    >>> x = Value(2.0, "x")
    >>> page((3.0 * x).tanh())
    <live page: Backpropagation through 'L', step by step>
    """
    return Page(page_html(root, names, data, addition="cell.js"))
