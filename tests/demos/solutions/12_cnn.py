"""A solution of exercise 12."""


def convolved(image: list[list[float]], kernel: list[list[float]]) -> list[list[float]]:
    """The answer of one filter at each place of the image."""
    height, width = len(kernel), len(kernel[0])
    return [
        [
            sum(kernel[u][v] * image[i + u][j + v] for u in range(height) for v in range(width))
            for j in range(len(image[0]) - width + 1)
        ]
        for i in range(len(image) - height + 1)
    ]
