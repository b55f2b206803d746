"""Imports point one way, each module imports what it says it may, and extras are only imported when used."""

import ast
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tinygrad_edu"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A part may import the parts before it. `files` writes files for whoever needs it and knows nothing of Values.
PARTS = (
    "files",
    "ops",
    "number_systems",
    "value",
    "backprop",
    "anomaly",
    "checking",
    "nn",
    "replay",
    "training",
    "drawing",
    "stepping",
    "__main__",
)
REQUIRED = {"numpy", "graphviz", "rich"}


def name_of(file: Path) -> str:
    """The dotted name below the package: `nn.losses`, and `nn` for its `__init__`."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(file) for file in MODULES}


@cache
def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def absolute_imports(nodes: list[ast.AST]) -> set[str]:
    """Dotted names of what these nodes import; an imported module counts, an imported name counts as its module."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write the package's name out"
            for alias in node.names:
                is_module = f"{node.module}.{alias.name}".removeprefix("tinygrad_edu.") in NAMES
                found.add(f"{node.module}.{alias.name}" if is_module else str(node.module))
    return found


def inside(file: Path, belongs: Callable[[ast.AST], bool]) -> set[int]:
    """The ids of all nodes inside the nodes that `belongs` picks."""
    return {id(inner) for node in ast.walk(parse(file)) if belongs(node) for inner in ast.walk(node)}


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def is_a_function(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))


def own_imports(file: Path, at_run_time: bool = False) -> set[str]:
    """The modules of this package that a file imports anywhere, inside functions too."""
    skipped = inside(file, is_for_type_checkers) if at_run_time else set()
    imports = absolute_imports([node for node in ast.walk(parse(file)) if id(node) not in skipped])
    own = {name for name in imports if name.split(".")[0] == "tinygrad_edu"}
    return {name.removeprefix("tinygrad_edu").removeprefix(".") for name in own}


def imports_at_the_top(file: Path) -> set[str]:
    """What a file imports as soon as it is imported itself."""
    skipped = inside(file, is_for_type_checkers) | inside(file, is_a_function)
    return absolute_imports([node for node in ast.walk(parse(file)) if id(node) not in skipped])


def illegal(importer: str, imported: set[str]) -> set[str]:
    """Those of `imported` that do not stand before the importer's part, or are no part."""
    own = importer.split(".")[0]
    allowed = set(PARTS[: PARTS.index(own) + 1])
    return {name for name in imported if name.split(".")[0] not in allowed}


submodules = pytest.mark.parametrize("file", [f for f in MODULES if name_of(f)], ids=name_of)


@submodules
def test_imports_point_one_way(file):
    assert name_of(file).split(".")[0] in PARTS
    assert illegal(name_of(file), own_imports(file)) == set()


def test_the_check_catches_an_import_that_points_the_other_way():
    assert illegal("value", {"backprop", "ops"}) == {"backprop"}
    assert illegal("nn.layers", {"nn.module", "drawing.graph", "value"}) == {"drawing.graph"}
    assert illegal("nn.layers", {""}) == {""}, "the whole package is not a part"


def test_no_module_imports_itself_by_a_detour():
    graph = {name_of(f): own_imports(f, at_run_time=True) & NAMES for f in MODULES if name_of(f)}
    # A package's own __init__ gathers its modules; they may not ask it for anything.
    assert [name for name, imported in graph.items() if name.rpartition(".")[0] in imported and "." in name] == []
    done: set[str] = set()
    while len(done) < len(graph):
        ready = {name for name, imported in graph.items() if name not in done and imported <= done}
        assert ready, f"these import each other in a circle: {sorted(set(graph) - done)}"
        done |= ready


@submodules
def test_a_module_says_what_it_may_import_and_keeps_to_it(file):
    docstring = ast.get_docstring(parse(file)) or ""
    _, found, allowed = docstring.partition("May import:")
    assert found or not own_imports(file) or file.name == "__init__.py", "the docstring should say: May import: ..."
    words = set(re.findall(r"\w+", allowed))
    other_parts = {name for name in own_imports(file) if name.split(".")[0] != name_of(file).split(".")[0]}
    if "everything" not in words:
        assert {name for name in other_parts if not words & set(name.split("."))} == set(), f"may import:{allowed}"


def imported_at_once() -> set[Path]:
    """The files that run as soon as the package is imported or started from the command line."""
    reached, to_visit = set(), [file for file in MODULES if name_of(file) in ("", "__main__")]
    while to_visit:
        file = to_visit.pop()
        if file not in reached:
            reached.add(file)
            own = {name.removeprefix("tinygrad_edu.") for name in imports_at_the_top(file)}
            to_visit += [other for other in MODULES if name_of(other) in own]
    return reached


def test_extras_are_imported_only_when_used():
    files = imported_at_once()
    assert len(files) > 10, "the search should have gone through the package"
    roots = {name.split(".")[0]: file for file in files for name in imports_at_the_top(file)}
    extras = set(roots) - set(sys.stdlib_module_names) - REQUIRED - {"tinygrad_edu"}
    assert {name: name_of(roots[name]) for name in extras} == {}
