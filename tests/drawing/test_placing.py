"""Labels go to free places beside their edges, and stay where nothing is in their way."""

import math
import xml.etree.ElementTree as ET

import pytest

from tinygrad_edu import nn
from tinygrad_edu.drawing import draw, tidying
from tinygrad_edu.drawing.crowd import Crowd
from tinygrad_edu.drawing.layout import laid_out
from tinygrad_edu.drawing.placing import place_labels
from tinygrad_edu.drawing.shapes import SVG, Box, bounds, line_points

#: Where the cell of the label is in these pictures, and the letters in it.
CELL = "40,-40 40,-24 80,-24 80,-40 40,-40"
LETTERS = Box(40, -40 + 3.5, 80, -24 - 1.5)


def picture(*others, edge="M0,-20C40,-20 80,-20 120,-20", cell=CELL):
    """An edge with a label above it, and other groups."""
    x, y = cell.split(" ")[0].split(",")
    return ET.fromstring(
        f"""<svg xmlns="{SVG[1:-1]}"><g class="graph"><g class="edge" id="edge-1-0"><path d="{edge}" />
        <g id="a_- local center"><a><polygon points="{cell}" /><text x="{x}" y="{y}">∂ 1</text></a></g></g>
        {"".join(others)}</g></svg>"""
    )


def line(path):
    return f'<g class="edge"><path d="{path}" stroke-width="2" /></g>'


def node(left, top, right, bottom):
    points = f"{left},{top} {right},{top} {right},{bottom} {left},{bottom} {left},{top}"
    return f'<g class="node"><g id="a_- value right"><a><polygon points="{points}" /></a></g></g>'


def label(svg):
    """Where the label is: the box of its letters, which text and cell agree on."""
    cell = svg.find(f".//{SVG}g[@id='a_- local center']/{SVG}a")
    text, box = cell.find(f"{SVG}text"), bounds(cell.find(f"{SVG}polygon"))
    assert (float(text.get("x")), float(text.get("y"))) == (box.left, box.top)
    return Box(box.left, box.top + 3.5, box.right, box.bottom - 1.5)


def touches(box, path, width=1.0):
    crowd = Crowd()
    crowd.add_line(line_points(ET.fromstring(f'<path d="{path}" />'), 0.5), width)
    return crowd.around([box])[0] > 0


def test_a_label_that_is_free_stays_as_it_is():
    svg = picture(line("M0,0C40,0 80,0 120,0"), node(200, -40, 300, 0))
    before = ET.tostring(svg)
    place_labels(svg)
    assert ET.tostring(svg) == before


def test_a_label_under_another_edge_moves_along_its_own():
    across = "M60,-60C60,-40 60,20 60,40"
    svg = picture(line(across))
    assert touches(LETTERS, across)
    place_labels(svg)
    assert not touches(label(svg), across, 2.0)
    assert not touches(label(svg), "M0,-20C40,-20 80,-20 120,-20")
    assert label(svg).top == pytest.approx(-40 + 3.5, abs=4), "on the same side of its own edge"
    assert 20 < abs(label(svg).center[0] - 60) < 40, "and hardly further than it has to"
    assert "paint-order" not in ET.tostring(svg, encoding="unicode")


def test_where_one_side_is_taken_the_other_is_free():
    svg = picture(node(-20, -60, 140, -30), node(-20, 10, 140, 40))
    place_labels(svg)
    assert label(svg).top > -20


def test_of_two_labels_in_one_place_one_moves():
    first, second = (picture().find(f".//{SVG}g[@class='edge']") for _ in range(2))
    svg = picture()
    graph = svg[0]
    graph[:] = [first, second]
    place_labels(svg)
    a, b = (bounds(polygon) for polygon in svg.iter(f"{SVG}polygon"))
    assert not Box(a[0], a[1] + 3.5, a[2], a[3] - 1.5).meets(Box(b[0], b[1] + 3.5, b[2], b[3] - 1.5))


def test_nothing_leaves_the_picture():
    svg = picture(*[line(f"M{x},-60C{x},-40 {x},20 {x},40") for x in range(0, 121, 30)])
    place_labels(svg)
    assert Box(-6, -66, 126, 46).holds(label(svg))


