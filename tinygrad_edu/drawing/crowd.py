"""What lies where in a picture: boxes that nothing should lie in, and lines that nothing should lie on.

Where a label could go is asked of many places at once, so all is kept, and compared, in NumPy arrays. Lines are kept
as straight pieces, sorted from left to right, so that only those near the places are looked at: long ones cost more.

May import: `shapes` of this folder; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.drawing.shapes import Box, Point

__all__ = ["Crowd", "Floats"]

Floats = NDArray[np.float64]

#: A box in the way counts as much as so many pieces of lines: text on text cannot be read.
_OF_A_BOX = 100


class Crowd:
    """Boxes and pieces of lines, and how many of them are in the way of a place.

    >>> crowd = Crowd()
    >>> crowd.add_line([(0.0, 0.0), (10.0, 10.0)], width=1.0)
    >>> crowd.around([Box(4, 4, 6, 6), Box(7, 1, 9, 3)])
    array([1, 0])
    """

    def __init__(self) -> None:
        self._boxes: Floats = np.empty((0, 4))
        self._pieces: Floats = np.empty((0, 9))  # as `_pieces` makes them
        self._new: list[Floats] = []
        self._widest = 0.0
        self.extent = Box(math.inf, math.inf, -math.inf, -math.inf)
        self.pieces = 0

    def add(self, box: Box) -> None:
        """Nothing else should lie in this box."""
        self._extend(box)
        self._boxes = np.vstack([self._boxes, box])

    def remove(self, box: Box) -> None:
        """What was in this box is there no more."""
        first = int(np.flatnonzero((self._boxes == box).all(axis=1))[0])
        self._boxes = np.delete(self._boxes, first, axis=0)

    def add_line(self, points: Sequence[Point], width: float) -> None:
        """Nothing should lie on this line."""
        if not points:
            return
        self._extend(Box.around(points))
        pieces = _pieces(np.array(points, dtype=np.float64), width)
        self._new.append(pieces)
        self._widest = max(self._widest, float((pieces[:, 2] - pieces[:, 0]).max(initial=0.0)))
        self.pieces += len(pieces)

    def around(self, places: Sequence[Box] | Floats, room: float = 0.0) -> NDArray[np.int64]:
        """How much is in the way of each of some boxes, with room around them; 0 is nothing."""
        grown = np.asarray(places, dtype=np.float64) + np.multiply(room, (-1.0, -1.0, 1.0, 1.0))
        reach = Box(*grown[:, :2].min(axis=0).tolist(), *grown[:, 2:].max(axis=0).tolist())
        self._sort_in()
        first, last = np.searchsorted(self._pieces[:, 0], (reach.left - self._widest, reach.right))
        boxes = _meets(_near(self._boxes, reach), grown).sum(axis=1)
        pieces = _touches(_near(self._pieces[first:last], reach), grown).sum(axis=1)
        found: NDArray[np.int64] = boxes * _OF_A_BOX + pieces
        return found

    def has_boxes_on(self, start: Point, end: Point) -> bool:
        """Whether a straight line leads over a box."""
        return bool(_touches(_pieces(np.array([start, end]), 1.0), self._boxes).any())

    def _sort_in(self) -> None:
        if self._new:
            new = np.vstack(self._new)
            new = new[np.argsort(new[:, 0], kind="stable")]
            self._pieces = np.insert(self._pieces, np.searchsorted(self._pieces[:, 0], new[:, 0]), new, axis=0)
            self._new = []

    def _extend(self, box: Box) -> None:
        a, b = self.extent, box
        self.extent = Box(min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))


def _pieces(points: Floats, width: float) -> Floats:
    """Of each piece the sides of the box around it, where it begins, which way it leads, its width times its length."""
    starts, along = points[:-1], np.diff(points, axis=0)
    corners = np.minimum(starts, points[1:]) - width / 2, np.maximum(starts, points[1:]) + width / 2
    pieces: Floats = np.hstack([*corners, starts, along, width * np.hypot(*along.T)[:, np.newaxis]])
    return pieces


def _near(things: Floats, reach: Box) -> Floats:
    """Those whose boxes, their first four numbers, meet the box `reach`."""
    near: Floats = things[_meets(things, np.array([reach]))[0]]
    return near


def _meets(things: Floats, boxes: Floats) -> NDArray[np.bool_]:
    """Whether each box, a row of the result, meets the box around each thing, a column."""
    left, top, right, bottom = boxes.T[:, :, np.newaxis]
    met: NDArray[np.bool_] = things[:, 0] < right
    met &= things[:, 2] > left
    met &= things[:, 1] < bottom
    met &= things[:, 3] > top
    return met


def _touches(pieces: Floats, boxes: Floats) -> NDArray[np.bool_]:
    """Whether each piece lies on each box: if nothing upright, level or along the line parts them."""
    met = _meets(pieces, boxes)
    box, piece = np.nonzero(met)
    left, top, right, bottom = boxes[box].T
    x, y, dx, dy, area = pieces[piece, 4:].T
    off = np.abs(dx * ((top + bottom) / 2 - y) - dy * ((left + right) / 2 - x))
    met[box, piece] = 2 * off < np.abs(dx) * (bottom - top) + np.abs(dy) * (right - left) + area
    return met
