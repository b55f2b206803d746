"""Labels moved to where nothing is in their way.

Graphviz keeps room for the label of an edge where it leads that edge through, and lays the other edges without looking
at labels; nor does it look at the title of a frame. So here, after the layout, each of them on which something else
lies moves to the nearest free place: a label along its own edge, on either side of it; a title along the upper or the
lower side of its frame. Where all is full beside an edge, its label stands in a free place nearby, and a thin line
leads to it; where there is none, it takes the least bad place, and a rim of the paper's color.

May import: `crowd`, `palette` and `shapes` of this folder; NumPy.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from tinygrad_edu.drawing.crowd import Crowd, Floats
from tinygrad_edu.drawing.palette import GRAY, PAPER
from tinygrad_edu.drawing.shapes import SVG, Box, Point, bounds, cell_id, kind, line_points, polyline

__all__ = ["place_labels"]

#: Lines are taken in pieces that are not longer.
_PIECE = 40.0
#: Where there are more pieces, all is covered by lines, and nothing is moved.
_MOST = 200_000
#: Letters leave so much of their cells empty, above and below.
_ABOVE, _BELOW = 3.5, 1.5
#: How far from its edge a label may be, and how far from all else it is where there is room for that.
_GAPS, _ROOM = (3.5, 7.0, 12.0, 20.0, 33.0), 3.0
#: Places along a line are so far apart; of a long edge at most so many are looked at.
_STEP, _PLACES, _LEAST = 4.0, 40, 1e-9
#: The rings of places around a label that is not beside its edge: how many, how far apart, places on each.
_RINGS, _FURTHER, _RING = 45, 8.0, 24
#: So many places are tried in a picture, shared among its labels, but for each at least the others so many.
_TRIES, _LEAST_TRIES = 20_000, 40
#: So many are looked at at once.
_AT_ONCE = 50
#: Of places further away so many times more: that one is not free is seen at once.
_FAR = 4


def place_labels(root: ET.Element) -> None:
    """Move the labels of edges and the titles of frames, while their cells are as `markup` made them."""
    crowd = Crowd()
    labels: list[Label] = []
    for group in root.iter(f"{SVG}g"):
        if kind(group) == "node" and _cells(group):
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
        if crowd.around([label.box])[0]:
            _move(label, crowd, tries)
        crowd.add(label.box)


# Labels ---------------------------------------------------------------------------------------------------


@dataclass
class Label:
    """Cells that stay together, the box around their letters, and where its center could be, beside their edge."""

    group: ET.Element
    cells: list[ET.Element]
    box: Box
    places: Floats
    curve: Sequence[Point] = ()


def _label_of_edge(group: ET.Element, crowd: Crowd) -> Iterator[Label]:
    """The label of an edge, if it has one; the edge joins the crowd."""
    curve: list[Point] = []
    width = 1.0
    for shape in group:
        if shape.tag in (f"{SVG}path", f"{SVG}polygon"):
            width = float(shape.get("stroke-width", "1"))
            points = line_points(shape, _PIECE)
            crowd.add_line(points, width)
            curve = curve or points
    if cells := _cells(group):
        box = _letters(cells)
        yield Label(group, cells, box, _beside(curve, width, box), curve)


def _title_of_frame(group: ET.Element, crowd: Crowd) -> Iterator[Label]:
    """The title of a frame; the frame joins the crowd."""
    frame = _extent(group)
    corners = frame.corners
    crowd.add_line(polyline([*corners, corners[0]], _PIECE), 1.0)
    if cells := _cells(group):
        box = _letters(cells)
        yield Label(group, cells, box, _along_frame(frame, box))


def _beside(curve: Sequence[Point], width: float, box: Box) -> Floats:
    """The center of the box beside many points of a curve, on both sides, near it and less near."""
    points = np.array(curve)
    along = np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    places = np.linspace(0.0, along[-1], 2 + min(_PLACES, int(along[-1] / _STEP)))
    x, y = np.interp(places, along, points[:, 0]), np.interp(places, along, points[:, 1])
    right, down = x[2:] - x[:-2], y[2:] - y[:-2]
    across = np.column_stack([-down, right]) / np.maximum(np.hypot(right, down), _LEAST)[:, np.newaxis]
    reach = (np.abs(across) @ (box.width, box.height) + width) / 2
    away = across[:, np.newaxis] * np.add.outer(reach, _GAPS)[..., np.newaxis]
    beside = np.column_stack([x, y])[1:-1, np.newaxis, np.newaxis] + np.stack([-away, away], axis=2)
    centers: Floats = beside.reshape(-1, 2)
    return centers


def _along_frame(frame: Box, box: Box) -> Floats:
    """The center of the box along the upper and the lower side of a frame."""
    x, y = box.center
    steps = int((frame.width - 2 * (box.left - frame.left) - box.width) // _STEP)
    columns = x + _STEP * np.arange(steps + 1)
    return np.vstack(
        [np.column_stack([columns, np.full_like(columns, row)]) for row in (y, frame.bottom - y + frame.top)]
    )


def _move(label: Label, crowd: Crowd, tries: int) -> None:
    """To the nearest place that is free with some room, else one that is just free, else the least bad of so many."""
    far = np.hypot(*(label.places - label.box.center).T)
    near = _boxes_around(label.box, label.places[np.argsort(far, kind="stable")[:tries]])
    places = np.vstack([label.box, _inside(near, crowd)])
    best, least = label.box, (math.inf, math.inf)
    for some in np.array_split(places, math.ceil(len(places) / _AT_ONCE)):
        in_the_way, with_room = crowd.around(some), crowd.around(some, _ROOM)
        k = np.lexsort((with_room, in_the_way))[0]  # the nearest of equals: the sort leaves them in order
        best, least = min((best, least), (Box(*some[k].tolist()), (in_the_way[k], with_room[k])), key=itemgetter(1))
        if least == (0, 0):
            break
    if least[0] and _move_away(label, crowd, tries):
        return
    _shift(label, best)
    if least[0]:
        _blank_out_behind(label)


def _move_away(label: Label, crowd: Crowd, tries: int) -> bool:
    """To a free place that is not beside its edge, with a line that leads there; whether there is one."""
    angles = 2 * np.pi * np.arange(_RING) / _RING
    ring = _FURTHER * np.column_stack([np.cos(angles), np.sin(angles)])
    for k in range(1, min(_RINGS, _FAR * tries // _RING) + 1 if label.curve else 0):
        places = _inside(_boxes_around(label.box, label.box.center + k * ring), crowd)
        for place in places[crowd.around(places, _ROOM) == 0] if len(places) else ():
            if _lead_to(label, Box(*place.tolist()), crowd):
                return True
    return False


def _boxes_around(box: Box, centers: Floats) -> Floats:
    """The sides of the same box around other points."""
    size = np.array([box.width, box.height])
    return np.hstack([centers - size / 2, centers + size / 2])


def _inside(places: Floats, crowd: Crowd) -> Floats:
    """Those of some boxes that are not outside the picture."""
    left, top, right, bottom = crowd.extent.grown(2 * _ROOM)
    inside = (places[:, :2] >= (left, top)) & (places[:, 2:] <= (right, bottom))
    return places[inside.all(axis=1)]


def _lead_to(label: Label, place: Box, crowd: Crowd) -> bool:
    """There, with a line from its edge that leads over no box; whether there is such a line."""
    left, top, right, bottom = place.grown(2.0)
    for start in _nearest(label.curve, place):
        end = min(max(start[0], left), right), min(max(start[1], top), bottom)
        if not crowd.has_boxes_on(start, end):
            _shift(label, place)
            _draw_line(label.group, start, end)
            crowd.add_line(polyline([start, end], _PIECE), 1.0)
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
