// The one reverse sweep. The pass that is shown, training and mistakes all run it; what differs is how.

import { edges, nodes, root } from "./graph.js";

/** @typedef {import("./graph.js").Edge} Edge */

/**
 * How the sweep goes. A mistake is a change of one of these.
 * @typedef {{ order: () => Iterable<Edge>, start: (gradients: Float64Array) => void, upstream: (gradient: number) => number,
 *   local: (edge: Edge) => number, add: (before: number, amount: number) => number }} Way
 * What went along an edge: upstream × local = amount, and the gradient of its input went from `before` to `after`.
 * @typedef {{ edge: Edge, upstream: number, local: number, amount: number, before: number, after: number }} Message
 */

/** @type {Way} */
export const RIGHT = {
  order: () => edges, // outputs first: by the time a node hands on its gradient, that is complete
  start: () => {}, // from zero
  upstream: (gradient) => gradient,
  local: (edge) => edge.node.locals[edge.slot],
  add: (before, amount) => before + amount,
};

/** The gradients before the sweep: 1 for the root. @param {Way} [way] */
export function startingGradients(way = RIGHT) {
  const gradients = new Float64Array(nodes.length);
  way.start(gradients);
  gradients[root.id] = 1;
  return gradients;
}

/**
 * Each node hands on its gradient to its inputs; `gradients` fill up, and every message is told.
 * @param {Float64Array} gradients @param {Way} [way] @returns {Generator<Message>}
 */
export function* sweep(gradients, way = RIGHT) {
  for (const edge of way.order()) {
    const upstream = way.upstream(gradients[edge.node.id]);
    const local = way.local(edge);
    const amount = upstream * local; // the chain rule
    const before = gradients[edge.input.id];
    const after = way.add(before, amount);
    gradients[edge.input.id] = after;
    yield { edge, upstream, local, amount, before, after };
  }
}

/** The gradients that a sweep leads to. @param {Way} [way] */
export function sweptGradients(way = RIGHT) {
  const gradients = startingGradients(way);
  for (const _ of sweep(gradients, way)); // for its effect
  return gradients;
}
