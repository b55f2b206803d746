// The panels beside the drawing: the present step, the chosen node, the messages so far.

import { bracketed, byId, decoded, derivative, headline, inShort, make, math, minus, ownName, show, typeset } from "./text.js";
import { backwardCount, edgesOf, equation, events, forwardCount, gradientsAt, isComplete, isComputed, nodes, pathEdges, root } from "./graph.js";
import { state } from "./state.js";
import { currentEdges } from "./picture.js";
import { openNeuron } from "./neuron.js";
import { goTo } from "./moving.js";

// The panel of the current step --------------------------------------------------------------------------------------

export const partial = (edge) => derivative(edge.node.name, edge.input.name);

/** `before + upstream × local = after`, each number in the color of its role. */
function runningSum(edge) {
  return make("span", { class: "sum" },
    make("span", { class: "before" }, show(edge.before)), " + ",
    make("span", { class: "upstream" }, bracketed(edge.upstream)), " × ",
    make("span", { class: "local" }, bracketed(edge.local)), " = ",
    make("strong", { class: "after" }, show(edge.after)));
}

export function drawStep() {
  const event = events[state.position - 1];
  const title = byId("step-title");
  const body = byId("step-body");
  body.replaceChildren();
  if (!event) {
    title.textContent = "The leaves are given";
    body.append(make("p", {}, "The forward pass computes every other node from its inputs. Press → for the first."));
  } else if (event.kind === "forward") {
    title.textContent = `Forward ${event.index} of ${forwardCount}`;
    body.append(headline(equation(event.node)));
    body.append(make("p", { class: "numbers" }, typeset(event.node.computation.slice(`${event.node.name} = ${event.node.formula}`.length))));
  } else if (event.kind === "seed") {
    title.textContent = "The backward pass begins";
    body.append(make("p", { class: "headline" }, derivative(root.name, root.name), " = 1"));
    body.append(make("p", {}, `The derivative of ${root.name} by itself is 1: that is the first upstream gradient.`));
  } else {
    title.textContent = `Backward ${event.index} of ${backwardCount}`;
    body.append(headline(equation(event.node)));
    body.append(make("p", {}, "upstream ", derivative(root.name, event.node.name), " = ",
      make("strong", { class: "upstream" }, show(event.edge.upstream))));
    body.append(...contributions(event));
    if (state.granularity === "edge") body.querySelector(".now")?.scrollIntoView({ block: "nearest" });
  }
}

/** A sum, one line for each part: what it is, and its numbers. */
const ledger = (id, caption, lines) => [make("p", { class: "ledger-caption", id: `${id}-caption` }, ...caption),
  make("ul", { class: "ledger", id, "aria-labeledby": `${id}-caption` }, ...lines)];

export const line = (what, numbers, attributes = {}) =>
  make("li", attributes, make("div", { class: "what" }, ...what), make("div", { class: "figures" }, ...numbers));

function contributions(event) {
  const now = new Set(currentEdges());
  const lines = edgesOf.get(event.node).map((edge) => {
    const done = edge.at <= state.position;
    return line(
      [partial(edge), " = ", ...localRule(edge, done)],
      [`${ownName(edge.input.name)}.grad = `, done ? runningSum(edge) : "…"],
      { class: !done ? "waiting" : now.has(edge) ? "now" : "done" });
  });
  const caption = ["before + ", make("span", { class: "upstream" }, "upstream"), " × ", make("span", { class: "local" }, "local"), " = after"];
  return ledger("contributions", caption, lines);
}

/** A local derivative in symbols and, when it is not the same, as a number. */
function localRule(edge, revealed) {
  const number = make("span", { class: "local" }, revealed ? show(edge.local) : "?");
  return sameText(edge.formula, show(edge.local)) ? [make("span", { class: "local" }, edge.formula)] : [`${inShort(edge.formula)} = `, number];
}

const sameText = (formula, number) => minus(formula) === number;

