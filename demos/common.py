"""What all demos share: the options --quick and --out, one look for the plots, and saying what was written.

A demo is a script in the percent format: it runs with Python, and opens as a notebook in VS Code, or in Jupyter with
jupytext installed. A notebook has no command line, so there the environment variables TINYGRAD_EDU_QUICK and
TINYGRAD_EDU_OUT do what --quick and --out do.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from rich.console import Console

try:
    import matplotlib as mpl
except ImportError:
    sys.exit('the demos draw with matplotlib and learn from scikit-learn: pip install "tinygrad_edu[learn]"')
import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from tinygrad_edu import Module, Value, draw
from tinygrad_edu.drawing.palette import CYCLE, GRAY, INK
from tinygrad_edu.terminal import as_a_program

# Matrices as small as these are multiplied soonest by one thread, most of all on a busy machine. SciPy brings a library
# for them that is not NumPy's; what is loaded later than the limit knows nothing of it.
import_module("scipy.linalg")
threadpool_limits(1)
IN_NOTEBOOK = "ipykernel" in sys.modules
if not IN_NOTEBOOK:
    as_a_program()  # any encoding, and a reader that stops reading
    mpl.use("Agg")  # figures are files: no window opens, and no display is needed
mpl.rcParams.update({
    "axes.prop_cycle": mpl.cycler(color=CYCLE), "axes.spines.top": False, "axes.spines.right": False,
    "axes.titlesize": 11, "axes.titlelocation": "left", "axes.edgecolor": GRAY, "axes.labelcolor": INK,
    "text.color": INK, "xtick.color": GRAY, "ytick.color": GRAY, "legend.frameon": False, "lines.linewidth": 2,
    "figure.constrained_layout.use": True, "savefig.dpi": 150, "image.cmap": "cividis",
})  # fmt: skip
#: Where tables of rich go. A terminal that is narrower than they are breaks their lines, where rich would drop numbers.
console = Console(width=max(Console().width, 80))


class Demo:
    """A running demo: `quick` says whether to do less, `path` where a file goes, `done` ends it."""

    def __init__(self, text: str) -> None:
        self.started = time.perf_counter()
        options = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        options.add_argument("--quick", action="store_true", default=bool(os.environ.get("TINYGRAD_EDU_QUICK")),
                             help="do less of everything: for a first look, and for tests")  # fmt: skip
        options.add_argument("--out", type=Path, default=Path(os.environ.get("TINYGRAD_EDU_OUT", "out")),
                             metavar="FOLDER", help="where figures go (default: out)")  # fmt: skip
        chosen = options.parse_args([] if IN_NOTEBOOK else None)
        self.quick: bool = chosen.quick
        self.out: Path = chosen.out
        self.written: list[Path] = []
        #: The number of a chapter, which is that of its exercise; other demos have none.
        self.chapter = re.match(r"\s*# (\d+)\.", text)
        self._make_folder()
        if not IN_NOTEBOOK:
            heading, *rest = text.strip().removeprefix("# ").splitlines()
            print(heading, "=" * len(heading), *rest, sep="\n")

    def _make_folder(self) -> None:
        """Make the folder for figures, before any work is done in vain."""
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.out).close()
        except OSError as error:
            raise SystemExit(f"cannot write to {str(self.out)!r} ({error.strerror}); say where with --out") from None

    def path(self, name: str) -> Path:
        """The file of this name in the folder for figures."""
        self.written.append(self.out / name)
        return self.written[-1]

    def save(self, figure: Figure, name: str) -> None:
        """Write a figure; a notebook shows it as well."""
        figure.savefig(self.path(name))
        show_in_notebook(figure)
        plt.close(figure)

    def draw(self, root: Value | Module, name: str, **how: object) -> None:
        """Draw the graph that computed `root`, or a model; a notebook shows it as well."""
        show_in_notebook(draw(root, self.path(name), **how))

    def done(self, what_next: str) -> None:
        """Say what was written, how long it took, and what to try next."""
        print(f"\nWrote {', '.join(str(path) for path in self.written)} in {time.perf_counter() - self.started:.1f} s.")
        if self.chapter:
            print(f"Questions and an exercise are at the end of the script: tinygrad-edu exercise {self.chapter[1]}")
        print(f"Next: {what_next}")


def show_in_notebook(picture: object) -> None:
    """Show a figure or a graph, where there is a notebook to show it in."""
    if IN_NOTEBOOK:
        from IPython.display import display

        display(picture)


def census(which: str) -> list[str]:
    """First names of the US census of 1990, "female" or "male", commonest first; `names/README.md` says whence."""
    return (Path(__file__).parent / "names" / f"{which}.txt").read_text(encoding="ascii").split()


def seconds(run: Callable[[], object], times: int = 3) -> float:
    """The time of the fastest of some runs."""
    measured = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        measured.append(time.perf_counter() - start)
    return min(measured)


def title(text: str) -> None:
    """A heading between parts of the output."""
    print(f"\n{text}\n{'-' * len(text)}")


def table(headings: list[str], rows: list[list[object]], width: int = 12) -> None:
    """Print rows under headings: text to the left, numbers to the right with four digits that count."""

    def cell(entry: object) -> str:
        return f"{entry:>{width}.4g}" if isinstance(entry, float) else f"{entry!s:>{width}}"

    first = max(len(str(row[0])) for row in [headings, *rows])
    for row in [headings, *rows]:
        print(f"{row[0]!s:<{first}}" + "".join(cell(entry) for entry in row[1:]))
