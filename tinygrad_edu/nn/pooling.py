"""Pooling: one number for each window of an image, which makes the image smaller.

May import: `arguments`, `value`, `functions`, `arrays`; `conv`, `module` and `shapes` of this folder.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import reduce
from typing import Any

from tinygrad_edu.arguments import whole_number
from tinygrad_edu.arrays import ValueArray, array
from tinygrad_edu.functions import fsum
from tinygrad_edu.nn.conv import patches
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.shapes import values_of_shape
from tinygrad_edu.value import Value

__all__ = ["AvgPool2d", "MaxPool2d"]


class _Pool2d(Module, ABC):
    """What both kinds of pooling share: they go over the windows of each channel."""

    def __init__(self, kernel_size: int, stride: int | None = None) -> None:
        self.kernel_size = whole_number(kernel_size, "kernel_size")
        self.stride = self.kernel_size if stride is None else whole_number(stride, "stride")

    def __call__(self, image: Any) -> ValueArray:
        """The image of one number per window, shape (channels, height', width')."""
        pixels = values_of_shape(image, ("channels", "height", "width"), "this pooling")
        windows = patches(pixels, self.kernel_size, self.stride).transpose(2, 0, 1, 3, 4)
        flat = windows.reshape(*windows.shape[:3], -1).tolist()
        return array([[[self.pool(window) for window in row] for row in channel] for channel in flat])

    @abstractmethod
    def pool(self, window: Sequence[Value]) -> Value:
        """The one number that stands for all pixels of a window."""

    def describe(self) -> str:
        """The size of the windows and how far they are apart."""
        return f"{self.kernel_size} × {self.kernel_size}, stride {self.stride}"


class MaxPool2d(_Pool2d):
    """The largest pixel of each window: whether a feature is anywhere in it.

    Shapes: an image (channels, height, width) becomes (channels, height', width') with
    height' = (height - kernel_size) // stride + 1; `stride` is `kernel_size` unless you say otherwise, so that windows
    do not overlap, and rows or columns that fill no window are left out. The gradient flows to the largest pixel;
    equal ones share it.

    Raises ValueError for sizes that are no positive whole numbers, and for an image smaller than a window.

    >>> MaxPool2d(2)([[[1.0, 5.0, 2.0, 0.0], [3.0, 4.0, 1.0, 7.0]]])[0][0]
    ValueArray([5., 7.])
    """

    def pool(self, window: Sequence[Value]) -> Value:
        """max(pixels)."""
        return reduce(lambda largest, pixel: largest.maximum(pixel), window)


class AvgPool2d(_Pool2d):
    """The mean of the pixels of each window: the image, blurred and made smaller.

    Shapes and errors are those of `MaxPool2d`; the gradient is shared among all pixels of a window.

    >>> AvgPool2d(2)([[[1.0, 5.0, 2.0, 0.0], [3.0, 3.0, 1.0, 1.0]]])[0][0]
    ValueArray([3., 1.])
    """

    def pool(self, window: Sequence[Value]) -> Value:
        """Σ pixels / their number."""
        return fsum(window) / len(window)
