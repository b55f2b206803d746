// A neuron opened: each × and + of its weighted sum, and the activation, with the numbers of the present step.

import { brief, byId, makeSvg } from "./text.js";
import { nodes } from "./graph.js";
import { equation, formulaOf } from "./formulas.js";
import { gradientsAt, isComputed } from "./pass.js";
import { state } from "./state.js";
import { find, signOf } from "./picture.js";

/**
 * @typedef {import("./graph.js").GraphNode} GraphNode
 * @typedef {{ weight: GraphNode, input: GraphNode }} Row
 * @typedef {{ x: number, y: number }} Point
 * The parts of a neuron: `products` is the weighted sum, `total` the node that adds the bias, the same or another.
 * @typedef {{ box: Element, products: GraphNode, total: GraphNode, bias: GraphNode | null, activation: GraphNode | undefined,
 *   rows: Row[], shown: Row[] }} Parts
 */

const BOX = { width: 136, height: 50, column: 258, row: 66 };

/** The weighted sum of the neuron in whose box a node stands; null if it stands in none. @param {GraphNode} node */
export function totalOf(node) {
  const box = node.group.closest(".neuron");
  return box ? nodes[Number(box.id.split("-")[1])] : null;
}

/** The neuron whose weighted sum is this node: its rows in the drawing, in order. @param {GraphNode} products @returns {Parts} */
function neuronOf(products) {
  const box = /** @type {Element} */ (find(`neuron-${products.id}`));
  const count = (products.inputs.length - 1) / 2;
  const half = (/** @type {number} */ from) => products.inputs.slice(from, from + count).map((id) => nodes[id]);
  const isRow = (/** @type {GraphNode} */ node) => box.querySelector(`#node-${node.id}, [data-of="node-${node.id}"]`) !== null;
  const parameters = (/** @type {GraphNode[]} */ side) => side.filter((node) => node.look.includes("parameter") && isRow(node)).length;
  const [first, second] = [half(0), half(count)];
  const [weights, inputs] = parameters(second) > parameters(first) ? [second, first] : [first, second];
  const rows = weights.map((weight, k) => ({ weight, input: inputs[k] }));
  const own = nodes[products.inputs[products.inputs.length - 1]];
  const isInside = (/** @type {GraphNode} */ node, /** @type {GraphNode} */ of) => node.inputs.includes(of.id) && box.contains(node.group);
  const plus = nodes.find((node) => node.inputs.length === 2 && isInside(node, products));
  const total = plus ?? products;
  const added = plus ? nodes[plus.inputs.find((id) => id !== products.id) ?? products.id] : null;
  const bias = added ?? (own.constant && own.value === 0 ? null : own);
  const activation = nodes.find((node) => node.inputs.length === 1 && isInside(node, total));
  return { box, products, total, bias, activation, rows, shown: rows.filter(({ weight }) => isRow(weight)) };
}

/** @param {Row} row */
const productOf = ({ weight, input }) => weight.value * input.value;

