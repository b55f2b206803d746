"""Measures the texts of pictures in a browser, in each of the common sans-serif fonts that this machine has.

What a font makes of a text is only known where it is drawn, so the browser itself is asked: how wide each text is, and
how high its ink. A text is at fault if it

* overlaps another text,
* leaves its box, its colored cell or the picture, or lies across the frame of any box,
* lies on an edge, on its arrowhead, or on a line across a box, unless its box or its cell hides that line.

And an edge is at fault if it passes over a box that it does not begin or end at.

Verdana is not free. Its letters are as wide as those of DejaVu Sans, which are made after the same model, so where
Verdana is missing DejaVu Sans stands in for it; as do Liberation Sans for Arial, and Nimbus Sans for Helvetica.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

#: The widest of these decide how wide boxes are.
FONTS = ("DejaVu Sans", "Verdana", "Arial", "Liberation Sans", "Helvetica", "Nimbus Sans")


@dataclass(frozen=True)
class Report:
    """How much was measured, and what is wrong: each fault is a sentence."""

    texts: int
    pairs: int
    faults: Sequence[str]


def installed_fonts(page: Page) -> list[str]:
    """Those of the fonts that the browser has, one of each that look the same; AssertionError if there is none.

    A font that is missing is written in the one that is named after it, so its text gets other widths before another
    one.
    """
    found: dict[float, str] = {}
    for font in FONTS:
        before_serif, before_monospace = page.evaluate(_WIDTHS, font)
        if before_serif == before_monospace:
            found.setdefault(before_serif, font)
    assert found, "no font to measure text with is here; install the package fonts-dejavu-core or fonts-liberation"
    return list(found.values())


def measured(page: Page, font: str) -> Report:
    """What the browser finds out about all pictures on the page, written in a font."""
    page.evaluate(_WRITE_IN, font)
    found: Mapping[str, Any] = page.evaluate(_MEASURE)
    return Report(found["texts"], found["pairs"], [f"{font}: {fault}" for fault in found["faults"]])


_WIDTHS = """(font) => {
  const context = document.createElement("canvas").getContext("2d");
  return ["serif", "monospace"].map((other) => {
    context.font = `100px "${font}", ${other}`;
    return context.measureText("Wide letters, ill; 0123456789 = −1.234e−300").width;
  });
}"""

_WRITE_IN = """(font) => {
  const style = document.getElementById("font") ?? document.head.appendChild(document.createElement("style"));
  style.id = "font";
  style.textContent = `svg, svg text { font-family: "${font}", sans-serif !important; }`;
}"""

_MEASURE = r"""() => {
const context = document.createElement("canvas").getContext("2d");
const found = { texts: 0, pairs: 0, faults: [] };
const NEAR = 14; // an edge ends so far from a box at most, if it ends there: arrowheads are shorter
const curves = (window.measuredCurves ??= new Map()); // edges look the same in every font
const strip = (x) => Math.floor(x / 16); // points are looked up by the upright strip of the picture that they are in

const known = new Map();
function letters(font, text) {
  const key = `${font} ${text}`;
  if (!known.has(key)) {
    context.font = font;
    known.set(key, context.measureText(text));
  }
  return known.get(key);
}

/** Where the ink of a text is: as wide as the text, and as high as its letters. */
function ink(text) {
  const { fontWeight, fontSize, fontFamily } = getComputedStyle(text);
  const { actualBoundingBoxAscent: up, actualBoundingBoxDescent: down } = letters(
    `${fontWeight} ${fontSize} ${fontFamily}`, text.textContent);
  const { x, width } = text.getBBox();
  const baseline = text.y.baseVal[0].value;
  return { text, left: x, right: x + width, top: baseline - up, bottom: baseline + down };
}

function bounds(shape) {
  const { x, y, width, height } = shape.getBBox();
  return { shape, left: x, right: x + width, top: y, bottom: y + height };
}

const numbers = (text) => text.match(/-?[\d.]+(e-?\d+)?/g)?.map(Number) ?? [];
const pairs = (list) => list.flatMap((x, k) => (k % 2 ? [] : [[x, list[k + 1]]]));

/** The straight and the curved pieces of a line, a polygon, or a path of `M`, `L` and `C`: the points of each. */
function pieces(line) {
  if (line.matches("line")) {
    const [x1, y1, x2, y2] = ["x1", "y1", "x2", "y2"].map((key) => Number(line.getAttribute(key)));
    return [[[x1, y1], [x2, y2]]];
  }
  if (line.matches("polygon")) {
    const corners = pairs(numbers(line.getAttribute("points")));
    return corners.slice(1).map((corner, k) => [corners[k], corner]);
  }
  const all = [];
  let here;
  for (const [command] of line.getAttribute("d").matchAll(/[A-Za-df-z][^A-Za-df-z]*/g)) {
    const step = { M: 1, L: 1, C: 3 }[command[0]];
    if (!step) throw new Error(`no path of M, L and C: ${command}`);
    const ahead = pairs(numbers(command));
    for (let k = 0; k < ahead.length; k += step) {
      const piece = ahead.slice(k, k + step);
      if (command[0] !== "M") all.push([here, ...piece]);
      here = piece.at(-1);
    }
  }
  return all;
}

/** Points on a line, at most two apart, with half the width of the line around them. */
function points(line) {
  const half = (parseFloat(getComputedStyle(line).strokeWidth) || 1) / 2;
  const all = [];
  for (const hull of pieces(line)) {
    const spans = hull.slice(1).map(([x, y], i) => Math.hypot(x - hull[i][0], y - hull[i][1]));
    const count = 1 + Math.ceil(spans.reduce((sum, span) => sum + span) / 2);
    for (let i = 0; i <= count; i++) {
      const [x, y] = along(hull, i / count);
      all.push({ x, y, half, line });
    }
  }
  return all;
}

/** The point of a Bezier curve, by de Casteljau. */
function along(hull, share) {
  if (hull.length === 1) return hull[0];
  return along(hull.slice(1).map((p, i) => p.map((c, axis) => hull[i][axis] + share * (c - hull[i][axis]))), share);
}

const overlap = (a, b) =>
  a.left < b.right - 0.01 && b.left < a.right - 0.01 && a.top < b.bottom - 0.01 && b.top < a.bottom - 0.01;
const inside = (a, b) =>
  a.left >= b.left - 0.01 && a.right <= b.right + 0.01 && a.top >= b.top - 0.01 && a.bottom <= b.bottom + 0.01;
const hits = (point, box) =>
  point.x > box.left - point.half && point.x < box.right + point.half &&
  point.y > box.top - point.half && point.y < box.bottom + point.half;
const named = (element) => element.closest("g[id], g[data-of]")?.id || element.closest("g")?.getAttribute("class");

/** The lines of a picture with their points, and all the points by strips. */
function linesOf(svg) {
  const drawn = svg.querySelectorAll(".edge > :is(path, polygon, line), .rule");
  const lines = [...drawn].map((line) => [line, points(line)]);
  const strips = new Map();
  for (const point of lines.flatMap(([, all]) => all)) {
    if (!strips.has(strip(point.x))) strips.set(strip(point.x), []);
    strips.get(strip(point.x)).push(point);
  }
  return { lines, strips };
}

/** The box that a text belongs to: the innermost around it; nothing for what stands beside one. */
function home(text, boxes) {
  if (text.matches(".edge text")) return null;
  for (let group = text.closest("g"); group; group = group.parentElement.closest("g")) {
    const own = boxes.find(({ shape }) => shape.parentElement === group);
    if (own) return own;
  }
  return null;
}

const FOLLOWING = Node.DOCUMENT_POSITION_FOLLOWING;
function isOpaque(shape) {
  const { fill, fillOpacity, opacity } = getComputedStyle(shape);
  return fill.startsWith("rgb(") && fillOpacity === "1" && opacity === "1";
}

/** The colored cell behind a gradient. */
function cellOf(text) {
  if (!text.matches(".grad")) return null;
  let before = text.previousElementSibling;
  while (before && !before.matches(".cell")) before = before.previousElementSibling;
  return before;
}

function measure(svg, k) {
  const picture = svg.closest("[data-name]")?.dataset.name ?? `picture ${k}`;
  const fault = (text, what) => found.faults.push(`${picture}: “${text.textContent}” of ${named(text)} ${what}`);
  const written = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim());
  const texts = written.map(ink).sort((a, b) => a.left - b.left);
  const boxes = [...svg.querySelectorAll(".box, .cluster > path, .cluster > polygon")].map(bounds);
  if (!curves.has(svg)) curves.set(svg, linesOf(svg));
  const { lines, strips } = curves.get(svg);
  for (const [line, passed] of lines.filter(([line]) => line.matches(".edge > path"))) {
    const ends = [passed.at(0), passed.at(-1)];
    for (const box of boxes.filter(({ shape }) => !shape.matches(".cluster *"))) {
      if (ends.some((end) => hits({ ...end, half: NEAR }, box))) continue;
      if (passed.some((point) => hits({ ...point, half: -1 }, box))) {
        found.faults.push(`${picture}: ${named(line)} passes over ${named(box.shape)}`);
      }
    }
  }
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const shift = svg.querySelector("g.graph")?.transform.baseVal.consolidate().matrix ?? { e: 0, f: 0 };
  const all = { left: -shift.e, right: width - shift.e, top: -shift.f, bottom: height - shift.f };
  found.texts += texts.length;
  found.pairs += (texts.length * (texts.length - 1)) / 2;
  texts.forEach((one, k) => {
    for (let i = k + 1; i < texts.length && texts[i].left < one.right; i++) {
      const other = texts[i];
      if (overlap(one, other)) fault(one.text, `overlaps “${other.text.textContent}” of ${named(other.text)}`);
    }
    const own = home(one.text, boxes);
    if (own && !inside(one, own)) fault(one.text, `leaves its box`);
    for (const box of boxes) {
      if (box !== own && overlap(one, box) && !inside(one, box)) fault(one.text, `lies across ${named(box.shape)}`);
    }
    const cell = cellOf(one.text);
    if (cell && !inside(one, bounds(cell))) fault(one.text, "leaves its cell");
    if (!svg.closest("#canvas") && !inside(one, all)) fault(one.text, "leaves the picture");
    const covers = [own, one.text.previousElementSibling?.matches(".cell") && bounds(one.text.previousElementSibling)]
      .filter((cover) => cover && inside(one, cover) && isOpaque(cover.shape));
    const isHidden = (line) => covers.some(({ shape }) => line.compareDocumentPosition(shape) & FOLLOWING);
    const under = new Set();
    for (let x = strip(one.left - 4); x <= strip(one.right + 4); x++) {
      for (const point of strips.get(x) ?? []) if (hits(point, one)) under.add(point.line);
    }
    for (const line of under) if (!isHidden(line)) fault(one.text, `lies on ${named(line)}`);
  });
}

[...document.querySelectorAll("svg:has(.node)")].forEach(measure);
return found;
}"""