/** The step as one sentence, for people who listen. */
export function sentence() {
  const event = events[state.position - 1];
  if (!event) return "Start: the leaves are given.";
  if (event.kind === "forward") return `Forward ${event.index} of ${forwardCount}: ${equation(event.node)} = ${show(event.node.value)}.`;
  if (event.kind === "seed") return `The backward pass begins: the gradient of ${root.name} is 1.`;
  const sums = currentEdges().map((edge) => `${edge.input.name}.grad = ${sumText(edge)}`);
  return `Backward ${event.index} of ${backwardCount}: ${equation(event.node)}. ${sums.join("; ")}.`;
}

export const sumText = (edge) => `${show(edge.before)} + ${bracketed(edge.upstream)} × ${bracketed(edge.local)} = ${show(edge.after)}`;

// The panel of the chosen node ---------------------------------------------------------------------------------------

export function drawNode() {
  const node = state.selected;
  const body = byId("node-body");
  byId("node-choice").value = String(node.id);
  const gradient = gradientsAt(state.position)[node.id];
  const facts = make("dl", {},
    fact("made by", node.formula ? typeset(node.formula) : kindOf(node)),
    fact("value", isComputed(node, state.position) ? full(node.value) : "not computed yet"),
    node.constant ? null : fact("gradient now", gradient === null ? "not reached yet" : full(gradient) + (isComplete(node, state.position) ? ", complete" : ", so far")));
  if (node.source) {
    facts.append(fact("source", make("span", { class: "source" }, `${node.source.file}, line ${node.source.line}`,
      make("code", {}, node.source.text))));
  }
  const box = node.group.closest(".neuron");
  const total = box && nodes[Number(box.id.split("-")[1])];
  if (box) facts.append(fact("neuron", make("button", { type: "button", id: "open-neuron", onclick: () => openNeuron(total) }, "Open")));
  body.replaceChildren(facts);
  if (state.predicting && !isComplete(node, state.frontier)) {
    body.append(make("p", { class: "hidden-answer" }, "Its gradient is still to be predicted, so where it comes from is hidden."));
    return;
  }
  body.append(...explained(node));
}

const kindOf = (node) => (node.constant ? "a constant" : node.look.includes("parameter") ? "a parameter" : "a leaf, which is given");

const full = (number) => (Number.isFinite(number) ? minus(number) : show(number));

const fact = (term, ...description) => make("div", {}, make("dt", {}, term), make("dd", {}, ...description));

/** Where the gradient comes from: the sum over consumers, the sum over paths, and the finite difference. */
function explained(node) {
  if (node === root) {
    return [make("p", { class: "headline" }, derivative(root.name, root.name), " = 1"), make("p", {}, "The sweep starts here.")];
  }
  if (node.constant) return [make("p", { class: "quiet" }, "A plain number that takes part; nobody asks for its gradient.")];
  if (node.path_count) return [...uses(node), ...paths(node), ...finiteDifference(node)];
  return [...uses(node), make("p", { class: "quiet" },
    `This graph is too large for more; in Python, ${root.name}.explain(${node.name}) lists the paths and gradcheck takes differences.`)];
}

function uses(node) {
  const count = node.consumers.length;
  const lines = node.consumers.map((edge) => line(
    [make("span", { class: "upstream" }, derivative(root.name, edge.node.name)), " · ", make("span", { class: "local" }, partial(edge)),
      make("div", { class: "rule-of-edge" }, `local = ${inShort(edge.formula)}`)],
    [make("span", { class: "upstream" }, bracketed(edge.upstream)), " × ", make("span", { class: "local" }, bracketed(edge.local)),
      " = ", make("strong", {}, show(edge.amount))]));
  const caption = count === 1 ? "It is used once" : `It is used ${count} times: the sum over its uses`;
  return ledger("consumers", [caption], [...lines, total(node)]);
}

export const total = (node) => line([derivative(root.name, node.name)], [make("strong", {}, show(node.gradient))], { class: "total" });