/** The opened neuron as an element of SVG. @param {GraphNode} products */
function openedNeuron(products) {
  const { total, activation, bias, rows, shown } = neuronOf(products);
  const gradients = gradientsAt(state.position);
  const isKnown = isComputed(products, state.position);
  const sumGradient = gradients[products.id];
  /** @type {Element[]} */
  const shapes = [];
  const at = (/** @type {number} */ column, /** @type {number} */ place) => ({ x: 8 + column * BOX.column, y: 8 + place * BOX.row });
  const local = (/** @type {number} */ number) => (isKnown ? number : undefined);
  const leaf = (/** @type {GraphNode} */ node, /** @type {string} */ kind, /** @type {Point} */ place) =>
    shapes.push(boxed(node.name, isComputed(node, state.position) ? node.value : null, gradients[node.id], kind, place, node.constant));
  const made = (/** @type {string} */ symbol, /** @type {number} */ value, /** @type {Point} */ place, result = "") =>
    shapes.push(boxed(symbol, isKnown ? value : null, sumGradient, "operation", place, false, result));
  let sum = 0;
  let height = shown.length;
  shown.forEach((row, k) => {
    const value = productOf(row);
    leaf(row.input, "input", at(0, k));
    leaf(row.weight, "parameter", at(1, k));
    made("×", value, at(2, k));
    shapes.push(arrow(at(1, k), at(2, k), local(row.input.value)), bow(at(0, k), at(2, k), local(row.weight.value)));
    sum += value;
    if (k === 0) return;
    shapes.push(arrow(at(2, k), at(3, k), local(1)), k === 1 ? elbow(at(2, 0), at(3, 1)) : down(at(3, k - 1), at(3, k)));
    const ends = k === rows.length - 1 && !bias;
    made("+", sum, at(3, k), ends ? total.name : "");
  });
  const above = () => (height > 1 ? down(at(3, height - 1), at(3, height)) : elbow(at(2, 0), at(3, 1)));
  const rest = rows.filter((row) => !shown.includes(row));
  if (rest.length) {
    const value = rest.reduce((part, row) => part + productOf(row), 0);
    sum += value;
    shapes.push(above(), arrow(at(2, height), at(3, height), local(1)));
    made(`… ${rest.length} more`, value, at(2, height));
    made("+", sum, at(3, height), bias ? "" : total.name);
    height += 1;
  }
  if (bias) {
    const isAdded = isComputed(total, state.position);
    shapes.push(above());
    leaf(bias, "parameter", at(2, height));
    shapes.push(arrow(at(2, height), at(3, height), isAdded ? 1 : undefined));
    shapes.push(boxed("+", isAdded ? total.value : null, gradients[total.id], "operation", at(3, height), false, total.name));
    height += 1;
  }
  if (activation) {
    const known = isComputed(activation, state.position);
    shapes.push(arrow(at(3, height - 1), at(4, height - 1), known ? activation.locals[0] : undefined));
    shapes.push(boxed(nameOfFunction(activation), known ? activation.value : null, gradients[activation.id], "operation", at(4, height - 1), false, activation.name));
  }
  const [width, tall] = [at(activation ? 4 : 3, 0).x + BOX.width + 8, at(0, height - 1).y + BOX.height + 8];
  return makeSvg("svg", { viewBox: `0 0 ${width} ${tall}`, width, height: tall, role: "img", "aria-label": equation(products) }, arrowHead(), ...shapes);
}

const arrowHead = () => makeSvg("marker", { id: "head", viewBox: "0 0 7 6", refX: 1, refY: 3, markerWidth: 7, markerHeight: 6, orient: "auto", markerUnits: "userSpaceOnUse" },
  makeSvg("path", { class: "head", d: "M0,0L7,3L0,6z" }));

/** The function of `tanh(z)`. @param {GraphNode} node */
const nameOfFunction = (node) => /^\w+/.exec(formulaOf(node))?.[0] ?? formulaOf(node);

/** A box with a name, a value and, unless it is a constant, a gradient. @param {string} name @param {number | null} value @param {number | null} gradient @param {string} kind @param {Point} place @param {boolean} [isPlain] @param {string} [result] */
function boxed(name, value, gradient, kind, { x, y }, isPlain = false, result = "") {
  const right = x + BOX.width - 6;
  const middle = y + BOX.height / 2;
  const text = (/** @type {string} */ role, /** @type {string} */ content, /** @type {number} */ at, /** @type {number} */ height, anchor = "end") =>
    makeSvg("text", { class: role, x: at, y: height, "text-anchor": anchor }, content);
  const tinted = gradient === null || isPlain ? "" : ` ${signOf(gradient)}`;
  return makeSvg("g", { class: `node ${kind}${tinted}` },
    makeSvg("rect", { class: "box", x, y, width: BOX.width, height: BOX.height, rx: kind === "input" ? 0 : 6 }),
    ...(isPlain ? [] : [makeSvg("rect", { class: "cell", x: x + 34, y: y + 31, width: BOX.width - 36, height: 16 })]),
    text("name", name, x + 6, y + 13, "start"),
    ...(result ? [text("name", result, right, y + 13)] : []),
    text("value", value === null ? "?" : brief(value), right, isPlain ? middle + 8 : y + 27),
    ...(isPlain ? [] : [text("caption", "grad", x + 6, y + 43, "start"), text("grad", brief(gradient), right, y + 43)]));
}

