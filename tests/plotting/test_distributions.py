"""Distributions of activations and gradients, read back from the figure."""

import numpy as np
import pytest
from plotting.reading import draws, title

from tinygrad_edu import MLP
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.plotting import LayerHistory, plot_distributions
from tinygrad_edu.training import fit


def test_distributions_show_median_and_bands(tmp_path):
    history = LayerHistory(np.random.default_rng(1).normal(size=(8, 2)))
    X, y = np.random.default_rng(0).normal(size=(12, 2)), np.arange(12.0) / 12
    fit(MLP(2, [3, 1], "tanh", seed=0), X, y, mean_squared_error, epochs=3, batch_size=4, callbacks=[history])
    figure = plot_distributions(history)
    assert [title(figure, k) for k in (0, 1)] == ["layers.0", "layers.1"]
    np.testing.assert_allclose(
        figure.axes[0].lines[0].get_ydata(), [np.median(a) for a in history.activations["layers.0"]]
    )
    np.testing.assert_allclose(
        figure.axes[3].lines[0].get_ydata(), [np.median(a) for a in history.gradients["layers.1"]]
    )
    assert figure.axes[2].get_yscale() == "log"
    assert draws(figure, tmp_path)


def test_gradients_that_are_all_zero_are_said_to_be(tmp_path):
    history = LayerHistory(np.ones((1, 2)))
    history.gradients = {"a": [np.zeros(4), np.zeros(4)], "b": [np.ones(4), np.array([0.0, 1.0, 1.0, 1.0])]}
    figure = plot_distributions(history)
    assert [title(figure, k) for k in (2, 3)] == ["100 % are zero", "25 % are zero"]
    assert draws(figure, tmp_path)


def test_a_history_that_saw_nothing_is_refused():
    with pytest.raises(ValueError, match=r"give it to fit\(\.\.\., callbacks=\[history\]\)"):
        plot_distributions(LayerHistory([[0.0]]))


def test_more_layers_than_fit_beside_one_another_go_on_below_on_the_same_scale():
    history = LayerHistory([[0.0], [1.0]])
    model = MLP(1, [2, 2, 2, 2, 2, 1], seed=0)
    fit(model, [[0.0], [1.0]], [0.0, 1.0], loss=mean_squared_error, epochs=3, callbacks=[history], progress=False)
    figure = plot_distributions(history)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert [title for title in titles if title.startswith("layers.")] == [f"layers.{k}" for k in range(6)]
    assert len(figure.axes) == 12
    limits = {axis.get_ylim() for axis in figure.axes if axis.get_yscale() == "log"}
    assert len(limits) == 1
