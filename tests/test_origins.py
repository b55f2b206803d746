"""Where a Value comes from: the line, the expression and the module that made it."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path

import numpy as np

import tinygrad_edu
from tinygrad_edu import Value, logsumexp, trace_sources
from tinygrad_edu.origins import Place, Source, warn_caller


def test_trace_sources_points_at_the_line_and_the_expression():
    with trace_sources():
        x = Value(2.0)
        y = x * 3.0 + np.exp(np.array([x]))[0]
        line = inspect.currentframe().f_lineno - 1
        z = logsumexp([x, y])
    assert x.source[1:] == (line - 1, "x = Value(2.0)", "Value(2.0)")
    assert y.source == (__file__, line, "y = x * 3.0 + np.exp(np.array([x]))[0]", "x * 3.0 + np.exp(np.array([x]))[0]")
    assert [v.source.expression for v in y.inputs] == ["x * 3.0", "np.exp(np.array([x]))"]
    assert z.source.text == "z = logsumexp([x, y])"
    assert (x * 3.0).source is None


def test_trace_sources_of_code_without_a_file():
    scope = {"Value": Value, "trace_sources": trace_sources}
    exec(compile("with trace_sources():\n    y = Value(1.0) * 2.0", "<nowhere>", "exec"), scope)
    assert scope["y"].source == ("<nowhere>", 2, "", "")


def test_the_first_and_the_last_line_of_a_file_are_lines_too(tmp_path):
    file = tmp_path / "one.py"
    file.write_text("y = x * 2.0")
    scope = {"x": Value(1.0)}
    with trace_sources():
        exec(compile(file.read_text(), str(file), "exec"), scope)
    assert scope["y"].source == (str(file), 1, "y = x * 2.0", "x * 2.0")


def test_a_folder_whose_name_begins_like_ours_is_the_users():
    neighbor = str(Path(tinygrad_edu.__file__).parent) + "_notes/model.py"
    scope = {"Value": Value, "trace_sources": trace_sources}
    exec(compile("with trace_sources():\n    y = Value(1.0) * 2.0", neighbor, "exec"), scope)
    assert scope["y"].source.file == neighbor


def test_a_line_and_a_module_are_kept_together_and_set_apart():
    line, place = Source("train.py", 1, "x"), Place().inside("layers.0", object())
    x = Value(1.0)
    x.source, x.module = line, place
    assert (x.source, x.module) == (line, place)
    x.source = None
    assert (x.source, x.module) == (None, place)
    assert (Value.source, Value.module) == (None, None)


def test_a_place_says_its_names_and_tells_modules_apart():
    one, other = object(), object()
    network = Place(identity=one)
    layer = network.inside("layers.0", other)
    assert layer == Place(identity=one).inside("layers.0", other) != network.inside("layers.0", one)
    assert (network.to("bias"), layer.to("bias")) == ("bias", "layers.0.bias")
    assert layer.chain == (network, layer)
    assert repr(layer) == "Place(name='layers.0', path='layers.0')"


def test_a_warning_for_the_caller_is_given_at_the_callers_line_and_once():
    scope = {"warn_caller": warn_caller, "__name__": "elsewhere"}
    code = compile("for _ in range(2):\n    warn_caller('mind', UserWarning)", "users.py", "exec")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        exec(code, scope)
    assert [(str(w.message), w.category, w.filename, w.lineno) for w in caught] == [
        ("mind", UserWarning, "users.py", 2)
    ]
