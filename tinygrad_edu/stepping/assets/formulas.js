// Formulas: templates of the rule book, filled with names or with numbers.

import { data, nodes } from "./graph.js";
import { show, typeset } from "./text.js";

/** @typedef {import("./graph.js").GraphNode} GraphNode */

/** A name that needs no brackets inside a formula. */
const ATOM = /^[\p{L}\p{N}_.⁽⁾]+(,[₀-₉]+)*(\[[\d, ]+\])?$/u;
/** @param {string} text */
const enclosed = (text) => (ATOM.test(text) ? text : `(${text})`);

/** A template in which N0N stands for the first input, and so on. @param {string} template @param {GraphNode} node @param {(node: GraphNode) => string} textOf */
function filled(template, node, textOf) {
  const places = [...node.inputs.map((id) => nodes[id]), node];
  const alone = /^N(\d+)N$/.exec(template);
  if (alone) return textOf(places[Number(alone[1])]);
  return template.replace(/N(\d+)N/g, (_, place) => enclosed(textOf(places[place]))).replace(/\((\([^()]*\))\)/g, "$1");
}

const nameOf = (/** @type {GraphNode} */ node) => node.name;
const numberOf = (/** @type {GraphNode} */ node) => show(node.value).replaceAll("−", "-");
/** @param {GraphNode} node */
const templatesOf = (node) => data.templates[/** @type {number} */ (node.template)];

/** Constants are called by their numbers, also when these change; whether any is called otherwise now. */
export function renameConstants() {
  const changed = nodes.filter((node) => node.constant && node.name !== calledNow(node));
  for (const node of changed) node.name = calledNow(node);
  if (changed.length) byName.clear();
  return changed.length > 0;
}
const atTheStart = nodes.map((node) => node.name);
/** @param {GraphNode} node */
const calledNow = (node) => (Object.is(node.value, node.start) ? atTheStart[node.id] : numberOf(node));

/** How a node is computed, by name; "" for a leaf. @param {GraphNode} node */
export const formulaOf = (node) => (node.isLeaf ? "" : (byName.get(node) ?? named(node)));
/** @type {Map<GraphNode, string>} */
const byName = new Map();
/** @param {GraphNode} node */
function named(node) {
  const text = filled(templatesOf(node).rule, node, nameOf);
  byName.set(node, text);
  return text;
}

/** The same with the numbers of now, and what comes out: `= 3 · 2 = 6`, each form once. @param {GraphNode} node */
export function inNumbers(node) {
  const forms = [formulaOf(node), filled(templatesOf(node).rule, node, numberOf), numberOf(node)];
  return forms.slice(1).filter((form, k) => form !== forms[k]).map((form) => ` = ${typeset(form)}`).join("");
}

/** ∂node/∂input, by name. @param {import("./graph.js").Edge} edge */
export const localFormula = ({ node, slot }) => typeset(filled(templatesOf(node).locals[slot], node, nameOf));

/** What a node is: `e = c · d`, or its name if it is a leaf. @param {GraphNode} node */
export const equation = (node) => (node.isLeaf ? node.name : `${node.name} = ${typeset(formulaOf(node))}`);
