// The graph and its two passes. All numbers come from the engine (the JSON in #data); no script here computes a
// derivative. What the page shows at a position is a function of that position alone, so stepping back is exact.
//
//   position 0                 only the leaves have values
//   position 1 … forward       one operation is computed at each
//   position forward + 1       the root's gradient is seeded with 1
//   then                       one contribution, upstream × local, arrives along one edge at each

import { byId, decoded, typeset } from "./text.js";

export const data = JSON.parse(byId("data").textContent);

export const nodes = data.nodes.map((node, id) => ({
  ...node,
  id,
  value: decoded(node.value),
  locals: node.locals.map(decoded),
  consumers: [], // the edges along which its gradient arrives, in the order of the sweep
  computedAt: 0, // the position from which it has a value
  completeAt: null, // the position from which its gradient is complete
  gradient: null, // the final one
}));
export const root = nodes[data.root];
root.gradient = 1;

/** What happens at each position from 1 on. */
export const events = [];
/** Every contribution of the backward pass but those to constants: edge number `slot` of `node`, to `input`. */
export const edges = [];

for (const id of data.forward) {
  events.push({ kind: "forward", node: nodes[id], index: events.length + 1 });
  nodes[id].computedAt = events.length;
}
export const forwardCount = events.length;
events.push({ kind: "seed", node: root });
export const seedAt = events.length;
root.completeAt = seedAt;

data.backward.forEach((step, index) => {
  const node = nodes[step.node];
  step.contributions.forEach(([amount, before, after], slot) => {
    const input = nodes[node.inputs[slot]];
    if (input.constant) return; // nobody asks for the gradient of a plain number
    const edge = {
      node, input, slot,
      upstream: decoded(step.upstream), local: node.locals[slot],
      amount: decoded(amount), before: decoded(before), after: decoded(after),
      formula: typeset(node.local_formulas[slot]),
    };
    edges.push(edge);
    events.push({ kind: "backward", node, edge, index: index + 1 });
    edge.at = events.length;
    input.consumers.push(edge);
    input.completeAt = edge.at;
    input.gradient = edge.after;
  });
});
export const end = events.length;
export const backwardCount = data.backward.length;

/** The edges by which one node hands on its gradient, in order. */
export const edgesOf = new Map(nodes.map((node) => [node, []]));
for (const edge of edges) edgesOf.get(edge.node).push(edge);

/** The gradient of every node at a position: null where the sweep has not arrived. */
export function gradientsAt(position) {
  const gradients = nodes.map(() => null);
  if (position >= seedAt) gradients[root.id] = 1;
  for (const edge of edges) {
    if (edge.at > position) break;
    gradients[edge.input.id] = edge.after;
  }
  return gradients;
}

export const isComputed = (node, position) => position >= node.computedAt;
export const isComplete = (node, position) => node.completeAt !== null && position >= node.completeAt;

/** What a node is: `e = c · d`, or its name if it is a leaf. */
export const equation = (node) => (node.formula ? `${node.name} = ${typeset(node.formula)}` : node.name);

/** The edge from a node to its input number `slot`. */
const edgeAt = (node, slot) => edgesOf.get(node).find((edge) => edge.slot === slot);

/** The edges of a path that the engine wrote down as the inputs taken on the way from the root. */
export function pathEdges(slots) {
  let at = root;
  return slots.map((slot) => {
    const edge = edgeAt(at, slot);
    at = edge.input;
    return edge;
  });
}
