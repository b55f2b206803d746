"""Every demo runs as a script, in its quick mode and in a process of its own; every numbered one as a notebook too.

A notebook is made from the script itself, as Jupyter does it with jupytext, so there is no second copy to keep in step.
"""

import functools
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

TESTS = Path(__file__).parents[1]
DEMOS = TESTS.parent / "demos"
CHAPTERS = sorted(DEMOS.glob("[0-9]*.py"))
# Demos that another test file names are run there.
ELSEWHERE = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py") if path != Path(__file__))
OTHERS = sorted(path for path in {*DEMOS.glob("*.py")} - {*CHAPTERS} if path.name not in {"common.py", "conftest.py"})
SCRIPTS = [*CHAPTERS, *(path for path in OTHERS if path.stem not in ELSEWHERE)]


def test_there_is_a_demo_for_each_chapter():
    assert [path.name[:2] for path in CHAPTERS] == [f"{number:02}" for number in range(1, len(CHAPTERS) + 1)]
    assert len(CHAPTERS) == 18


@pytest.fixture(scope="session")
def quick_run(tmp_path_factory):
    """Runs a script once, as a reader runs it; returns what it printed and the folder it wrote to."""

    @functools.cache
    def run(script):
        folder = tmp_path_factory.mktemp(script.stem)
        command = [sys.executable, "-W", "error", str(script), "--quick", "--out", "a new folder"]
        finished = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, encoding="utf-8")
        assert finished.returncode == 0, finished.stderr
        assert os.listdir(folder) == ["a new folder"]
        return finished.stdout, folder / "a new folder"

    return run


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_runs_and_says_what_it_wrote(script, quick_run):
    printed, out = quick_run(script)
    written = sorted(path.name for path in out.iterdir())
    assert written
    assert all(path.stat().st_size > 0 for path in out.iterdir())
    assert [name for name in written if name not in printed] == []
    assert printed.rstrip().splitlines()[-1].startswith("Next: ")


