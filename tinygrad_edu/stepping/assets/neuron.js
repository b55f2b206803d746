// A neuron opened: each × and + of its weighted sum, and the activation, with the numbers of the present step.

import { brief, byId, makeSvg } from "./text.js";
import { equation, gradientsAt, isComputed, nodes } from "./graph.js";
import { state } from "./state.js";
import { find, sign } from "./picture.js";

const BOX = { width: 136, height: 50, column: 258, row: 66 };

/** The neuron whose weighted sum is this node: its rows in the drawing, in order. */
function neuronOf(total) {
  const count = (total.inputs.length - 1) / 2;
  const rows = Array.from({ length: count }, (_, k) => ({ weight: nodes[total.inputs[k]], input: nodes[total.inputs[count + k]], place: k }));
  const box = find(`neuron-${total.id}`);
  const rowOf = ({ weight }) => box.querySelector(`#node-${weight.id}, [data-of="node-${weight.id}"]`);
  const activation = nodes.find((node) => node.inputs.length === 1 && node.inputs[0] === total.id && box.contains(node.group));
  return { total, activation, bias: nodes[total.inputs.at(-1)], rows, shown: rows.filter(rowOf) };
}

export const product = ({ weight, input }) => weight.value * input.value;

/** The opened neuron as an element of SVG. */
function openedNeuron(total) {
  const { activation, bias, rows, shown } = neuronOf(total);
  const gradients = gradientsAt(state.position);
  const isKnown = isComputed(total, state.position);
  const sumGradient = gradients[total.id];
  const shapes = [];
  const at = (column, row) => ({ x: 8 + column * BOX.column, y: 8 + row * BOX.row });
  const leaf = (node, kind, place) => shapes.push(boxed(node.name, isComputed(node, state.position) ? node.value : null, gradients[node.id], kind, place, node.constant));
  const made = (symbol, value, gradient, place) => shapes.push(boxed(symbol, isKnown ? value : null, gradient, "operation", place));
  let sum = 0;
  shown.forEach((row, k) => {
    const value = product(row);
    leaf(row.input, "input", at(0, k));
    leaf(row.weight, "parameter", at(1, k));
    made("×", value, sumGradient, at(2, k));
    shapes.push(arrow(at(1, k), at(2, k), row.input.value), bow(at(0, k), at(2, k), row.weight.value));
    sum += value;
    if (k === 0) return;
    shapes.push(arrow(at(2, k), at(3, k), 1), k === 1 ? elbow(at(2, 0), at(3, 1)) : down(at(3, k - 1), at(3, k)));
    made("+", sum, sumGradient, at(3, k));
  });
  let last = shown.length;
  const above = last > 1 ? down(at(3, last - 1), at(3, last)) : elbow(at(2, 0), at(3, 1));
  const rest = rows.filter((row) => !shown.includes(row));
  if (rest.length) {
    sum += rest.reduce((total_, row) => total_ + product(row), 0);
    shapes.push(above, arrow(at(2, last), at(3, last), 1));
    shapes.push(boxed(`… ${rest.length} more`, isKnown ? rest.reduce((total_, row) => total_ + product(row), 0) : null, sumGradient, "operation", at(2, last)));
    made("+", sum, sumGradient, at(3, last));
    shapes.push(down(at(3, last), at(3, last + 1)));
    last += 1;
  } else shapes.push(above);
  leaf(bias, "parameter", at(2, last));
  shapes.push(arrow(at(2, last), at(3, last), 1));
  shapes.push(boxed("+", isKnown ? total.value : null, sumGradient, "operation", at(3, last), false, total.name));
  if (activation) {
    shapes.push(arrow(at(3, last), at(4, last), activation.locals[0]));
    const known = isComputed(activation, state.position);
    shapes.push(boxed(nameOfFunction(activation), known ? activation.value : null, gradients[activation.id], "operation", at(4, last), false, activation.name));
  }
  const [width, height] = [at(activation ? 4 : 3, 0).x + BOX.width + 8, at(0, last).y + BOX.height + 8];
  return makeSvg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": equation(total) }, arrowHead(), ...shapes);
}