def fence(*others):
    """Lines between which there is no room for the label, from end to end of its edge."""
    return picture(*[line(f"M{x},-90C{x},-60 {x},20 {x},50") for x in range(-20, 145, 5)], *others)


def test_where_all_is_full_beside_an_edge_its_label_stands_further_away_on_a_line():
    svg = fence(node(200, -60, 260, -40), node(200, 0, 260, 20))
    place_labels(svg)
    group = svg.find(f".//{SVG}g[@id='edge-1-0']")
    leader = group.find(f"{SVG}line")
    start, end = [(float(leader.get(f"x{k}")), float(leader.get(f"y{k}"))) for k in (1, 2)]
    assert start == (120, -20), "the nearest end of the edge"
    assert label(svg).left > 120
    assert label(svg).grown(2.01).holds(Box.around([end]))
    assert not label(svg).holds(Box.around([end]))
    assert "paint-order" not in ET.tostring(svg, encoding="unicode")


def test_the_line_to_a_label_leads_over_no_box():
    wall = node(145, -80, 150, 40)
    svg = fence(wall, node(250, -120, 300, -100), node(250, 60, 300, 80))
    place_labels(svg)
    leader = svg.find(f".//{SVG}line")
    assert leader is not None
    crowd = Crowd()
    crowd.add(Box(145, -80, 150, 40))
    assert not crowd.has_boxes_on(*[(float(leader.get(f"x{k}")), float(leader.get(f"y{k}"))) for k in (1, 2)])


def test_where_nothing_is_free_anywhere_the_letters_get_a_rim_of_paper():
    svg = fence()
    place_labels(svg)
    text = svg.find(f".//{SVG}text")
    assert (text.get("paint-order"), text.get("stroke")) == ("stroke", "#ffffff")
    assert svg.find(f".//{SVG}line") is None


def test_a_label_keeps_its_place_in_the_document_and_its_words():
    svg = picture(line("M60,-60C60,-40 60,20 60,40"))
    place_labels(svg)
    (text,) = svg.iterfind(f".//{SVG}g[@id='edge-1-0']//{SVG}text")
    assert text.text == "∂ 1"


def test_a_title_moves_along_its_frame():
    frame = """<g class="cluster"><path d="M0,-100C0,-100 200,-100 200,-100 200,-100 200,0 200,0 200,0 0,0 0,0" />
        <g id="a_- module left"><a><polygon points="8,-96 8,-80 48,-80 48,-96 8,-96" /></a></g></g>"""
    across = "M30,-120C30,-100 30,20 30,40"
    svg = ET.fromstring(f'<svg xmlns="{SVG[1:-1]}">{frame}{line(across)}</svg>')
    place_labels(svg)
    title = bounds(svg.find(f".//{SVG}polygon"))
    assert not touches(title, across, 2.0)
    assert (title.top, title.bottom) == (-96, -80)
    assert 30 < title.left < 40


# Real pictures --------------------------------------------------------------------------------------------


def attention():
    outputs, _ = nn.MultiheadAttention(2, 1, seed=0)([[0.1, 0.2], [0.3, -0.4]])
    loss = outputs.sum()
    loss.backward()
    return draw(loss, names={}).source


def test_the_same_picture_gets_the_same_places():
    source = attention()
    first, second = (ET.tostring(tidying.tidy(laid_out(source, "svg"))) for _ in range(2))
    assert first == second


def test_labels_stay_near_their_edges():
    svg = tidying.tidy(laid_out(attention(), "svg"))
    distances = []
    for edge in svg.iterfind(f".//{SVG}g[@class='edge']"):
        path, texts = edge.find(f"{SVG}path"), edge.findall(f"{SVG}text[@text-anchor='middle']")
        for text in texts:
            place = float(text.get("x")), float(text.get("y"))
            distances.append(min(math.dist(place, point) for point in line_points(path, 3.0)))
    assert len(distances) > 100
    assert max(distances) < 80, "none had to go away"
