// The drawing: which node and edge looks how at the present step.

import { brief, show } from "./text.js";
import { edges, nodes } from "./graph.js";
import { extentOf, partsOf, showParts } from "./sight.js";
import { equation, localFormula } from "./formulas.js";
import { eventAt, isComplete, isComputed, pass, snapshot, stepOf } from "./pass.js";
import { state } from "./state.js";

/**
 * @typedef {import("./graph.js").GraphNode} GraphNode
 * @typedef {import("./graph.js").Edge} Edge
 */

export const svg = /** @type {SVGSVGElement} */ (document.querySelector("#canvas svg"));
/** @param {string} id @returns {SVGGElement | null} */
export const find = (id) => /** @type {SVGGElement | null} */ (/** @type {unknown} */ (document.getElementById(id)));
/** What stands for a part that is not drawn: inputs of a wide neuron without a row, edges inside a neuron's box. */
const undrawn = () => document.createElementNS("http://www.w3.org/2000/svg", "g");

/** Positive, negative, nothing or broken: what colors and dashes tell. @param {number} number */
export const signOf = (number) => (!Number.isFinite(number) ? "broken" : number > 0 ? "positive" : number < 0 ? "negative" : "nothing");

/** The copies of each node's numbers: where it is an input of a neuron, say. @type {Map<string, Element[]>} */
const copies = new Map();
for (const copy of svg.querySelectorAll("[data-of]")) {
  const of = copy.getAttribute("data-of") ?? "";
  copies.set(of, [...(copies.get(of) ?? []), copy]);
}

/** Where the numbers of a node are written: in its own shape, and in copies. @param {GraphNode} node @returns {Element[]} */
const shapesOf = (node) => [node.group, ...(copies.get(`node-${node.id}`) ?? [])];
/** @param {GraphNode} node @param {string} role @returns {SVGElement[]} */
const textsOf = (node, role) => shapesOf(node).flatMap((shape) => [...shape.querySelectorAll(`.${role}`)]).map((text) => /** @type {SVGElement} */ (text));

for (const node of nodes) {
  node.group = find(`node-${node.id}`) ?? undrawn();
  node.isDrawn = node.group.isConnected;
  node.look = node.group.getAttribute("class") ?? "node"; // "node operation root", and so on
  node.valueTexts = textsOf(node, "value");
  node.gradTexts = textsOf(node, "grad");
  node.parts = partsOf(shapesOf(node));
}
for (const edge of edges) {
  edge.group = find(`edge-${edge.node.id}-${edge.slot}`) ?? undrawn();
  edge.localText = edge.group.querySelector(".local");
  edge.amountText = edge.group.querySelector(".amount");
  edge.line = edge.group.querySelector("path");
  edge.parts = partsOf([edge.group]);
}

/** Make the drawing one whose numbers can change. */
export function prepareDrawing() {
  nodes.filter((node) => node.look.includes("row")).forEach(prepareRow);
  for (const node of nodes) node.group.setAttribute("role", "button");
  writeTitles();
}

/** What the mouse is told over a node or an edge: its formula. */
export function writeTitles() {
  for (const node of nodes) titled(node.group, equation(node));
  for (const edge of edges) titled(edge.group, `∂${edge.node.name}/∂${edge.input.name} = ${localFormula(edge)}`);
}

/** A frame around a row of a neuron's box, which is seen where something happens in it. @param {GraphNode} node */
function prepareRow(node) {
  const { x, width } = extentOf(node.group);
  const cell = node.group.querySelector(".cell");
  const frame = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const place = { x: x - 2, y: cell?.getAttribute("y") ?? 0, width: width + 2, height: cell?.getAttribute("height") ?? 0 };
  for (const [name, value] of Object.entries(place)) frame.setAttribute(name, String(value));
  frame.setAttribute("class", "box frame");
  node.group.prepend(frame);
}

/** @param {Element} group @param {string} text */
function titled(group, text) {
  const title = group.querySelector(":scope > title");
  if (title) title.textContent = text;
}

/** Write to the document only what has changed. @type {WeakMap<Element, Record<string, string>>} */
const remembered = new WeakMap();
/** @param {Element} element @param {string} key @param {string} value */
function changed(element, key, value) {
  const memory = remembered.get(element) ?? {};
  if (memory[key] === value) return false;
  memory[key] = value;
  remembered.set(element, memory);
  return true;
}
/** @param {Element | null} element @param {string} text */
function setText(element, text) {
  if (!element || !changed(element, "text", text)) return;
  if (element.firstChild) element.firstChild.nodeValue = text; // cheaper than another child
  else element.textContent = text;
}
/** @param {Element} element @param {string} name @param {string} value */
function setAttribute(element, name, value) {
  if (changed(element, name, value)) element.setAttribute(name, value);
}