def texts(svg):
    """All the words and numbers in a picture."""
    return " ".join("".join(element.itertext()) for element in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text"))


def test_digits_learns_checks_and_draws(quick_run):
    printed, out = quick_run(DEMOS / "digits.py")
    accuracy = float(re.search(r"Test accuracy: ([\d.]+)%", printed)[1])
    assert 80 < accuracy <= 100
    rows = [
        [int(n) for n in re.sub("·", "0", row).split("│")[2:-1]] for row in re.findall(r"^│ \d .*│$", printed, re.M)
    ]
    assert [len(row) for row in rows] == [10] * 10
    assert sum(map(sum, rows)) == 360, "every test image is in the table once"
    assert accuracy == round(100 * sum(rows[k][k] for k in range(10)) / 360, 1)
    assert "64 inputs passed" in printed

    neuron, loss = (out / f"digits_{name}.svg" for name in ("neuron", "loss"))
    assert all(f"{out.name}{os.sep}{file.name}" in printed for file in (neuron, loss))
    words = texts(neuron)
    assert all(word in words for word in ("tanh", "w·x + b", "b₁", "the other 60 pixels", "∂", "←"))
    assert ET.parse(loss).getroot().tag.endswith("svg")
    assert printed.rstrip().splitlines()[-1].startswith("Next: ")


def numbers_after(words, printed):
    """The numbers of the line that begins with these words."""
    (line,) = [line for line in printed.splitlines() if line.startswith(words)]
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?", line[len(words) :])]


def test_a_perceptron_learns_what_a_line_can_separate(quick_run):
    printed, _ = quick_run(DEMOS / "01_neuron.py")
    assert len(re.findall(r"^(AND|OR) .*: learned in epoch \d+$", printed, re.M)) == 2
    assert re.search(r"^XOR .*: a circle$", printed, re.M)


def test_three_views_of_a_network_have_one_gradient(quick_run):
    printed, _ = quick_run(DEMOS / "02_forward.py")
    (difference,) = numbers_after("Largest difference between the gradients of the three views:", printed)
    assert difference < 1e-12


def test_a_backward_pass_by_hand_is_right_at_a_and_wrong_at_z(quick_run):
    printed, _ = quick_run(DEMOS / "06_backpropagation.py")
    for row in ("W2[0]", "W2[1]"):
        found, differences, at_a, at_z = numbers_after(row, printed)
        assert found == at_a == pytest.approx(differences, rel=1e-3)
        assert abs(at_z - found) > 0.1 * abs(found)


def test_xor_is_reproduced_weight_for_weight(quick_run):
    printed, _ = quick_run(DEMOS / "08_training_loop.py")
    rows = re.findall(r"^W[12]\[[01,]+\] +(\S+) +(\S+) +(\S+)$", printed, re.M)
    assert len(rows) == 6
    for by_hand, values, apart in rows:
        assert by_hand == values
        assert float(apart) < 1e-12


def test_a_saved_network_answers_alike(quick_run):
    printed, _ = quick_run(DEMOS / "09_predictions.py")
    assert "the copy gives the same answers: True" in printed


def test_the_transformer_learns_and_replay_is_faster(quick_run):
    printed, _ = quick_run(DEMOS / "15_transformer.py")
    losses = [float(loss) for loss in re.findall(r"test loss (\S+) nats", printed)]
    assert losses[-1] < losses[0] - 0.1
    assert float(re.search(r": (\d+) times faster", printed)[1]) > 10


def test_a_wrong_derivative_is_found_and_the_right_one_sees_the_seasons(quick_run):
    printed, _ = quick_run(DEMOS / "16_your_own_operation.py")
    assert "2 of 2 inputs FAILED" in printed
    assert "the operation 'snake' is wrong" in printed
    assert "2 inputs passed" in printed
    seasons = {name: numbers_after(f"{name} ", printed)[2] for name in ("tanh", "relu", "snake")}
    assert seasons["snake"] < 0.7 * min(seasons["tanh"], seasons["relu"])


def test_simulations_agree_with_closed_forms_and_scipy(quick_run):
    printed, _ = quick_run(DEMOS / "17_classical_mechanics.py")
    simulated, exact = numbers_after("period", printed)
    assert simulated == pytest.approx(exact, rel=1e-5)
    assert "length +0.500 %, gravity -0.500 %" in printed
    vacuum = re.search(r"^in a vacuum +([\d.]+)° +([\d.]+)°", printed, re.M)
    assert float(vacuum[1]) == float(vacuum[2]) == 44.862, "atan(v / sqrt(v² + 2gh))"
    assert "The exponent is 0.511 ± 0.019" in printed


def test_every_line_of_the_reading_path_is_shown(quick_run):
    printed, _ = quick_run(DEMOS / "18_reading_the_engine.py")
    shown = [line.rstrip() for line in re.findall(r"^ *\d+ │ ?(.*)$", printed, re.M)]
    for name in ("op.py", "value.py", "backprop.py"):
        lines = [line.rstrip() for line in (DEMOS.parent / "tinygrad_edu" / name).read_text("utf-8").splitlines()]
        assert any(shown[k : k + len(lines)] == lines for k in range(len(shown))), name


@pytest.fixture(scope="module")
def kernel():
    """A kernel that runs one notebook after another, so that what they all import is imported once."""
    client = NotebookClient(new_notebook(), timeout=600, resources={"metadata": {"path": str(DEMOS)}})
    with client.setup_kernel():
        yield client


@pytest.mark.parametrize("script", CHAPTERS, ids=lambda path: path.stem)
def test_script_opens_and_runs_as_a_notebook(script, tmp_path, kernel):
    notebook = jupytext.read(script)
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")
    afresh = f"%reset -f\n%env TINYGRAD_EDU_QUICK=1\n%env TINYGRAD_EDU_OUT={tmp_path}"
    kernel.nb = new_notebook(cells=[new_code_cell(afresh), *notebook.cells])
    kernel.reset_execution_trackers()
    for index, cell in enumerate(kernel.nb.cells):
        kernel.execute_cell(cell, index)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == len(list(tmp_path.glob("*.png")))
    assert pictures


@pytest.mark.parametrize("script", CHAPTERS, ids=lambda path: path.stem)
def test_script_names_only_demos_that_exist(script):
    named = set(re.findall(r"\d\d_\w+\.py", script.read_text(encoding="utf-8")))
    assert [name for name in named if not (DEMOS / name).exists()] == []


@pytest.mark.parametrize("script", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_ends_in_questions_and_names_its_exercise(script):
    (cell,) = [cell.source for cell in jupytext.read(script).cells if cell.source.startswith("## Exercises")]
    questions = re.findall(r"^(\d)\. ", cell, re.M)
    assert questions == [str(k) for k in range(1, len(questions) + 1)]
    assert len(questions) >= 2
    words = " ".join(cell.split())  # lines are broken anywhere
    assert f"`demos/exercises/{script.name}`" in words
    assert f"`tinygrad-edu exercise {int(script.stem[:2])}`" in words
