"""Every public name has a sentence and an example that runs as a doctest; every public method has a sentence.

Public is what the packages and the modules of the core list in `__all__`: what people import. Doctests are collected
from the package itself, so an example that is there is an example that runs.
"""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_edu
from tinygrad_edu.op import RULE_BOOK

INTERNAL = {
    # The parts that the packages are made of; what is public in them, the packages list.
    "tinygrad_edu.drawing", "tinygrad_edu.stepping", "tinygrad_edu.replay", "tinygrad_edu.optim",
    "tinygrad_edu.training", "tinygrad_edu.diagnosis", "tinygrad_edu.notebooks", "tinygrad_edu.plotting",
    "tinygrad_edu.cli", "tinygrad_edu.exercises",
}  # fmt: skip
MODULES = [
    name
    for _, name, is_package in [
        ("", "tinygrad_edu", True),
        *pkgutil.walk_packages(tinygrad_edu.__path__, "tinygrad_edu."),
    ]
    if is_package or name.rpartition(".")[0] not in INTERNAL
    if not name.endswith("__main__")
]


def public_objects():
    """Each public function and class once, by the name it is imported under."""
    found = {}
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", []):
            item = getattr(module, name)
            if (inspect.isclass(item) or inspect.isroutine(item)) and item.__module__.startswith("tinygrad_edu"):
                found.setdefault(item, f"{module_name}.{name}")
    return {name: item for item, name in found.items()}


PUBLIC = public_objects()


def own_documentation(item):
    return inspect.cleandoc(item.__doc__ or "")


def has_example(item):
    methods = [vars(item)[name] for name in vars(item) if not name.startswith("_")] if inspect.isclass(item) else []
    return any(">>> " in own_documentation(thing) for thing in [item, *methods])


def test_the_contract_is_among_what_is_checked():
    names = {name.rpartition(".")[2] for name in PUBLIC}
    assert {"Value", "MLP", "draw", "debug", "record", "fit", "Conv2d", "LSTM", "plot_loss", "cross_entropy"} <= names
    assert len(PUBLIC) > 100


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_name_has_a_sentence_and_an_example(name):
    text = own_documentation(PUBLIC[name])
    first = text.partition("\n\n")[0]
    assert first
    assert first.endswith((".", ":", "?"))
    assert has_example(PUBLIC[name])


@pytest.mark.parametrize("name", sorted(name for name, item in PUBLIC.items() if inspect.isclass(item)))
def test_public_methods_have_a_sentence(name):
    item = PUBLIC[name]
    methods = {key: value for key, value in vars(item).items() if not key.startswith("_") and inspect.isfunction(value)}
    assert [key for key, method in methods.items() if not inspect.getdoc(method)] == []


def test_the_checks_can_fail():
    def bare():
        pass

    class Documented:
        """A class with an example in a method."""

        def method(self):
            """Do it.

            >>> 1 + 1
            2
            """

    assert not has_example(bare)
    assert has_example(Documented)


def test_the_reference_has_a_page_for_each_idea_and_no_warnings(tmp_path):
    script = Path(__file__).parents[2] / ".ci" / "reference" / "build.py"
    command = [sys.executable, "-W", "error", str(script), str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    assert "warn" not in run.stderr.lower()
    pages = {file.relative_to(tmp_path): file.read_text("utf-8") for file in tmp_path.rglob("*.html")}
    assert len(pages) > 20
    documented = {anchor for page in pages.values() for anchor in re.findall(r'<section id="(\w+)"', page)}
    assert set(tinygrad_edu.__all__) - documented == {"__version__"}
    rules = pages[Path("tinygrad_edu/ops.html")]
    assert all(f"<code>{name}</code>" in rules for name in RULE_BOOK)
    assert "∂y/∂a = 1 − y²" in rules
    assert '"gradcheck"' in (tmp_path / "search.js").read_text("utf-8")
