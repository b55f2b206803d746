"""Examples that a program is compared with its function on, where the user gives none.

May import: `recording` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.replay.recording import FloatArray

__all__ = ["WORK", "made_inputs"]

#: How many edges of graphs a comparison may walk, about. Eager code takes one or two microseconds for an edge, so this
#: is some 20 ms; of longer programs it would take much longer than their recording.
WORK = 10_000
#: How the numbers of one example are drawn, so many at once.
_KINDS: tuple[Callable[[np.random.Generator, int], Any], ...] = (
    # of all sizes and both signs
    lambda generator, n: generator.normal(size=n) * 10.0 ** generator.integers(-2, 2, n),
    # small whole numbers, as labels are: half of them 0, many of them equal, so that ties and kinks are met
    lambda generator, n: generator.integers(0, 2, n) * generator.choice([1, 1, 1, -2, 3], n),
    # inside (0, 1), where nearly every function is defined
    lambda generator, n: generator.uniform(0.05, 0.95, n),
)


def made_inputs(shapes: Sequence[tuple[int, ...]], options: Mapping[int, int], edges: int) -> list[FloatArray]:
    """Examples of several magnitudes and signs, fewer of them for a long program, one array for each input.

    `options` says which numbers, counted through all inputs, are indices, and among how many options they choose.
    """
    sizes = [math.prod(shape) for shape in shapes]
    generator = np.random.default_rng(0)
    count = min(len(_KINDS), max(1, WORK // (edges + 1)))
    flat = np.array([kind(generator, sum(sizes)) for kind in _KINDS[:count]], dtype=np.float64).reshape(count, -1)
    for k, among in options.items():
        flat[:, k] = generator.integers(0, among, count)
    columns = np.split(flat, np.cumsum(sizes)[:-1], axis=1) if sizes else []
    return [column.reshape(count, *shape) for column, shape in zip(columns, shapes, strict=True)]
