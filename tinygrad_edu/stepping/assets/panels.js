// The panels beside the drawing: the present step, the chosen node, the messages so far.

import { bracketed, byId, derivative, full, headline, inShort, make, math, minus, ownName, renew, show, typeset } from "./text.js";
import { nodes, root } from "./graph.js";
import { equation, formulaOf, inNumbers, localFormula } from "./formulas.js";
import { eventAt, forwardCount, gradientOf, isComplete, isComputed, pass, snapshot, stepOf } from "./pass.js";
import { checked } from "./differences.js";
import { pathsTo } from "./paths.js";
import { state } from "./state.js";
import { currentMessages } from "./picture.js";
import { openNeuron, totalOf } from "./neuron.js";
import { goTo } from "./moving.js";

/**
 * @typedef {import("./graph.js").GraphNode} GraphNode
 * @typedef {import("./graph.js").Edge} Edge
 * @typedef {import("./pass.js").TimedMessage} TimedMessage
 * @typedef {import("./text.js").Child} Child
 */

// The panel of the current step --------------------------------------------------------------------------------------

/** @param {Edge} edge */
export const partial = (edge) => derivative(edge.node.name, edge.input.name);

/** Whether a mistake has a contribution take the place of those before it. @param {TimedMessage} message */
const isReplacing = ({ before }) => pass.mistake === "overwrite" && before !== 0;

/** What is put behind the first message that a mistake spoils. @param {TimedMessage} message */
const cross = ({ at }) => (at === pass.wrongAt ? " ✗" : "");

/** `before + upstream × local = after`, each number in the color of its role. @param {TimedMessage} message */
function runningSum(message) {
  const { before, upstream, local, after } = message;
  const wrong = cross(message) ? make("strong", { class: "first-wrong" }, cross(message)) : null;
  return make("span", { class: "sum" },
    isReplacing(message) ? make("s", { class: "before" }, show(before)) : make("span", { class: "before" }, show(before)), " + ",
    make("span", { class: "upstream" }, bracketed(upstream)), " × ",
    make("span", { class: "local" }, bracketed(local)), " = ",
    make("strong", { class: "after" }, show(after)), wrong);
}

export function drawStep() {
  const event = eventAt(state.position);
  const [title, ...body] = event ? told(event) : ["The leaves are given",
    make("p", {}, "The forward pass computes every other node from its inputs. Press → for the first.")];
  byId("step-title").textContent = title;
  renew(byId("step-body"), ...body);
  if (event?.message && state.granularity === "edge") byId("step-body").querySelector(".now")?.scrollIntoView({ block: "nearest" });
}

/** What an event is called, and what is said of it. @param {import("./pass.js").Event} event @returns {[string, ...HTMLElement[]]} */
function told(event) {
  const { node, message, index, kind } = event;
  if (kind === "forward") return [`Forward ${index} of ${forwardCount}`, headline(equation(node)), make("p", { class: "numbers" }, inNumbers(node))];
  if (!message) {
    return ["The backward pass begins", make("p", { class: "headline" }, derivative(root.name, root.name), " = 1"),
      make("p", {}, `The derivative of ${root.name} by itself is 1: that is the first upstream gradient.`)];
  }
  return [`Backward ${index} of ${pass.backwardCount}`, headline(equation(node)),
    make("p", {}, "upstream ", derivative(root.name, node.name), " = ", make("strong", { class: "upstream" }, show(message.upstream))),
    ...contributions(event)];
}

/** A sum, one line for each part: what it is, and its numbers. @param {string} id @param {Child[]} caption @param {HTMLElement[]} lines */
const ledger = (id, caption, lines) => [make("p", { class: "ledger-caption", id: `${id}-caption` }, ...caption),
  make("ul", { class: "ledger", id, "aria-labelledby": `${id}-caption` }, ...lines)];

/** @param {Child[]} what @param {Child[]} numbers @param {Record<string, any>} [attributes] */
const row = (what, numbers, attributes = {}) =>
  make("li", attributes, make("div", { class: "what" }, ...what), make("div", { class: "figures" }, ...numbers));

