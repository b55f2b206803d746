"""Labels moved to where nothing is in their way.

Graphviz keeps room for the label of an edge where it leads that edge through, and lays the other edges without looking
at labels; nor does it look at the title of a frame. So here, after the layout, each of them on which something else
lies moves to the nearest free place: a label along its own edge, on either side of it; a title along the upper or the
lower side of its frame. Where all is full beside an edge, its label stands in a free place nearby, and a thin line
leads to it; where there is none, it takes the least bad place, and a rim of the paper's color.

May import: `palette` and `shapes` of this folder.
"""

from __future__ import annotations

import heapq
import itertools
import math
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinygrad_edu.drawing.palette import GRAY, PAPER
from tinygrad_edu.drawing.shapes import SVG, Box, Point, bounds, cell_id, kind, line_points, polyline

__all__ = ["place_labels"]

Square = tuple[int, int]
#: Of a straight piece of a line: the sides of the box around it, where it begins, which way it leads, and its width
#: times its length.
Piece = tuple[float, float, float, float, float, float, float, float, float]

#: The side of the squares in which boxes and lines are looked up; lines are taken in straight pieces, hardly longer.
_SIDE = 40.0
#: Where there are more pieces, all is covered by lines, and nothing is moved.
_MOST = 200_000
#: Letters leave so much of their cells empty, above and below.
_ABOVE, _BELOW = 3.5, 1.5
#: How far from its edge a label may be, and how far from all else it is where there is room for that.
_GAPS, _ROOM = (3.5, 7.0, 12.0, 20.0, 33.0), 3.0
#: Places along a line are so far apart; of a long edge at most so many are looked at.
_STEP, _PLACES = 4.0, 24
#: The rings of places around a label that is not beside its edge: how many, how far apart, places on each.
_RINGS, _FURTHER, _RING = 45, 8.0, 24
#: So many places are tried in a picture, shared among its labels, but for each at least the others so many.
_TRIES, _LEAST_TRIES = 20_000, 40
#: Of places further away so many times more: that one is not free is seen at once.
_FAR = 4
#: A box in the way counts as much as so many pieces of lines: text on text cannot be read.
_OF_A_BOX = 100


def place_labels(root: ET.Element) -> None:
    """Move the labels of edges and the titles of frames, while their cells are as `markup` made them."""
    crowd = Crowd()
    labels: list[Label] = []
    for group in root.iter(f"{SVG}g"):
        if kind(group) == "node" and any(_cells(group)):
            crowd.add(_extent(group))
        elif kind(group) == "edge":
            labels += _label_of_edge(group, crowd)
        elif kind(group) == "cluster":
            labels += _title_of_frame(group, crowd)
    for label in labels:
        crowd.add(label.box)
    tries = max(_LEAST_TRIES, _TRIES // (len(labels) or 1))
    for label in labels if crowd.pieces < _MOST else ():
        crowd.remove(label.box)
        if crowd.around(label.box, 0.0):
            _move(label, crowd, tries)
        crowd.add(label.box)


# What is where --------------------------------------------------------------------------------------------


class Crowd:
    """Boxes and pieces of lines, found again by where they are: the plane is divided into squares.

    >>> crowd = Crowd()
    >>> crowd.add_line([(0.0, 0.0), (10.0, 10.0)], width=1.0)
    >>> crowd.around(Box(4, 4, 6, 6), room=0.0), crowd.around(Box(7, 1, 9, 3), room=0.0)
    (1, 0)
    """

    def __init__(self) -> None:
        self._pieces: defaultdict[Square, list[Piece]] = defaultdict(list)
        self._boxes: defaultdict[Square, list[Box]] = defaultdict(list)
        self.extent = Box(math.inf, math.inf, -math.inf, -math.inf)
        self.pieces = 0

    def add(self, box: Box) -> None:
        """Nothing else should lie in this box."""
        self._extend(box)
        for square in _squares(*box):
            self._boxes[square].append(box)

    def remove(self, box: Box) -> None:
        """What was in this box is there no more."""
        for square in _squares(*box):
            self._boxes[square].remove(box)

    def add_line(self, points: Sequence[Point], width: float) -> None:
        """Nothing should lie on this line."""
        if not points:
            return
        self._extend(Box.around(points))
        self.pieces += len(points) - 1
        for start, end in itertools.pairwise(points):
            piece = _piece(start, end, width)
            for square in _squares(*piece[:4]):
                self._pieces[square].append(piece)

    def around(self, box: Box, room: float, most: float = math.inf) -> int:
        """How much is in the way of a box with room around it; 0 is nothing. Counting ends above `most`."""
        box = box.grown(room)
        seen: set[Box | Piece] = set()
        found = 0
        for square in _squares(*box):
            boxes = {other for other in self._boxes.get(square, ()) if other not in seen and box.meets(other)}
            found += _OF_A_BOX * len(boxes)
            if found > most:
                break
            pieces = [piece for piece in self._pieces.get(square, ()) if piece not in seen and _touches(piece, box)]
            found += len(pieces)
            if found > most:
                break
            seen.update(boxes, pieces)
        return found

    def has_boxes_on(self, start: Point, end: Point) -> bool:
        """Whether a straight line leads over a box."""
        piece = _piece(start, end, 1.0)
        return any(_touches(piece, box) for square in _squares(*piece[:4]) for box in self._boxes.get(square, ()))

    def _extend(self, box: Box) -> None:
        a, b = self.extent, box
        self.extent = Box(min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))


