"""The SVG that Graphviz writes, tidied for readers: text that keeps to its cell in every font, tooltips that browsers
show and screen readers read, names that style sheets can use, and colors for the dark.

Graphviz lays a label out for the font that it measures with, and puts tooltips into links that lead nowhere. The
labels of `markup` say in the ID of each cell what it holds; here the text is held at the side of its cell, all texts
of a row on one line, and the cell becomes a group with a class:

    <g class="value"> <text>          a cell of the node or edge around it
    <g id="node-7" class="…"> …       the cells of another node in the same box: the weight of a neuron
    <g class="copy" data-of="node-7"> what is said of a node a second time

May import: `markup`, `palette`, `placing` and `shapes` of this folder.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from tinygrad_edu.drawing.markup import AIR, PADDING
from tinygrad_edu.drawing.palette import DARK, INK
from tinygrad_edu.drawing.placing import place_labels
from tinygrad_edu.drawing.shapes import ANCHORS, SVG, bounds, cell_id, kind

__all__ = ["FONTS", "tidy"]

FONTS = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_TOOLTIP = "{http://www.w3.org/1999/xlink}title"
#: How far below the middle of its cell text stands: large and small type of a row on the same line.
_BASELINE = 3.9
#: Light colors and what they become where people read light on dark; the rules win over attributes.
_DARK_RULES = "".join(
    f".tinygrad-edu [fill='{light}']{{fill:{dark}}}.tinygrad-edu [stroke='{light}']{{stroke:{dark}}}"
    for light, dark in DARK.items()
)
#: What has no color of its own, black in the light, is ink too.
THEME = f"@media (prefers-color-scheme: dark) {{.tinygrad-edu text:not([fill]){{fill:{DARK[INK]}}}{_DARK_RULES}}}"


def tidy(svg: bytes, *, stands_alone: bool = True) -> ET.Element:
    """Graphviz's SVG for people; one that `stands_alone` says what it is, and has colors for the dark.

    >>> from tinygrad_edu.drawing.layout import laid_out
    >>> tidy(laid_out('digraph "a graph" { a }', "svg"))[0].text
    'a graph'
    """
    ET.register_namespace("", SVG[1:-1])
    root = ET.fromstring(svg)
    for group in [group for group in root.iter(f"{SVG}g") if kind(group) in ("graph", "node", "edge", "cluster")]:
        _title_with_tooltip(group)
        _mark_shapes(group)
    place_labels(root)
    _sort_cells(root)
    for text in root.iter(f"{SVG}text"):
        text.attrib.pop(_XML_SPACE, None)
        text.text = (text.text or "").strip(AIR)
        if "elvetica" in text.get("font-family", ""):
            del text.attrib["font-family"]
    root.set("font-family", FONTS)
    if stands_alone:
        _introduce(root)
    return root


def _title_with_tooltip(group: ET.Element) -> None:
    """The tooltip in place of Graphviz's internal name, and no links."""
    tooltip = ""
    for child in list(group):
        link = child.find(f"{SVG}a")
        if link is None or cell_id(child):
            continue
        tooltip = tooltip or link.get(_TOOLTIP, "")
        position = list(group).index(child)
        group.remove(child)
        for offset, drawn in enumerate(link):
            group.insert(position + offset, drawn)
    title = group.find(f"{SVG}title")
    if kind(group) == "graph":
        group.set("desc", tooltip)
    elif title is not None:
        title.text = tooltip
        if not tooltip:
            group.remove(title)


def _mark_shapes(group: ET.Element) -> None:
    """A class for what is around a node: its box, or boxes, and the lines across."""
    if kind(group) == "graph":
        return
    for shape in group:
        if shape.tag in (f"{SVG}path", f"{SVG}polygon", f"{SVG}ellipse") and kind(group) == "node":
            _, top, _, bottom = bounds(shape) if shape.tag == f"{SVG}polygon" else (0.0, 0.0, 0.0, 1.0)
            shape.set("class", "box" if bottom > top else "rule")


# Cells ----------------------------------------------------------------------------------------------------


def _sort_cells(root: ET.Element) -> None:
    """Each cell as a group with a class, in the group of the node or edge that it tells of."""
    groups = {group.get("id", ""): group for group in root.iter(f"{SVG}g") if kind(group) in ("node", "edge")}
    for around in [group for group in root.iter(f"{SVG}g") if kind(group)]:
        for made in [child for child in around if cell_id(child)]:
            owner, role, side = cell_id(made)
            (link,) = made
            place = list(around).index(made)
            around.remove(made)
            home = around
            if owner != "-":
                home = _home(owner, around, place, groups)
                if (tip := link.get(_TOOLTIP, "").strip()) and home.find(f"{SVG}title") is None:
                    ET.SubElement(home, f"{SVG}title").text = tip
                place = len(home)
            for offset, part in enumerate(_cell_parts(link, role, side)):
                home.insert(place + offset, part)


def _home(owner: str, around: ET.Element, place: int, groups: dict[str, ET.Element]) -> ET.Element:
    """The group of `owner`, an id and its classes; made here, if there is none."""
    name, _, classes = owner.partition("/")
    classes = classes.replace(".", " ")
    if classes != "copy" and name in groups:
        return groups[name]
    group = ET.Element(f"{SVG}g", {"class": classes})
    if classes == "copy":
        group.set("data-of", name)
    else:
        group.set("id", name)
        groups[name] = group
    around.insert(place, group)
    return group


def _cell_parts(link: ET.Element, role: str, side: str) -> list[ET.Element]:
    """The text of a cell, held at its side, and what is behind it."""
    parts = []
    polygon = link.find(f"{SVG}polygon")
    assert polygon is not None, "each cell has a background, if only a transparent one"
    left, top, right, bottom = bounds(polygon)
    if polygon.get("fill") not in ("none", "transparent") or role == "grad":
        size = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        colors = {key: polygon.get(key, "") for key in ("fill", "fill-opacity") if polygon.get(key)}
        written = {key: f"{number:.2f}".rstrip("0").rstrip(".") for key, number in size.items()}
        parts.append(ET.Element(f"{SVG}rect", {"class": "cell", **written, **colors}))
    for text in link.findall(f"{SVG}text"):
        x = {"left": left + PADDING, "center": (left + right) / 2, "right": right - PADDING}[side]
        text.set("x", f"{x:.2f}")
        text.set("y", f"{(top + bottom) / 2 + _BASELINE:.2f}")
        text.set("text-anchor", ANCHORS[side])
        text.set("class", role.replace(".", " "))
        parts.append(text)
    return parts


# What it is -----------------------------------------------------------------------------------------------


def _introduce(root: ET.Element) -> None:
    """Say what the picture is, to those who do not see it, and how it looks in the dark."""
    graph = root.find(f"{SVG}g")
    assert graph is not None
    name = graph.find(f"{SVG}title")
    title, description = ET.Element(f"{SVG}title"), ET.Element(f"{SVG}desc")
    title.text = "" if name is None or (name.text or "").startswith("%") else name.text
    description.text = graph.attrib.pop("desc", "")
    if name is not None:
        graph.remove(name)
    style = ET.Element(f"{SVG}style")
    style.text = THEME
    root.set("class", "tinygrad-edu")
    root.set("role", "img")
    for position, part in enumerate([part for part in (title, description, style) if part.text]):
        root.insert(position, part)