/** The messages that the current step is about: all of a node's when stepping by node, else one. */
export function currentMessages() {
  const event = eventAt(state.position);
  if (!event?.message) return [];
  return state.granularity === "edge" ? [event.message] : stepOf(event);
}

/** Whether a node or an edge can be seen, here or in a copy. @param {GraphNode | Edge} item */
const isInSight = (item) => item.parts.some((part) => part.isShown);

/** @param {boolean} [saysNow] whether what screen readers are told of what is in sight is written at once, or when the hands are still, as the rest */
export function drawGraph(saysNow = true) {
  showParts(state.focus.parts.slice(0, 1)); // or the tab key would not reach it
  const { position } = state;
  const event = eventAt(position);
  const { gradients, carried } = snapshot(position);
  const active = new Set(currentMessages().map((message) => message.edge));
  const receiving = new Set([...active].map((edge) => edge.input));
  const asked = state.question?.message.edge;

  for (const node of nodes) {
    if (!isInSight(node)) continue;
    const known = isComputed(node, position);
    const gradient = gradients[node.id];
    const classes = [node.look];
    if (!known) classes.push("waiting");
    if (gradient !== null) classes.push(signOf(gradient), isComplete(node, position) ? "complete" : "partial");
    if (event?.node === node) classes.push(event.kind === "forward" ? "computing" : "sending");
    if (receiving.has(node) || asked?.input === node) classes.push("receiving");
    if (state.selected === node) classes.push("selected");
    if (pass.wrong.has(node) && isComplete(node, position)) classes.push("mistaken");
    setAttribute(node.group, "class", classes.join(" "));
    for (const text of node.valueTexts) setText(text, known ? brief(node.value) : "?");
    for (const text of node.gradTexts) setText(text, brief(gradient));
    setAttribute(node.group, "aria-pressed", String(state.selected === node));
    setAttribute(node.group, "tabindex", state.focus === node ? "0" : "-1");
  }
  clearTimeout(speaking);
  if (saysNow) describeAll(isInSight);
  speaking = window.setTimeout(describeAll, 150, () => true);
  const largest = largestAmount();
  for (const edge of edges) {
    if (!isInSight(edge)) continue;
    const message = carried[edge.number];
    const classes = ["edge"];
    if (event?.kind === "forward" && event.node === edge.node) classes.push("feeding");
    if (active.has(edge) || asked === edge) classes.push("flowing");
    else if (message) classes.push("carried");
    if (message) classes.push(signOf(message.amount));
    if (message && message.at === pass.wrongAt) classes.push("wrong-message");
    if (!isComputed(edge.node, position)) classes.push("waiting");
    setAttribute(edge.group, "class", classes.join(" "));
    setText(edge.localText, asked === edge || !isComputed(edge.node, position) ? "∂ ?" : `∂ ${brief(edge.node.locals[edge.slot])}`);
    setText(edge.amountText, message ? `← ${brief(message.amount)}` : "");
    drawWidth(edge, largest);
  }
}

let speaking = 0;
/** @param {(node: GraphNode) => boolean} which */
function describeAll(which) {
  const { gradients } = snapshot(state.position);
  for (const node of nodes.filter(which)) setAttribute(node.group, "aria-label", describe(node, isComputed(node, state.position), gradients[node.id]));
}

/** The largest size of what any edge carries, which is drawn widest. */
function largestAmount() {
  let largest = 0;
  for (const message of pass.latest) {
    const size = Math.abs(message?.amount ?? 0);
    if (Number.isFinite(size) && size > largest) largest = size;
  }
  return largest || 1;
}

/** @param {Edge} edge @param {number} largest */
function drawWidth(edge, largest) {
  const share = Math.sqrt(Math.abs(pass.latest[edge.number]?.amount ?? 0) / largest);
  const width = (1 + 3 * (Number.isFinite(share) ? share : 1)).toFixed(2);
  if (edge.line && changed(edge.line, "width", width)) edge.line.style.setProperty("--width", width);
}

/** @param {GraphNode} node @param {boolean} known @param {number | null} gradient */
function describe(node, known, gradient) {
  const value = known ? `value ${show(node.value)}` : "not computed yet";
  const grad = gradient === null ? "gradient not reached yet"
    : `gradient ${show(gradient)}${isComplete(node, state.position) ? "" : " so far"}`;
  return `${equation(node)}: ${value}, ${grad}`;
}
