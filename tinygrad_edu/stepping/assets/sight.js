// Which parts of the drawing are in sight. Only they are shown and kept up to date: what is out of sight would have to
// be laid out and painted with every change, so that a large graph would follow a hand slowly. Of the others the groups
// stay, empty, for those who hear the page: they go from node to node and have no sight to be out of.

/**
 * @typedef {import("./graph.js").Box} Box
 * A node, the box of a neuron with its rows, or an edge.
 * @typedef {{ element: SVGGElement, box: Box, isShown: boolean }} Part
 */

const drawing = /** @type {SVGGElement} */ (document.querySelector("#canvas .graph"));

/** From the coordinates inside the drawing to those of its view. */
const matrix = Array.from(drawing.transform.baseVal).reduce((product, transform) => product.multiply(DOMMatrix.fromMatrix(transform.matrix)), new DOMMatrix());

/** @param {Element} shape @param {string} name */
const attribute = (shape, name) => Number(shape.getAttribute(name));

/** The points that a shape reaches, read from what is written, since asking the browser would have it lay out everything. @param {Element} shape @returns {number[]} x and y in turn */
function pointsOf(shape) {
  const [x, y] = [attribute(shape, "x"), attribute(shape, "y")];
  if (shape.tagName === "rect") return [x, y, x + attribute(shape, "width"), y + attribute(shape, "height")];
  if (shape.tagName === "text") return [x, y, x, y - attribute(shape, "font-size")];
  if (shape.tagName === "g") return [];
  return (shape.getAttribute("points") ?? shape.getAttribute("d") ?? "").match(/-?[\d.]+/g)?.map(Number) ?? [];
}

/** The box around a shape, or all that is in a group. @param {Element} group @returns {Box} */
export function extentOf(group) {
  const points = [group, ...group.querySelectorAll("rect, text, polygon, path")].flatMap(pointsOf);
  const [xs, ys] = [0, 1].map((odd) => points.filter((_, k) => k % 2 === odd));
  const [x, y] = [xs, ys].map((list) => list.reduce((a, b) => Math.min(a, b), Infinity));
  const [right, bottom] = [xs, ys].map((list) => list.reduce((a, b) => Math.max(a, b), -Infinity));
  return { x, y, width: right - x, height: bottom - y };
}

/** The same in the coordinates of the view. @param {Element} group @returns {Box} */
export function boxIn(group) {
  const { x, y, width, height } = extentOf(group);
  const corner = new DOMPoint(x, y).matrixTransform(matrix);
  return { x: corner.x, y: corner.y, width: width * matrix.a, height: height * matrix.d };
}

/** None is shown at first, see the style: before the first view is known, all would be laid out. @type {Part[]} */
const parts = [...drawing.querySelectorAll(":scope > .node, :scope > .edge")].map((element) =>
  ({ element: /** @type {SVGGElement} */ (element), box: boxIn(element), isShown: false }));
const partAt = new Map(parts.map((part) => [/** @type {Element} */ (part.element), part]));

/** The parts in which these shapes stand. @param {Element[]} shapes @returns {Part[]} */
export const partsOf = (shapes) => shapes.map((shape) => partAt.get(/** @type {Element} */ (shape.closest(".graph > g")))).filter((part) => part !== undefined);

/** @param {Part} part @param {boolean} isShown */
function setShown(part, isShown) {
  part.isShown = isShown;
  part.element.toggleAttribute("data-shown", isShown);
}

/** Show some parts wherever they are. @param {Part[]} which */
export const showParts = (which) => which.forEach((part) => part.isShown || setShown(part, true));

/** Texts reach beyond the points where they begin. */
const SLACK = 100;
/** What is shown stays so a little longer, lest it come and go with every small move; in shares of the view. */
const LONGER = 0.1;

/** Show what is within a view, and hide what is far from it; whether anything new is shown. @param {Box} view @param {Part[]} kept parts that stay */
export function showWithin(view, kept) {
  let isNew = false;
  for (const part of parts) {
    const { x, y, width, height } = part.box;
    const [aside, beyond] = [view.width, view.height].map((size) => SLACK + (part.isShown ? LONGER * size : 0));
    const isNear = x + width >= view.x - aside && x <= view.x + view.width + aside && y + height >= view.y - beyond && y <= view.y + view.height + beyond;
    if (isNear === part.isShown || (part.isShown && kept.includes(part))) continue;
    setShown(part, isNear);
    isNew ||= isNear;
  }
  return isNew;
}
