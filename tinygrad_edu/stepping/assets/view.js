// Zoom and pan: which part of the drawing is seen.

import { byId } from "./text.js";
import { operations } from "./graph.js";
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
export const canvas = byId("canvas");

/** How many pixels one unit of the drawing takes, when the view is that wide and high. @param {Box} box */
const scaleOf = (box) => Math.min(canvas.clientWidth / box.width, canvas.clientHeight / box.height);

/** @param {Box} box */
function setView(box) {
  view = box;
  scale = scaleOf(box);
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

const LARGEST_SCALE = 6;
const READABLE_SCALE = 0.85;
/** Below this, texts are not even seen as texts. */
const READABLE_AT_ALL = 0.25;
const FITTED_SCALE = 2;

export function fit() {
  cancelAnimationFrame(glide);
  setView(viewAt(Math.min(scaleOf(whole), FITTED_SCALE), whole.x + whole.width / 2, whole.y + whole.height / 2));
  isFitted = true;
}

/** Zoom by a factor, holding the point of the drawing at these client coordinates still. @param {number} factor @param {number} [clientX] @param {number} [clientY] */
export function zoomBy(factor, clientX, clientY) {
  cancelAnimationFrame(glide);
  const bounds = canvas.getBoundingClientRect();
  const shareX = clientX === undefined ? 0.5 : (clientX - bounds.left) / bounds.width;
  const shareY = clientY === undefined ? 0.5 : (clientY - bounds.top) / bounds.height;
  const smallest = Math.min(scaleOf(whole), FITTED_SCALE) / 2;
  const wanted = Math.min(Math.max(scaleOf(view) * factor, smallest), LARGEST_SCALE);
  setView(viewAt(wanted, view.x + shareX * view.width, view.y + shareY * view.height, shareX, shareY));
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

const MARGIN = 12;

/** Move the view, as little as needed, until a node is in sight, and its companions too if there is room. @param {GraphNode} node @param {GraphNode[]} [companions] */
export function keepInView(node, companions = []) {
  const shown = [node, ...companions].filter((each) => each.isDrawn);
  if (!shown.length) return;
  const everything = around(shown.map(boxOf));
  const fits = everything.width + 2 * MARGIN <= view.width && everything.height + 2 * MARGIN <= view.height;
  const box = fits ? everything : boxOf(shown[0]);
  const nearest = (/** @type {number} */ low, /** @type {number} */ size, /** @type {number} */ viewLow, /** @type {number} */ viewSize) => Math.min(Math.max(viewLow, low + size + MARGIN - viewSize), low - MARGIN);
  glideTo({ ...view, x: nearest(box.x, box.width, view.x, view.width), y: nearest(box.y, box.height, view.y, view.height) });
}

export function keepStepInView() {
  const node = state.question?.message.edge.node ?? eventAt(state.position)?.node;
  const messages = state.question ? [state.question.message] : currentMessages();
  if (node) keepInView(node, messages.map((message) => message.edge.input));
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
  fit();
  if (scaleOf(whole) < READABLE_SCALE) {
    const box = boxOf(operations[0]);
    setView(viewAt(READABLE_SCALE, box.x + box.width / 2, box.y + box.height / 2));
  }
}

/** Keep the middle where it is; a page that was hidden when it opened has its first view now. */
export function onResize() {
  if (isSeen && isFitted && canvas.clientWidth) fit();
  else if (isSeen && canvas.clientWidth) setView(viewAt(scale, view.x + view.width / 2, view.y + view.height / 2));
  else firstView();
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
