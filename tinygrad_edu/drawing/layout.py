"""Rendering: a `graphviz.Digraph` that finds a Graphviz to run, and the SVG it makes tidied for readers.

The `graphviz` package only looks for `dot` on the PATH. Here a `dot` is used where there is one, and otherwise the
`graphviz-pure` that was installed with this package.

May import: `files`, graphviz.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import graphviz
from graphviz.backend.dot_command import command

from tinygrad_edu.files import write_whole

__all__ = ["Drawing", "find_graphviz", "tidy_svg"]

FONTS = "Helvetica, Arial, sans-serif"
_SVG = "http://www.w3.org/2000/svg"
_TITLE = "{http://www.w3.org/1999/xlink}title"


def find_graphviz() -> str:
    """The command that renders: `dot` if the system has it, else `graphviz-pure`, which pip installs beside Python.

    Raises graphviz.ExecutableNotFound when there is neither.
    """
    beside_python = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    found = shutil.which("dot") or shutil.which("graphviz-pure", path=beside_python)
    if found is None:
        error = graphviz.ExecutableNotFound(["dot"])
        error.args = ("no Graphviz was found to render with; `pip install graphviz-pure` brings one",)
        raise error
    return found


class Drawing(graphviz.Digraph):
    """A `graphviz.Digraph` that renders itself, and shows itself in a notebook, without a system Graphviz.

    >>> drawing = Drawing()
    >>> drawing.edge("a", "b")
    >>> drawing.pipe("svg", encoding="utf-8").count("<ellipse")
    2
    """

    def pipe(
        self,
        format: str | None = None,  # noqa: A002 - the name graphviz gave it
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """The picture as bytes, or as text if an encoding is given; see `graphviz.Digraph.pipe`."""
        format_ = format or self.format
        call = command(engine or self.engine, format_, renderer=renderer, formatter=formatter, neato_no_op=neato_no_op)
        done = subprocess.run(
            [find_graphviz(), *map(str, call[1:])], input=self.source.encode(self.encoding), capture_output=True
        )
        if done.returncode != 0:
            raise graphviz.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
        picture = tidy_svg(done.stdout) if format_ == "svg" else done.stdout
        return picture.decode(encoding) if encoding else picture

    def render(
        self,
        filename: os.PathLike[str] | str | None = None,
        directory: os.PathLike[str] | str | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,  # noqa: A002 - the name graphviz gave it
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: os.PathLike[str] | str | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Save the source, render it beside it, and return the picture's path; see `graphviz.Digraph.render`."""
        folder = os.fsdecode(directory or self.directory or "")
        if outfile is None:
            format_ = format or self.format
            source = Path(folder, filename or os.fsdecode(self.filename))
            result = source.with_name(f"{source.name}.{format_}")
        else:
            result = Path(folder, outfile)
            format_ = format or result.suffix[1:]
            source = Path(folder, filename) if filename else result.with_suffix(".gv")
        if raise_if_result_exists and result.exists():
            raise graphviz.FileExistsError(f"the file {str(result)!r} exists; give another name")
        if result == source and not overwrite_source:
            raise ValueError(f"the picture would overwrite its own source {str(source)!r}; give another name")
        picture = self.pipe(format_, renderer, formatter, neato_no_op, quiet, engine=engine)
        self.save(source.name, directory=source.parent)
        write_whole(result, picture)
        if cleanup:
            source.unlink()
        if view or quiet_view:
            self._view(str(result), format=format_, quiet=quiet_view)
        return str(result)


def tidy_svg(svg: bytes) -> bytes:
    """Graphviz's SVG with its tooltips as `<title>`, which browsers show and screen readers read.

    Graphviz puts tooltips into links that lead nowhere, and titles every node with its internal name.
    """
    ET.register_namespace("", _SVG)
    root = ET.fromstring(svg)
    for group in root.iter(f"{{{_SVG}}}g"):
        if group.get("class", "").split(" ")[0] in ("node", "edge", "cluster"):
            _title_with_tooltip(group)
    for group in root.iter(f"{{{_SVG}}}g"):
        for text in group.findall(f"{{{_SVG}}}text"):
            if "elvetica" in text.get("font-family", ""):
                text.set("font-family", FONTS)
            if not (text.text or "").strip(" "):
                group.remove(text)
    tidied: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return tidied


def _title_with_tooltip(group: ET.Element) -> None:
    title = group.find(f"{{{_SVG}}}title")
    links = list(group.iter(f"{{{_SVG}}}a"))
    if title is not None:
        title.text = links[0].get(_TITLE, "") if links else ""
        if not title.text:
            group.remove(title)
    for child in list(group):
        link = child.find(f"{{{_SVG}}}a")
        if link is not None:
            position = list(group).index(child)
            group.remove(child)
            for offset, drawn in enumerate(link):
                group.insert(position + offset, drawn)
