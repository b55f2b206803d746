"""Weights as images, read back from the figure."""

import numpy as np
import pytest
from plotting.reading import draws

from tinygrad_edu import Layer
from tinygrad_edu.plotting import plot_weights


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
