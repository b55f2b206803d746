"""Reading a picture of a model: what is drawn, from its SVG alone."""

import xml.etree.ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"


def svg_of(model, *example):
    return ET.fromstring(model.diagram(*example).pipe("svg"))


def groups(svg, kind):
    """The groups of a class, by id."""
    return {g.get("id"): g for g in svg.iter(f"{SVG}g") if kind in g.get("class", "").split()}


def texts(element):
    return [(text.text or "").replace("\xa0", " ") for text in element.iter(f"{SVG}text")]


def title(group):
    return group.find(f"{SVG}title").text


def arrows(drawing):
    """The arrows of a drawing as pairs of what its nodes are called; invisible ones left out."""
    svg = ET.fromstring(drawing.pipe("svg"))
    names = {}
    for node in svg.iter(f"{SVG}g"):
        if node.get("class", "").startswith("node"):
            names[node.get("id")] = texts(node)[0].split("  ")[0]
    found = []
    for line in drawing.source.splitlines():
        if " -> " in line and "invis" not in line:
            source, _, target = line.strip().partition(" [")[0].partition(" -> ")
            found.append((names[source.strip('"')], names[target.strip('"')]))
    return found
