// In the frame below a formula line: the line and the live page follow each other.

import { byId } from "./text.js";
import { nodes } from "./graph.js";
import { endGesture, remember } from "./history.js";
import { forgetTraining } from "./learning.js";
import { goTo, refresh, stopPlaying } from "./moving.js";
import { pass } from "./pass.js";
import { setMistake } from "./lessons.js";
import { state } from "./state.js";

/** The leaves that have a name in the formula. */
const namedLeaves = () => nodes.filter((node) => node.isLeaf && !node.constant);

/** Give the leaf of a name another number, which was typed in the line. @param {string} name @param {number} number */
function take(name, number) {
  const leaf = namedLeaves().find((node) => node.name === name);
  if (!leaf || Object.is(leaf.value, number)) return;
  stopPlaying();
  remember(`line ${name}`);
  leaf.value = number;
  forgetTraining();
  refresh();
}

/** Where we are, in a graph of this shape. @typedef {{ shape: string, position: number, selected: number, granularity: string, mistake: string }} Place */

/** What goes into what; names and numbers are others when a formula was changed a little. */
const shape = JSON.stringify(nodes.map((node) => node.inputs));

/** @returns {Place} */
const place = () => ({ shape, position: state.position, selected: state.selected.id, granularity: state.granularity, mistake: pass.mistake });

/** Go on where a page of the same graph was left, with other numbers or functions. @param {Place} left */
function resume(left) {
  if (left.shape !== shape) return;
  state.granularity = /** @type {HTMLSelectElement} */ (byId("granularity")).value = left.granularity;
  setMistake(left.mistake);
  state.selected = state.focus = nodes[left.selected];
  goTo(left.position);
}

/** What the page around may do here. @typedef {{ take: typeof take, endGesture: typeof endGesture, place: typeof place, resume: typeof resume }} Played */

if (window.parent !== window) {
  Object.assign(window, { played: { take, endGesture, place, resume } });
  const say = (/** @type {string} */ kind, /** @type {any} */ detail) => parent.dispatchEvent(new CustomEvent(kind, { detail }));
  window.addEventListener("numbers", () => say("played", {
    numbers: Object.fromEntries(namedLeaves().map((node) => [node.name, node.value])),
    constants: Object.fromEntries(nodes.filter((node) => node.constant).map((node) => [node.id, node.value])),
  }));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || /** @type {HTMLElement} */ (event.target).matches("input, select")) return;
    event.preventDefault();
    say("type", null);
  });
}
