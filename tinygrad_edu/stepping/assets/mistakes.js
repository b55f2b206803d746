// Mistakes that people make when they write backpropagation: each is the sweep in another way.

import { edgesFrom, misplacedLocals, nodes, root } from "./graph.js";
import { RIGHT, sweptGradients } from "./sweep.js";

/**
 * @typedef {import("./sweep.js").Way} Way
 * @typedef {import("./sweep.js").Message} Message
 * @typedef {{ name: string, why: string, harmless: string, way: Partial<Way> }} Mistake
 */

/** Each node hands on to an input, and that hands on at once, before the rest of its own gradient has come. */
function* depthFirst() {
  /** @type {Generator<import("./graph.js").Edge>[]} */
  const path = [edgesFrom(root).values()].map((edges) => /** @type {any} */ (edges));
  while (path.length) {
    const { value: edge, done } = path[path.length - 1].next();
    if (done) path.pop();
    else {
      yield edge;
      path.push(/** @type {any} */ (edgesFrom(edge.input).values()));
    }
  }
}

/** By what the menu calls them. @type {Record<string, Mistake>} */
export const MISTAKES = {
  overwrite: {
    name: "= instead of +=",
    why: "The second contribution replaces the first, so that a path to the root is lost.",
    harmless: "no node is used twice with gradients that matter",
    way: { add: (_, amount) => amount },
  },
  leftover: {
    name: "no reset between passes",
    why: "Inner nodes still have their gradients of the pass before, and hand them on again.",
    harmless: "no inner node has a gradient that would be left over",
    way: { start: (gradients) => leftOver(gradients, (node) => !node.isLeaf) },
  },
  order: {
    name: "depth-first order",
    why: "A node hands on its gradient before the rest of it has come, and all of it once more when the rest comes.",
    harmless: "no inner node is used twice",
    way: { order: depthFirst },
  },
  place: {
    name: "derivative at the wrong place",
    why: "A derivative that is written with the output, such as y · (1 − y), is taken at the input.",
    harmless: "no operation here has a derivative that is written with its output",
    way: { local: (edge) => misplacedLocals(edge.node)?.[edge.slot] ?? edge.node.locals[edge.slot] },
  },
  upstream: {
    name: "upstream forgotten",
    why: "Each node hands on its local derivative alone: that is the chain rule without the chain.",
    harmless: "every upstream gradient is 1",
    way: { upstream: () => 1 },
  },
  accumulated: {
    name: "zero_grad forgotten",
    why: "Leaves add to the gradients of the step before: the step goes along the sum of old gradients.",
    harmless: "no leaf has a gradient",
    way: { start: (gradients) => leftOver(gradients, (node) => node.isLeaf && !node.constant, old.gradients) },
  },
};

/** The gradients of the last training step, for who forgets to reset them. @type {{ gradients: Float64Array | null }} */
export const old = { gradients: null };

/** The gradients of an earlier pass stay. @param {Float64Array} gradients @param {(node: import("./graph.js").GraphNode) => boolean} stays @param {Float64Array | null} [earlier] */
function leftOver(gradients, stays, earlier) {
  earlier ??= sweptGradients();
  for (const node of nodes) if (node !== root && stays(node)) gradients[node.id] = earlier[node.id];
}

/** How the sweep goes with a mistake; "" is none. @param {string} mistake @returns {Way} */
export const wayOf = (mistake) => ({ ...RIGHT, ...MISTAKES[mistake]?.way });

/** Whether two numbers are the same but for the rounding of sums in another order. @param {number} a @param {number} b */
export const same = (a, b) => Object.is(a, b) || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b)) || a === b;

/**
 * The number of the first message that is wrong: it starts from a gradient that is not complete, or was there before;
 * its local derivative is wrong; it does not add; or it comes twice. -1 if none is.
 * @param {Message[]} messages
 */
export function firstWrong(messages) {
  const right = sweptGradients();
  const said = new Set();
  const reached = new Set();
  return messages.findIndex(({ edge, upstream, local, amount, before, after }) => {
    const isFirst = !reached.has(edge.input);
    const isRight = !said.has(edge) && same(upstream, right[edge.node.id]) && same(local, edge.node.locals[edge.slot])
      && same(after, before + amount) && (!isFirst || before === 0);
    said.add(edge);
    reached.add(edge.input);
    return !isRight;
  });
}

/** The nodes that end with a wrong gradient. @param {Float64Array} gradients */
export function wrongNodes(gradients) {
  const right = sweptGradients();
  return nodes.filter((node) => !node.constant && !same(gradients[node.id], right[node.id]));
}
