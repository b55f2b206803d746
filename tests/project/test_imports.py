"""Imports point one way, each module imports what it says it may, and extras are only imported when used."""

import ast
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "tinygrad_edu"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A part may import the parts before it. `files` writes files for whoever needs it and knows nothing of Values.
PARTS = (
    "files",
    "arguments",
    "texts",
    "elsewhere",
    "truth",
    "terminal",
    "version",
    "later",
    "op",
    "ops",
    "number_systems",
    "origins",
    "modes",
    "coercion",
    "methods",
    "compiling",
    "value",
    "backprop",
    "functions",
    "arrays",
    "gradients",
    "stopping",
    "declaring",
    "anomaly",
    "finite_differences",
    "checking",
    "drawing",
    "stepping",
    "playing",
    "nn",
    "replay",
    "optim",
    "training",
    "diagnosis",
    "notebooks",
    "plotting",
    "exercises",
    "cli",
    "__main__",
)
REQUIRED = {"numpy", "graphviz", "rich"}
#: Packages that are imported, and what they are called in prose.
INSTALLED = {
    "numpy": "NumPy", "graphviz": "graphviz", "rich": "rich", "matplotlib": "matplotlib", "sklearn": "scikit-learn",
    "scipy": "SciPy", "jax": "JAX", "safetensors": "safetensors", "tensorboardX": "tensorboardX",
    "llvmlite": "llvmlite", "threadpoolctl": "threadpoolctl",
}  # fmt: skip
#: What explains the whole engine, with the first screen of `ops`.
READING_PATH = ("op.py", "value.py", "backprop.py")


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


def own_imports(file: Path) -> set[str]:
    """The modules of this package that a file imports anywhere, inside functions and for type checkers too."""
    own = {name for name in absolute_imports(list(ast.walk(parse(file)))) if name.split(".")[0] == "tinygrad_edu"}
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
    assert illegal("nn.layers", {"nn.module", "training.loop", "value"}) == {"training.loop"}
    assert illegal("nn.layers", {""}) == {""}, "the whole package is not a part"


def test_no_module_imports_itself_by_a_detour():
    graph = {name_of(f): own_imports(f) & NAMES for f in MODULES if name_of(f)}
    # A package's own __init__ gathers its modules; they may not ask it for anything.
    assert [name for name, imported in graph.items() if name.rpartition(".")[0] in imported and "." in name] == []
    done: set[str] = set()
    while len(done) < len(graph):
        ready = {name for name, imported in graph.items() if name not in done and imported <= done}
        assert ready, f"these import each other in a circle: {sorted(set(graph) - done)}"
        done |= ready


def may_import(text: str, file: Path) -> set[str]:
    """What the docstring of a module says it may import: parts, modules of its own folder, and what pip installs."""
    _, _, allowed = text.partition("May import:")
    known = {*PARTS, *(other.stem for other in file.parent.glob("*.py"))}
    own = {name for name in re.findall(r"`(\w+)`", allowed) if name in known}
    return own | {name for name in INSTALLED.values() if re.search(rf"(?<!`)\b{name}\b", allowed)}


def really_imports(file: Path) -> set[str]:
    """The same, as its code has it."""
    folder, found = name_of(file).rpartition(".")[0], set()
    for name in own_imports(file):
        inside_folder = folder and name.startswith(f"{folder}.")
        found.add(name.removeprefix(f"{folder}.") if inside_folder else name.split(".")[0])
    everything = {name.split(".")[0] for name in absolute_imports(list(ast.walk(parse(file))))}
    return found | {INSTALLED[name] for name in everything & set(INSTALLED)}


@pytest.mark.parametrize("file", [f for f in MODULES if f.name != "__init__.py"], ids=name_of)
def test_a_module_says_what_it_may_import_no_less_and_no_more(file):
    assert may_import(ast.get_docstring(parse(file)) or "", file) == really_imports(file)


def test_the_check_of_what_a_module_says_catches_too_much_and_too_little():
    file = PACKAGE / "value.py"
    assert may_import("May import: `ops`, `math`, NumPy; matplotlib inside functions.", file) == {
        "ops",
        "NumPy",
        "matplotlib",
    }
    assert really_imports(PACKAGE / "replay" / "listing.py") >= {"builder"}


def test_the_reading_path_is_short():
    lines = {name: len((PACKAGE / name).read_text("utf-8").splitlines()) for name in READING_PATH}
    assert sum(lines.values()) <= 350, lines


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
