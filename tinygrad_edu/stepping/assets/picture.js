// The drawing: which node and edge looks how at the present step.

import { brief, show } from "./text.js";
import { edges, edgesOf, equation, events, gradientsAt, isComplete, isComputed, nodes, root } from "./graph.js";
import { state } from "./state.js";

export const svg = document.querySelector("#canvas svg");
export const find = (id) => svg.querySelector(`#${CSS.escape(id)}`);
/** What stands for a part that is not drawn: inputs of a wide neuron without a row, edges inside a neuron's box. */
const undrawn = () => document.createElementNS("http://www.w3.org/2000/svg", "g");

const largestAmount = Math.max(...edges.map((edge) => Math.abs(edge.amount)).filter(Number.isFinite), 0);

/** Positive, negative, nothing or broken: what colors and dashes tell. */
export const sign = (number) => (!Number.isFinite(number) ? "broken" : number > 0 ? "positive" : number < 0 ? "negative" : "nothing");

for (const node of nodes) {
  node.group = find(`node-${node.id}`) ?? undrawn();
  node.isDrawn = node.group.isConnected;
  node.look = node.group.getAttribute("class") ?? "node"; // "node operation root", and so on
  node.valueTexts = [...node.group.querySelectorAll(".value"), ...svg.querySelectorAll(`[data-of="node-${node.id}"] .value`)];
  node.gradTexts = [...node.group.querySelectorAll(".grad"), ...svg.querySelectorAll(`[data-of="node-${node.id}"] .grad`)];
}
for (const edge of edges) {
  edge.group = find(`edge-${edge.node.id}-${edge.slot}`) ?? undrawn();
  edge.localText = edge.group.querySelector(".local");
  edge.amountText = edge.group.querySelector(".amount");
}

/** Make the drawing one whose numbers can change. */
export function prepareDrawing() {
  // First measure everything, then change it: a change between two measurements would have the page laid out anew.
  const rows = nodes.filter((node) => node.look.includes("row"));
  const boxes = rows.map((node) => node.group.getBBox());
  rows.forEach((node, k) => prepareRow(node, boxes[k]));
  nodes.forEach(prepareNode);
  edges.forEach(prepareEdge);
}

/** A frame around a row of a neuron's box, which is seen where something happens in it. */
function prepareRow(node, { x, width }) {
  const cell = node.group.querySelector(".cell");
  const frame = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const place = { x: x - 2, y: cell.getAttribute("y"), width: width + 2, height: cell.getAttribute("height") };
  for (const [name, value] of Object.entries(place)) frame.setAttribute(name, value);
  frame.setAttribute("class", "box frame");
  node.group.prepend(frame);
}

function prepareNode(node) {
  titled(node.group, equation(node));
  node.group.setAttribute("role", "button");
}

function prepareEdge(edge) {
  titled(edge.group, `∂${edge.node.name}/∂${edge.input.name} = ${edge.formula}`);
  const share = Math.sqrt(Math.abs(edge.amount) / (largestAmount || 1));
  edge.group.style.setProperty("--width", (1 + 3 * (Number.isFinite(share) ? share : 1)).toFixed(2));
}

function titled(group, text) {
  const title = group.querySelector(":scope > title");
  if (title) title.textContent = text;
}

/** Write to the document only what has changed. */
const remembered = new WeakMap();
function changed(element, key, value) {
  const memory = remembered.get(element) ?? remembered.set(element, {}).get(element);
  if (memory[key] === value) return false;
  memory[key] = value;
  return true;
}
const setText = (element, text) => element && changed(element, "text", text) && (element.textContent = text);
const setClass = (element, name) => changed(element, "class", name) && element.setAttribute("class", name);
const setAttribute = (element, name, value) => changed(element, name, value) && element.setAttribute(name, value);

/** The edges that the current step is about: all of a node's when stepping by node, else one. */
export function currentEdges() {
  const event = events[state.position - 1];
  if (event?.kind !== "backward") return [];
  return state.granularity === "edge" ? [event.edge] : edgesOf.get(event.node);
}

export function drawGraph() {
  const { position } = state;
  const event = events[position - 1];
  const gradients = gradientsAt(position);
  const active = new Set(currentEdges());
  const receiving = new Set([...active].map((edge) => edge.input));
  const asked = state.question?.edge;

  for (const node of nodes) {
    const computed = isComputed(node, position);
    const gradient = gradients[node.id];
    const classes = [node.look];
    if (!computed) classes.push("waiting");
    if (gradient !== null) classes.push(sign(gradient), isComplete(node, position) ? "complete" : "partial");
    if (event?.node === node) classes.push(event.kind === "forward" ? "computing" : "sending");
    if (receiving.has(node) || asked?.input === node) classes.push("receiving");
    if (state.selected === node) classes.push("selected");
    setClass(node.group, classes.join(" "));
    for (const text of node.valueTexts) setText(text, computed ? brief(node.value) : "?");
    for (const text of node.gradTexts) setText(text, brief(gradient));
    setAttribute(node.group, "aria-label", describe(node, computed, gradient));
    setAttribute(node.group, "aria-pressed", String(state.selected === node));
    setAttribute(node.group, "tabindex", state.focus === node ? "0" : "-1");
  }
  for (const edge of edges) {
    const classes = ["edge"];
    const carried = edge.at <= position;
    if (event?.kind === "forward" && event.node === edge.node) classes.push("feeding");
    if (active.has(edge) || asked === edge) classes.push("flowing");
    else if (carried) classes.push("carried");
    if (carried) classes.push(sign(edge.amount));
    if (!isComputed(edge.node, position)) classes.push("waiting");
    setClass(edge.group, classes.join(" "));
    setText(edge.localText, asked === edge || !isComputed(edge.node, position) ? "∂ ?" : `∂ ${brief(edge.local)}`);
    setText(edge.amountText, carried ? `← ${brief(edge.amount)}` : "");
  }
}

function describe(node, computed, gradient) {
  const value = computed ? `value ${show(node.value)}` : "not computed yet";
  const grad = gradient === null ? "gradient not reached yet"
    : `gradient ${show(gradient)}${isComplete(node, state.position) ? "" : " so far"}`;
  return `${equation(node)}: ${value}, ${grad}`;
}
