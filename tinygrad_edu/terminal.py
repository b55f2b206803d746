"""What stands between the package and the terminal: rich, loaded so that nobody notices, and words for any encoding.

As rich is loaded it draws a number from Python's global random generator. A script that seeds the generator first would
then train another network than one that seeds it later; so the generator is put back here, and nobody else loads rich.

A terminal that is not UTF-8 lacks some of ∂, ×, ², → and the lines of tables. It gets d, *, ^2, -> and dashes instead:
a stream says so by the name `READABLE` as what it does about errors, and every print to it is taken care of.

May import: rich.
"""

import codecs
import io
import random
import signal
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

_state = random.getstate()

from rich.console import Console as Console  # noqa: E402 - between the two lines that keep the state
from rich.console import RenderableType as RenderableType  # noqa: E402 - as above
from rich.jupyter import JupyterMixin as JupyterMixin  # noqa: E402 - as above
from rich.progress import BarColumn as BarColumn  # noqa: E402 - as above
from rich.progress import Progress as Progress  # noqa: E402 - as above
from rich.progress import TextColumn as TextColumn  # noqa: E402 - as above
from rich.progress import TimeRemainingColumn as TimeRemainingColumn  # noqa: E402 - as above
from rich.table import Column as Column  # noqa: E402 - as above
from rich.table import Table as Table  # noqa: E402 - as above
from rich.text import Text as Text  # noqa: E402 - as above

random.setstate(_state)

#: Names the error handler below, as "replace" names Python's own: `stream.reconfigure(errors=READABLE)`.
READABLE = "tinygrad_edu.readable"

_SPELLED = {
    "∂": "d", "·": "*", "×": "*", "√": "sqrt", "∛": "cbrt", "∇": "grad ", "→": "->", "←": "<-", "↑": "^", "↓": "v",
    "…": "...", "–": "-", "−": "-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "±": "+-", "½": "1/2", "‖": "||",
    "⟨": "<", "⟩": ">", "✗": "x", "✓": "ok", "°": " degrees", "µ": "u", "λ": "lambda",
}  # fmt: skip


def text_of(printed: RenderableType, width: int = 118) -> str:
    """What rich would print, as plain text without colors, of lines with at most `width` characters.

    >>> print(text_of(Table("input", "gradient", title="a table")).splitlines()[1])
    ┏━━━━━━━┳━━━━━━━━━━┓
    """
    console = Console(file=io.StringIO(), width=width, color_system=None, force_jupyter=False)
    with console.capture() as captured:
        console.print(printed)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def as_a_program() -> None:
    """For a process that is a program of ours: what it says is readable everywhere, and anything may be typed.

    When nobody reads on, as in `| head -1`, the process ends quietly, as others do on Unix.
    """
    for stream, errors in ((sys.stdout, READABLE), (sys.stderr, READABLE), (sys.stdin, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


@contextmanager
def readable(stream: IO[str]) -> Iterator[None]:
    """For the time of a block, a stream spells out what its encoding lacks, such as ∂ in ASCII."""
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    before = stream.errors
    stream.reconfigure(errors=READABLE)
    try:
        yield
    finally:
        stream.reconfigure(errors=before)


def spelled(character: str) -> str:
    """A character in ASCII: by its meaning, its name or its shape, and "?" if nothing is known of it.

    >>> "".join(map(spelled, "∂L/∂η = x² · wᵢ → ┏━┓ ü ?"))
    'dL/deta = x^2 * wi -> +-+ u ?'
    """
    if character.isascii():
        return character
    name, (kind, _, base) = unicodedata.name(character, ""), unicodedata.decomposition(character).partition(" ")
    if character in _SPELLED:
        return _SPELLED[character]
    if name.startswith("GREEK"):
        return name.split()[-1].capitalize() if character.isupper() else name.split()[-1].lower()
    if name.startswith("BOX DRAWINGS"):
        return "+" if " AND " in name else "|" if "VERTICAL" in name else "-"
    if kind == "<super>":
        return f"^{spelled(chr(int(base, 16)))}"
    return unicodedata.normalize("NFKD", character)[0] if _has_ascii_core(character) else "?"


def _has_ascii_core(character: str) -> bool:
    """Whether it is an ASCII character with something to it: an accent, or a place below the line."""
    return unicodedata.normalize("NFKD", character)[0].isascii()


def _spell_out(error: UnicodeError) -> tuple[str, int]:
    """What `codecs` asks for: the text in place of that which cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = "".join(map(spelled, error.object[error.start : error.end]))
    return text.replace("^-^", "^-"), error.end  # ⁻¹ is one exponent


codecs.register_error(READABLE, _spell_out)
