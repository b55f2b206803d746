"""What all figures share: one look, no global state, and matplotlib loaded late."""

import subprocess
import sys

import numpy as np
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


def test_panels_are_axes_in_rows_and_columns_of_one_size():
    figure, axes = style.panels(2, 3, (2.0, 1.5))
    assert axes.shape == (2, 3)
    assert figure.get_size_inches().tolist() == [6.0, 3.0]
    assert figure.dpi == style.DOTS_PER_INCH
    assert not any(axis.spines[side].get_visible() for axis in axes.flat for side in ("top", "right"))


def test_axes_are_named_with_a_title_flush_left():
    _, axes = style.panels(1, 1, (2.0, 2.0))
    axis = axes[0, 0]
    style.name_axes(axis, "a title", "across", "up")
    assert (axis.get_title(loc="left"), axis.get_title(), axis.get_xlabel(), axis.get_ylabel()) == (
        "a title",
        "",
        "across",
        "up",
    )


def test_what_is_counted_has_ticks_at_whole_numbers():
    figure, axes = style.panels(1, 1, (4.0, 2.0))
    axes[0, 0].plot([1, 2, 3], [0.0, 1.0, 2.0])
    style.count_along_x(axes[0, 0])
    figure.draw_without_rendering()
    ticks = axes[0, 0].get_xticks()
    assert np.array_equal(ticks, np.round(ticks))


def test_a_legend_names_what_has_a_label():
    _, axes = style.panels(1, 1, (4.0, 2.0))
    axes[0, 0].plot([1, 2], [0.0, 1.0], label="shown")
    axes[0, 0].plot([1, 2], [1.0, 1.0])
    style.add_legend(axes[0, 0])
    assert [text.get_text() for text in axes[0, 0].get_legend().get_texts()] == ["shown"]


def test_a_figure_shows_itself_in_a_notebook_as_a_picture_of_its_size():
    figure, _ = style.panels(1, 1, (2.0, 1.0))
    picture = figure._repr_png_()
    assert picture.startswith(b"\x89PNG")
    assert [int.from_bytes(picture[k : k + 4], "big") for k in (16, 20)] == [300, 150]  # at 150 dots an inch
