"""The tests mirror the package: each module has a test file of its name, and each test file a module.

Three folders have no module of their name: `project` is about the package and its files as a whole, `reliability` about
what must hold whatever one does, `demos` about the demos. A file about one side of a module adds that to its name:
`test_fit_recording.py` belongs to the module `fit`.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
ELSEWHERE = {"project", "reliability", "demos"}


def modules_and_packages(package: Path) -> dict[Path, set[str]]:
    """By folder below the package: the names of its modules, and its own."""
    found: dict[Path, set[str]] = {}
    for file in package.rglob("*.py"):
        folder = file.parent.relative_to(package)
        found.setdefault(folder, set())
        if not file.stem.startswith("__"):
            found[folder].add(file.stem)
    return found


def files_in(folder: Path) -> dict[Path, set[str]]:
    found: dict[Path, set[str]] = {}
    for file in folder.rglob("test_*.py"):
        below = file.parent.relative_to(folder)
        if below.parts[:1] not in {(name,) for name in ELSEWHERE}:
            found.setdefault(below, set()).add(file.stem.removeprefix("test_"))
    return found


def without_a_test(modules: dict[Path, set[str]], tests: dict[Path, set[str]]) -> set[str]:
    return {str(folder / name) for folder, names in modules.items() for name in names - tests.get(folder, set())}


def without_a_module(modules: dict[Path, set[str]], tests: dict[Path, set[str]]) -> set[str]:
    """Test files of no module, of no side of a module, and not of the package whose folder they stand in."""
    return {
        str(folder / name)
        for folder, names in tests.items()
        for name in names
        if name != folder.name and not any(f"{name}_".startswith(f"{module}_") for module in modules.get(folder, set()))
    }


MODULES, TESTS = modules_and_packages(ROOT / "tinygrad_edu"), files_in(ROOT / "tests")


def test_each_module_has_a_test_file_of_its_name():
    assert len(MODULES) > 5
    assert without_a_test(MODULES, TESTS) == set()


def test_each_test_file_belongs_to_a_module():
    assert without_a_module(MODULES, TESTS) == set()


def test_the_check_sees_what_is_missing_and_what_is_left_over():
    here, nn = Path("."), Path("nn")
    modules = {here: {"value", "ops"}, nn: {"layers", "conv"}}
    tests = {here: {"value", "value_pickling", "oops"}, nn: {"layers", "nn", "layer"}}
    assert without_a_test(modules, tests) == {"ops", "nn/conv"}
    assert without_a_module(modules, tests) == {"oops", "nn/layer"}