/** @param {import("./pass.js").Event} event */
function contributions(event) {
  const now = new Set(currentMessages());
  const lines = stepOf(event).map((message) => {
    const { edge } = message;
    const done = message.at <= state.position;
    return row(
      [partial(edge), " = ", ...localRule(message, done)],
      [`${ownName(edge.input.name)}.grad = `, done ? runningSum(message) : "…"],
      { class: !done ? "waiting" : now.has(message) ? "now" : "done" });
  });
  const caption = ["before + ", make("span", { class: "upstream" }, "upstream"), " × ", make("span", { class: "local" }, "local"), " = after"];
  return ledger("contributions", caption, lines);
}

/** A local derivative in symbols and, when it is not the same, as a number. @param {TimedMessage} message @param {boolean} revealed */
function localRule({ edge, local }, revealed) {
  const formula = localFormula(edge);
  const number = make("span", { class: "local" }, revealed ? show(local) : "?");
  return minus(formula) === show(local) ? [make("span", { class: "local" }, formula)] : [`${inShort(formula)} = `, number];
}

/** The step as one sentence, for people who listen, or sit far away and read no more than so many sums. */
export function sentence(most = Infinity) {
  const event = eventAt(state.position);
  if (!event) return "Start: the leaves are given.";
  if (event.kind === "forward") return `Forward ${event.index} of ${forwardCount}: ${equation(event.node)} = ${show(event.node.value)}.`;
  if (event.kind === "seed") return `The backward pass begins: the gradient of ${root.name} is 1.`;
  const messages = currentMessages().toSorted((one, other) => cross(other).length - cross(one).length); // what is spoiled is said in any case
  const sums = messages.map((message) => `${message.edge.input.name}.grad = ${sumText(message)}`);
  if (sums.length > most) sums.splice(most, Infinity, `and ${sums.length - most} more`);
  return `Backward ${event.index} of ${pass.backwardCount}: ${equation(event.node)}. ${sums.join("; ")}.`;
}

/** @param {TimedMessage} message */
export function sumText(message) {
  const { before, upstream, local, after } = message;
  const product = `${bracketed(upstream)} × ${bracketed(local)} = ${show(after)}`;
  return (isReplacing(message) ? `${product}, which replaces ${show(before)}` : `${show(before)} + ${product}`) + cross(message);
}

// The panel of the chosen node ---------------------------------------------------------------------------------------

export function drawNode() {
  const node = state.selected;
  /** @type {HTMLSelectElement} */ (byId("node-choice")).value = String(node.id);
  const gradient = snapshot(state.position).gradients[node.id];
  const facts = make("dl", {},
    fact("made by", node.isLeaf ? kindOf(node) : typeset(formulaOf(node))),
    fact("value", isComputed(node, state.position) ? full(node.value) : "not computed yet"),
    ...node.settings.map((setting, k) => fact(node.settingNames[k], `${show(setting)}, fixed: part of the operation`)),
    node.constant ? null : fact("gradient now", gradient === null ? "not reached yet" : full(gradient) + (isComplete(node, state.position) ? ", complete" : ", so far")));
  if (node.source) {
    facts.append(fact("source", make("span", { class: "source" }, `${node.source.file}, line ${node.source.line}`,
      make("code", {}, node.source.text))));
  }
  if (totalOf(node)) facts.append(fact("neuron", make("button", { type: "button", id: "open-neuron", onclick: openChosen }, "Open")));
  const isHidden = state.predicting && !isComplete(node, state.frontier);
  renew(byId("node-body"), facts, ...(isHidden
    ? [make("p", { class: "hidden-answer" }, "Its gradient is still to be predicted, so where it comes from is hidden.")] : explained(node)));
}

function openChosen() {
  const total = totalOf(state.selected);
  if (total) openNeuron(total);
}

/** @param {GraphNode} node */
const kindOf = (node) => (node.constant ? "a constant: a number written in the program, which training leaves as it is" : node.look.includes("parameter") ? "a parameter" : "a leaf, which is given");

/** @param {string} term @param {Child[]} description */
const fact = (term, ...description) => make("div", {}, make("dt", {}, term), make("dd", {}, ...description));

