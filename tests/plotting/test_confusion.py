"""Confusion matrices, read back from the figure."""

import numpy as np
import pytest
from plotting.reading import draws, title

from tinygrad_edu.plotting import plot_confusion


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
