// The graph: its nodes, its edges, and the numbers that they have now.

import { byId, decoded } from "./text.js";
import { rules } from "./rules.js";

/**
 * A node. `look` is its class in the drawing, `parts` are those in which it and copies of its numbers stand; `value` and `locals`, its local derivatives, follow the leaves.
 * @typedef {{ id: number, name: string, value: number, start: number, locals: number[], inputs: number[], rule?: number,
 *   template?: number, settings: number[], settingNames: string[], constant: boolean, parameter: boolean, isLeaf: boolean, consumers: Edge[],
 *   source?: { file: string, line: number, text: string }, group: SVGGElement, isDrawn: boolean, look: string,
 *   valueTexts: SVGElement[], gradTexts: SVGElement[], parts: import("./sight.js").Part[], box?: Box }} GraphNode
 * The edge from a node to its input number `slot`, along which the gradient of the input receives something.
 * @typedef {{ number: number, node: GraphNode, input: GraphNode, slot: number, group: SVGGElement,
 *   localText: SVGElement | null, amountText: SVGElement | null, line: SVGElement | null,
 *   parts: import("./sight.js").Part[] }} Edge
 * @typedef {{ x: number, y: number, width: number, height: number }} Box
 */

export const data = JSON.parse(byId("data").textContent ?? "");

/** @type {GraphNode[]} in topological order */
export const nodes = data.nodes.map((/** @type {any} */ node, /** @type {number} */ id) => ({
  constant: false,
  parameter: false,
  settings: [],
  settingNames: [],
  inputs: [],
  ...node,
  id,
  isLeaf: node.rule === undefined,
  value: decoded(node.value),
  start: decoded(node.value),
  locals: (node.locals ?? []).map(decoded),
  consumers: [],
}));
export const root = nodes[data.root];
export const operations = nodes.filter((node) => !node.isLeaf);
/** What is given: its numbers can be changed. */
export const givens = nodes.filter((node) => node.isLeaf);
/** Those that have a gradient; a plain number that takes part is a constant, called by its number. */
export const leaves = givens.filter((node) => !node.constant);

/** The edges of each node, in the order of its inputs; nobody asks for the gradient of a plain number. */
export const edgesOf = new Map(nodes.map((node) => [node, /** @type {Edge[]} */ ([])]));
/** @type {Edge[]} in the order of the reverse sweep */
export const edges = [];
for (const node of operations.toReversed()) {
  node.inputs.forEach((id, slot) => {
    if (nodes[id].constant) return;
    const edge = /** @type {Edge} */ ({ number: edges.length, node, input: nodes[id], slot });
    edges.push(edge);
    edgesOf.get(node)?.push(edge);
    nodes[id].consumers.push(edge);
  });
}

/** @param {GraphNode} node */
export const edgesFrom = (node) => /** @type {Edge[]} */ (edgesOf.get(node));

/** @param {GraphNode} node */
const ruleOf = (node) => rules[/** @type {number} */ (node.rule)];

/** What an operation takes: the numbers of its inputs, and its settings. @param {GraphNode} node */
const argumentsOf = (node) => [...node.inputs.map((id) => nodes[id].value), ...node.settings];

/** The number of a node, computed from those of its inputs. @param {GraphNode} node */
export const computed = (node) => ruleOf(node).forward(...argumentsOf(node));

/** Its derivative by its input, taken at the wrong place; undefined where the rule knows no output. @param {GraphNode} node */
export const misplacedLocals = (node) => ruleOf(node).misplaced?.(...argumentsOf(node));

/** The forward pass: every number and every local derivative, from the numbers of the leaves. */
export function forward() {
  for (const node of operations) {
    const numbers = argumentsOf(node);
    const rule = ruleOf(node);
    node.value = rule.forward(...numbers);
    node.locals = rule.locals(node.value, ...numbers);
  }
}

/** The numbers that are given, to keep. */
export const leafNumbers = () => Float64Array.from(givens, (leaf) => leaf.value);

/** Give the leaves these numbers; the forward pass has to follow. @param {Float64Array} numbers */
export function setLeaves(numbers) {
  givens.forEach((leaf, k) => { leaf.value = numbers[k]; });
}

// A page of numbers that were changed after computing shows, at first, what was computed.
if (!data.notice) forward();
