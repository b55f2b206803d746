"""What all figures share: one look, no global state, and matplotlib loaded late."""

import subprocess
import sys

import pytest
from matplotlib.figure import Figure

from tinygrad_edu.plotting import plot_loss, style

ALONE = """
import sys
import tinygrad_edu
assert "matplotlib" not in sys.modules, "matplotlib is imported too early"
import matplotlib
settings = lambda: {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != "backend"}
before = settings()  # not the backend: to look at it imports pyplot
from tinygrad_edu.plotting import plot_activations, plot_confusion, plot_loss, plot_weights
figure = plot_loss({"training": [1.0, 2.0]})
assert figure._repr_png_().startswith(b"\\x89PNG"), "it shows itself in a notebook"
plot_activations(["tanh"]), plot_confusion([[1]]), plot_weights([[0.0]])
assert settings() == before
assert "matplotlib.pyplot" not in sys.modules
"""


def test_plots_touch_no_global_state_and_load_matplotlib_late():
    done = subprocess.run([sys.executable, "-W", "error", "-c", ALONE], capture_output=True, text=True)
    assert done.stderr == ""


def test_without_matplotlib_one_sentence_says_what_to_install(monkeypatch):
    style.figure_class.cache_clear()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        ImportError, match=r'plots need matplotlib; install it with pip install "tinygrad_edu\[learn\]"'
    ):
        plot_loss({"training": [1.0]})


def test_figures_are_figures():
    assert isinstance(plot_loss({"training": [1.0]}), Figure)
