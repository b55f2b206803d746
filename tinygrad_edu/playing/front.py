"""The front page: a line for a formula, examples, numbers, and a frame for the live page.

May import: `stepping`; `answers` and `examples` of this folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from urllib.parse import quote, urlencode

from tinygrad_edu.playing.answers import MAX_LENGTH
from tinygrad_edu.playing.examples import EXAMPLES
from tinygrad_edu.stepping.bundling import bundle, compact_style
from tinygrad_edu.stepping.pages import asset, embedded, filled

__all__ = ["fragment", "front_page"]


@cache
def front_page() -> str:
    """The HTML of the front page: the same for everyone, with nothing secret in it.

    >>> "<title>A formula to play with</title>" in front_page()
    True
    """
    examples = [{"name": name, "formula": formula, "numbers": numbers} for name, (formula, numbers) in EXAMPLES.items()]
    parts = {
        "style": compact_style(asset("page.css") + asset("formula.css")),
        "examples": embedded({"examples": examples}),
        "longest": str(MAX_LENGTH),
        "script": bundle(["formula.js"], asset),
    }
    return filled("formula.html", parts)


def fragment(token: str, formula: str | None = None, numbers: Mapping[str, float] | None = None) -> str:
    """What stands in the address after `#`: the token, which lets in, and a formula with its numbers.

    >>> fragment("secret", "w*x", {"w": 1.0, "x": -0.5})
    'token=secret&formula=w%2Ax&numbers=w%3D1.0%20x%3D-0.5'
    """
    pairs = {"token": token}
    if formula is not None:
        pairs |= {"formula": formula, "numbers": " ".join(f"{name}={x!r}" for name, x in (numbers or {}).items())}
    return urlencode(pairs, quote_via=quote)