/** Where the gradient comes from: the sum over consumers, the sum over paths, and the finite difference. @param {GraphNode} node */
function explained(node) {
  if (node === root) {
    return [make("p", { class: "headline" }, derivative(root.name, root.name), " = 1"), make("p", {}, "The sweep starts here.")];
  }
  if (node.constant) return [make("p", { class: "quiet" }, "A plain number that takes part; nobody asks for its gradient.")];
  if (isComplete(node, state.position)) return [...uses(node), ...paths(node), ...finiteDifference(node)];
  return [...uses(node), make("p", { class: "quiet" }, "Its paths and its finite difference are shown when its gradient is complete.")];
}

/** @param {GraphNode} node */
function uses(node) {
  const count = node.consumers.length;
  const { carried } = snapshot(state.position);
  const lines = node.consumers.map((edge) => {
    const message = carried[edge.number];
    const what = [make("span", { class: "upstream" }, derivative(root.name, edge.node.name)), " · ", make("span", { class: "local" }, partial(edge)),
      make("div", { class: "rule-of-edge" }, `local = ${inShort(localFormula(edge))}`)];
    if (!message) return row(what, ["not reached yet"], { class: "waiting" });
    return row(what, [make("span", { class: "upstream" }, bracketed(message.upstream)), " × ",
      make("span", { class: "local" }, bracketed(message.local)), " = ", make("strong", {}, show(message.amount))]);
  });
  const caption = count === 1 ? "It is used once" : `It is used ${count} times: the sum over its uses`;
  return ledger("consumers", [caption], [...lines, sumOf(node)]);
}

/** @param {GraphNode} node */
const sumOf = (node) => row([derivative(root.name, node.name)],
  [isComplete(node, state.position) ? make("strong", {}, show(gradientOf(node))) : "not reached yet"], { class: "total" });

/** @param {GraphNode} node */
function paths(node) {
  const { count, largest } = pathsTo(node);
  const lines = largest.map(({ edges, product }) => {
    const names = [root, ...edges.map((edge) => edge.input)].map((step) => ownName(step.name));
    const formulas = edges.map((edge) => factor(inShort(localFormula(edge))));
    const locals = edges.map((edge) => bracketed(edge.node.locals[edge.slot]));
    return row([shortened(names, " ← "), make("div", { class: "rule-of-edge" }, shortened(formulas, " · "))],
      [shortened(locals, " × "), " = ", make("strong", {}, show(product))]);
  });
  const others = count - BigInt(lines.length);
  const rest = largest.reduce((sum, path) => sum - path.product, gradientOf(node));
  if (others > 0n) {
    lines.push(row([`and ${countText(others)} more`], ["together ", make("strong", {}, show(rest))], { title: String(others) }));
  }
  const caption = count === 1n ? "One path from the root" : `The sum over all ${countText(count)} paths from the root`;
  return ledger("paths", [caption, others > 0n ? ", the largest first" : ""], [...lines, sumOf(node)]);
}

/** A formula as one factor of a product. @param {string} formula */
const factor = (formula) => (/[ −]/.test(formula) ? `(${formula})` : formula);

/** @param {string[]} words @param {string} separator */
const shortened = (words, separator) =>
  (words.length <= 9 ? words : [...words.slice(0, 4), `… ${words.length - 8} more …`, ...words.slice(-4)]).join(separator);

/** A whole number with its digits in groups of three, or its size when it has too many to be read. @param {bigint} count */
function countText(count) {
  const digits = String(count);
  if (digits.length <= 15) return digits.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return `about ${digits[0]}.${digits.slice(1, 3)}e+${digits.length - 1}`;
}

/** The gradient by the definition of the derivative, which knows no chain rule. @param {GraphNode} node */
function finiteDifference(node) {
  const gradient = gradientOf(node);
  const { numeric, left, right, verdict } = checked(node, gradient);
  const f = (/** @type {string} */ shift) => `${root.name}(${node.name} ${shift} h)`;
  if (!Number.isFinite(numeric)) {
    return [make("h3", {}, "Finite difference"), make("p", { id: "difference" }, `There is none: ${root.name} is not finite on both sides.`)];
  }
  const says = {
    pass: ["it agrees with the gradient, ", make("strong", {}, show(gradient))],
    kink: [`a kink: the slope is ${show(left)} on the left and ${show(right)} on the right; the engine takes ${show(gradient)}`],
    jump: ["a jump: there is no derivative here"],
    FAIL: [`but the gradient is ${show(gradient)}`],
  }[verdict];
  return [make("h3", {}, "Finite difference"),
    make("p", { id: "difference", class: verdict },
      math("math", math("mfrac", math("mtext", `${f("+")} − ${f("−")}`), math("mtext", "2h"))),
      " = ", make("strong", {}, show(numeric)), "; ", ...says, ".")];
}

