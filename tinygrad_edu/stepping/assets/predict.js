// Predict mode: the learner says a gradient before it is revealed, and learns which slip led to a wrong answer.

import { byId, derivative, headline, inShort, make, ownName, show } from "./text.js";
import { edgesOf, end, equation, nodes, root, seedAt } from "./graph.js";
import { state } from "./state.js";
import { partial, sumText } from "./panels.js";
import { announce, goTo, stopPlaying } from "./moving.js";

const TOLERANCE = 0.01;

/** Whether an answer, typed to a few digits, means this number. */
function means(answer, number) {
  if (!Number.isFinite(number) || !Number.isFinite(answer)) return Object.is(answer, number);
  return Math.abs(answer - number) <= TOLERANCE * Math.abs(number) + 1e-9;
}

/** A typed number: `-0.5`, `−0.5`, `2/3`, `1e-3`, `nan`, `inf`; null if it is none of these. */
function parsed(text) {
  const clean = text.trim().replaceAll("−", "-").replaceAll(" ", "").replace(",", ".").toLowerCase();
  if (clean === "nan") return NaN;
  if (/^[+-]?inf(inity)?$/.test(clean)) return clean.startsWith("-") ? -Infinity : Infinity;
  const parts = clean.split("/");
  if (parts.length > 2 || !parts.every((part) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(part))) return null;
  return parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
}

/** What people get wrong, with the numbers that each mistake leads to. */
const MISTAKES = [
  {
    name: "overwritten",
    result: (edge) => (edge.before !== 0 ? [edge.amount] : []),
    says: (edge) => `You overwrote instead of accumulating: ${edge.input.name}.grad was ${show(edge.before)} already, from another use of ${edge.input.name}. Add to it.`,
  },
  {
    name: "missing local factor",
    result: (edge) => [edge.before + edge.upstream, edge.upstream],
    says: (edge) => `The local factor is missing: multiply the upstream gradient by ∂${edge.node.name}/∂${edge.input.name} = ${edge.formula}.`,
  },
  {
    name: "missing upstream",
    result: (edge) => [edge.before + edge.local, edge.local],
    says: (edge) => `The upstream gradient is missing: multiply the local derivative by ∂${root.name}/∂${edge.node.name} = ${show(edge.upstream)}.`,
  },
  {
    name: "wrong sign",
    result: (edge) => [edge.before - edge.amount, -edge.after, -edge.amount],
    says: () => "The sign is wrong: the size is right. Look at the sign of each factor.",
  },
  {
    name: "unchanged",
    result: (edge) => [edge.before],
    says: (edge) => `That is what ${edge.input.name}.grad was before. Add upstream × local to it.`,
  },
  {
    name: "added instead of multiplied",
    result: (edge) => [edge.before + edge.upstream + edge.local],
    says: () => "You added upstream and local; the chain rule multiplies them.",
  },
];

const diagnose = (edge, answer) => MISTAKES.filter((mistake) => mistake.result(edge).some((number) => means(answer, number)));

export function setPredicting(on) {
  stopPlaying();
  state.predicting = on;
  state.score = { right: 0, asked: 0 };
  state.frontier = on ? seedAt : end;
  byId("verdict").replaceChildren();
  byId("predict-toggle").setAttribute("aria-pressed", String(on));
  if (on && state.position >= seedAt) goTo(state.frontier + 1);
  else goTo(state.position);
  if (on && !state.question) announce("Predict mode: before each gradient is revealed you are asked for it.");
}

export function questionSentence() {
  const { edge } = state.question;
  return `What will ${edge.input.name}.grad be? It is ${show(edge.before)} so far, and ${edge.node.name}'s gradient is ${show(edge.upstream)}.`;
}

export function drawQuestion() {
  const panel = byId("predict");
  panel.hidden = !state.predicting;
  byId("granularity").disabled = state.predicting;
  if (!state.predicting) return;
  const { right, asked } = state.score;
  byId("score").textContent = asked ? `${right} of ${asked} right at the first try` : "";
  byId("answer-form").hidden = !state.question;
  const area = byId("question");
  if (!state.question) {
    const done = state.frontier === end && state.position === end;
    area.replaceChildren(make("p", {}, done ? "Every gradient is revealed."
      : "Step forward: before each gradient is revealed, you say what it will be."));
    return;
  }
  const { edge, hinted } = state.question;
  area.replaceChildren(
    headline(equation(edge.node)),
    make("p", {}, `${edge.node.name} hands its gradient to `, make("strong", {}, edge.input.name),
      edgesOf.get(edge.node).filter((other) => other.input === edge.input).length > 1 ? ` (its input number ${edge.slot + 1})` : "", ":"),
    make("ul", {},
      make("li", {}, "upstream ", derivative(root.name, edge.node.name), " = ", make("span", { class: "upstream" }, show(edge.upstream))),
      make("li", {}, "local ", partial(edge), ` = ${inShort(edge.formula)}`,
        hinted ? make("span", { class: "local" }, ` = ${show(edge.local)}`) : valuesIn(edge)),
      make("li", {}, `${edge.input.name}.grad before = `, make("span", { class: "before" }, show(edge.before)))));
  byId("answer-label").textContent = `${edge.input.name}.grad after =`;
}

/** The values of the names in a local derivative: `, where o = 0.7071`. */
function valuesIn({ node, formula }) {
  const around = new Set([...node.inputs.map((id) => nodes[id]), node]);
  const named = [...around].filter((used) => formula.includes(used.name) && !used.constant);
  return named.length ? `, where ${named.map(({ name, value }) => `${ownName(name)} = ${show(value)}`).join(", ")}` : "";
}

export function checkAnswer(event) {
  event.preventDefault();
  const { question } = state;
  if (!question) return;
  const { edge } = question;
  const answer = parsed(byId("answer").value);
  if (answer === null) return verdict("wrong", "Type a number, such as 0.5, −2 or 2/3.");
  question.tries += 1;
  if (means(answer, edge.after)) {
    state.score.right += question.tries === 1 && !question.hinted ? 1 : 0;
    reveal("right", `Right: ${edge.input.name}.grad = ${sumText(edge)}.`);
    return;
  }
  const mistakes = diagnose(edge, answer);
  verdict("wrong", ...mistakes.map((mistake) => mistake.says(edge)));
  if (mistakes.length > 1) byId("verdict").prepend(make("p", {}, "More than one slip leads to this number:"));
  if (!mistakes.length) verdict("wrong", "Not quite. Multiply upstream and local, then add the product to what was there.");
  byId("answer").select();
}

export function reveal(kind, text) {
  const { edge } = state.question;
  state.score.asked += 1;
  state.frontier = Math.max(state.frontier, edge.at);
  byId("answer").value = "";
  goTo(edge.at);
  const next = make("button", { type: "button", id: "next-question", onclick: () => { verdict(); goTo(state.frontier + 1); } },
    state.frontier === end ? "Finish" : "Next");
  verdict(kind, text);
  byId("verdict").append(next);
  next.focus();
}

export function verdict(kind = "", ...lines) {
  byId("verdict").className = kind;
  byId("verdict").replaceChildren(...lines.map((line) => make("p", {}, line)));
}
