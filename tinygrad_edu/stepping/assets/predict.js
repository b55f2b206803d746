// Predict mode: the learner says a gradient before it is revealed, and learns which slip led to a wrong answer.

import { byId, derivative, headline, inShort, make, ownName, parsed, show } from "./text.js";
import { edgesFrom, nodes, root } from "./graph.js";
import { equation, localFormula } from "./formulas.js";
import { end, seedAt } from "./pass.js";
import { state } from "./state.js";
import { partial, sumText } from "./panels.js";
import { announce, goTo, stopPlaying } from "./moving.js";
import { setMistake } from "./lessons.js";

/** @typedef {import("./pass.js").TimedMessage} TimedMessage */
/** @typedef {{ name: string, result: (message: TimedMessage) => number[], says: (message: TimedMessage) => string }} Slip */

const answerField = () => /** @type {HTMLInputElement} */ (byId("answer"));
/** What is asked; there is a question wherever this is used. */
const present = () => /** @type {NonNullable<typeof state.question>} */ (state.question);


const TOLERANCE = 0.01;

/** Whether an answer, typed to a few digits, means this number. @param {number} answer @param {number} number */
function means(answer, number) {
  if (!Number.isFinite(number) || !Number.isFinite(answer)) return Object.is(answer, number);
  return Math.abs(answer - number) <= TOLERANCE * Math.abs(number) + 1e-9;
}

/** What people get wrong, with the numbers that each mistake leads to. @type {Slip[]} */
const SLIPS = [
  {
    name: "overwritten",
    result: (message) => (message.before !== 0 ? [message.amount] : []),
    says: (message) => `You overwrote instead of accumulating: ${message.edge.input.name}.grad was ${show(message.before)} already, from another use of ${message.edge.input.name}. Add to it.`,
  },
  {
    name: "missing local factor",
    result: (message) => [message.before + message.upstream, message.upstream],
    says: (message) => `The local factor is missing: multiply the upstream gradient by ∂${message.edge.node.name}/∂${message.edge.input.name} = ${localFormula(message.edge)}.`,
  },
  {
    name: "missing upstream",
    result: (message) => [message.before + message.local, message.local],
    says: (message) => `The upstream gradient is missing: multiply the local derivative by ∂${root.name}/∂${message.edge.node.name} = ${show(message.upstream)}.`,
  },
  {
    name: "wrong sign",
    result: (message) => [message.before - message.amount, -message.after, -message.amount],
    says: () => "The sign is wrong: the size is right. Look at the sign of each factor.",
  },
  {
    name: "unchanged",
    result: (message) => [message.before],
    says: (message) => `That is what ${message.edge.input.name}.grad was before. Add upstream × local to it.`,
  },
  {
    name: "added instead of multiplied",
    result: (message) => [message.before + message.upstream + message.local],
    says: () => "You added upstream and local; the chain rule multiplies them.",
  },
];

/** @param {TimedMessage} message @param {number} answer */
const diagnose = (message, answer) => SLIPS.filter((slip) => slip.result(message).some((number) => means(answer, number)));

/** @param {boolean} on */
export function setPredicting(on) {
  stopPlaying();
  if (on) setMistake("");
  state.predicting = on;
  state.score = { right: 0, asked: 0 };
  state.frontier = on ? seedAt : Infinity;
  byId("verdict").replaceChildren();
  byId("predict-toggle").setAttribute("aria-pressed", String(on));
  if (on && state.position >= seedAt) goTo(state.frontier + 1);
  else goTo(state.position);
  if (on && !state.question) announce("Predict mode: before each gradient is revealed you are asked for it.");
}

export function questionSentence() {
  const { edge, before, upstream } = present().message;
  return `What will ${edge.input.name}.grad be? It is ${show(before)} so far, and ${edge.node.name}'s gradient is ${show(upstream)}.`;
}