def _squares(left: float, top: float, right: float, bottom: float) -> Iterator[Square]:
    """The squares that a box has a part in."""
    columns = range(int(left // _SIDE), int(right // _SIDE) + 1)
    return itertools.product(columns, range(int(top // _SIDE), int(bottom // _SIDE) + 1))


def _piece(start: Point, end: Point, width: float) -> Piece:
    (x, y), dx, dy, half = start, end[0] - start[0], end[1] - start[1], width / 2
    left, right = (x, x + dx) if dx > 0 else (x + dx, x)
    top, bottom = (y, y + dy) if dy > 0 else (y + dy, y)
    return left - half, top - half, right + half, bottom + half, x, y, dx, dy, width * math.hypot(dx, dy)


def _touches(piece: Piece, box: Box) -> bool:
    """Whether a piece of a line of some width lies on a box: if nothing upright, level or along the line parts them."""
    left, top, right, bottom = box
    least_x, least_y, most_x, most_y, x, y, dx, dy, area = piece
    if most_x <= left or least_x >= right or most_y <= top or least_y >= bottom:
        return False
    off = abs(dx * ((top + bottom) / 2 - y) - dy * ((left + right) / 2 - x))
    return 2 * off < abs(dx) * (bottom - top) + abs(dy) * (right - left) + area


# Labels ---------------------------------------------------------------------------------------------------


@dataclass
class Label:
    """Cells that stay together, the box around their letters, and where its center could be, beside their edge."""

    group: ET.Element
    cells: list[ET.Element]
    box: Box
    places: Iterator[Point]
    curve: Sequence[Point] = ()


def _label_of_edge(group: ET.Element, crowd: Crowd) -> Iterator[Label]:
    """The label of an edge, if it has one; the edge joins the crowd."""
    curve: list[Point] = []
    width = 1.0
    for shape in group:
        if shape.tag in (f"{SVG}path", f"{SVG}polygon"):
            width = float(shape.get("stroke-width", "1"))
            points = line_points(shape, _SIDE)
            crowd.add_line(points, width)
            curve = curve or points
    if cells := _cells(group):
        box = _letters(cells)
        yield Label(group, cells, box, _beside(curve, width, box), curve)


def _title_of_frame(group: ET.Element, crowd: Crowd) -> Iterator[Label]:
    """The title of a frame; the frame joins the crowd."""
    frame = _extent(group)
    corners = frame.corners
    crowd.add_line(polyline([*corners, corners[0]], _SIDE), 1.0)
    if cells := _cells(group):
        box = _letters(cells)
        yield Label(group, cells, box, _along_frame(frame, box))


def _beside(curve: Sequence[Point], width: float, box: Box) -> Iterator[Point]:
    """The center of the box beside many points of a curve, on both sides, near it and less near."""
    points = polyline(curve, max(_STEP, sum(map(math.dist, curve, curve[1:])) / _PLACES))
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        length = math.dist(before, after) or 1.0
        across = (before[1] - after[1]) / length, (after[0] - before[0]) / length
        reach = (abs(across[0]) * box.width + abs(across[1]) * box.height + width) / 2
        for gap in _GAPS:
            right, down = (reach + gap) * across[0], (reach + gap) * across[1]
            yield point[0] - right, point[1] - down
            yield point[0] + right, point[1] + down


def _along_frame(frame: Box, box: Box) -> Iterator[Point]:
    """The center of the box along the upper and the lower side of a frame."""
    x, y = box.center
    margin = box.left - frame.left
    steps = int((frame.width - 2 * margin - box.width) // _STEP)
    for row, k in itertools.product((y, frame.bottom - (y - frame.top)), range(steps + 1)):
        yield x + k * _STEP, row


def _move(label: Label, crowd: Crowd, tries: int) -> None:
    """To the nearest place that is free with some room, else one that is just free, else the least bad of so many."""
    inside = crowd.extent.grown(2 * _ROOM)
    best, least = label.box, (crowd.around(label.box, 0.0), crowd.around(label.box, _ROOM))
    here = label.box.center
    for center in heapq.nsmallest(tries, label.places, key=lambda center: math.dist(center, here)):
        place = label.box.centered_at(center)
        if inside.holds(place) and (found := crowd.around(place, 0.0, least[0])) <= least[0]:
            best, least = min((best, least), (place, (found, crowd.around(place, _ROOM))), key=lambda each: each[1])
            if least == (0, 0):
                break
    if least[0] and _move_away(label, crowd, tries):
        return
    _shift(label, best)
    if least[0]:
        _blank_out_behind(label)


def _move_away(label: Label, crowd: Crowd, tries: int) -> bool:
    """To a free place that is not beside its edge, with a line that leads there; whether there is one."""
    inside = crowd.extent.grown(2 * _ROOM)
    for place in itertools.islice(_rings(label.box), _FAR * tries if label.curve else 0):
        if inside.holds(place) and not crowd.around(place, _ROOM, 0):
            left, top, right, bottom = place.grown(2.0)
            for start in _nearest(label.curve, place):
                end = min(max(start[0], left), right), min(max(start[1], top), bottom)
                if not crowd.has_boxes_on(start, end):
                    _shift(label, place)
                    _draw_line(label.group, start, end)
                    crowd.add_line([start, end], 1.0)
                    return True
    return False


def _nearest(curve: Sequence[Point], place: Box) -> list[Point]:
    """Some points of a curve that are near a place, the nearest first."""
    return sorted(curve, key=lambda point: math.dist(point, place.center))[:5]


def _draw_line(group: ET.Element, start: Point, end: Point) -> None:
    """A thin line: no edge, but what belongs to one."""
    places = zip(("x1", "y1", "x2", "y2"), (*start, *end), strict=True)
    written = {key: f"{place:.2f}" for key, place in places}
    group.append(ET.Element(f"{SVG}line", {"stroke": GRAY, "stroke-width": "0.7", **written}))


def _rings(box: Box) -> Iterator[Box]:
    """The box around points around its center, further and further away."""
    x, y = box.center
    for ring, k in itertools.product(range(1, _RINGS + 1), range(_RING)):
        far, angle = ring * _FURTHER, 2 * math.pi * k / _RING
        yield box.centered_at((x + far * math.cos(angle), y + far * math.sin(angle)))


def _shift(label: Label, place: Box) -> None:
    """Everything that a label is made of, to another place."""
    right, down = place.left - label.box.left, place.top - label.box.top
    label.box = place
    for cell in label.cells:
        for polygon in cell.iter(f"{SVG}polygon"):
            corners = bounds(polygon).corners
            polygon.set("points", " ".join(f"{x + right:.2f},{y + down:.2f}" for x, y in [*corners, corners[0]]))
        for text in cell.iter(f"{SVG}text"):
            text.set("x", f"{float(text.get('x', '0')) + right:.2f}")
            text.set("y", f"{float(text.get('y', '0')) + down:.2f}")


def _blank_out_behind(label: Label) -> None:
    """A rim of the paper's color around the letters."""
    for cell in label.cells:
        for text in cell.iter(f"{SVG}text"):
            text.attrib.update({"stroke": PAPER, "stroke-width": "3", "stroke-linejoin": "round"})
            text.set("paint-order", "stroke")


# What Graphviz made ---------------------------------------------------------------------------------------


def _cells(group: ET.Element) -> list[ET.Element]:
    return [child for child in group if cell_id(child)]


def _extent(group: ET.Element) -> Box:
    """All that a group covers."""
    shapes = [shape for shape in group.iter() if shape.tag in (f"{SVG}path", f"{SVG}polygon")]
    return Box.around([corner for shape in shapes for corner in bounds(shape).corners])


def _letters(cells: Sequence[ET.Element]) -> Box:
    """The box around the letters of cells."""
    left, top, right, bottom = Box.around(
        [corner for cell in cells for polygon in cell.iter(f"{SVG}polygon") for corner in bounds(polygon).corners]
    )
    return Box(left, top + _ABOVE, right, bottom - _BELOW)
