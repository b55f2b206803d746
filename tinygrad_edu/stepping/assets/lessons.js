// The panels of mistakes and of training.

import { byId, full, make, makeSvg, ownName, parsed, show } from "./text.js";
import { forward, leaves, nodes, root } from "./graph.js";
import { MISTAKES } from "./mistakes.js";
import { sweptGradients } from "./sweep.js";
import { checked } from "./differences.js";
import { gradientOf, pass, runPass } from "./pass.js";
import { endGesture, remember } from "./history.js";
import { exampleCount, forgetTraining, goToStep, learning, measureLoss, pin, setExample, trainStep } from "./learning.js";
import { state } from "./state.js";
import { announce, draw, goTo, refresh, stopPlaying } from "./moving.js";
import { setPredicting } from "./predict.js";

const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (byId(id));

// Mistakes -----------------------------------------------------------------------------------------------------------

/** Switch a mistake on, or off with "". @param {string} mistake */
export function setMistake(mistake) {
  if (mistake === pass.mistake) return;
  stopPlaying();
  if (mistake && state.predicting) setPredicting(false);
  runPass(mistake);
  state.position = Math.min(state.position, pass.events.length);
  draw();
  announce(mistake ? `With a mistake: ${MISTAKES[mistake].name}. ${mistakeSentence()}` : "The right sweep again.");
}

function mistakeSentence() {
  const { name, harmless } = MISTAKES[pass.mistake];
  if (pass.isCut) return `${name} sends more than ${pass.messages.length} messages: once for every path. The rest is left out.`;
  if (!pass.wrong.size) return `Here it does no harm: ${harmless}.`;
  return `${pass.wrong.size} of ${nodes.filter((node) => !node.constant).length} gradients end up wrong.`;
}

/** More rows would not be read. */
const CONVICTED = 12;

export function drawMistake() {
  /** @type {HTMLSelectElement} */ (byId("mistake-choice")).value = pass.mistake;
  byId("mistake").hidden = !pass.mistake;
  document.documentElement.classList.toggle("with-mistake", pass.mistake !== "");
  if (!pass.mistake) return;
  const right = sweptGradients();
  const wrong = [...pass.wrong].sort((a, b) => Number(b.isLeaf) - Number(a.isLeaf)).slice(0, CONVICTED);
  const rows = wrong.map((node) => make("tr", {}, make("th", { scope: "row" }, ownName(node.name)),
    make("td", { class: "wrong-number" }, show(gradientOf(node))), make("td", {}, show(checked(node, right[node.id]).numeric))));
  byId("mistake-body").replaceChildren(
    make("p", {}, MISTAKES[pass.mistake].why),
    make("p", { id: "mistake-verdict" }, mistakeSentence()));
  if (pass.wrongAt < Infinity) {
    byId("mistake-body").append(make("button", { type: "button", id: "first-wrong", onclick: () => goTo(pass.wrongAt) }, "Go to the first wrong step"));
  }
  if (rows.length) {
    byId("mistake-body").append(make("table", { id: "convicted" },
      make("caption", {}, wrong.length < pass.wrong.size ? `${wrong.length} of the ${pass.wrong.size} wrong gradients` : "Finite differences disagree"),
      make("thead", {}, make("tr", {}, make("th", {}, "node"), make("th", {}, "gradient"), make("th", {}, "difference"))),
      make("tbody", {}, ...rows)));
  }
}

// Training -----------------------------------------------------------------------------------------------------------

let running = 0;
const MILLISECONDS_PER_FRAME = 10;

/** Train so many steps, as many in each frame as leave the page responsive. @param {number} steps */
export function train(steps) {
  stopTraining();
  stopPlaying();
  if (!learning.parameters.size) return announceTraining("Choose at least one parameter: a leaf that the steps may change.");
  if (state.predicting) setPredicting(false);
  remember("train");
  endGesture();
  let left = steps;
  const frame = () => {
    const until = performance.now() + MILLISECONDS_PER_FRAME;
    let isFinite_ = true;
    while (left > 0 && isFinite_ && performance.now() < until) {
      isFinite_ = trainStep();
      left -= 1;
    }
    measureLoss();
    refresh();
    running = left > 0 && isFinite_ ? requestAnimationFrame(frame) : 0;
    announceTraining(isFinite_ ? "" : `The loss is ${show(root.value)}: go back to an earlier step, or undo, and take a smaller learning rate.`);
    byId("train-run").textContent = running ? "Stop" : "Run";
  };
  frame();
  return undefined;
}

export function stopTraining() {
  cancelAnimationFrame(running);
  running = 0;
  byId("train-run").textContent = "Run";
}

/** @param {string} text */
function announceTraining(text) {
  byId("training-problem").textContent = text;
}

const CURVE = { width: 400, height: 90, pad: 6 };

