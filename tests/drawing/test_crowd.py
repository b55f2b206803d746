"""What is in the way of places: boxes and lines that overlap them, counted one by one."""

import math

import numpy as np

from tinygrad_edu.drawing.crowd import Crowd
from tinygrad_edu.drawing.shapes import Box


def test_the_crowd_forgets_what_is_removed_and_counts_what_is_there():
    crowd, box = Crowd(), Box(0, 0, 100, 100)

    def around(place, room=0.0):
        (found,) = crowd.around([place], room)
        return found

    crowd.add(box)
    crowd.add(box)
    crowd.add(Box(0, 0, 10, 10))
    assert around(Box(95, 95, 120, 120)) == 200
    assert around(Box(5, 5, 7, 7)) == 300
    assert around(Box(101, 0, 120, 5)) == 0
    assert around(Box(101, 0, 120, 5), 2.0) == 200, "with room around it"
    crowd.remove(box)
    assert around(Box(95, 95, 120, 120)) == 100, "there were two"
    crowd.remove(box)
    assert around(Box(95, 95, 120, 120)) == 0
    crowd.add_line([(0.0, 0.0), (50.0, 50.0), (100.0, 100.0)], 4.0)
    assert around(Box(95, 95, 120, 120)) == 1
    assert around(Box(52, 40, 60, 49)) == 0, "beside a slanted line"
    assert around(Box(52, 40, 60, 51)) == 1, "the line is four wide"


def test_each_of_many_places_is_counted_for_itself():
    rng = np.random.default_rng(0)
    crowd, boxes, lines = Crowd(), rng.uniform(0, 900, (40, 2)), rng.uniform(0, 1000, (60, 2, 2))
    for x, y in boxes:
        crowd.add(Box(x, y, x + 60, y + 20))
    for line in lines:
        crowd.add_line([tuple(point) for point in line], 2.0)
    places = [Box(x, y, x + 30, y + 12) for x, y in rng.uniform(0, 1000, (200, 2))]
    found = crowd.around(places)

    def counted(width):
        on_boxes = [sum(Box(x, y, x + 60, y + 20).meets(place) for x, y in boxes) for place in places]
        on_lines = [sum(on_line(place, start, end, width) for start, end in lines) for place in places]
        return 100 * np.array(on_boxes) + on_lines

    assert len(set(found.tolist())) > 3
    assert (counted(1.5) <= found).all()
    assert (found <= counted(2.5)).all(), "points do not see the very edge of a line"


def on_line(box, start, end, width):
    """Whether a line of a width lies on a box, by looking at many points of it."""
    left, top = np.minimum(start, end) - width
    right, bottom = np.maximum(start, end) + width
    if not Box(left, top, right, bottom).meets(box):
        return False
    across = np.array([start[1] - end[1], end[0] - start[0]]) / math.dist(start, end)
    along = start + np.linspace(0, 1, 2000)[:, np.newaxis] * (end - start)
    points = np.concatenate([along + side * across for side in np.linspace(-width / 2, width / 2, 5)])
    inside = (points > (box.left, box.top)) & (points < (box.right, box.bottom))
    return bool(inside.all(axis=1).any())
