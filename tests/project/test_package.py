"""What is installed from a wheel, in an environment of its own and far from the checkout, is whole and works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from browser import started_browser

import tinygrad_edu

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def run(*command: object, folder: Path) -> str:
    """What a program prints, started where nothing of the checkout is seen."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))}
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=settings, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, the scripts of an environment that has it and what it requires, and a folder to work in."""
    folder = tmp_path_factory.mktemp("package")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT, folder=folder)
    (wheel,) = folder.glob("*.whl")
    environment = venv.EnvBuilder(with_pip=False)
    environment.create(folder / "environment")
    scripts = Path(environment.ensure_directories(folder / "environment").bin_path)
    run(*pip, "--python", scripts / "python", "install", wheel, folder=folder)
    return SimpleNamespace(wheel=wheel, scripts=scripts, folder=folder)


def test_the_wheel_holds_the_package_and_nothing_else(installed):
    with zipfile.ZipFile(installed.wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        about = archive.read(f"tinygrad_edu-{tinygrad_edu.__version__}.dist-info/METADATA").decode()
    known = subprocess.run(
        ["git", "ls-files", "tinygrad_edu"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(known) <= names
    assert all(name.startswith("tinygrad_edu/") for name in names)
    assert {"tinygrad_edu/py.typed", "tinygrad_edu/stepping/assets/page.js"} <= names
    assert "*Picture: A network that has learned XOR" in about
    assert "](demos/pictures" not in about, "an index cannot show it"


def test_the_command_line_works_without_the_checkout(installed):
    command = installed.scripts / "tinygrad-edu"
    assert run(command, "--version", folder=installed.folder) == f"tinygrad_edu {tinygrad_edu.__version__}\n"
    run(command, "draw", "tanh(w*x + b)", "w=1", "x=2", "b=-0.5", "-o", "graph.svg", folder=installed.folder)
    assert (installed.folder / "graph.svg").read_text("utf-8").rstrip().endswith("</svg>")
    where = run(installed.scripts / "python", "-c", "import tinygrad_edu; print(tinygrad_edu)", folder=installed.folder)
    assert "environment" in where


def test_exercises_are_handed_out_and_checked_without_the_checkout(installed):
    command, folder = installed.scripts / "tinygrad-edu", installed.folder
    assert "wrote 04_activations.py" in run(command, "exercise", "4", folder=folder)
    assert (folder / "04_activations.py").read_bytes() == (ROOT / "demos/exercises/04_activations.py").read_bytes()
    (folder / "04_activations.py").write_bytes((ROOT / "tests/demos/solutions/04_activations.py").read_bytes())
    assert "the slope of silu: done" in run(command, "exercise", "4", folder=folder)


def test_its_page_opens_and_computes(installed):
    command = installed.scripts / "tinygrad-edu"
    run(command, "step", "w*x", "w=3", "x=2", "--html", "page.html", folder=installed.folder)
    with started_browser() as browser:
        page, errors = browser.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((installed.folder / "page.html").as_uri())
        page.keyboard.press("End")
        page.wait_for_timeout(100)
        text = page.inner_text("body")
    assert errors == []
    assert re.search(r"w\.grad = 0 \+ 1 × 2 = 2", text), text


def test_an_extra_that_is_missing_is_named(installed):
    code = "from tinygrad_edu.plotting import plot_activations\ntry: plot_activations(['tanh'])"
    code += "\nexcept ImportError as error: print(error)"
    assert "tinygrad_edu[learn]" in run(installed.scripts / "python", "-c", code, folder=installed.folder)


def test_the_licenses_of_what_is_required_are_those_that_the_readme_names():
    readme = (ROOT / "README.md").read_text("utf-8")
    for requirement in PROJECT["project"]["dependencies"]:
        name = re.split(r"[<>=]", requirement)[0]
        about = metadata(name)
        words = " ".join(
            [about.get("License-Expression") or "", about.get("License") or "", *about.get_all("Classifier")]
        )
        (said,) = re.findall(rf"^\| `{name}` \| ([\w.-]+)", readme, re.M)
        assert said.split("-")[0] in words, f"{name}: {words[:200]}"
