"""The SVG that people get: texts held in their cells, titles that screen readers read, colors for the dark."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from pictures import SVG

from tinygrad_edu import MLP, Value
from tinygrad_edu.drawing import draw, graph_svg
from tinygrad_edu.drawing.layout import laid_out
from tinygrad_edu.drawing.markup import cell, table
from tinygrad_edu.drawing.palette import DARK, INK, PAPER, TINTS
from tinygrad_edu.drawing.tidying import tidy


def tidied(label: str) -> ET.Element:
    return tidy(laid_out(f"digraph g {{ n [shape=box margin=0 label=<{label}>] }}", "svg"))


def texts(svg: ET.Element) -> dict[str, ET.Element]:
    return {text.text or "": text for text in svg.iter(f"{SVG}text")}


def box_of(svg: ET.Element) -> tuple[float, float]:
    (box,) = [shape for shape in svg.iter(f"{SVG}polygon") if shape.get("class") == "box"]
    xs = [float(point.split(",")[0]) for point in box.get("points", "").split()]
    return min(xs), max(xs)


def test_a_text_is_held_at_the_side_of_its_cell() -> None:
    rows = [[cell("left", "a", "left")], [cell("mid", "b", "center")], [cell("right", "c", "right", width=100.0)]]
    svg = tidied(table(rows))
    left, right = box_of(svg)
    found = texts(svg)
    assert {text: found[text].get("text-anchor") for text in found} == {
        "left": "start",
        "mid": "middle",
        "right": "end",
    }
    assert {text: found[text].get("class") for text in found} == {"left": "a", "mid": "b", "right": "c"}
    x = {text: float(found[text].get("x", "nan")) for text in found}
    assert x["left"] - left == right - x["right"] > 0.0
    assert abs(x["mid"] - (left + right) / 2) < 0.01


def test_the_texts_of_a_row_stand_on_one_line_whatever_their_size() -> None:
    svg = tidied(table([[cell("large", "a", size=13), cell("small", "b", size=9), cell("bold", "c", is_bold=True)]]))
    assert len({text.get("y") for text in texts(svg).values()}) == 1


def test_what_tells_of_another_node_is_a_group_of_its_own_and_a_copy_says_of_what() -> None:
    rows = [[cell("w", "name", owner="node-7/node.row", tip="a weight"), cell("x", "name", owner="node-3/copy")]]
    groups = {group.get("id") or group.get("data-of"): group for group in tidied(table(rows)).iter(f"{SVG}g")}
    assert groups["node-7"].get("class") == "node row"
    assert groups["node-7"].findtext(f"{SVG}title") == "a weight"
    assert groups["node-3"].get("class") == "copy"


def test_only_what_is_tinted_and_what_may_be_has_a_rectangle() -> None:
    row = [cell("1", "value"), cell("2", "grad"), cell("3", "other", tint=TINTS["input"])]
    svg = tidied(table([row]))
    rectangles = list(svg.iter(f"{SVG}rect"))
    assert len(rectangles) == 2
    assert {rectangle.get("class") for rectangle in rectangles} == {"cell"}


def test_a_picture_says_what_it_is_to_those_who_do_not_see_it() -> None:
    root = Value(2.0, "a") * 3.0
    svg = ET.fromstring(draw(root, names={"out": root}).pipe("svg"))
    title, description, *_ = svg
    assert (title.tag, title.text) == (f"{SVG}title", "The computation graph of out")
    assert description.tag == f"{SVG}desc"
    assert (description.text or "").startswith("3 nodes; out = 6.")
    assert svg.get("role") == "img"


def test_no_font_and_no_address_is_asked_for() -> None:
    root = MLP(2, [3, 1], seed=0)([1.0, 2.0])[0]
    svg = draw(root).pipe("svg", encoding="utf-8")
    assert set(re.findall(r"https?://[^\s'\"]+", svg)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|@font-face|url\(|<script|<image|<a[ >]", svg)


def test_in_the_dark_every_color_of_the_light_has_another() -> None:
    root = MLP(2, [3, 1], seed=0)([1.0, 2.0])[0]
    root.backward()
    svg = ET.fromstring(draw(root).pipe("svg"))
    used = {part.get(key, "none") for part in svg.iter() for key in ("fill", "stroke")} - {"none", "transparent"}
    assert {INK, PAPER} < used <= set(DARK)
    style = svg.findtext(f"{SVG}style") or ""
    assert "prefers-color-scheme: dark" in style
    assert all(f"[fill='{color}']{{fill:{DARK[color]}}}" in style for color in used)


def test_one_that_stands_in_a_page_has_the_page_s_colors() -> None:
    svg = ET.fromstring(graph_svg(Value(2.0, "a").exp()))
    assert svg.find(f"{SVG}style") is None


def test_links_are_gone_and_internal_names_are_no_titles() -> None:
    raw = b"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><g class="graph">
    <g class="node one"><title>internal</title><g id="a_1"><a xlink:title="for people"><path/><text>2</text></a></g></g>
    <g class="edge"><title>n1-&gt;n2</title><path/></g></g></svg>"""
    node, edge = tidy(raw, stands_alone=False)[0]
    assert [child.tag.split("}")[1] for child in node] == ["title", "path", "text"]
    assert node[0].text == "for people"
    assert [child.tag.split("}")[1] for child in edge] == ["path"], "an internal name is no title"


def test_a_caption_of_the_whole_picture_is_text_too_and_every_id_is_one_word() -> None:
    label = table([[cell("one", "a")], [cell("two", "a")]])
    svg = tidy(laid_out(f"digraph g {{ label=<{label}>; n }}", "svg"))
    ids = [part.get("id", "") for part in svg.iter() if part.get("id")]
    assert len(set(ids)) == len(ids)
    assert not any(" " in id_ for id_ in ids)
    assert {"one", "two"} < set(texts(svg))
    assert list(svg.iter(f"{SVG}a")) == []
