"""The plots, read back from the figures."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from sklearn.datasets import make_moons

from tinygrad_edu import MLP, SGD, Layer
from tinygrad_edu.nn.losses import mean_squared_error
from tinygrad_edu.plotting import (
    LayerRecorder,
    descend,
    plot_activations,
    plot_confusion,
    plot_decision_regions,
    plot_descent,
    plot_distributions,
    plot_loss,
    plot_weights,
    style,
)
from tinygrad_edu.plotting.layers import layer_activations
from tinygrad_edu.training import Callback, History, fit


def title(figure: Figure, axis: int = 0) -> str:
    return figure.axes[axis].get_title(loc="left")


def lines(figure: Figure, axis: int = 0) -> dict[str, np.ndarray]:
    """The labeled lines of one axis: x and y, shape (2, n)."""
    return {
        line.get_label(): np.array(line.get_data())
        for line in figure.axes[axis].lines
        if not line.get_label().startswith("_")
    }


def draws(figure: Figure, tmp_path) -> bool:
    """Whether it can be drawn at all, without a warning."""
    figure.savefig(tmp_path / "plot.png", dpi=30)
    return (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


# Loss curves ----------------------------------------------------------------------------------------------


def test_loss_curves_mark_the_best_epoch_of_the_validation(tmp_path):
    history = History(loss=[4.0, 2.0, 1.0, 0.5], validation_loss=[4.0, 3.0, 2.5, 2.75])
    figure = plot_loss(history)
    assert title(figure) == "best epoch: 3 (validation 2.5)"
    assert lines(figure)["training"].tolist() == [[1, 2, 3, 4], [4.0, 2.0, 1.0, 0.5]]
    assert lines(figure)["validation"].tolist() == [[1, 2, 3, 4], [4.0, 3.0, 2.5, 2.75]]
    assert [3.0, 2.5] in [
        [*map(float, line.get_xdata()), *map(float, line.get_ydata())] for line in figure.axes[0].lines
    ]
    assert draws(figure, tmp_path)


def test_the_best_epoch_is_the_one_of_the_history():
    losses = [3.0, 1.0, 1.0, 2.0]
    assert title(plot_loss(History(loss=losses))) == f"best epoch: {History(loss=losses).best_epoch} (training 1)"


def test_losses_that_are_not_finite_are_left_out_and_counted(tmp_path):
    figure = plot_loss({"training": [2.0, float("nan"), 1.0, float("inf")], "validation": [float("nan")] * 4})
    assert title(figure) == "best epoch: 3 (training 1)"
    assert set(lines(figure)) == {"training (2 not finite)"}
    assert draws(figure, tmp_path)


@pytest.mark.parametrize(
    ("losses", "scale"),
    [([3.0, 1.0], "linear"), ([300.0, 1.0], "log"), ([300.0, -1.0], "linear"), ([3.0, 0.0], "linear")],
)
def test_the_axis_is_logarithmic_where_losses_span_much(losses, scale):
    assert plot_loss({"training": losses}).axes[0].get_yscale() == scale
    assert plot_loss({"training": [3.0, 1.0]}, log=True).axes[0].get_yscale() == "log"


def test_a_history_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no finite loss to plot; train for at least one epoch"):
        plot_loss(History())
    with pytest.raises(TypeError, match=r"takes the History that fit returns, or a mapping of curves, not \[1\.0\]"):
        plot_loss([1.0])


# Activations ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "function", "derivative"),
    [
        ("tanh", np.tanh, lambda x: 1 / np.cosh(x) ** 2),
        ("sigmoid", lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
        ("relu", lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
        ("linear", lambda x: x, lambda x: x**0),
    ],
)
def test_activation_curves_are_the_functions_and_their_derivatives(name, function, derivative):
    drawn = lines(plot_activations([name]))
    xs, ys = drawn["activation"]
    assert (xs.min(), xs.max()) == (-5.0, 5.0)
    np.testing.assert_allclose(ys, function(xs), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(drawn["derivative"][1], derivative(xs), rtol=1e-9, atol=1e-15)


def test_all_activations_and_ones_own(tmp_path):
    figure = plot_activations()
    assert {"tanh", "sigmoid", "relu", "leaky_relu", "elu", "silu", "gelu", "softplus"} <= {
        title(figure, k) for k in range(len(figure.axes))
    }
    assert draws(figure, tmp_path)

    def swish(x):
        return x * (2.0 * x).sigmoid()

    xs, slopes = lines(plot_activations([swish], reach=3.0))["derivative"]
    by_differences = np.gradient(xs / (1 + np.exp(-2 * xs)), xs)
    np.testing.assert_allclose(slopes[1:-1], by_differences[1:-1], atol=1e-3)


def test_no_activation_and_an_unknown_one_are_refused():
    with pytest.raises(ValueError, match="no activation to plot"):
        plot_activations([])
    with pytest.raises(ValueError, match="'rellu'"):
        plot_activations(["rellu"])


# Decision regions -----------------------------------------------------------------------------------------

MOONS, LABELS = make_moons(60, noise=0.2, random_state=0)


def side(points):
    return points[:, 0] + 0.5


@pytest.mark.parametrize(
    "predict",
    [
        lambda points: (side(points) > 0).astype(int),
        lambda points: side(points) > 0,
        lambda points: side(points) * 7.0,
        lambda points: side(points)[:, np.newaxis],
        lambda points: np.stack([-side(points), side(points)], axis=1),
    ],
    ids=["labels", "bools", "scores", "a column of scores", "a score for each class"],
)
def test_decision_regions_of_every_kind_of_answer(predict, tmp_path):
    figure = plot_decision_regions(predict, MOONS, LABELS, resolution=60)
    wrong = np.count_nonzero((MOONS[:, 0] > -0.5) != (LABELS == 1))
    assert 0 < wrong < 60
    assert title(figure) == f"{wrong} of 60 wrong"
    rings = next(c for c in figure.axes[0].collections if c.get_label() == "wrong")
    np.testing.assert_allclose(rings.get_offsets(), MOONS[(MOONS[:, 0] > -0.5) != (LABELS == 1)])
    contours = [c for c in figure.axes[0].collections if isinstance(c, QuadContourSet) and not c.filled]
    borders = [path.vertices[:, 0] for contour in contours for path in contour.get_paths()]
    assert borders, "there is a line between the regions"
    assert all(np.abs(border + 0.5).max() < 0.1 for border in borders)
    assert draws(figure, tmp_path)


def test_the_boundary_of_probabilities_is_where_it_is_said_to_be():
    def probability(points):
        return 1.0 / (1.0 + np.exp(-points[:, 0]))

    right = np.array([[-1.0, 0.0], [1.0, 0.0]])
    assert title(plot_decision_regions(probability, right, [0, 1], boundary=0.5, resolution=9)) == "0 of 2 wrong"
    assert title(plot_decision_regions(probability, right, [0, 1], resolution=9)) == "1 of 2 wrong"


def test_several_classes_with_names_and_shapes():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    names = np.array(["ant", "bee", "cat"])
    figure = plot_decision_regions(
        lambda p: np.stack([1 - p.sum(axis=1), p[:, 0], p[:, 1]], axis=1), points, names, names=("width", "height")
    )
    assert title(figure) == "0 of 3 wrong"
    legend = figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["ant", "bee", "cat"]
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("width", "height")
    shapes = [c.get_paths()[0].vertices.tolist() for c in figure.axes[0].collections if c.get_label() in names]
    assert len({str(shape) for shape in shapes}) == 3


def test_data_of_one_class_is_one_region(tmp_path):
    figure = plot_decision_regions(lambda points: np.full(len(points), "ant"), MOONS, ["ant"] * 60, resolution=9)
    assert title(figure) == "0 of 60 wrong"
    assert draws(figure, tmp_path)


@pytest.mark.parametrize(
    ("predict", "X", "y", "message"),
    [
        (side, np.zeros((3, 3)), [0, 1, 1], r"shape \(n, 2\) and labels of shape \(n,\), not \(3, 3\) and \(3,\)"),
        (side, np.zeros((3, 2)), [0, 1], r"not \(3, 2\) and \(2,\)"),
        (side, np.zeros((0, 2)), [], r"not \(0, 2\)"),
        (lambda p: np.zeros((len(p), 3)), np.eye(2), [0, 1], "3 scores for each point and the data has 2 classes"),
        (lambda p: p[:, 0] * 0.1, np.eye(2).repeat(2, 0), [0, 1, 2, 3], r"not the labels .* \[0, 1, 2, 3\]"),
    ],
)
def test_what_cannot_be_drawn_as_regions_is_refused(predict, X, y, message):
    with pytest.raises(ValueError, match=message):
        plot_decision_regions(predict, X, y)


# Gradient descent -----------------------------------------------------------------------------------------


def bowl(a, b):
    return 0.5 * a * a + 5.0 * b * b


def test_descent_visits_what_the_formula_says():
    path = descend(bowl, (-3.0, 1.0), lambda p: SGD(p, 0.1), steps=20)
    k = np.arange(21)
    np.testing.assert_allclose(path[:, 0], -3.0 * (1 - 0.1) ** k, rtol=1e-12)
    np.testing.assert_allclose(path[:, 1], 1.0 * (1 - 1.0) ** k, atol=1e-15)


def test_descent_ends_where_numbers_end():
    path = descend(lambda a, b: (a * a).exp() + b, (3.0, 0.0), lambda p: SGD(p, 10.0), steps=20)
    assert 2 <= len(path) < 21
    assert np.isfinite(path[:-1]).all()


def test_a_map_of_descent_shows_paths_and_losses(tmp_path):
    paths = {f"SGD {rate}": descend(bowl, (-3.0, 1.0), lambda p, r=rate: SGD(p, r), 30) for rate in (0.01, 0.18, 0.25)}
    figure = plot_descent(bowl, paths, minimum=(0.0, 0.0), names=("slope", "offset"), resolution=20)
    chart, _ = figure.axes
    for name, (steps, losses) in lines(figure, 1).items():
        np.testing.assert_array_equal(steps, np.arange(31))
        np.testing.assert_allclose(losses, 0.5 * paths[name][:, 0] ** 2 + 5.0 * paths[name][:, 1] ** 2)
    assert set(lines(figure, 1)) == set(paths)
    (left, right), (bottom, top) = chart.get_xlim(), chart.get_ylim()
    assert left < -3.0 < 0.0 < right < 2.0
    assert -3.0 < bottom < 0.0 < 1.0 < top < 3.0, "the path that diverges does not stretch the map"
    drawn = [len(line.get_xdata()) for line in chart.lines if len(line.get_xdata()) > 1]
    assert drawn[:2] == [31, 31]
    assert drawn[2] < 31
    assert chart.get_xlabel() == "slope"
    assert draws(figure, tmp_path)


@pytest.mark.parametrize(
    ("paths", "message"),
    [({}, "no path to plot"), ({"a": [1.0, 2.0]}, r"'a' has shape \(2,\)"), ({"b": []}, "'b' has")],
)
def test_what_is_no_path_is_refused(paths, message):
    with pytest.raises(ValueError, match=message):
        plot_descent(bowl, paths)


def test_a_path_that_stays_where_it_is_can_be_drawn(tmp_path):
    assert draws(plot_descent(bowl, {"asleep": [[1.0, 1.0]]}, resolution=8), tmp_path)


# Distributions --------------------------------------------------------------------------------------------


class Gradients(Callback):
    """Every gradient of a run, for comparison."""

    def __init__(self):
        self.seen = []

    def on_iteration_end(self, run):
        self.seen.append(run.gradient.copy())


def trained(recorder, **more):
    X, y = np.random.default_rng(0).normal(size=(12, 2)), np.arange(12.0) / 12
    model = MLP(2, [3, 1], "tanh", seed=0)
    gradients = Gradients()
    options = {"epochs": 3, "batch_size": 4, "progress": False, "seed": 0, "loss": mean_squared_error}
    fit(model, X, y, callbacks=[recorder, gradients], **(options | more))
    return model, gradients.seen


def test_the_recorder_remembers_sizes_of_gradients_layer_by_layer():
    recorder = LayerRecorder(np.zeros((1, 2)))
    _, seen = trained(recorder)
    last_epoch = np.sqrt(np.mean(np.square(seen[-3:]), axis=0))
    assert {layer: len(arrays) for layer, arrays in recorder.gradients.items()} == {"layers.0": 3, "layers.1": 3}
    np.testing.assert_allclose(recorder.gradients["layers.0"][-1], last_epoch[:9], rtol=1e-12)
    np.testing.assert_allclose(recorder.gradients["layers.1"][-1], last_epoch[9:], rtol=1e-12)


def test_the_recorder_remembers_what_each_layer_hands_on():
    examples = np.random.default_rng(1).normal(size=(5, 2))
    recorder = LayerRecorder(examples, limit=4)
    model, _ = trained(recorder)
    W = np.array([[w.data for w in neuron.weights] for neuron in model.layers[0].neurons])
    b = np.array([neuron.bias.data for neuron in model.layers[0].neurons])
    hidden = np.tanh(examples[:4] @ W.T + b)
    np.testing.assert_allclose(np.sort(recorder.activations["layers.0"][-1]), np.sort(hidden.ravel()), rtol=1e-12)
    V = np.array([w.data for w in model.layers[1].neurons[0].weights])
    out = hidden @ V + model.layers[1].neurons[0].bias.data
    np.testing.assert_allclose(np.sort(recorder.activations["layers.1"][-1]), np.sort(out), rtol=1e-12)


def test_looking_at_activations_leaves_the_model_alone():
    model = MLP(2, [2], seed=0)
    before = [(p.data, p.grad) for p in model.parameters()]
    layer_activations(model, np.ones((2, 2)))
    assert [(p.data, p.grad) for p in model.parameters()] == before


def test_a_resumed_run_has_the_record_of_one_that_was_never_stopped(tmp_path):
    whole, parts = LayerRecorder(np.ones((1, 2))), LayerRecorder(np.ones((1, 2)))
    trained(whole, epochs=4)
    trained(LayerRecorder(np.ones((1, 2))), epochs=2, checkpoint=tmp_path / "run")
    trained(parts, epochs=4, checkpoint=tmp_path / "run", resume=True)
    for record in ("activations", "gradients"):
        for layer, arrays in getattr(whole, record).items():
            np.testing.assert_array_equal(arrays, getattr(parts, record)[layer])


def test_distributions_show_median_and_bands(tmp_path):
    recorder = LayerRecorder(np.random.default_rng(1).normal(size=(8, 2)))
    trained(recorder)
    figure = plot_distributions(recorder)
    assert [title(figure, k) for k in (0, 1)] == ["layers.0", "layers.1"]
    np.testing.assert_allclose(
        figure.axes[0].lines[0].get_ydata(), [np.median(a) for a in recorder.activations["layers.0"]]
    )
    np.testing.assert_allclose(
        figure.axes[3].lines[0].get_ydata(), [np.median(a) for a in recorder.gradients["layers.1"]]
    )
    assert figure.axes[2].get_yscale() == "log"
    assert draws(figure, tmp_path)


def test_gradients_that_are_all_zero_are_said_to_be(tmp_path):
    recorder = LayerRecorder(np.ones((1, 2)))
    recorder.gradients = {"a": [np.zeros(4), np.zeros(4)], "b": [np.ones(4), np.array([0.0, 1.0, 1.0, 1.0])]}
    figure = plot_distributions(recorder)
    assert [title(figure, k) for k in (2, 3)] == ["100 % are zero", "25 % are zero"]
    assert draws(figure, tmp_path)


def test_a_recorder_that_saw_nothing_is_refused():
    with pytest.raises(ValueError, match=r"give it to fit\(\.\.\., callbacks=\[recorder\]\)"):
        plot_distributions(LayerRecorder([[0.0]]))


# Weights and confusion ------------------------------------------------------------------------------------


def test_weights_are_images_on_one_scale(tmp_path):
    layer = Layer(64, 3, seed=0)
    figure = plot_weights(layer, titles=["a", "b", "c"])
    pictures = [axis.images[0] for axis in figure.axes[:3]]
    for picture, neuron in zip(pictures, layer.neurons, strict=True):
        assert picture.get_array().ravel().tolist() == [weight.data for weight in neuron.weights]
    largest = max(abs(p.data) for p in layer.parameters())
    assert {picture.get_clim() for picture in pictures} == {(-largest, largest)}
    assert [axis.get_title() for axis in figure.axes[:3]] == ["a", "b", "c"]
    assert draws(figure, tmp_path)


def test_images_need_not_be_square():
    figure = plot_weights(np.arange(12.0).reshape(2, 6), (2, 3))
    assert figure.axes[1].images[0].get_array().tolist() == [[6.0, 7.0, 8.0], [9.0, 10.0, 11.0]]
    assert len(plot_weights(np.zeros((2, 5, 4))).axes) == 3, "nothing but zeros can be drawn, too"


@pytest.mark.parametrize(
    ("weights", "shape"),
    [(np.zeros((2, 7)), None), (np.zeros((2, 6)), (2, 2)), (np.zeros(4), None), (np.zeros((0, 4)), None)],
)
def test_weights_that_are_no_images_are_refused(weights, shape):
    with pytest.raises(ValueError, match=r"are no images of .* pixels; give shape=\(height, width\)"):
        plot_weights(weights, shape)


def test_a_confusion_matrix_shows_counts_and_accuracy(tmp_path):
    figure = plot_confusion([[50, 0, 0], [0, 47, 3], [0, 4, 46]], ["setosa", "versicolor", "virginica"])
    axis = figure.axes[0]
    assert title(figure) == "143 of 150 right (95.3 %)"
    assert [text.get_text() for text in axis.texts] == ["50", "0", "0", "0", "47", "3", "0", "4", "46"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["setosa", "versicolor", "virginica"]
    np.testing.assert_allclose(axis.images[0].get_array()[1], [0.0, 0.94, 0.06])
    assert draws(figure, tmp_path)


def test_a_class_that_never_occurs_is_no_trouble(tmp_path):
    assert draws(plot_confusion([[0, 0], [1, 3]]), tmp_path)
    assert title(plot_confusion([[0]])) == "0 of 0 right"


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        ([[1, 2]], None, r"one row and one column for each class, not shape \(1, 2\)"),
        ([1, 2], None, r"not shape \(2,\)"),
        ([[1]], ["a", "b"], "matrix of 1 classes needs as many names, not 2"),
    ],
)
def test_what_is_no_confusion_matrix_is_refused(matrix, names, message):
    with pytest.raises(ValueError, match=message):
        plot_confusion(matrix, names)


# All of them ----------------------------------------------------------------------------------------------

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