/** The loss over the steps, and where we are. */
function drawCurve() {
  const { steps, at } = learning;
  const curve = byId("curve");
  curve.hidden = steps.length < 2;
  if (curve.hidden) return;
  const losses = steps.map((step) => step.loss);
  const finite = losses.filter(Number.isFinite);
  const [low, high] = [finite.reduce((a, b) => Math.min(a, b), Infinity), finite.reduce((a, b) => Math.max(a, b), -Infinity)];
  const x = (/** @type {number} */ k) => CURVE.pad + ((CURVE.width - 2 * CURVE.pad) * k) / (steps.length - 1);
  const y = (/** @type {number} */ loss) => CURVE.height - CURVE.pad - ((CURVE.height - 2 * CURVE.pad) * (loss - low)) / (high - low || 1);
  const every = Math.ceil(steps.length / 400);
  const points = losses.map((loss, k) => (Number.isFinite(loss) && (k % every === 0 || k === losses.length - 1) ? `${x(k).toFixed(1)},${y(loss).toFixed(1)}` : "")).filter(Boolean);
  const marks = [at, learning.pinned?.step].map((k, place) => (k === undefined || !Number.isFinite(losses[k]) ? null
    : makeSvg("path", { class: place ? "pinned" : "here", d: `M${x(k)},${y(losses[k])}h0` })));
  byId("curve-picture").replaceChildren(makeSvg("svg", { viewBox: `0 0 ${CURVE.width} ${CURVE.height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `The loss fell or rose from ${show(losses[0])} to ${show(losses[losses.length - 1])} in ${steps.length - 1} steps` },
  makeSvg("polyline", { points: points.join(" ") }), ...marks));
  const scrubber = input("training-scrubber");
  scrubber.max = String(steps.length - 1);
  scrubber.value = String(at);
  scrubber.setAttribute("aria-valuetext", `step ${at} of ${steps.length - 1}, ${root.name} = ${show(losses[at])}`);
  byId("training-counter").textContent = `step ${at} of ${steps.length - 1}: ${ownName(root.name)} = ${show(losses[at])}`;
}

/** A pinned step beside the present one: values, gradients and how they differ. */
function drawPinned() {
  const { pinned, at } = learning;
  const area = byId("pinned");
  area.hidden = !pinned;
  byId("pin").textContent = pinned ? "Unpin" : "Pin this step";
  if (!pinned) return;
  if (pinned.step === at) {
    area.replaceChildren(make("p", { class: "quiet" }, `Step ${at} is pinned. Go to another step, and both are shown side by side.`));
    return;
  }
  const rows = [root, ...learning.parameters].slice(0, 40).map((node) => {
    const numbers = [pinned.values[node.id], node.value, node.value - pinned.values[node.id], pinned.gradients[node.id], gradientOf(node)];
    return make("tr", {}, make("th", { scope: "row" }, ownName(node.name)), ...numbers.map((number) => make("td", {}, show(number, 4))));
  });
  const head = ["", `step ${pinned.step}`, `step ${at}`, "difference", `grad at ${pinned.step}`, `grad at ${at}`];
  area.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))), make("tbody", {}, ...rows)));
}

export function drawTraining() {
  if (byId("training").hidden) return;
  drawCurve();
  drawPinned();
  if (exampleCount && document.activeElement !== input("example")) input("example").value = String(learning.next + 1);
}

export function toggleTraining() {
  const panel = byId("training");
  panel.hidden = !panel.hidden;
  byId("train-toggle").setAttribute("aria-pressed", String(!panel.hidden));
  stopTraining();
  drawTraining();
  if (!panel.hidden) byId("train-step").focus();
}

/**
 * What is typed into a field of the panel. Null, and a sentence, where it is no such number; the field shows what holds.
 * @param {string} id @param {string} what @param {number} present @param {number} low @param {number} high @param {string} [kind]
 */
function readField(id, what, present, low, high, kind = "whole number") {
  const text = input(id).value.trim();
  const number = parsed(text);
  const isGood = number !== null && number >= low && number <= high && (kind === "number" || Number.isInteger(number));
  const given = text ? `and “${text.slice(0, 20)}” is not` : "and nothing is typed";
  announceTraining(isGood ? "" : `${what} is a ${kind} from ${show(low)} to ${show(high)}, ${given}; it stays ${show(present)}.`);
  input(id).value = full(isGood ? number : present);
  return isGood ? number : null;
}

function runSteps() {
  const count = readField("train-steps", "The number of steps", learning.count, 1, 100_000);
  if (count === null) return;
  learning.count = count;
  train(count);
}

export function connectLessons() {
  const choice = byId("mistake-choice");
  for (const [key, { name }] of Object.entries(MISTAKES)) choice.append(make("option", { value: key }, name));
  choice.onchange = () => setMistake(/** @type {HTMLSelectElement} */ (choice).value);
  byId("train-toggle").onclick = toggleTraining;
  byId("train-step").onclick = () => train(1);
  byId("train-run").onclick = () => (running ? stopTraining() : runSteps());
  byId("training-scrubber").oninput = () => { stopTraining(); goToStep(Number(input("training-scrubber").value)); forward(); refresh(); };
  byId("pin").onclick = () => { if (learning.pinned) learning.pinned = null; else pin(); drawTraining(); };
  byId("rate").onchange = () => { learning.rate = readField("rate", "The learning rate", learning.rate, 0, 1e6, "number") ?? learning.rate; };
  byId("with-examples").hidden = !exampleCount;
  byId("example-count").textContent = `of ${exampleCount}`;
  byId("example").onchange = () => {
    const number = readField("example", "The example", learning.next + 1, 1, exampleCount);
    if (number === null) return;
    remember("example");
    endGesture();
    learning.next = number - 1;
    setExample(learning.next);
    forgetTraining();
    refresh();
  };
  byId("batch").onchange = () => { learning.batchSize = readField("batch", "The batch size", learning.batchSize, 1, exampleCount) ?? learning.batchSize; };
  /** @type {HTMLDetailsElement} */ (byId("parameter-choice")).open = !learning.parameters.size;
  for (const leaf of leaves) {
    const box = make("input", { type: "checkbox", checked: learning.parameters.has(leaf), onchange: (/** @type {Event} */ event) => {
      if (/** @type {HTMLInputElement} */ (event.target).checked) learning.parameters.add(leaf);
      else learning.parameters.delete(leaf);
      drawTraining();
    } });
    byId("parameters").append(make("label", { title: leaf.name }, box, " ", leaf.name));
  }
}
