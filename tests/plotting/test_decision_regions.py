"""Decision regions: borders, rings and refusals, read back from the figure."""

import numpy as np
import pytest
from matplotlib.contour import QuadContourSet
from plotting.reading import draws, title
from sklearn.datasets import make_moons

from tinygrad_edu.plotting import plot_decision_regions

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