/** Lines between boxes, each with its local derivative where it arrives: "?" while it is not computed, nothing for null. @param {string} d @param {number | null | undefined} local @param {number} x @param {number} y */
const wire = (d, local, x, y) => makeSvg("g", { class: "edge" }, makeSvg("path", { d, "marker-end": "url(#head)" }),
  ...(local === null ? [] : [makeSvg("text", { class: "local", x, y, "text-anchor": "end" }, `∂ ${local === undefined ? "?" : brief(local)}`)]));
/** @param {Point} from @param {Point} to */
const sides = (from, to) => [from.x + BOX.width, from.y + BOX.height / 2, to.x - 6, to.y + BOX.height / 2];
/** @param {Point} from @param {Point} to @param {number | undefined} local */
function arrow(from, to, local) {
  const [x1, y1, x2, y2] = sides(from, to);
  return wire(`M${x1},${y1 + 8}L${x2},${y2 + 8}`, local, x2 - 4, y2 + 22);
}
/** From the input over the weight to the product. @param {Point} from @param {Point} to @param {number | undefined} local */
function bow(from, to, local) {
  const [x1, , x2, y2] = sides(from, to);
  const top = from.y - 4;
  return wire(`M${x1},${from.y + 12}C${x1 + 30},${top} ${x1 + 50},${top} ${x1 + 80},${top}L${x2 - 50},${top}C${x2 - 30},${top} ${x2 - 20},${y2 - 10} ${x2},${y2 - 10}`, local, x2 - 38, y2 - 11);
}
/** @param {Point} from @param {Point} to */
function elbow(from, to) {
  const [x1, y1] = sides(from, to);
  const x = to.x + BOX.width / 2;
  return wire(`M${x1},${y1}C${x},${y1} ${x},${y1} ${x},${to.y - 6}`, null, 0, 0);
}
/** @param {Point} from @param {Point} to */
function down(from, to) {
  const x = from.x + BOX.width / 2;
  return wire(`M${x},${from.y + BOX.height}L${x},${to.y - 6}`, null, 0, 0);
}

/** Press a text that could be too long, in this font or another, into its box. @param {SVGTextElement} text */
function fitted(text) {
  const isAlone = /** @type {Element} */ (text.parentNode).querySelectorAll(".name").length < 2;
  const room = text.matches(".local") ? 72 : text.matches(".name") && !isAlone ? (BOX.width - 18) / 2 : BOX.width - 12;
  if (text.getComputedTextLength() * 1.2 > room) {
    text.setAttribute("textLength", String(room));
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

const dialog = /** @type {HTMLDialogElement} */ (byId("opened"));
/** @type {GraphNode | null} */
let opened = null;

/** @param {GraphNode} products */
export function openNeuron(products) {
  opened = products;
  dialog.showModal();
  drawOpened();
  dialog.querySelector("button")?.focus();
}

/** The opened neuron follows the step, and the numbers. */
export function drawOpened() {
  if (!opened || !dialog.open) return;
  byId("opened-title").textContent = `${neuronOf(opened).total.name}, opened`;
  byId("opened-body").replaceChildren(openedNeuron(opened));
  /** @type {NodeListOf<SVGTextElement>} */ (byId("opened-body").querySelectorAll(".name, .value, .local")).forEach(fitted);
}
