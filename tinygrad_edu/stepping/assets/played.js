// In the frame below a formula line: the line and the live page follow each other.

import { nodes } from "./graph.js";
import { endGesture, remember } from "./history.js";
import { forgetTraining } from "./learning.js";
import { refresh, stopPlaying } from "./moving.js";

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

/** What the page around may do here. @typedef {{ take: typeof take, endGesture: typeof endGesture }} Played */

if (window.parent !== window) {
  Object.assign(window, { played: { take, endGesture } });
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
