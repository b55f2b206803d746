"""Rendering without a system Graphviz, with one, and with none at all."""

import os
import sys
import sysconfig
import xml.etree.ElementTree as ET
from importlib import metadata
from pathlib import Path

import graphviz
import numpy as np
import pytest
from PIL import Image

from tinygrad_edu import Value
from tinygrad_edu.drawing import draw
from tinygrad_edu.drawing.layout import Drawing, find_graphviz, laid_out, tidy

posix = pytest.mark.skipif(sys.platform == "win32", reason="writes a shell script that stands for dot")


@pytest.fixture
def drawing():
    return draw(Value(2.0, "a") * Value(3.0, "b"))


@pytest.fixture
def no_system_graphviz(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "an empty folder"))


@pytest.fixture
def fake_dot(monkeypatch, tmp_path):
    """A `dot` on the PATH that ignores what it reads and prints its flags."""
    folder = tmp_path / "bin"
    folder.mkdir()
    dot = folder / "dot"
    dot.write_text('#!/bin/sh\n/bin/cat > /dev/null\necho "$@"\n')
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return dot


def test_a_graphviz_beside_python_is_found_without_any_on_the_path(no_system_graphviz, drawing):
    found = Path(find_graphviz())
    assert found.stem == "graphviz-pure"
    assert found.parent == Path(sysconfig.get_path("scripts"))
    assert drawing.pipe("svg", encoding="utf-8").count("<g ") > 3


def test_a_system_graphviz_goes_first(fake_dot, drawing):
    assert find_graphviz() == str(fake_dot)
    assert drawing.pipe("dot", engine="neato", encoding="utf-8") == "-Kneato -Tdot\n"


def test_where_there_is_none_at_all_the_cure_is_named(no_system_graphviz, monkeypatch, drawing, tmp_path):
    monkeypatch.setattr(metadata, "files", lambda name: [])
    with pytest.raises(graphviz.ExecutableNotFound, match=r"no Graphviz was found .* `pip install graphviz-pure`"):
        drawing.pipe("svg")
    with pytest.raises(graphviz.ExecutableNotFound):
        draw(Value(1.0), tmp_path / "a.svg")
    assert draw(Value(1.0), tmp_path / "a.dot").source == (tmp_path / "a.dot").read_text("utf-8"), "DOT needs none"


def test_what_graphviz_complains_about_is_raised():
    broken = Drawing(body=["this is not DOT ->\n"])
    with pytest.raises(graphviz.CalledProcessError, match="syntax error"):
        broken.pipe("svg")
    with pytest.raises(graphviz.CalledProcessError, match="syntax error"):
        laid_out("this is not DOT", "svg")


def test_it_is_a_digraph_that_shows_itself_in_a_notebook(no_system_graphviz, drawing):
    assert isinstance(drawing, graphviz.Digraph)
    bundle = drawing._repr_mimebundle_(include=["image/svg+xml", "image/png"])
    assert ET.fromstring(bundle["image/svg+xml"]).tag.endswith("svg")
    assert bundle["image/png"].startswith(b"\x89PNG")


def test_render_writes_source_and_picture(no_system_graphviz, drawing, tmp_path):
    assert drawing.render(tmp_path / "graph", format="svg") == str(tmp_path / "graph.svg")
    assert drawing.render(outfile=tmp_path / "other.png", cleanup=True) == str(tmp_path / "other.png")
    assert drawing.render("third", tmp_path, format="svg", cleanup=True) == str(tmp_path / "third.svg")
    assert sorted(os.listdir(tmp_path)) == ["graph", "graph.svg", "other.png", "third.svg"]
    assert (tmp_path / "other.png").read_bytes().startswith(b"\x89PNG")


def test_render_overwrites_neither_its_source_nor_what_it_is_asked_to_keep(drawing, tmp_path):
    (tmp_path / "a.svg").write_text("precious")
    with pytest.raises(graphviz.FileExistsError, match=r"a\.svg"):
        drawing.render(outfile=tmp_path / "a.svg", raise_if_result_exists=True)
    with pytest.raises(ValueError, match="overwrite its own source"):
        drawing.render(tmp_path / "a.svg", outfile=tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text() == "precious"
    assert os.listdir(tmp_path) == ["a.svg"]


def test_what_only_a_system_graphviz_has_is_asked_of_it(no_system_graphviz, drawing, tmp_path):
    with pytest.raises(graphviz.ExecutableNotFound):
        drawing.pipe("png", renderer="cairo")
    with pytest.raises(graphviz.ExecutableNotFound):
        drawing.render(tmp_path / "a", format="png", renderer="cairo")
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        drawing.pipe("svg", colour="blue")


def test_view_opens_what_it_rendered(monkeypatch, drawing, tmp_path):
    opened = []
    monkeypatch.setattr(graphviz, "view", lambda path, quiet: opened.append((path, quiet)))
    drawing.format = "svg"
    assert drawing.view(tmp_path / "graph") == str(tmp_path / "graph.svg")
    drawing.render(outfile=tmp_path / "quiet.svg", quiet_view=True)
    assert opened == [(str(tmp_path / "graph.svg"), False), (str(tmp_path / "quiet.svg"), True)]


def test_tooltips_of_edges_in_a_real_picture_are_titles(no_system_graphviz, drawing):
    svg = tidy(laid_out(drawing.source, "svg"))
    titles = {group.get("id"): group.findtext("{*}title") for group in svg.findall(".//{*}g")}
    assert titles["edge-2-0"] == "∂L/∂a = b = 3", "3 × 2 by a is 3"
    assert svg.findall(".//{*}a") == []


def test_a_png_that_nothing_can_show_is_refused_and_an_svg_is_not(no_system_graphviz):
    chain = " -> ".join(f"n{k}" for k in range(500))
    source = f"digraph {{ rankdir=LR {chain} }}"
    with pytest.raises(ValueError, match=r"a PNG of \d+,\d+ × \d+ pixels, .* file ending in \.svg"):
        laid_out(source, "png")
    assert laid_out(source, "svg").count(b"<ellipse") == 500


@pytest.mark.parametrize(
    "name", ["hidden_activation_of_a_long_name", "WWWWWWWWWWWW", "squared_error", "a b, and c: illustration"]
)
def test_in_a_png_the_name_of_an_operation_stays_in_its_box(name, no_system_graphviz, tmp_path):
    result = Value(2.0, "a").tanh()
    result.label = name
    draw(result, tmp_path / "a.png")
    brightness = np.asarray(Image.open(tmp_path / "a.png").convert("L"))
    right_of_the_box = round(0.2 * 192) - 8  # less the half of its two lines
    assert brightness.shape[1] > 300
    assert (brightness[:, -right_of_the_box:] > 240).all()
    assert (brightness[:, -2 * right_of_the_box :] < 100).any(), "the box ends there"


def test_at_a_prompt_a_drawing_says_how_to_see_it(drawing):
    assert repr(drawing).startswith("<The computation graph of ")
    assert "draw(..., 'graph.svg')" in repr(drawing)
    assert "digraph" in str(drawing), "what graphviz's own objects print"
