// Where we are: the position, and what is chosen.

import { leaves, root } from "./graph.js";
import { end, pass } from "./pass.js";

/** @typedef {import("./graph.js").GraphNode} GraphNode */

/** The leaf whose gradient has the most to tell. @type {GraphNode} */
const mostUsed = leaves.reduce((best, node) => (best.consumers.length >= node.consumers.length ? best : node), leaves[0] ?? root);

export const state = {
  position: 0,
  granularity: "node", // or "edge": one contribution at a time
  selected: mostUsed,
  focus: mostUsed, // the one node that the tab key reaches
  playing: 0, // the timer
  predicting: false,
  frontier: Infinity, // how far the gradients have been revealed
  /** @type {{ message: import("./pass.js").TimedMessage, tries: number, hinted: boolean } | null} */
  question: null,
  score: { right: 0, asked: 0 },
};

/** The positions at which stepping stops: after each event, or after the last of those that belong together. */
export function stops() {
  const byEdge = state.predicting || state.granularity === "edge";
  const key = byEdge ? "edge" : "node";
  if (known.pass !== pass) known = { pass };
  known[key] ??= [0, ...pass.events.flatMap((event, k) => (byEdge || pass.events[k + 1]?.index !== event.index || event.kind !== "backward" ? [k + 1] : []))];
  return known[key];
}
/** @type {{ pass?: import("./pass.js").Pass, edge?: number[], node?: number[] }} */
let known = {};

/** The index of the last stop at or before the current position. */
export function stopIndex() {
  const places = stops();
  let low = 0;
  let high = places.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (places[middle] <= state.position) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How far one may go now. */
export const limit = () => Math.min(state.frontier, end());
