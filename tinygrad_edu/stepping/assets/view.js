// Zoom and pan: which part of the drawing is seen.

import { byId } from "./text.js";
import { nodes, operations, root } from "./graph.js";
import { eventAt } from "./pass.js";
import { state } from "./state.js";
import { boxIn, showWithin } from "./sight.js";
import { currentMessages, drawGraph, svg } from "./picture.js";

/**
 * @typedef {import("./graph.js").Box} Box
 * @typedef {import("./graph.js").GraphNode} GraphNode
 */


const home = svg.viewBox.baseVal;
const whole = { x: home.x, y: home.y, width: home.width, height: home.height };
let view = { ...whole };
let scale = 1; // of the view, while the canvas had its last size
let isFitted = false; // whether it shows the whole graph, and should when the canvas gets another size
let isSeen = false; // a page in a hidden frame has no size to fit into
let scaleAtFirst = 0; // at which texts could be read when it had its first view
export const canvas = byId("canvas");

/** How many pixels one unit of the drawing takes, when the view is that wide and high. @param {Box} box */
const scaleOf = (box) => Math.min(canvas.clientWidth / box.width, canvas.clientHeight / box.height);

/** The box is that of a canvas of the last size that we were told of, so its scale is not asked of the canvas. @param {Box} box @param {number} [newScale] */
function setView(box, newScale = scale) {
  view = box;
  scale = newScale;
  isFitted = false;
  svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
  svg.classList.toggle("far", scale < READABLE_AT_ALL);
  if (showWithin(box, state.focus.parts)) drawGraph();
}

/** A view of a given scale in which the point (x, y) of the drawing lies at a share of the canvas. @param {number} scale @param {number} x @param {number} y */
function viewAt(scale, x, y, shareX = 0.5, shareY = 0.5) {
  const width = canvas.clientWidth / scale;
  const height = canvas.clientHeight / scale;
  return { x: x - shareX * width, y: y - shareY * height, width, height };
}

/** The place nearest to a view, along one axis, that is not empty at one end while the drawing goes on at the other. @param {number} low @param {number} size @param {number} drawnLow @param {number} drawnSize */
const heldAlong = (low, size, drawnLow, drawnSize) =>
  size >= drawnSize ? drawnLow + (drawnSize - size) / 2 : Math.min(Math.max(low, drawnLow), drawnLow + drawnSize - size);

/** The same along both. @param {Box} box */
const held = (box) => ({ ...box, x: heldAlong(box.x, box.width, whole.x, whole.width), y: heldAlong(box.y, box.height, whole.y, whole.height) });

const LARGEST_SCALE = 6;
const READABLE_SCALE = 0.85;
/** Below this, texts are not even seen as texts. */
const READABLE_AT_ALL = 0.25;
const FITTED_SCALE = 2;
/** Lines of text of the drawing, one above the other, that fill a wall: no more can be read from the last row. */
const WALL_LINES = 45;
const TEXT_SIZE = 11;

export const isOnWall = () => document.documentElement.classList.contains("wall");
/** At which texts of the drawing can be read, from near or from far. */
const readableScale = () => (isOnWall() ? Math.min(window.innerHeight, window.innerWidth * 9 / 16) / WALL_LINES / TEXT_SIZE : READABLE_SCALE);
const fittedScale = () => Math.min(scaleOf(whole), Math.max(FITTED_SCALE, 1.5 * readableScale()));

export function fit() {
  cancelAnimationFrame(glide);
  setView(viewAt(fittedScale(), whole.x + whole.width / 2, whole.y + whole.height / 2), fittedScale());
  isFitted = true;
}

/** Zoom by a factor, holding the point of the drawing at these client coordinates still. @param {number} factor @param {number} [clientX] @param {number} [clientY] */
export function zoomBy(factor, clientX, clientY) {
  cancelAnimationFrame(glide);
  const bounds = canvas.getBoundingClientRect();
  const shareX = clientX === undefined ? 0.5 : (clientX - bounds.left) / bounds.width;
  const shareY = clientY === undefined ? 0.5 : (clientY - bounds.top) / bounds.height;
  const smallest = fittedScale() / 2;
  const wanted = Math.min(Math.max(scale * factor, smallest), LARGEST_SCALE);
  setView(viewAt(wanted, view.x + shareX * view.width, view.y + shareY * view.height, shareX, shareY), wanted);
}

/** @param {number} pixelsX @param {number} pixelsY */
function panBy(pixelsX, pixelsY) {
  cancelAnimationFrame(glide);
  setView({ ...view, x: view.x - pixelsX / scale, y: view.y - pixelsY / scale });
}

/** The box of a node in the coordinates of the drawing. @param {GraphNode} node @returns {Box} */
const boxOf = (node) => (node.box ??= boxIn(node.group));

/** The smallest box around some boxes. @param {Box[]} boxes */
export function around(boxes) {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x, y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}

/** Free space around what is kept in view; on a wall the step should not stand in a corner. */
const spaceAround = () => (isOnWall() ? view.height / 8 : 12);

/** Move the view, as little as needed, until a node is in sight. @param {GraphNode} node */
export const keepInView = (node) => keepBoxesInView(node.isDrawn ? [boxOf(node)] : []);

