"""No letter is wider than it is said to be, in any of the common fonts that are here, as Chromium writes them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from browser import started_browser
from fonts import installed_fonts
from playwright.sync_api import Page

from tinygrad_edu.drawing.widths import text_width

#: ASCII, European letters, Greek, Cyrillic, Hebrew, Arabic, punctuation, small digits, currencies, letters of
#: mathematics, arrows, operators, shapes, kana, some Chinese and Korean, wide forms, emoji: first and last.
RANGES = """0020-007e 00a1-024f 0370-052f 05d0-05ea 0620-064a 1e00-1fff 2010-2027 2030-205e 2070-209c 20a0-20bf
2100-22ff 2460-257f 25a0-26ff 3041-30ff 4e00-4e3f ac00-ac3f ff01-ff5f 1d400-1d7ff 1f300-1f64f"""
WITHOUT_WIDTH = {"Cn", "Cc", "Cf", "Mn", "Me"}


def letters() -> Iterator[str]:
    for part in RANGES.split():
        first, last = (int(end, 16) for end in part.split("-"))
        yield from (chr(k) for k in range(first, last + 1) if unicodedata.category(chr(k)) not in WITHOUT_WIDTH)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with started_browser() as browser:
        yield browser.new_page()


def widths_in(page: Page, texts: list[str], font: str, weight: str) -> list[float]:
    """How wide the browser makes each text, for type of size 1."""
    return page.evaluate(  # type: ignore[no-any-return]
        """([texts, font, weight]) => {
          const context = document.createElement("canvas").getContext("2d");
          context.font = `${weight} 100px "${font}", sans-serif`;
          return texts.map((text) => context.measureText(text).width / 100);
        }""",
        [texts, font, weight],
    )


@pytest.mark.parametrize("is_bold", [False, True])
def test_every_letter_has_room_in_every_font(page: Page, is_bold: bool) -> None:
    texts = [*letters()]
    assert len(texts) > 4_000
    for font in installed_fonts(page):
        widths = widths_in(page, texts, font, "bold" if is_bold else "normal")
        room = [text_width(text, 1.0, is_bold) for text in texts]
        wider = {text: (width, kept) for text, width, kept in zip(texts, widths, room, strict=True) if width > kept}
        assert wider == {}, font


@pytest.mark.parametrize("is_bold", [False, True])
def test_and_hardly_more_than_the_widest_font_takes(page: Page, is_bold: bool) -> None:
    fonts = installed_fonts(page)
    if "DejaVu Sans" not in fonts:
        pytest.skip("the widest of the fonts is not here")
    texts = ["∂ −1.234e−300", "0.123456789", "logsumexp", "value", "grad", "neurons.0", "LSTM cell"]
    if widths_in(page, ["损"], "DejaVu Sans", "normal") != widths_in(page, ["\U0010fffd"], "DejaVu Sans", "normal"):
        texts.append("损失函数")  # unless no font here has them, and each is the box that stands for what is missing
    widths = widths_in(page, texts, "DejaVu Sans", "bold" if is_bold else "normal")
    for text, width in zip(texts, widths, strict=True):
        assert text_width(text, 1.0, is_bold) <= 1.15 * width, text