const arrowHead = () => makeSvg("marker", { id: "head", viewBox: "0 0 7 6", refX: 1, refY: 3, markerWidth: 7, markerHeight: 6, orient: "auto", markerUnits: "userSpaceOnUse" },
  makeSvg("path", { class: "head", d: "M0,0L7,3L0,6z" }));

/** The function of `tanh(z)`. */
const nameOfFunction = (node) => /^\w+/.exec(node.formula)?.[0] ?? node.formula;

/** A box with a name, a value and, unless it is a constant, a gradient. */
function boxed(name, value, gradient, kind, { x, y }, isPlain = false, result = "") {
  const right = x + BOX.width - 6;
  const middle = y + BOX.height / 2;
  const text = (role, content, at, height, anchor = "end") =>
    makeSvg("text", { class: role, x: at, y: height, "text-anchor": anchor }, content);
  const tinted = gradient === null || isPlain ? "" : ` ${sign(gradient)}`;
  return makeSvg("g", { class: `node ${kind}${tinted}` },
    makeSvg("rect", { class: "box", x, y, width: BOX.width, height: BOX.height, rx: kind === "input" ? 0 : 6 }),
    ...(isPlain ? [] : [makeSvg("rect", { class: "cell", x: x + 34, y: y + 31, width: BOX.width - 36, height: 16 })]),
    text("name", name, x + 6, y + 13, "start"),
    ...(result ? [text("name", result, right, y + 13)] : []),
    text("value", value === null ? "?" : brief(value), right, isPlain ? middle + 8 : y + 27),
    ...(isPlain ? [] : [text("caption", "grad", x + 6, y + 43, "start"), text("grad", brief(gradient), right, y + 43)]));
}

/** Lines between boxes, each with its local derivative where it arrives. */
const line_ = (d, local, x, y) => makeSvg("g", { class: "edge" }, makeSvg("path", { d, "marker-end": "url(#head)" }),
  ...(local === null ? [] : [makeSvg("text", { class: "local", x, y, "text-anchor": "end" }, `∂ ${brief(local)}`)]));
export const sides = (from, to) => [from.x + BOX.width, from.y + BOX.height / 2, to.x - 6, to.y + BOX.height / 2];
function arrow(from, to, local) {
  const [x1, y1, x2, y2] = sides(from, to);
  return line_(`M${x1},${y1 + 8}L${x2},${y2 + 8}`, local, x2 - 4, y2 + 22);
}
/** From the input over the weight to the product. */
function bow(from, to, local) {
  const [x1, , x2, y2] = sides(from, to);
  const top = from.y - 4;
  return line_(`M${x1},${from.y + 12}C${x1 + 30},${top} ${x1 + 50},${top} ${x1 + 80},${top}L${x2 - 50},${top}C${x2 - 30},${top} ${x2 - 20},${y2 - 10} ${x2},${y2 - 10}`, local, x2 - 38, y2 - 11);
}
function elbow(from, to) {
  const [x1, y1] = sides(from, to);
  const x = to.x + BOX.width / 2;
  return line_(`M${x1},${y1}C${x},${y1} ${x},${y1} ${x},${to.y - 6}`, null, 0, 0);
}
export function down(from, to) {
  const x = from.x + BOX.width / 2;
  return line_(`M${x},${from.y + BOX.height}L${x},${to.y - 6}`, null, 0, 0);
}

/** Press a text that could be too long, in this font or another, into its box. */
function fitted(text) {
  const isAlone = text.parentNode.querySelectorAll(".name").length < 2;
  const room = text.matches(".local") ? 72 : text.matches(".name") && !isAlone ? (BOX.width - 18) / 2 : BOX.width - 12;
  if (text.getComputedTextLength() * 1.2 > room) {
    text.setAttribute("textLength", room);
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

export function openNeuron(total) {
  byId("opened-title").textContent = `${total.name}, opened`;
  byId("opened-body").replaceChildren(openedNeuron(total));
  byId("opened").showModal();
  byId("opened-body").querySelectorAll(".name, .value, .local").forEach(fitted);
  byId("opened").querySelector("button").focus();
}
