// The paths from the root to a node: how many there are, and the largest products of local derivatives along them.

import { edgesOf, nodes, root } from "./graph.js";

/**
 * @typedef {import("./graph.js").GraphNode} GraphNode
 * @typedef {import("./graph.js").Edge} Edge
 * @typedef {{ edges: Edge[], product: number }} Path
 */

/** More do not fit beside a gradient; the rest is summed. */
const SHOWN_PATHS = 6;

/** Larger for a larger product; a nan most of all wants looking at. @param {number} product */
const size = (product) => (Number.isNaN(product) ? Infinity : Math.abs(product));

/** The nodes on the way from the root to a node, that one included. @param {GraphNode} node */
function between(node) {
  const found = new Set([node]);
  for (const each of nodes.slice(node.id + 1)) if (each.inputs.some((id) => found.has(nodes[id]))) found.add(each);
  return found;
}

/** @param {GraphNode} node @returns {{ count: bigint, largest: Path[] }} */
export function pathsTo(node) {
  const wanted = between(node);
  const counts = new Map([[root, 1n]]);
  /** Each path as its last edge and the path before that. @type {Map<GraphNode, { edge?: Edge, before?: any, product: number }[]>} */
  const ways = new Map([[root, [{ product: 1 }]]]);
  for (const from of [...wanted].sort((a, b) => b.id - a.id)) {
    const largest = (ways.get(from) ?? []).sort((a, b) => size(b.product) - size(a.product)).slice(0, SHOWN_PATHS);
    ways.set(from, largest);
    if (from === node) break;
    for (const edge of edgesOf.get(from) ?? []) {
      if (!wanted.has(edge.input)) continue;
      counts.set(edge.input, (counts.get(edge.input) ?? 0n) + (counts.get(from) ?? 0n));
      const longer = largest.map((before) => ({ edge, before, product: before.product * from.locals[edge.slot] }));
      ways.set(edge.input, [...(ways.get(edge.input) ?? []), ...longer]);
    }
  }
  return { count: counts.get(node) ?? 0n, largest: (ways.get(node) ?? []).map(({ product, ...way }) => ({ product, edges: edgesAlong(way) })) };
}

/** @param {{ edge?: Edge, before?: any }} way */
function edgesAlong(way) {
  const edges = [];
  for (let part = way; part.edge; part = part.before) edges.push(part.edge);
  return edges.reverse();
}
