"""How wide text is, in the widest of the sans-serif fonts that people have.

A picture is laid out on one machine and looked at on another, with another font. So boxes are made for the widest of
DejaVu Sans, Verdana, Arial, Liberation Sans and Helvetica (Nimbus Sans): then the text fits with each of them. The
widths are facts of those fonts, rounded up, in hundredths of the font's size.

May import: the standard library only.
"""

from __future__ import annotations

import math
import unicodedata

__all__ = ["text_width"]

_REGULAR = {
    30: "'il", 36: "j ", 40: ",.ft", 46: "!Ir()-/:;[\\]|·", 55: "\"Jcsz", 60: "?Lkvxy",
    65: "$*0123456789FT_`abdeghnopqu{}∂–", 70: "ABEKPSVXYZ", 80: "CNRU&DGHOQ", 85: "#+<=>^w~−×÷±", 90: "M",
    101: "Wm…—←→↑↓", 109: "@%", 174: "‱",
}  # fmt: skip
_BOLD = {
    36: "'il ", 42: ",.j:;", 50: "!-rft·", 56: "()I[]|", 60: "\"Jcsz", 65: "?L",
    74: "EFT/\\aekovxyPSYZ$*0123456789_`bdghnpqu{}∂–", 80: "ABKRVXC", 88: "DGHNUO#&+<=>Q^~−×÷±", 101: "@Mw←→↑↓",
    114: "mW…—", 130: "%", 150: "⅒ⅷ", 156: "ǄǱ₧", 168: "Ⅷ", 189: "‱",
}  # fmt: skip
_WIDTHS = [
    {letter: width / 100 for width, letters in table.items() for letter in letters} for table in (_REGULAR, _BOLD)
]
#: Of letters that are in no table, by what Unicode says of them: a generous guess, because many fonts lend them.
_SQUARE, _EMOJI, _SMALL, _ACCENTED, _OTHER = 1.0, 1.61, 0.6, 0.16, 1.53


def text_width(text: str, size: float = 11.0, bold: bool = False) -> float:
    """The width of a line of text in points, for type of `size` points, in the widest font.

    >>> text_width("0.5", 10.0)
    17.0
    """
    widths = _WIDTHS[bold]
    return math.ceil(100.0 * size * sum(_letter_width(letter, widths) for letter in text) - 1e-6) / 100.0


def _letter_width(letter: str, widths: dict[str, float]) -> float:
    """The width of one letter, for type of size 1."""
    if letter in widths:
        return widths[letter]
    category = unicodedata.category(letter)
    if category in ("Mn", "Me", "Cf"):
        return 0.0
    made_of = unicodedata.decomposition(letter)
    if made_of.startswith(("<sub>", "<super>")) and len(made_of.split()) == 2 and not letter.isalpha():
        return _SMALL
    if made_of and not made_of.startswith("<"):
        return _ACCENTED + _letter_width(unicodedata.normalize("NFD", letter)[0], widths)
    if unicodedata.east_asian_width(letter) not in "WF":
        return _OTHER
    return _SQUARE if category[0] in "LNP" else _EMOJI