/** @param {Box[]} boxes */
function keepBoxesInView(boxes) {
  if (boxes.length) glideTo(viewOf(boxes));
}

/** The present view, moved as little as needed until it has the first box, and as many of the others as fit beside it, the nearer ones first. @param {Box[]} boxes */
function viewOf(boxes) {
  const space = spaceAround();
  const fits = (/** @type {Box} */ box) => box.width + 2 * space <= view.width && box.height + 2 * space <= view.height;
  const box = boxes.reduce((inside, next) => (fits(around([inside, next])) ? around([inside, next]) : inside));
  const nearest = (/** @type {number} */ low, /** @type {number} */ size, /** @type {number} */ viewLow, /** @type {number} */ viewSize) => Math.min(Math.max(viewLow, low + size + space - viewSize), low - space);
  const [x, y] = [nearest(box.x, box.width, view.x, view.width), nearest(box.y, box.height, view.y, view.height)];
  const moved = held({ ...view, x, y });
  return { ...view, x: x === view.x ? x : moved.x, y: y === view.y ? y : moved.y }; // what a hand has moved, and shows all, stays
}

/** What a node takes, of that which is drawn. @param {GraphNode} node */
const inputsOf = (node) => node.inputs.map((id) => nodes[id]).filter((each) => each.isDrawn);

export function keepStepInView() {
  const node = state.question?.message.edge.node ?? eventAt(state.position)?.node;
  const messages = state.question ? [state.question.message] : currentMessages();
  if (!node) return;
  const edges = messages.map((message) => message.edge);
  const labels = edges.flatMap(({ localText, amountText }) => [localText, amountText]).filter((text) => text !== null).map(labelBox);
  const companions = [...inputsOf(node), ...edges.map((edge) => edge.input).filter((each) => each.isDrawn)];
  keepBoxesInView([...(node.isDrawn ? [boxOf(node)] : []), ...labels, ...companions.map(boxOf)]);
}

/** A text on an edge, with room for a long number. @param {SVGElement} text @returns {Box} */
function labelBox(text) {
  const { x, y, height } = boxIn(text);
  const width = 7 * TEXT_SIZE;
  return { x: x - ({ end: width, middle: width / 2 }[text.getAttribute("text-anchor") ?? ""] ?? 0), y, width, height };
}

const GLIDE_MILLISECONDS = 250;
const prefersStillness = matchMedia("(prefers-reduced-motion: reduce)");
let glide = 0;

/** Move the view there in a moment, so that the eye can follow. @param {Box} target */
function glideTo(target) {
  cancelAnimationFrame(glide);
  if (target.x === view.x && target.y === view.y) return;
  if (prefersStillness.matches) return setView(target);
  const from = view;
  const start = performance.now();
  const advance = (/** @type {number} */ now) => {
    const share = Math.min(1, Math.max(0, (now - start) / GLIDE_MILLISECONDS));
    const eased = share * (2 - share);
    setView({ ...target, x: from.x + eased * (target.x - from.x), y: from.y + eased * (target.y - from.y) });
    if (share < 1) glide = requestAnimationFrame(advance);
  };
  glide = requestAnimationFrame(advance);
}

/** The whole graph if it can be read at that size, else the part around the root or the first step. */
export function firstView() {
  if (!canvas.clientWidth) return;
  isSeen = true;
  scaleAtFirst = readableScale();
  if (scaleOf(whole) >= scaleAtFirst) return fit();
  const node = operations.find((each) => each.isDrawn) ?? root;
  const box = boxOf(node);
  setView(held(viewAt(scaleAtFirst, box.x + box.width / 2, box.y + box.height / 2)), scaleAtFirst);
  setView(viewOf([box, ...inputsOf(node).map(boxOf)]));
}

/** Keep the middle where it is; a page that was hidden when it opened, or is on another wall, has its first view now. */
export function onResize() {
  if (isSeen && canvas.clientWidth === Math.round(view.width * scale) && canvas.clientHeight === Math.round(view.height * scale)) return;
  const staysReadable = !isOnWall() || scaleOf(whole) >= readableScale();
  if (isSeen && isFitted && canvas.clientWidth && staysReadable) fit();
  else if (isSeen && canvas.clientWidth && scaleAtFirst === readableScale()) setView(held(viewAt(scale, view.x + view.width / 2, view.y + view.height / 2)));
  else firstView();
  if (isOnWall() && canvas.clientWidth) keepStepInView(); // the line below the graph grows and shrinks with what it says
}

export const pointers = /** @type {Map<number, { x: number, y: number }>} */ (new Map());
export let dragged = 0;

function pinchDistance() {
  const [one, other] = [...pointers.values()];
  return Math.hypot(one.x - other.x, one.y - other.y);
}

/** @param {PointerEvent} event */
export function onPointerDown(event) {
  if (!pointers.size) dragged = 0;
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
}

/** @param {PointerEvent} event */
export function onPointerMove(event) {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = { x: event.clientX, y: event.clientY };
  if (pointers.size === 2) {
    const distance = pinchDistance();
    pointers.set(event.pointerId, now);
    zoomBy(pinchDistance() / distance, now.x, now.y);
  } else {
    pointers.set(event.pointerId, now);
    dragged += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (dragged > 4) panBy(now.x - before.x, now.y - before.y);
  }
}
