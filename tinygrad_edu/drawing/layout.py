"""Layout: a `graphviz.Digraph` that needs no Graphviz of the system, and whose SVG is tidied for readers.

The `graphviz` package runs the `dot` that it finds on the PATH. Here it is `dot` where there is one, and otherwise the
`graphviz-pure` that was installed with this package.

May import: `files`; `tidying` of this folder; graphviz.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from importlib import metadata
from pathlib import Path
from typing import Any

import graphviz

from tinygrad_edu.drawing.tidying import tidy
from tinygrad_edu.files import write_whole

__all__ = ["Drawing", "find_graphviz", "laid_out"]

_RENDER_SETTINGS = {
    *("format", "engine", "outfile", "raise_if_result_exists", "overwrite_source"),
    *("view", "quiet_view", "quiet", "cleanup"),
}


#: Of a PNG: twice the 96 of a screen.
_DPI = 192
#: The longest side of a PNG in pixels, which is what browsers and image libraries take, and the most pixels in all.
_LONGEST, _MOST_PIXELS = 32_767, 100_000_000
#: A bold text at the right, as `markup` writes it.
_BOLD_AT_THE_RIGHT = re.compile(r'ALIGN="RIGHT"([^>]*)><FONT ([^>]*?) FACE="Helvetica-Bold"([^>]*)>([^<]*)</FONT>')


def find_graphviz() -> str:
    """The command that renders: `dot` if the system has it, else the `graphviz-pure` that pip installed.

    Raises graphviz.ExecutableNotFound when there is neither.
    """
    dot = shutil.which("dot")
    if dot is not None:
        return dot
    try:
        installed = metadata.files("graphviz-pure") or []
    except metadata.PackageNotFoundError:
        installed = []
    for file in installed:
        if file.stem == "graphviz-pure":  # on Windows with the ending .exe
            return os.path.abspath(file.locate())
    error = graphviz.ExecutableNotFound(["dot"])
    error.args = ("no Graphviz was found to render with; `pip install graphviz-pure` brings one",)
    raise error


def laid_out(source: str, format: str, engine: str = "dot") -> bytes:  # noqa: A002 - what graphviz calls it
    """The picture of a graph in the DOT language, as Graphviz draws it; a PNG for screens of twice the resolution.

    Raises graphviz.CalledProcessError, with what Graphviz says, when the source is no graph, and ValueError for a PNG
    that is larger than programs can show.

    >>> laid_out("digraph { a -> b }", "svg").count(b"<ellipse")
    2
    """
    if format != "png":
        return _made(source, format, engine)
    _, _, *sides = laid_out(source, "plain", engine).split()[:4]
    width, height = [math.ceil(_DPI * float(side)) for side in sides]
    if max(width, height) > _LONGEST or width * height > _MOST_PIXELS:
        raise ValueError(
            f"this picture would be a PNG of {width:,} × {height:,} pixels, more than most programs can show; write a "
            "file ending in .svg, or draw a part of it (around=node, depth=2)"
        )
    return _made(_with_bold_measured(source), format, engine, f"-Gdpi={_DPI}")


def _with_bold_measured(source: str) -> str:
    """The source with `<B>` for bold texts at the right, where no Graphviz of the system is.

    The other one knows how wide letters are in `<B>`, which it sets a little higher, and not in a face of that name:
    in a PNG, in which it places each text by its width, a name would stand out of its box.
    """
    if shutil.which("dot") is not None:
        return source
    return _BOLD_AT_THE_RIGHT.sub(r'ALIGN="RIGHT" VALIGN="BOTTOM"\1><FONT \2\3><B>\4</B></FONT>', source)


def _made(source: str, form: str, engine: str, *settings: str) -> bytes:
    command = [find_graphviz(), f"-K{engine}", f"-T{form}", *settings]
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise graphviz.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
    return done.stdout


class Drawing(graphviz.Digraph):
    """A `graphviz.Digraph` that renders itself, and shows itself in a notebook, without a system Graphviz.

    >>> drawing = Drawing()
    >>> drawing.edge("a", "b")
    >>> drawing.pipe("svg", encoding="utf-8").count("<ellipse")
    2
    """

    def __repr__(self) -> str:
        return f"<{self.name or 'a drawing'}: a notebook shows it, and draw(..., 'graph.svg') writes it to a file>"

    def pipe(self, format: str | None = None, *args: Any, **settings: Any) -> Any:  # noqa: A002 - graphviz's name
        """The picture as bytes, or as text if an `encoding` is given; another `engine` lays out in another way.

        Whatever else `graphviz.Digraph.pipe` takes is for a Graphviz of the system.
        """
        if args or settings.keys() - {"engine", "encoding", "quiet"}:
            return super().pipe(format, *args, **settings)
        form = format or self.format
        picture = laid_out(self.source, form, settings.get("engine") or self.engine)
        if form == "svg":
            picture = ET.tostring(tidy(picture), encoding="utf-8", xml_declaration=True)
        encoding = settings.get("encoding")
        return picture.decode(encoding) if encoding else picture

    def render(self, filename: Any = None, directory: Any = None, *args: Any, **settings: Any) -> str:
        """Save the source, write the picture beside it or to `outfile`, and return the path of the picture.

        `format`, `engine`, `cleanup`, `view`, `raise_if_result_exists` and `overwrite_source` mean what they mean in
        `graphviz.Digraph.render`; whatever else that takes is for a Graphviz of the system.
        """
        if args or settings.keys() - _RENDER_SETTINGS:
            return str(super().render(filename, *args, directory=directory, **settings))
        folder = Path(os.fsdecode(directory or self.directory))
        outfile, form = settings.get("outfile"), settings.get("format")
        if outfile is None:
            source = folder / (filename or self.filename)
            result = source.with_name(f"{source.name}.{form or self.format}")
        else:
            result = folder / outfile
            source = folder / filename if filename else result.with_suffix(".gv")
        if settings.get("raise_if_result_exists") and result.exists():
            raise graphviz.FileExistsError(f"the file {str(result)!r} exists; give another name")
        if result == source and not settings.get("overwrite_source"):
            raise ValueError(f"the picture would overwrite its own source {str(source)!r}; give another name")
        picture = self.pipe(form or result.suffix[1:], engine=settings.get("engine"))
        self.save(source.name, directory=source.parent)
        write_whole(result, picture)
        if settings.get("cleanup"):
            source.unlink()
        if settings.get("view") or settings.get("quiet_view"):
            graphviz.view(str(result), quiet=settings.get("quiet_view", False))
        return str(result)
