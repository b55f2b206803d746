// Where we are.

import { end, events, nodes, root } from "./graph.js";

/** The leaf whose gradient has the most to tell. */
const mostUsed = nodes.filter((node) => !node.formula && !node.constant)
  .reduce((best, node) => (best && best.consumers.length >= node.consumers.length ? best : node), null) ?? root;

export const state = {
  position: 0,
  granularity: "node", // or "edge": one contribution at a time
  selected: mostUsed,
  focus: mostUsed, // the one node that the tab key reaches
  playing: null, // the timer
  predicting: false,
  frontier: end, // how far the gradients have been revealed
  question: null,
  score: { right: 0, asked: 0 },
};

/** The positions at which stepping stops, for each granularity. */
const allStops = {
  edge: Array.from({ length: end + 1 }, (_, k) => k),
  node: [0, ...events.flatMap((event, k) => (event.kind !== "backward" || events[k + 1]?.node !== event.node ? [k + 1] : []))],
};
export const stops = () => allStops[state.predicting ? "edge" : state.granularity];

/** The index of the last stop at or before the current position. */
export function stopIndex() {
  const places = stops();
  let low = 0, high = places.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (places[middle] <= state.position) low = middle;
    else high = middle - 1;
  }
  return low;
}