function paths(node) {
  const count = BigInt(node.path_count);
  const lines = node.paths.map((slots) => {
    const path = pathEdges(slots);
    const product = path.reduce((result, edge) => result * edge.local, 1);
    const names = [root, ...path.map((edge) => edge.input)].map((step) => ownName(step.name));
    const formulas = path.map((edge) => factor(inShort(edge.formula)));
    return line([shortened(names, " ← "), make("div", { class: "rule-of-edge" }, shortened(formulas, " · "))],
      [shortened(path.map((edge) => bracketed(edge.local)), " × "), " = ", make("strong", {}, show(product))]);
  });
  const others = count - BigInt(lines.length);
  if (others > 0n) {
    lines.push(line([`and ${countText(others)} more`], ["together ", make("strong", {}, show(decoded(node.rest)))], { title: String(others) }));
  }
  const caption = count === 1n ? "One path from the root" : `The sum over all ${countText(count)} paths from the root`;
  return ledger("paths", [caption, others > 0n ? ", the largest first" : ""], [...lines, total(node)]);
}

/** A formula as one factor of a product. */
export const factor = (formula) => (/[ −]/.test(formula) ? `(${formula})` : formula);

const shortened = (words, separator) =>
  (words.length <= 9 ? words : [...words.slice(0, 4), `… ${words.length - 8} more …`, ...words.slice(-4)]).join(separator);

/** A whole number with its digits in groups of three, or its size when it has too many to be read. */
function countText(count) {
  const digits = String(count);
  if (digits.length <= 15) return digits.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return `about ${digits[0]}.${digits.slice(1, 3)}e+${digits.length - 1}`;
}

/** The gradient by the definition of the derivative, which knows no chain rule. */
function finiteDifference(node) {
  const [numeric, left, right] = [node.check.numeric, node.check.left, node.check.right].map(decoded);
  const f = (shift) => `${root.name}(${node.name} ${shift} h)`;
  if (!Number.isFinite(numeric)) {
    return [make("h3", {}, "Finite difference"), make("p", { id: "difference" }, `There is none: ${root.name} is not finite on both sides.`)];
  }
  const verdict = {
    pass: ["it agrees with the gradient, ", make("strong", {}, show(node.gradient))],
    kink: [`a kink: the slope is ${show(left)} on the left and ${show(right)} on the right; the engine takes ${show(node.gradient)}`],
    jump: ["a jump: there is no derivative here"],
  }[node.check.verdict] ?? [`but the gradient is ${show(node.gradient)}`];
  return [make("h3", {}, "Finite difference"),
    make("p", { id: "difference", class: node.check.verdict },
      math("math", math("mfrac", math("mtext", `${f("+")} − ${f("−")}`), math("mtext", "2h"))),
      " = ", make("strong", {}, show(numeric)), "; ", ...verdict, ".")];
}

// Messages -----------------------------------------------------------------------------------------------------------

/** One line for each position; those after the current one are hidden. */
const messages = events.map((event, k) => {
  const line = make("li", { class: event.kind, hidden: true }, make("button", { type: "button", tabindex: "-1", onclick: () => goTo(k + 1) }, message(event)));
  byId("log").append(line);
  return line;
});

function message(event) {
  if (event.kind === "forward") return `${event.node.name} = ${show(event.node.value)}`;
  if (event.kind === "seed") return `${root.name}.grad = 1`;
  const { edge } = event;
  const [from, to] = [ownName(edge.node.name), ownName(edge.input.name)];
  return `${from} → ${to}: ${bracketed(edge.upstream)} × ${bracketed(edge.local)} = ${show(edge.amount)}, so ${to}.grad = ${show(edge.after)}`;
}

let messagesShown = 0;
export function drawMessages() {
  while (messagesShown < state.position) messages[messagesShown++].hidden = false;
  while (messagesShown > state.position) messages[--messagesShown].hidden = true;
  const log = byId("log");
  log.querySelector("[aria-current]")?.removeAttribute("aria-current");
  const latest = messages[state.position - 1];
  latest?.setAttribute("aria-current", "step");
  if (latest) log.scrollTop = latest.offsetTop + latest.offsetHeight - log.clientHeight;
}
