"""Shapes of Graphviz's SVG, read as boxes and points."""

import math
import xml.etree.ElementTree as ET

import pytest

from tinygrad_edu.drawing.shapes import Box, bounds, cell_id, kind, line_points, polyline


def test_a_box_knows_its_sides_and_what_is_in_it():
    box = Box.around([(3, 1), (0, 5), (1, 2)])
    assert box == (0, 1, 3, 5)
    assert (box.width, box.height, box.center) == (3, 4, (1.5, 3))
    assert box.centered_at((10, 10)).center == (10, 10)
    assert box.holds(box)
    assert not box.holds(box.grown(0.1))


@pytest.mark.parametrize("other", [Box(3, 1, 4, 5), Box(-1, 1, 0, 5), Box(0, 5, 3, 6), Box(0, 0, 3, 1)])
def test_boxes_that_only_touch_do_not_meet(other):
    box = Box(0, 1, 3, 5)
    assert not box.meets(other)
    assert box.meets(other.grown(0.1))
    assert other.grown(0.1).meets(box)


def test_the_points_of_a_curve_lie_on_it():
    circle = 4 / 3 * (math.sqrt(2) - 1)  # the cubic that is a quarter of a circle, as nearly as one can be
    path = ET.fromstring(f'<path d="M1,0C1,{circle} {circle},1 0,1C-{circle},1 -1,{circle} -1,0" />')
    points = line_points(path, 0.1)
    assert points[0] == (1, 0)
    assert points[-1] == (-1, 0)
    assert [math.hypot(*point) for point in points] == pytest.approx([1.0] * len(points), abs=3e-4)
    assert max(map(math.dist, points, points[1:])) < 0.1


def test_the_points_of_a_polygon_go_around_it():
    polygon = ET.fromstring('<polygon points="0,0 4,0 4,-3 0,0" />')
    points = line_points(polygon, 1.0)
    assert len(points) == 1 + 4 + 3 + 5
    assert {(0, 0), (4, 0), (4, -3)} <= set(points)
    assert bounds(polygon) == (0, -3, 4, 0)
    assert polyline([(0, 0), (0, 0)], 1.0) == [(0, 0), (0, 0)], "a line without length is a line"


def test_numbers_with_exponents_and_signs_are_read():
    assert bounds(ET.fromstring('<path d="M-1e-05,2.5C1e+1,0 0,-3 4,4" />')) == (-1e-5, -3, 10, 4)


def test_groups_say_what_they_are():
    assert kind(ET.fromstring('<g class="node input root" />')) == "node"
    assert kind(ET.fromstring("<g />")) == ""
    assert cell_id(ET.fromstring('<g id="a_node-3/node.row value right" />')) == ["node-3/node.row", "value", "right"]
    assert cell_id(ET.fromstring('<g id="a_edge-3-0 label" />')) == []
    assert cell_id(ET.fromstring('<g id="one value above" />')) == []
