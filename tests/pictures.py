"""A drawing as a reader meets it: its nodes, edges and boxes, read back from the SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

SVG = "{http://www.w3.org/2000/svg}"
#: One text for each of these stands in a part of a drawing.
ROLES = {"symbol", "name", "value", "grad", "local", "amount", "module", "cut"}


@dataclass
class Part:
    """A node, an edge or the box of a neuron."""

    id: str
    classes: set[str]
    texts: dict[str, str]
    tooltip: str
    element: ET.Element

    @property
    def line(self) -> ET.Element:
        found = self.element.find(f"{SVG}path")
        assert found is not None
        return found

    @property
    def width(self) -> float:
        return float(self.line.get("stroke-width", "1"))

    @property
    def left(self) -> float:
        """How far to the left its box, or its row, reaches."""
        shapes = [shape for shape in self.element.iter() if shape.tag in (f"{SVG}path", f"{SVG}polygon")]
        points = [re.findall(r"(-?[\d.]+),-?[\d.]+", shape.get("d", "") + shape.get("points", "")) for shape in shapes]
        return min(float(x) for xs in points for x in xs)


def number(text: str) -> float:
    """The last number of a text; `∂ −3` is -3."""
    return float(text.replace("−", "-").split(" ")[-1])


def parts(svg: str, kind: str) -> dict[str, Part]:
    """The parts of a kind, by id: node, edge, neuron, title, cut, cluster."""
    found = {}
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        classes = set(group.get("class", "").split(" "))
        if _kind(group.get("id", ""), classes) == kind:
            texts = {text.get("class", "").partition(" ")[0]: "".join(text.itertext()) for text in own_texts(group)}
            title = group.findtext(f"{SVG}title") or ""
            found[group.get("id", "")] = Part(group.get("id", ""), classes - {kind}, texts, title, group)
    return found


def _kind(id_: str, classes: set[str]) -> str:
    stem = id_.partition("-")[0]
    return stem if stem in ("node", "edge", "neuron", "title", "cut") else "cluster" if "cluster" in classes else ""


def own_texts(group: ET.Element) -> list[ET.Element]:
    """The texts of a group that are not those of a group in it."""
    return group.findall(f"{SVG}text")


def read(svg: str) -> tuple[dict[str, Part], dict[str, Part], list[str]]:
    """The nodes and the edges by id, and the titles of modules, above layers or of clusters."""
    modules = [*parts(svg, "title").values(), *parts(svg, "cluster").values()]
    return parts(svg, "node"), parts(svg, "edge"), [part.texts["module"] for part in modules]
