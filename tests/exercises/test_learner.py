"""A learner's file: whatever is wrong with it is a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tinygrad_edu.exercises.learner import Learner, NotBegun, NotYet


def written(folder: Path, text: str, name: str = "mine.py") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def half(x):\n    return (x / 2\n", "Python cannot read line 2, 'return (x / 2': '(' was never closed."),
        ("def half(x)\n    return x\n", "Python cannot read line 1"),
        ("def half(x):\n\treturn x\n        pass\n", "Python cannot read line 3"),
        ("import no_such_package\n", "ModuleNotFoundError: No module named 'no_such_package', in line 1"),
        ("1 / 0\n", "importing it fails with ZeroDivisionError: division by zero, in line 1: 1 / 0."),
        ("raise SystemExit\n", "importing it fails with SystemExit, in line 1"),
        ("x = 1\n", "There is no function 'half' in mine.py; it has to keep its name."),
        ("half = 3\n", "There is no function 'half'"),
        ("def half():\n    return 1\n", "half cannot be called with 1 arguments: too many positional arguments."),
        (
            "def half(x):\n    return y\n",
            "half(3.0) fails with NameError: name 'y' is not defined, in line 2: return y.",
        ),
        ("def half(x):\n    return half(x)\n", "half(3.0) calls itself without end"),
        ("def half(x):\n    exit()\n", "half(3.0) fails with SystemExit"),
    ],
)
def test_a_sentence_for_each(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(NotYet) as finding:
        Learner(written(tmp_path, text)).call("half", 3.0)
    assert sentence in str(finding.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "null.py").write_bytes(b"x = 1\0")
    for file in (tmp_path / "missing.py", tmp_path, tmp_path / "null.py"):
        with pytest.raises(NotYet, match="cannot"):
            Learner(file)


def test_what_is_handed_out_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(NotBegun, match="put your lines where it says so"):
        Learner(written(tmp_path, "def half(x):\n    raise NotImplementedError\n")).call("half", 3.0)


def test_a_file_may_be_called_as_a_module_that_others_need(tmp_path: Path) -> None:
    import random

    text = "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\ndef half(x):\n    return A(x).x / 2\n"
    assert Learner(written(tmp_path, text, "random.py")).call("half", 3.0) == 1.5
    assert sys.modules["random"] is random


def test_a_long_call_is_cut(tmp_path: Path) -> None:
    with pytest.raises(NotYet) as finding:
        Learner(written(tmp_path, "def half(x):\n    1 / 0\n")).call("half", list(range(10_000)))
    assert len(str(finding.value)) < 200


def test_the_names_that_a_function_asks_for(tmp_path: Path) -> None:
    learner = Learner(written(tmp_path, "def half(x):\n    return x.data / len(x.inputs)\nclass Half:\n    pass\n"))
    assert set(learner.names_in("half")) == {"data", "len", "inputs"}
    assert learner.names_in("Half") == ()
