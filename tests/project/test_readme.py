"""The README's examples run as they stand, and do what it says."""

import math
import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda code: code.strip().splitlines()[-1][:40])
def test_an_example_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})


def test_the_library_example_learns_xor_and_draws(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(EXAMPLES[0], "README.md", "exec"), {"__name__": "__main__"})
    gradients, outputs = capsys.readouterr().out.splitlines()
    slope = 1 - math.tanh(-1.0) ** 2
    assert [float(g) for g in gradients.split()] == pytest.approx([-3 * slope, 2 * slope])
    assert [float(x) for x in outputs.strip("[]").split(",")] == pytest.approx([0, 1, 1, 0], abs=0.1)
    assert (tmp_path / "c.svg").read_text("utf-8").rstrip().endswith("</svg>")


def test_there_are_two_commands_and_ci_runs_them():
    commands = re.findall(r"^python3 -m venv .*$", README, re.M)
    assert len(commands) == 2
    assert commands[0].endswith("demos/digits.py")
    assert "tests/browser.py" in commands[1], "the tests of the page need one"
    assert "pytest" in commands[1]
    ci = (Path(__file__).parents[2] / ".ci" / "run").read_text("utf-8")
    assert "grep '^python3 -m venv' README.md" in ci
