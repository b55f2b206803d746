// Change a number: type it, drag it, slide it, or nudge it with the arrow keys; undo, redo and reset.

import { byId, full, parsed, show } from "./text.js";
import { givens } from "./graph.js";
import { canRedo, canUndo, endGesture, redoNumbers, remember, undoNumbers } from "./history.js";
import { forgetTraining } from "./learning.js";
import { state } from "./state.js";
import { announce, refresh, select, stopPlaying } from "./moving.js";

/** @typedef {import("./graph.js").GraphNode} GraphNode */

const numberField = /** @type {HTMLInputElement} */ (byId("number"));
const slider = /** @type {HTMLInputElement} */ (byId("number-slider"));

/** A step of the arrow keys, as large as suits the number; times 10 with shift, a tenth with alt. @param {number} number */
const nudgeSize = (number) => 10 ** Math.floor(Math.log10(Math.max(Math.abs(number), 0.1)) - 0.999);

/** Without the dust of decimal fractions: 0.1 + 0.2 is 0.3. @param {number} number */
const clean = (number) => Number(number.toPrecision(12));

/** @param {GraphNode} node @param {number} number @param {string} gesture */
function change(node, number, gesture) {
  problem("");
  if (Object.is(node.value, number) || !canChange(node)) return;
  stopPlaying();
  remember(gesture);
  node.value = number;
  forgetTraining();
  refresh();
}

/** What is wrong with a typed number, in a sentence; "" if nothing is. @param {string} text */
export function complaint(text) {
  if (!text.trim()) return `Type a number; ${state.selected.name} stays ${show(state.selected.value)}.`;
  const number = parsed(text);
  if (number === null) return `“${text.trim().slice(0, 20)}” is no number, such as 0.5, −2 or 2/3; ${state.selected.name} stays ${show(state.selected.value)}.`;
  if (!Number.isFinite(number)) return `A number must be finite, and “${text.trim().slice(0, 20)}” is not; ${state.selected.name} stays ${show(state.selected.value)}.`;
  return "";
}

/** @param {string} text */
function problem(text) {
  byId("number-problem").textContent = text;
  numberField.setAttribute("aria-invalid", String(text !== ""));
}

function onTyping() {
  const wrong = complaint(numberField.value);
  if (wrong) return problem(wrong);
  change(state.selected, /** @type {number} */ (parsed(numberField.value)), `type ${state.selected.id}`);
}

/** @param {KeyboardEvent} event */
function onFieldKey(event) {
  const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (direction) {
    event.preventDefault();
    nudge(state.selected, direction * (event.shiftKey ? 10 : event.altKey ? 0.1 : 1));
  } else if (event.key === "Enter") {
    event.preventDefault();
    numberField.blur();
  } else if (event.key === "Escape") numberField.blur();
}

/** @param {GraphNode} node @param {number} steps */
function nudge(node, steps) {
  change(node, clean(node.value + steps * nudgeSize(node.value)), `nudge ${node.id}`);
  numberField.value = full(node.value);
}

/** Leaves, and constants that are drawn: one that is not, the 0 of a sum without a bias, is nobody's. @param {GraphNode} node */
const canChange = (node) => node.isLeaf && (node.isDrawn || !node.constant);

/** Focus the field of a leaf. @param {GraphNode} node */
export function edit(node) {
  if (!canChange(node)) return;
  select(node);
  numberField.focus();
  numberField.select();
}

// The panel ----------------------------------------------------------------------------------------------------------

/** @type {GraphNode | null} */
let shown = null;

export function drawEditor() {
  const node = state.selected;
  byId("editor").hidden = !canChange(node);
  if (node !== shown) {
    shown = node;
    problem("");
    centerSlider(node);
  }
  if (document.activeElement !== numberField) numberField.value = full(node.value);
  if (document.activeElement !== slider) centerSlider(node);
  /** @type {HTMLButtonElement} */ (byId("number-reset")).disabled = Object.is(node.value, node.start);
  /** @type {HTMLButtonElement} */ (byId("undo")).disabled = !canUndo();
  /** @type {HTMLButtonElement} */ (byId("redo")).disabled = !canRedo();
  /** @type {HTMLButtonElement} */ (byId("reset")).disabled = givens.every((leaf) => Object.is(leaf.value, leaf.start));
}

/** The slider reaches as far as the number is large, on both sides. @param {GraphNode} node */
function centerSlider(node) {
  if (!Number.isFinite(node.value)) return;
  const reach = Math.max(1, 10 ** Math.ceil(Math.log10(Math.abs(node.value) + 1e-300)));
  slider.min = String(node.value - reach);
  slider.max = String(node.value + reach);
  slider.step = String(reach / 500);
  slider.value = String(node.value);
  slider.setAttribute("aria-valuetext", show(node.value));
}

// Dragging a number in the graph -------------------------------------------------------------------------------------

const PIXELS_PER_STEP = 4;
let drags = 0;

/** @param {GraphNode} node @param {SVGElement} text */
function makeDraggable(node, text) {
  text.classList.add("editable");
  text.addEventListener("pointerdown", (event) => {
    event.stopPropagation(); // the graph stays where it is
    text.setPointerCapture(event.pointerId);
    const [from, number, size] = [event.clientX, node.value, nudgeSize(node.value)];
    const gesture = `drag ${(drags += 1)}`;
    let moved = false;
    const onMove = (/** @type {PointerEvent} */ move) => {
      const steps = Math.trunc((move.clientX - from) / PIXELS_PER_STEP);
      if (!moved && !steps) return;
      if (!moved) select(node, false);
      moved = true;
      change(node, clean(number + steps * size * (move.shiftKey ? 10 : move.altKey ? 0.1 : 1)), gesture);
    };
    const onEnd = () => {
      text.removeEventListener("pointermove", onMove);
      endGesture();
      if (!moved) edit(node);
    };
    text.addEventListener("pointermove", onMove);
    text.addEventListener("pointerup", onEnd, { once: true });
    text.addEventListener("pointercancel", onEnd, { once: true });
  });
  text.addEventListener("click", (event) => event.stopPropagation());
}

// Undo, redo, reset --------------------------------------------------------------------------------------------------

/** @param {boolean} isChanged @param {string} done @param {string} otherwise */
function afterwards(isChanged, done, otherwise) {
  if (isChanged) {
    forgetTraining();
    refresh();
  }
  announce(isChanged ? done : otherwise);
}

export const undo = () => afterwards(undoNumbers(), "Undone.", "There is nothing to undo.");
export const redo = () => afterwards(redoNumbers(), "Done again.", "There is nothing to do again.");

/** @param {GraphNode[]} which */
function reset(which) {
  endGesture();
  remember("reset");
  endGesture();
  for (const leaf of which) leaf.value = leaf.start;
  problem("");
  afterwards(true, "The numbers are those of the start.", "");
}

export function connectEditing() {
  numberField.addEventListener("input", onTyping);
  numberField.addEventListener("keydown", onFieldKey);
  numberField.addEventListener("blur", () => { endGesture(); numberField.value = full(state.selected.value); });
  slider.addEventListener("input", () => change(state.selected, clean(Number(slider.value)), `slide ${state.selected.id}`));
  slider.addEventListener("change", endGesture);
  byId("editor").addEventListener("submit", (event) => event.preventDefault());
  byId("number-reset").onclick = () => reset([state.selected]);
  byId("reset").onclick = () => reset(givens);
  byId("undo").onclick = undo;
  byId("redo").onclick = redo;
  for (const leaf of givens) for (const text of leaf.valueTexts) if (leaf.group.contains(text)) makeDraggable(leaf, text);
}
