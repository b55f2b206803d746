"""The command line: one sentence and exit code 2 for every mistake."""

from __future__ import annotations

import pytest
from cli.running import run

from tinygrad_edu.__main__ import main
from tinygrad_edu.cli import formulas


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["step"], "the following arguments are required: FORMULA"),
        (["step", "x*x", "x=1", "--htlm", "a.html"], "unrecognized arguments: --htlm"),
        (["step", "x*y", "x=1"], "there is no value for 'y' (x given"),
        (["step", "x", "x=1"], "Value(1.0, label='x') is a leaf"),
        (["step", "2"], "Value(2.0) is a leaf"),
        (["step", "x*x", "x=one"], "the value of x has to be a number, not 'one'"),
        (["step", "x*x", "x=1", "x=2"], "x is given twice"),
        (["step", "x*x", "x=1", "y=2"], "the formula 'x*x' does not use y"),
        (["check", "2x", "x=3"], "a product needs its sign, as in 2*x"),
        (["check", "x^2", "x=3"], "'^' is no power in Python: that is **, as in x**2"),
        (["step", "x*x", "3"], "after the formula come values such as w=1, not '3'"),
        (["draw", "x*x", "x=3", "a.png"], "values such as w=1, not 'a.png'; the file that is written is -o a.png"),
        (["step", "x;y", "x=1"], "';' has no meaning in a formula"),
        (["step", "__import__(os)"], "no function is called '__import__'"),
        (["step", "(" * 500], "nested more than 100 deep"),
        (["step", "x*x", "x=1", "--html", "page.txt"], "a page is HTML"),
        (["step", "x*x", "x=1", "--html", "no such folder/page.html"], "cannot write 'no such folder/page.html'"),
        (["draw", "x*x", "x=1", "--out", "x.gif"], "a file ending in .svg, .png or .dot, not to 'x.gif'"),
        (["draw", "x*x", "x=1", "--out", "no such folder/x.svg"], "cannot write 'no such folder/x.svg'"),
        (["check", "tanh(x", "x=1"], "this bracket is never closed"),
        (["play", "tanh(x", "x=1"], "this bracket is never closed"),
        (["play", "x*y", "x=1"], "there is no value for 'y' (x given"),
        (["play", "x*x", "x=1e999"], "the page steps through finite numbers, and x is inf"),
        (["play", "x*x", "x=1", "--port", "80"], "unrecognized arguments: --port"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_with_exit_code_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(arguments)
    except SystemExit as leaving:  # as argparse leaves
        code = leaving.code
    said = capsys.readouterr()
    assert code == 2
    assert said.out == ""
    assert sentence in said.err
    assert said.err.startswith("python -m tinygrad_edu")
    assert said.err.count("\n") == 1


def test_the_process_itself_ends_with_that_code() -> None:
    done = run("step", "x", "x=1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_ctrl_c_in_a_command_ends_it_with_code_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(formulas, "gradcheck", interrupted)
    assert main(["check", "x*x", "x=1"]) == 130
    assert capsys.readouterr() == ("", "")