export function drawQuestion() {
  const panel = byId("predict");
  panel.hidden = !state.predicting;
  /** @type {HTMLSelectElement} */ (byId("granularity")).disabled = state.predicting;
  if (!state.predicting) return;
  const { right, asked } = state.score;
  byId("score").textContent = asked ? `${right} of ${asked} right at the first try` : "";
  byId("answer-form").hidden = !state.question;
  const area = byId("question");
  if (!state.question) {
    const done = state.frontier >= end() && state.position === end();
    area.replaceChildren(make("p", {}, done ? "Every gradient is revealed."
      : "Step forward: before each gradient is revealed, you say what it will be."));
    return;
  }
  const { message, hinted } = state.question;
  const { edge } = message;
  area.replaceChildren(
    headline(equation(edge.node)),
    make("p", {}, `${edge.node.name} hands its gradient to `, make("strong", {}, edge.input.name),
      edgesFrom(edge.node).filter((other) => other.input === edge.input).length > 1 ? ` (its input number ${edge.slot + 1})` : "", ":"),
    make("ul", {},
      make("li", {}, "upstream ", derivative(root.name, edge.node.name), " = ", make("span", { class: "upstream" }, show(message.upstream))),
      make("li", {}, "local ", partial(edge), ` = ${inShort(localFormula(edge))}`,
        hinted ? make("span", { class: "local" }, ` = ${show(message.local)}`) : valuesIn(edge)),
      make("li", {}, `${edge.input.name}.grad before = `, make("span", { class: "before" }, show(message.before)))));
  byId("answer-label").textContent = `${edge.input.name}.grad after =`;
}

/** The values of the names in a local derivative: `, where o = 0.7071`. @param {import("./graph.js").Edge} edge */
function valuesIn(edge) {
  const { node } = edge;
  const formula = localFormula(edge);
  const around = new Set([...node.inputs.map((id) => nodes[id]), node]);
  const named = [...around].filter((used) => formula.includes(used.name) && !used.constant);
  return named.length ? `, where ${named.map(({ name, value }) => `${ownName(name)} = ${show(value)}`).join(", ")}` : "";
}

/** @param {Event} event */
export function checkAnswer(event) {
  event.preventDefault();
  const { question } = state;
  if (!question) return;
  const { message } = question;
  const answer = parsed(answerField().value);
  if (answer === null) return verdict("wrong", "Type a number, such as 0.5, −2 or 2/3.");
  question.tries += 1;
  if (means(answer, message.after)) {
    state.score.right += question.tries === 1 && !question.hinted ? 1 : 0;
    reveal("right", `Right: ${message.edge.input.name}.grad = ${sumText(message)}.`);
    return;
  }
  const slips = diagnose(message, answer);
  verdict("wrong", ...slips.map((slip) => slip.says(message)));
  if (slips.length > 1) byId("verdict").prepend(make("p", {}, "More than one slip leads to this number:"));
  if (!slips.length) verdict("wrong", "Not quite. Multiply upstream and local, then add the product to what was there.");
  answerField().select();
}

/** @param {string} kind @param {string} text */
function reveal(kind, text) {
  const { at } = present().message;
  state.score.asked += 1;
  state.frontier = Math.max(state.frontier, at);
  answerField().value = "";
  goTo(at);
  const next = make("button", { type: "button", id: "next-question", onclick: () => { verdict(); goTo(state.frontier + 1); } },
    state.frontier >= end() ? "Finish" : "Next");
  verdict(kind, text);
  byId("verdict").append(next);
  next.focus();
}

export function showAnswer() {
  const message = state.question?.message;
  if (message) reveal("shown", `${message.edge.input.name}.grad = ${sumText(message)}.`);
}

/** @param {string} kind @param {string[]} lines */
function verdict(kind = "", ...lines) {
  byId("verdict").className = kind;
  byId("verdict").replaceChildren(...lines.map((line) => make("p", {}, line)));
}
