"""Every demo runs as a script, in its quick mode and in a process of its own; every numbered one as a notebook too.

A notebook is made from the script itself, as Jupyter does it with jupytext, so there is no second copy to keep in step.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient

TESTS = Path(__file__).parents[1]
DEMOS = TESTS.parent / "demos"
CHAPTERS = sorted(DEMOS.glob("[0-9]*.py"))
# Demos that another test file names are run there.
ELSEWHERE = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py") if path != Path(__file__))
OTHERS = sorted(path for path in {*DEMOS.glob("*.py")} - {*CHAPTERS} if path.name not in {"common.py"})
SCRIPTS = [*CHAPTERS, *(path for path in OTHERS if path.stem not in ELSEWHERE)]


def test_there_is_a_demo_for_each_chapter():
    assert [path.name[:2] for path in CHAPTERS] == [f"{number:02}" for number in range(1, len(CHAPTERS) + 1)]
    assert len(CHAPTERS) == 15


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_runs_and_says_what_it_wrote(script, tmp_path):
    out = tmp_path / "a new folder"
    command = [sys.executable, "-W", "error", str(script), "--quick", "--out", str(out)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    written = sorted(path.name for path in out.iterdir())
    assert written
    assert all(path.stat().st_size > 0 for path in out.iterdir())
    assert [name for name in written if name not in run.stdout] == []
    assert os.listdir(tmp_path) == ["a new folder"]


@pytest.mark.parametrize("script", CHAPTERS, ids=lambda path: path.stem)
def test_script_opens_and_runs_as_a_notebook(script, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGRAD_EDU_QUICK", "1")
    monkeypatch.setenv("TINYGRAD_EDU_OUT", str(tmp_path))
    notebook = jupytext.read(script)
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(DEMOS)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == len(list(tmp_path.glob("*.png")))
    assert pictures


@pytest.mark.parametrize("script", CHAPTERS, ids=lambda path: path.stem)
def test_script_names_only_demos_that_exist(script):
    named = set(re.findall(r"\d\d_\w+\.py", script.read_text(encoding="utf-8")))
    assert [name for name in named if not (DEMOS / name).exists()] == []