// Messages -----------------------------------------------------------------------------------------------------------

/** One line for each position so far; those after it are hidden. @type {HTMLElement[]} */
const lines = [];
/** What each of them says is of this pass; older ones are written anew when the hands are still. @type {(import("./pass.js").Pass | undefined)[]} */
const written = [];
let visible = 0;
const WRITTEN_AT_ONCE = 15;
/** They stand in lists of so many: a list out of sight costs the browser nothing, and so many lines each on its own would. */
const LINES_IN_LIST = 20;
/** @param {number} k */
const listOf = (k) => byId("log").children[Math.floor(k / LINES_IN_LIST)] ?? byId("log").appendChild(make("ol"));

/** @param {import("./pass.js").Event} event */
function messageText(event) {
  if (event.kind === "forward") return `${event.node.name} = ${show(event.node.value)}`;
  if (event.kind === "seed" || !event.message) return `${root.name}.grad = 1`;
  const { edge, before, upstream, local, amount, after } = event.message;
  const [from, to] = [ownName(edge.node.name), ownName(edge.input.name)];
  return `${from} → ${to}: ${bracketed(upstream)} × ${bracketed(local)} = ${show(amount)}, so ${to}.grad = ${show(after)}`
    + `${isReplacing(event.message) ? `, which replaces ${show(before)}` : ""}${cross(event.message)}`;
}

/** @param {number} k */
function writeLine(k) {
  if (written[k] === pass) return;
  const event = pass.events[k];
  lines[k] ??= listOf(k).appendChild(make("li", { hidden: true }, make("button", { type: "button", tabindex: "-1", onclick: () => goTo(k + 1) })));
  lines[k].className = event.message?.at === pass.wrongAt ? `${event.kind} first-wrong` : event.kind;
  const button = /** @type {HTMLElement} */ (lines[k].firstChild);
  button.textContent = messageText(event);
  written[k] = pass;
}

export function drawMessages() {
  for (let k = Math.max(visible, 0); k < state.position; k++) writeLine(k);
  for (let k = Math.max(0, state.position - WRITTEN_AT_ONCE); k < state.position; k++) writeLine(k);
  clearTimeout(waiting);
  if (visible !== state.position) {
    lines[visible - 1]?.removeAttribute("aria-current");
    while (visible < state.position) lines[visible++].hidden = false;
    while (visible > state.position) lines[--visible].hidden = true;
    lines[visible - 1]?.setAttribute("aria-current", "step");
    // After everything is drawn: to ask for a place between two changes would have the page laid out twice.
    if (visible) requestAnimationFrame(() => scrollDown(2));
  }
  if (lines.some((_, k) => k < visible && written[k] !== pass)) waiting = window.setTimeout(() => writeSome(visible - 1), 150);
}
let waiting = 0;

/** The latest line is the last that is seen. Lines get their true heights once they are in sight, so it takes two looks. @param {number} looks */
function scrollDown(looks) {
  const log = byId("log");
  log.scrollTop = log.scrollHeight;
  if (looks > 1) requestAnimationFrame(() => scrollDown(looks - 1));
}

/** Write the lines above the present ones anew, some at a time. @param {number} from */
function writeSome(from) {
  const to = Math.max(0, from - 200);
  for (let k = Math.min(from, visible - 1); k >= to; k--) writeLine(k);
  if (to > 0) waiting = window.setTimeout(() => writeSome(to), 0);
}

/** The names of all nodes, to choose from. */
export function fillChoice() {
  renew(byId("node-choice"), ...nodes.map((node) => make("option", { value: String(node.id) }, equation(node).slice(0, 60))));
}
