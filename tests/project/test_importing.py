"""Importing the package: every name leads to its module, and the world stays as it was."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import tinygrad_edu

MODULES = [module.name for module in pkgutil.walk_packages(tinygrad_edu.__path__, "tinygrad_edu.")]
HEAVY = ("rich", "graphviz", "matplotlib", "sklearn", "jax", "safetensors", "tensorboardX", "llvmlite")


def in_a_fresh_process(code: str, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={"PATH": "", **environment},
    )
    return run.stdout.strip()


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_a_module_imported_by_its_name_is_the_module(name):
    scope: dict[str, object] = {}
    exec(f"import {name} as found", scope)
    assert isinstance(scope["found"], ModuleType)
    assert scope["found"].__name__ == name


def test_the_tools_are_functions_of_the_top_level():
    for name in ("draw", "debug", "gradcheck", "record", "fit", "operation"):
        assert callable(getattr(tinygrad_edu, name))
        assert not isinstance(getattr(tinygrad_edu, name), ModuleType)


def test_every_public_name_is_there_and_listed():
    assert sorted(tinygrad_edu.__all__) == sorted(set(tinygrad_edu.__all__))
    assert set(tinygrad_edu.__all__) <= set(dir(tinygrad_edu))
    for name in tinygrad_edu.__all__:
        assert getattr(tinygrad_edu, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'drawn'"):
        tinygrad_edu.drawn  # noqa: B018 - the access is what is tested


def test_what_loads_later_is_what_type_checkers_are_told():
    rooms = {name: room for room, names in tinygrad_edu._ROOMS.items() for name in names}
    source = Path(tinygrad_edu.__file__).read_text("utf-8")
    _, _, told = source.partition("if TYPE_CHECKING:")
    told = told.partition("\n\n")[0]
    for name, room in rooms.items():
        (line,) = [line for line in told.splitlines() if line.startswith(f"    from tinygrad_edu.{room} import")]
        assert name in line.partition(" import ")[2].split(", ")
    assert sum(len(line.partition(" import ")[2].split(", ")) for line in told.splitlines()[1:]) == len(rooms)


def test_importing_loads_nothing_heavy():
    loaded = in_a_fresh_process(
        "import sys, tinygrad_edu; from tinygrad_edu import Value, grad, dot\n"
        "(Value(2.0) * 3).tanh().backward()\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    assert loaded == ""


def test_importing_and_using_everything_leaves_the_random_generators_alone():
    code = (
        "import random, numpy\n"
        "random.seed(1); numpy.random.seed(1)\n"
        "before = random.getstate(), repr(numpy.random.get_state())\n"
        "import tinygrad_edu\n"
        "for name in tinygrad_edu.__all__: getattr(tinygrad_edu, name)\n"
        "print(before == (random.getstate(), repr(numpy.random.get_state())))"
    )
    assert in_a_fresh_process(code) == "True"


def test_a_room_is_loaded_by_the_method_that_needs_it():
    code = (
        "from tinygrad_edu import Value, record\n"
        "x = Value(2.0, 'x'); y = x * x\n"
        "print(y.explain(x).gradient, y._repr_svg_()[:5], record(lambda a: a * 2.0, shapes=((),), params=[]).draw)"
    )
    shown = in_a_fresh_process(code, PATH="/usr/bin:/bin")
    assert shown.startswith("4.0 <?xml <bound method")


def test_the_core_passes_its_tests_without_compiling():
    """Those of the methods, which alone are others then; that many operations need no deep stack holds for both."""
    folder = Path(__file__).parents[1]
    files = ["test_value.py", "test_methods.py", "test_backprop.py", "test_coercion.py"]
    of_operations = ("test_arithmetic_that_python_refuses_follows_ieee", "test_second_derivatives_of_two_inputs")
    command = [sys.executable, "-m", "pytest", "-q", "--hypothesis-profile=quick", "-k", "not million"]
    command += [*files, *(f"test_ops.py::{name}" for name in of_operations)]
    environment = {**os.environ, "TINYGRAD_EDU_COMPILE": "0"}
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert run.returncode == 0, run.stdout[-3000:]
    written = "from tinygrad_edu import Value; print(Value.tanh.__code__.co_filename)"
    assert in_a_fresh_process(written, TINYGRAD_EDU_COMPILE="0").endswith("methods.py")
    assert in_a_fresh_process(written) == "<rule book>"
