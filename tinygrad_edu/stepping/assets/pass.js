// Both passes as a list of events. What the page shows at a position is a function of the numbers and that position
// alone, so stepping back is exact.
//
//   position 0                 only the leaves have values
//   position 1 … forward       one operation is computed at each
//   position forward + 1       the root's gradient is seeded with 1
//   then                       one message, upstream × local, arrives along one edge at each

import { edges, nodes, operations, root } from "./graph.js";
import { MISTAKES, firstWrong, wayOf, wrongNodes } from "./mistakes.js";
import { startingGradients, sweep } from "./sweep.js";

/**
 * @typedef {import("./graph.js").GraphNode} GraphNode
 * @typedef {import("./sweep.js").Message & { at: number, index: number }} TimedMessage
 * @typedef {{ kind: "forward" | "seed" | "backward", node: GraphNode, index: number, message?: TimedMessage }} Event
 * `latest` has the last message along each edge, `completeAt` the position from which a gradient is final, and
 * `wrongAt` the first position that a mistake spoils; `isCut` says that there were more messages than can be shown.
 * @typedef {{ mistake: string, events: Event[], messages: TimedMessage[], start: Float64Array, gradients: Float64Array,
 *   latest: (TimedMessage | undefined)[], completeAt: number[], wrongAt: number, wrong: Set<GraphNode>, isCut: boolean,
 *   backwardCount: number }} Pass
 */

export const forwardCount = operations.length;
export const seedAt = forwardCount + 1;
/** Depth first, a node hands on once for every path to it: 2ⁿ times after n doublings. */
const MOST_MESSAGES = 20_000;

/** @type {Event[]} */
const opening = [...operations.map((node, k) => ({ kind: /** @type {const} */ ("forward"), node, index: k + 1 })),
  { kind: "seed", node: root, index: 0 }];

/** The pass that is shown. @type {Pass} */
export let pass = passOf("");

/** Run both passes for the numbers of now. @param {string} [mistake] one of the menu, or "" */
export function runPass(mistake = pass.mistake) {
  pass = passOf(mistake);
}

/** @param {string} mistake @returns {Pass} */
function passOf(mistake) {
  const way = wayOf(mistake);
  const start = startingGradients(way);
  const gradients = start.slice();
  const events = opening.slice();
  /** @type {TimedMessage[]} */
  const messages = [];
  /** @type {(TimedMessage | undefined)[]} */
  const latest = new Array(edges.length).fill(undefined);
  const completeAt = new Array(nodes.length).fill(Infinity);
  completeAt[root.id] = seedAt;
  let index = 0;
  let isCut = false;
  /** @type {GraphNode | undefined} */
  let sender;
  for (const told of sweep(gradients, way)) {
    if (messages.length === MOST_MESSAGES) {
      isCut = true;
      break;
    }
    if (told.edge.node !== sender) index += 1;
    sender = told.edge.node;
    const message = Object.assign(told, { at: events.length + 1, index });
    messages.push(message);
    events.push({ kind: "backward", node: sender, index, message });
    latest[told.edge.number] = message;
    completeAt[told.edge.input.id] = message.at;
  }
  const wrong = new Set(MISTAKES[mistake] ? wrongNodes(gradients) : []);
  const first = wrong.size ? firstWrong(messages) : -1;
  return { mistake, events, messages, start, gradients, latest, completeAt, isCut, wrong,
    wrongAt: first < 0 ? Infinity : messages[first].at, backwardCount: index };
}

/** The last position. */
export const end = () => pass.events.length;

/** @param {number} position */
export const eventAt = (position) => /** @type {Event | undefined} */ (pass.events[position - 1]);

/** The messages of the step that an event belongs to: all that a node says in one go. @param {Event} event */
export function stepOf(event) {
  const at = event.message ? event.message.at - seedAt - 1 : -1;
  if (at < 0) return [];
  let [first, last] = [at, at];
  while (pass.messages[first - 1]?.index === event.index) first -= 1;
  while (pass.messages[last + 1]?.index === event.index) last += 1;
  return pass.messages.slice(first, last + 1);
}

/**
 * What there is at a position: the gradients, null where the sweep has not arrived, and the last message along each edge.
 * @param {number} position
 * @returns {{ gradients: (number | null)[], carried: (TimedMessage | undefined)[] }}
 */
export function snapshot(position) {
  if (toldLast.pass === pass && toldLast.position === position) return toldLast.told;
  /** @type {(number | null)[]} */
  const gradients = nodes.map((node) => (position >= seedAt && pass.start[node.id] !== 0 ? pass.start[node.id] : null));
  const carried = new Array(edges.length).fill(undefined);
  for (const message of pass.messages) {
    if (message.at > position) break;
    gradients[message.edge.input.id] = message.after;
    carried[message.edge.number] = message;
  }
  toldLast = { pass, position, told: { gradients, carried } };
  return toldLast.told;
}
/** It is asked for more than once at each position. @type {{ pass?: Pass, position: number, told: { gradients: (number | null)[], carried: (TimedMessage | undefined)[] } }} */
let toldLast = { position: -1, told: { gradients: [], carried: [] } };

/** @param {number} position */
export const gradientsAt = (position) => snapshot(position).gradients;

/** @param {GraphNode} node @param {number} position */
export const isComputed = (node, position) => position >= (node.isLeaf ? 0 : computedAt[node.id]);
/** @type {number[]} */
const computedAt = [];
operations.forEach((node, k) => { computedAt[node.id] = k + 1; });

/** @param {GraphNode} node @param {number} position */
export const isComplete = (node, position) => position >= pass.completeAt[node.id];

/** @param {GraphNode} node */
export const gradientOf = (node) => pass.gradients[node.id];
