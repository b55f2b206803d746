"""Convolution: a few neurons that look at every patch of an image in turn.

May import: `arguments`, `modes`, `arrays`; `activations`, `initializers`, `layers`, `module` and `shapes` of this
folder; NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.arguments import Seed, random_generator, whole_number
from tinygrad_edu.arrays import ValueArray, array
from tinygrad_edu.modes import asks_for_modules
from tinygrad_edu.nn.activations import Activation, activation_name
from tinygrad_edu.nn.initializers import Initializer, draw_weights, resolve_initializer, these
from tinygrad_edu.nn.layers import Neuron
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.shapes import values_of_shape

__all__ = ["Conv2d", "patches"]


def patches(image: ValueArray, size: int, stride: int) -> ValueArray:
    """Every `size` × `size` window of an image, all channels of it: rows of windows, `stride` pixels apart.

    Shapes: an image (channels, height, width) gives ((height - size) // stride + 1) rows of
    ((width - size) // stride + 1) windows, each (channels, size, size).

    Raises ValueError when the image is smaller than a window.

    >>> patches(array([[[1, 2, 3], [4, 5, 6]]]), 2, 1).data[0, 1]
    array([[[2., 3.],
            [5., 6.]]])
    """
    height, width = image.shape[1:]
    if height < size or width < size:
        raise ValueError(
            f"a window of {size} × {size} does not fit into an image of {height} × {width} pixels; "
            "make the window smaller or pad the image"
        )
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    return windows.transpose(1, 2, 0, 3, 4)  # type: ignore[return-value]  # of Values, as the image is


class Conv2d(Module):
    """Convolution: each filter is one neuron, applied to every patch of the image.

    outputs[o][i][j] = activation(Σ_c Σ_u Σ_v weights[o][c, u, v] · image[c][i·stride + u][j·stride + v] + bias[o])

    Shapes: an image (in_channels, height, width) becomes (out_channels, height', width'), with
    height' = (height + 2·padding - kernel_size) // stride + 1. The `filters` are `out_channels` neurons, whose
    weights run over channels, rows and columns, the columns fastest. The border is padded with zeros.

    Raises ValueError for sizes that are no positive whole numbers, a negative padding, and an image of another shape.

    LeCun, Y. et al. (1989). Backpropagation applied to handwritten zip code recognition. Neural Computation 1(4).

    >>> edges = Conv2d(1, 1, kernel_size=2, init=lambda n_inputs, n_outputs, generator: [-1.0, 1.0, -1.0, 1.0])
    >>> edges([[[0, 0, 9], [0, 0, 9], [0, 0, 9]]])[0]
    ValueArray([[ 0., 18.],
                [ 0., 18.]])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        activation: Activation = "linear",
        *,
        init: str | Initializer | None = None,
        seed: Seed = None,
    ) -> None:
        self.in_channels = whole_number(in_channels, "in_channels")
        self.out_channels = whole_number(out_channels, "out_channels")
        self.kernel_size = whole_number(kernel_size, "kernel_size")
        self.stride = whole_number(stride, "stride")
        self.padding = whole_number(padding, "padding", least=0)
        area = self.kernel_size**2
        shape = self.out_channels, self.in_channels * area
        initializer = resolve_initializer(init, activation)
        # Each input meets out_channels · area weights as the filters pass over it, and that is its fan out.
        weights = draw_weights(initializer, shape[1], shape[0] * area, random_generator(seed), shape)
        self.filters = [Neuron(shape[1], activation, init=these(row)) for row in weights]
        self.label_parameters()

    def __call__(self, image: Any) -> ValueArray:
        """The feature maps of one image, shape (out_channels, height', width')."""
        pixels = values_of_shape(image, (self.in_channels, "height", "width"), "this convolution")
        windows = patches(_padded(pixels, self.padding), self.kernel_size, self.stride)
        flat = windows.reshape(*windows.shape[:2], -1).tolist()
        respond = [neuron.respond_aloud if asks_for_modules() else neuron.respond for neuron in self.filters]
        return array([[[one(inputs) for inputs in row] for row in flat] for one in respond])

    def describe(self) -> str:
        """The channels, the size of the kernel, and the activation."""
        name = activation_name(self.filters[0].activation)
        return f"{self.in_channels} -> {self.out_channels} channels, {self.kernel_size} × {self.kernel_size}, {name}"


def _padded(image: ValueArray, padding: int) -> ValueArray:
    """The image inside a frame of zeros."""
    return np.pad(image, [(0, 0), (padding, padding), (padding, padding)]) if padding else image  # type: ignore[return-value]  # of Values, as the image is
