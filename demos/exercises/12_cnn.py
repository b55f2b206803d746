"""Exercise 12: sliding a window.

Lay the kernel on the image with its top left corner at row i, column j; multiply what lies on each other, and add.
That is entry (i, j) of the answer; there is one for each place where the kernel lies inside the image. As in all
libraries of neural networks the kernel is not turned over, though people call it a convolution.

Check:  tinygrad-edu exercise 12        A hint:  tinygrad-edu exercise 12 --hint 1
"""


def convolved(image: list[list[float]], kernel: list[list[float]]) -> list[list[float]]:
    """The answer of one filter at each place of the image."""
    raise NotImplementedError  # your lines go here
