"""The command line and the demos say what they have to say on any terminal, and where little may be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_edu.terminal import READABLE, Table, spelled, text_of

ROOT = Path(__file__).parents[1]
NEURON = ["tanh(w*x + b)", "w=1", "x=2", "b=-0.5"]
LOCALE_C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
NARROW = {"COLUMNS": "40", "NO_COLOR": "1", "TERM": "dumb"}


def run(
    *arguments: str, stdin: str = "", cwd: Path = ROOT, without: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """What Python says when it is called so. Each byte is read as a character, whatever it was written as."""
    inherited = {name: text for name, text in os.environ.items() if name != without}
    env = {**inherited, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, encoding="latin-1", timeout=60, check=False, env=env, cwd=cwd
    )


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, LOCALE_C], ids=["ascii", "locale C"])
def test_what_ascii_lacks_is_spelled_out(environment: dict[str, str]) -> None:
    done = run("-m", "tinygrad_edu", "step", *NEURON, stdin="u\nn\nwhy x\nw ü\n", **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii(), "nor is what was typed a reason to stop"
    assert "dL/dv2 = 1 - L^2 = 1 - 0.905148^2 = 0.180707          v2.grad = 0 + 1 * 0.180707 = 0.180707" in done.stdout
    assert "x -> v1 -> v2 -> L  1 * 1 * 0.180707" in done.stdout


def test_a_terminal_of_western_europe_keeps_what_it_has() -> None:
    done = run("-m", "tinygrad_edu", "step", *NEURON, stdin="u\nn\n", PYTHONIOENCODING="cp1252")
    assert (done.returncode, done.stderr) == (0, "")
    assert "dL/dv2 = 1 - L² = 1 - 0.905148² = 0.180707          v2.grad = 0 + 1 × 0.180707" in done.stdout


def test_numbers_stay_whole_on_a_narrow_terminal() -> None:
    check = run("-m", "tinygrad_edu", "check", *NEURON, PYTHONIOENCODING="ascii", **NARROW)
    assert (check.returncode, check.stderr) == (0, "")
    assert "| b     | -0.5 | 0.18070664 | 0.18070664 |" in check.stdout
    step = run("-m", "tinygrad_edu", "step", *NEURON, stdin="u\nwhy x\n", PYTHONIOENCODING="ascii", **NARROW)
    assert "x -> v1 -> v2 -> L  1 * 1 * 0.180707              0.180707" in step.stdout


def test_a_demo_says_everything_anywhere(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.touch()
    script = [str(ROOT / "demos" / "why_topological_order.py"), "--quick", "--out", str(tmp_path / "pictures")]
    # A home that is no folder cannot be written to, not even by root; matplotlib is told where to write instead.
    places = {"HOME": str(file), "MPLCONFIGDIR": str(tmp_path)}
    done = run(*script, **places, **LOCALE_C, **NARROW)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "|b -> a: 2 + 2 = 4|c -> b: 1 + 1 = 2  |b -> a: 1 replaces 1  |b -> a: 4 + 4 = 8  |" in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].startswith("Next: ")


def test_no_home_is_needed(tmp_path: Path) -> None:
    done = run("-m", "tinygrad_edu", "train", "xor", "--epochs", "3", "--out", str(tmp_path), without="HOME", **NARROW)
    assert (done.returncode, done.stderr) == (0, "")
    assert "accuracy: " in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["-m", "tinygrad_edu", "draw", *NEURON, "--out", "a file/graph.svg"],
        ["-m", "tinygrad_edu", "train", "xor", "--out", "a file"],
        [str(ROOT / "demos" / "why_topological_order.py"), "--quick", "--out", "a file/pictures"],
    ],
    ids=["draw", "train", "demo"],
)
def test_where_nothing_can_be_written_one_sentence_says_so(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert "a file" in done.stderr
    assert "Errno" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal for it")
@pytest.mark.parametrize(
    "arguments",
    [
        ["-m", "tinygrad_edu", "check", *NEURON],
        ["-m", "tinygrad_edu", "step", *NEURON],
        [str(ROOT / "demos" / "why_topological_order.py"), "--quick"],
    ],
    ids=["check", "step", "demo"],
)
def test_a_reader_that_stops_reading_ends_it_quietly(arguments: list[str], tmp_path: Path) -> None:
    """As in `| head -1`, at its earliest: nobody reads from the beginning."""
    ours, theirs = os.pipe()
    os.close(ours)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with open(theirs, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, *arguments], stdin=subprocess.DEVNULL, stdout=nobody, stderr=subprocess.PIPE, timeout=60,
            check=False, env=env, cwd=tmp_path,
        )  # fmt: skip
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("written", "in_ascii"),
    [
        ("a + b", "a + b"),
        ("∂L/∂w = −0.5", "dL/dw = -0.5"),
        ("x² · y⁻¹ ≤ √2", "x^2 * y^-1 <= sqrt2"),
        ("Σ wᵢ, Δ, η", "Sigma wi, Delta, eta"),
        ("┏━┳━┓ │ ╋", "+-+-+ | +"),
        ("Müller, naïve", "Muller, naive"),
        ("漢", "?"),
    ],
)
def test_a_character_that_is_lacking_is_spelled_out(written: str, in_ascii: str) -> None:
    assert written.encode("ascii", READABLE).decode() == in_ascii
    assert all(spelled(character).isascii() for character in written)


def test_what_a_terminal_has_stays() -> None:
    assert "x² − ü".encode("latin-1", READABLE) == b"x\xb2 - \xfc"


def test_bytes_that_cannot_be_read_are_not_its_business() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", READABLE)


def test_a_table_as_text_is_plain_and_as_wide_as_asked() -> None:
    table = Table("input", "gradient")
    table.add_row("w", "0.25")
    text = text_of(table)
    assert [line.split() for line in text.splitlines()[1:4:2]] == [
        ["┃", "input", "┃", "gradient", "┃"],
        ["│", "w", "│", "0.25", "│"],
    ]
    assert "\x1b" not in text
    table.add_row("w" * 200, "0.5")
    assert max(map(len, text_of(table, width=40).splitlines())) <= 40


def test_no_line_of_a_table_as_text_ends_in_spaces():
    table = Table("input", "what it is", box=None)
    table.add_row("w", "a weight of the first neuron")
    table.add_row("b", "a bias")
    lines = text_of(table).splitlines()
    assert lines[-1].endswith("a bias")
    assert [line.rstrip() for line in lines] == lines


def test_making_a_text_in_a_notebook_shows_nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr("rich.jupyter.display", lambda *output: shown.append(output))
    table = Table("input", "gradient")
    table.add_row("x", "2")
    assert "gradient" in text_of(table)
    assert shown == []
