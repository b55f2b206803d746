"""Loss curves, read back from the figure."""

import pytest
from plotting.reading import draws, lines, title

from tinygrad_edu.plotting import plot_loss
from tinygrad_edu.training import History


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
