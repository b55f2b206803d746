"""What the source may not say: outside data is never run, nothing is fetched, nothing is written unasked."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "tinygrad_edu").rglob("*.py"))

#: Calls that run text or bytes as code, or start a program.
DANGEROUS = {
    "eval", "exec", "compile", "__import__", "breakpoint", "input",
    "pickle.load", "pickle.loads", "marshal.loads", "shelve.open", "joblib.load", "yaml.load", "np.load", "numpy.load",
    "os.system", "os.popen", "os.execv", "subprocess.run", "subprocess.Popen", "subprocess.call",
    "subprocess.check_output", "subprocess.check_call", "importlib.import_module", "runpy.run_path", "runpy.run_module",
}  # fmt: skip
#: Where one of them is meant, and why.
ALLOWED = {
    ("floats.py", "exec"): "text that we wrote ourselves from the rule book, as attrs and namedtuple do",
    ("floats.py", "compile"): "the same text, so that tracebacks name it",
    ("stopping.py", "breakpoint"): "backward(stop_at=...) is asked to open the debugger",
    ("later.py", "importlib.import_module"): "a room of this package, named in the code",
    ("__init__.py", "importlib.import_module"): "the same",
    ("learner.py", "compile"): "the learner's own file, which `tinygrad-edu exercise` is asked to run",
    ("running.py", "subprocess.run"): "the same file, in a process that can be ended",
    ("layout.py", "subprocess.run"): "Graphviz, with a list of arguments and no shell",
}
NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib",
    "ftplib",
    "smtplib",
    "requests",
    "httpx",
    "aiohttp",
    "xmlrpc",
    "webbrowser",
}
#: Who speaks to this machine's own browser, and to nobody else.
SERVES = {
    ("server.py", "http"): "the page of `tinygrad-edu play`, on 127.0.0.1 and for its token only",
    ("server.py", "socket"): "the same connections",
    ("front.py", "urllib"): "to write an address, not to go there",
    ("play.py", "webbrowser"): "to open that page",
}


def calls_in(text):
    """The dotted names of everything that a source file calls."""
    return {ast.unparse(node.func) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)}


def imports_in(text):
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_outside_data_is_run(file):
    text = file.read_text("utf-8")
    suspicious = {name for name in calls_in(text) if name in DANGEROUS and (file.name, name) not in ALLOWED}
    assert suspicious == set()
    assert "shell=True" not in text
    assert "allow_pickle=True" not in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_speaks_to_the_network(file):
    found = imports_in(file.read_text("utf-8")) & NETWORK
    assert {name for name in found if (file.name, name) not in SERVES} == set()


def test_every_exception_is_still_needed():
    called, imported = {}, {}
    for file in FILES:
        text = file.read_text("utf-8")
        called.setdefault(file.name, set()).update(calls_in(text))
        imported.setdefault(file.name, set()).update(imports_in(text))
    assert [pair for pair in ALLOWED if pair[1] not in called.get(pair[0], set())] == []
    assert [pair for pair in SERVES if pair[1] not in imported.get(pair[0], set())] == []


def test_the_reader_sees_what_it_looks_for():
    assert "eval" in calls_in("x = [eval(y) for y in z]")
    assert "pickle.loads" in calls_in("def f():\n    return pickle.loads(b)")
    assert imports_in("def f():\n    from urllib.request import urlopen") == {"urllib"}


WATCHED = """
import os, socket, sys
def watch(event, arguments):
    if event.startswith("socket.") and event != "socket.gethostname":
        raise SystemExit(f"the network was used: {event} {arguments}")
    if event == "open" and isinstance(arguments[0], str) and arguments[1] and set(arguments[1]) & set("wax+"):
        if not arguments[0].startswith((allowed, os.devnull)) and "__pycache__" not in arguments[0]:
            raise SystemExit(f"a file was written: {arguments[0]}")
    if event in ("os.mkdir", "os.rename", "os.remove") and not str(arguments[0]).startswith(allowed):
        if "__pycache__" not in str(arguments[0]):
            raise SystemExit(f"the file system was changed: {event} {arguments}")
allowed = sys.argv[1]
import numpy
sys.addaudithook(watch)
from tinygrad_edu import MLP, Value, debug, draw, gradcheck, record, save_page
from tinygrad_edu.nn.losses import hinge
model = MLP(2, [3, 1], "relu", seed=0)
loss = hinge(model([1.0, -1.0]), [1.0])
loss.backward()
gradcheck(lambda x: x * x, [2.0])
draw(loss, allowed + "/loss.svg")
save_page(loss, allowed + "/loss.html")
program = record(lambda x, y: hinge(model(x), [y]), shapes=((2,), ()), params=model.parameters())
program.value_and_grad(numpy.ones((4, 2)), numpy.ones(4))
open(allowed + "/done", "w").close()
"""


def test_nothing_is_fetched_and_nothing_written_outside_the_paths_that_are_named(tmp_path):
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    command = [sys.executable, "-c", WATCHED, str(allowed)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(allowed)}
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert sorted(file.name for file in allowed.iterdir()) == ["done", "loss.html", "loss.svg"]
    assert list(work.iterdir()) == []
