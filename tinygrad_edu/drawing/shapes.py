"""What the shapes in Graphviz's SVG are: whose they are, where they lie, and the points that lines run through.

May import: the standard library only.
"""

from __future__ import annotations

import itertools
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["ANCHORS", "SVG", "Box", "Point", "bounds", "cell_id", "kind", "line_points", "polyline"]

SVG = "{http://www.w3.org/2000/svg}"
#: The sides that the text of a cell may keep to, and what SVG calls them.
ANCHORS = {"left": "start", "center": "middle", "right": "end"}
#: Straight from point to point is nowhere further from a curve, in points of type.
_OFF = 0.3
_NUMBER = re.compile(r"-?[\d.]+(?:e[-+]?\d+)?")

Point = tuple[float, float]


class Box(NamedTuple):
    """An upright rectangle; as everywhere in SVG, what is further down has the larger y.

    >>> Box(0, 0, 2, 1).grown(1), Box(0, 0, 2, 1).centered_at((5, 5))
    (Box(left=-1, top=-1, right=3, bottom=2), Box(left=4.0, top=4.5, right=6.0, bottom=5.5))
    """

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, points: Sequence[Point]) -> Box:
        """The smallest that holds all points."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return cls(min(xs), min(ys), max(xs), max(ys))

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def center(self) -> Point:
        """The point in the middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def corners(self) -> list[Point]:
        """Its four corners, one after the other."""
        return [(self.left, self.top), (self.right, self.top), (self.right, self.bottom), (self.left, self.bottom)]

    def grown(self, by: float) -> Box:
        """The box with a margin on each side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def centered_at(self, point: Point) -> Box:
        """The same box around another point."""
        x, y = point[0] - self.width / 2, point[1] - self.height / 2
        return Box(x, y, x + self.width, y + self.height)

    def meets(self, other: Box) -> bool:
        """Whether they overlap.

        >>> Box(0, 0, 2, 2).meets(Box(1, 1, 3, 3)), Box(0, 0, 2, 2).meets(Box(2, 0, 3, 2))
        (True, False)
        """
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Whether the other one is inside it.

        >>> Box(0, 0, 3, 3).holds(Box(0, 1, 2, 2)), Box(0, 0, 3, 3).holds(Box(2, 2, 4, 3))
        (True, False)
        """
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


def kind(group: ET.Element) -> str:
    """What a group is of: "graph", "node", "edge" or "cluster"."""
    return group.get("class", "").split(" ")[0]


def cell_id(made: ET.Element) -> list[str]:
    """Owner, role and side, if this is what Graphviz made of a `markup.cell`; or else nothing.

    >>> cell_id(ET.fromstring('<g id="a_- local center" />'))
    ['-', 'local', 'center']
    """
    words = made.get("id", "").removeprefix("a_").split(" ")
    return words if len(words) == 3 and words[2] in ANCHORS else []


def bounds(shape: ET.Element) -> Box:
    """The box around a polygon, or a path.

    >>> bounds(ET.fromstring('<polygon points="4,-2 1,0 3,5 4,-2" />'))
    Box(left=1.0, top=-2.0, right=4.0, bottom=5.0)
    """
    return Box.around(_written_points(shape))


def line_points(shape: ET.Element, apart: float) -> list[Point]:
    """Points on a line, from its beginning to its end, at most so far `apart`, and closer where it bends.

    Graphviz writes all paths as `M` and `C`.

    >>> line_points(ET.fromstring('<path d="M0,0C1,0 2,0 3,0" />'), 1.5)
    [(0.0, 0.0), (1.5, 0.0), (3.0, 0.0)]
    """
    points = _written_points(shape)
    if not shape.tag.endswith("path"):
        return polyline(points, apart)
    found = points[:1]
    for k in range(0, len(points) - 3, 3):
        found += _bezier(points[k : k + 4], apart)
    return found


def polyline(corners: Sequence[Point], apart: float) -> list[Point]:
    """Points on straight lines from corner to corner, at most so far `apart`.

    >>> polyline([(0, 0), (3, 0), (3, 1)], 1.5)
    [(0, 0), (1.5, 0.0), (3.0, 0.0), (3.0, 1.0)]
    """
    found = [*corners[:1]]
    for (x1, y1), (x2, y2) in itertools.pairwise(corners):
        count = max(1, math.ceil(math.hypot(x2 - x1, y2 - y1) / apart))
        found += [(x1 + k / count * (x2 - x1), y1 + k / count * (y2 - y1)) for k in range(1, count + 1)]
    return found


def _written_points(shape: ET.Element) -> list[Point]:
    numbers = map(float, _NUMBER.findall(shape.get("points", "") or shape.get("d", "")))
    return list(zip(numbers, numbers, strict=True))


def _bezier(hull: Sequence[Point], apart: float) -> Iterator[Point]:
    """Points on a Bezier curve, without its first."""
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = hull
    bend = max(math.hypot(x1 - 2 * x2 + x3, y1 - 2 * y2 + y3), math.hypot(x2 - 2 * x3 + x4, y2 - 2 * y3 + y4))
    length = math.dist(hull[0], hull[1]) + math.dist(hull[1], hull[2]) + math.dist(hull[2], hull[3])
    count = math.ceil(max(1.0, length / apart, math.sqrt(0.75 * bend / _OFF)))
    for k in range(1, count + 1):
        t = k / count
        u = 1 - t
        a, b, c, d = u * u * u, 3 * t * u * u, 3 * t * t * u, t * t * t
        yield a * x1 + b * x2 + c * x3 + d * x4, a * y1 + b * y2 + c * y3 + d * y4
