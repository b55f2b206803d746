"""The README's examples run as they stand, and do what it says."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score

import tinygrad_edu
from tinygrad_edu import nn, optim, training
from tinygrad_edu.nn import losses

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


def test_the_listing_of_a_program_is_what_is_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = [example for example in EXAMPLES if "print(program)  # the listing below" in example]
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out.splitlines()
    (listing,) = re.findall(r"^```text\n(68 Values.*?)^```", README, re.M | re.S)
    shown = [line for line in listing.splitlines() if line != "..."]
    assert [line for line in printed if line in shown] == shown


def test_there_are_two_commands_and_ci_runs_them():
    commands = re.findall(r"^python3 -m venv .*$", README, re.M)
    assert len(commands) == 2
    assert commands[0].endswith("demos/digits.py")
    assert "tests/browser.py" in commands[1], "the tests of the page need one"
    assert "pytest" in commands[1]
    ci = (Path(__file__).parents[2] / ".ci" / "run").read_text("utf-8")
    assert "grep '^python3 -m venv' README.md" in ci


def rows_of_tables():
    """What stands in the right column of each table of names, piece of code by piece of code."""
    part = README.partition("## Coming from elsewhere")[2].partition("\n## ")[0]
    cells = re.findall(r"^\|.*\| (.*) \|$", part, re.M)
    return [code for cell in cells if not cell.startswith(("here", "---")) for code in re.findall(r"`([^`]+)`", cell)]


@pytest.fixture(scope="module")
def what_a_reader_has():
    """The public names, and things called as in the tables."""
    X = np.random.default_rng(0).normal(size=(30, 2))
    y, x, w = np.arange(30) % 2, tinygrad_edu.Value(0.5), tinygrad_edu.Value(2.0)
    model = nn.MLP(2, [4, 2], "tanh", seed=0)
    with pytest.warns(ConvergenceWarning):
        classifier = training.MLPClassifier(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(X, y)
    names = {name: getattr(room, name) for room in (training, optim, losses, nn, tinygrad_edu) for name in room.__all__}
    return {
        **names, "X": X, "y": y, "X_valid": X, "y_valid": y, "x": x, "W": tinygrad_edu.array(X), "model": model,
        "row": X[0], "logits": model(X[0]), "label": 1, "loss": (x * w).tanh(), "f": lambda a: a.tanh(),
        "classifier": classifier, "tinygrad_edu": tinygrad_edu,
        "optimizer": optim.SGD(model.parameters(), lr=0.1), "cross_val_score": cross_val_score,
        "MLPClassifier": training.MLPClassifier, "history": training.fit(model, X, y, loss="cross_entropy", epochs=1),
    }  # fmt: skip


def test_the_tables_of_names_are_there():
    assert len(rows_of_tables()) > 30


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # so few epochs are enough here
@pytest.mark.parametrize("code", rows_of_tables())
def test_what_the_tables_say_is_so(code, what_a_reader_has, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if re.match(r"\w+=", code):
        code = f"fit(model, X, y, loss='cross_entropy', epochs=1, {code})"
    exec(code, what_a_reader_has)
