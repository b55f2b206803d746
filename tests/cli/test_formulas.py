"""The commands about a formula: step, draw and check."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest
from cli.running import run

from tinygrad_edu.__main__ import main

NEURON = ["tanh(w*x + b)", "w=1", "x=2", "b=-0.5"]


def test_step_opens_the_prompt_and_the_end_of_input_leaves_it() -> None:
    done = run("step", *NEURON, stdin="u\nn\nw\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "L = tanh(v2): 3 steps forward, and as many back" in done.stdout
    assert "∂L/∂v2 = 1 - L² = 1 - 0.905148² = 0.180707" in done.stdout
    assert "> <expression>(1)\n-> tanh(w*x + b)\n" in done.stdout


def test_step_with_html_writes_a_page_instead(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "backprop.html"
    assert main(["step", *NEURON, "--html", str(page)]) == 0
    assert "tanh" in page.read_text("utf-8")
    assert capsys.readouterr().out == f"wrote {page}\n"


@pytest.mark.parametrize("option", ["-o", "--out"])
def test_draw_writes_a_picture_with_gradients(tmp_path: Path, option: str) -> None:
    picture = tmp_path / "neuron.dot"
    assert main(["draw", "-w*x", "w=3", "x=2", option, str(picture)]) == 0
    with_gradients = picture.read_text("utf-8")
    assert main(["draw", "w*x", "w=3", "x=2", "--out", str(picture), "--forward-only"]) == 0
    assert "–" in picture.read_text("utf-8")
    assert with_gradients != picture.read_text("utf-8")


def test_check_prints_the_comparison_and_says_by_its_exit_code_whether_it_passed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "sin(x) * y", "x=1", "y=2"]) == 0
    assert "2 inputs passed" in capsys.readouterr().out
    assert main(["check", "log(x)", "x=-1"]) == 1
    assert "FAILED" in capsys.readouterr().out


def test_a_formula_may_begin_with_a_minus(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("u\n"))
    assert main(["step", "-x**2", "x=3"]) == 0
    assert "= -9" in capsys.readouterr().out


def test_names_are_not_taken_from_the_code_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("u\n"))
    assert main(["step", "x*x", "x=3"]) == 0


def test_the_session_in_the_readme_is_what_one_gets() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    found = re.search(r"^\$ tinygrad-edu (step .*?)\n(.*?)^```", readme, re.M | re.S)
    assert found
    shown = found[2]
    commands = re.findall(r"^\(step\) (.*)$", shown, re.M)
    done = run(*shlex.split(found[1]), stdin="".join(f"{command}\n" for command in commands))
    parts = done.stdout.split("(step) ")
    assert len(commands) > 3
    typed = [f"(step) {command}\n{said}" for command, said in zip(commands, parts[1:], strict=False)]
    assert "".join([parts[0], *typed]) == shown


def test_draw_says_that_the_formula_has_no_finite_number(tmp_path: Path, capsys) -> None:
    out = str(tmp_path / "graph.svg")
    assert main(["draw", "log(x)", "x=-1", "-o", out]) == 0
    assert capsys.readouterr() == (f"wrote {out}\n", "L is nan: step 'log(x)' ... shows where that comes from\n")
    assert main(["draw", "log(x)", "x=2", "-o", out]) == 0
    assert capsys.readouterr().err == ""
