"""The way down a loss of two numbers, against formulas."""

import numpy as np
import pytest
from plotting.reading import draws, lines

from tinygrad_edu import SGD
from tinygrad_edu.plotting import descend, plot_descent


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


@pytest.mark.parametrize(("height", "scale"), [(0.5, "log"), (-0.5, "linear")])
def test_losses_have_a_logarithmic_axis_only_where_all_are_above_0(height, scale):
    path = [[1.0, 1.0], [0.0, 0.0]]
    figure = plot_descent(lambda a, b: a * a + b * b + height, {"by hand": path}, resolution=8)
    assert figure.axes[1].get_yscale() == scale
    assert figure.axes[1].get_ylim()[1] == pytest.approx(3.0 * (2.0 + height))
