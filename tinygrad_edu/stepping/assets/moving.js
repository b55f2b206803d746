// Moving through the steps: to a position, by a step, by themselves; and drawing all that follows.

import { byId } from "./text.js";
import { data, forward, root } from "./graph.js";
import { end, eventAt, runPass, seedAt } from "./pass.js";
import { limit, state, stopIndex, stops } from "./state.js";
import { equation, renameConstants } from "./formulas.js";
import { drawGraph, writeTitles } from "./picture.js";
import { drawMessages, drawNode, drawStep, fillChoice, sentence } from "./panels.js";
import { drawQuestion, questionSentence, showAnswer } from "./predict.js";
import { drawEditor } from "./editing.js";
import { drawMistake, drawTraining } from "./lessons.js";
import { drawOpened } from "./neuron.js";
import { isOnWall, keepStepInView } from "./view.js";

/** Go to a position; in predict mode no further than what has been revealed, where the next question waits. @param {number} position */
export function goTo(position) {
  const allowed = Math.min(Math.max(position, 0), limit());
  const asked = state.predicting && position > allowed && allowed < end() ? eventAt(allowed + 1)?.message : undefined;
  state.position = allowed;
  state.question = asked ? { message: asked, tries: 0, hinted: false } : null;
  draw();
  byId("announcer").textContent = asked ? questionSentence() : sentence();
  if (asked) byId("answer").focus();
}

/** @param {number} direction */
export function step(direction) {
  if (state.question && direction > 0) return isOnWall() ? showAnswer() : byId("answer").focus(); // there one says it aloud
  const places = stops();
  const here = stopIndex();
  const next = direction < 0 && places[here] < state.position ? here : here + direction;
  if (next < 0) return announce("This is the start; there is nothing before it.");
  if (next >= places.length) return announce("This is the end: every gradient is complete.");
  return goTo(places[next]);
}

/** @param {string} text */
export function announce(text) {
  byId("announcer").textContent = text;
}

/** @param {import("./graph.js").GraphNode} node @param {boolean} [scrolls] */
export function select(node, scrolls = true) {
  state.selected = node;
  state.focus = node;
  drawGraph();
  drawNode();
  drawEditor();
  byId("node-body").scrollTop = 0;
  if (scrolls) byId("node").scrollIntoView({ block: "nearest" });
}

/** Whatever calls nodes by name and stays where it is from step to step. */
export function writeNames() {
  byId("subtitle").textContent = equation(root);
  fillChoice();
  writeTitles();
}

/** The numbers of the leaves are others: everything follows. */
export function refresh() {
  if (data.notice) byId("notice").textContent = "The numbers were computed anew from the leaves.";
  forward();
  if (renameConstants()) writeNames();
  runPass();
  state.position = Math.min(state.position, limit());
  if (state.question) {
    const message = eventAt(state.position + 1)?.message;
    state.question = message ? { ...state.question, message } : null;
  }
  draw(false);
  window.dispatchEvent(new Event("numbers")); // for who shows this page in a frame
}

/** So many sums are read from afar; beside a curve there is room for one. */
const mostOnWall = () => (byId("training").hidden ? 2 : 1);

/** @param {boolean} [moves] whether the step is brought into view */
export function draw(moves = true) {
  drawGraph(moves);
  drawStep();
  drawNode();
  drawEditor();
  drawMessages();
  drawTransport();
  drawQuestion();
  drawMistake();
  drawTraining();
  drawOpened();
  byId("wall-line").textContent = (state.question ? questionSentence() : sentence(mostOnWall())).replaceAll("⁾", "⁾\u2060"); // no line ends within w⁽¹⁾₂₃
  if (moves) keepStepInView();
}

// By themselves ------------------------------------------------------------------------------------------------------

const STEP_MILLISECONDS = 900;

/** @param {string[]} ids @param {boolean} off */
function disable(ids, off) {
  for (const id of ids) /** @type {HTMLButtonElement} */ (byId(id)).disabled = off;
}

function drawTransport() {
  const scrubber = /** @type {HTMLInputElement} */ (byId("scrubber"));
  const last = stops().length - 1;
  const here = stopIndex();
  scrubber.max = String(last);
  scrubber.value = String(here);
  scrubber.setAttribute("aria-valuetext", `${here} of ${last}: ${sentence()}`);
  byId("counter").textContent = `${here} / ${last}`;
  const share = (100 * (seedAt - 1)) / Math.max(1, last);
  byId("phases").style.setProperty("--forward-share", `${share}%`);
  document.documentElement.dataset.phase = state.position < seedAt ? "forward" : "backward";
  disable(["first", "back"], state.position === 0);
  disable(["last", "next"], state.position === end());
}

export function togglePlaying() {
  if (state.playing) return stopPlaying();
  if (state.position === end()) goTo(0);
  state.playing = window.setInterval(() => {
    if (state.position >= end() || state.question) stopPlaying();
    else step(1);
  }, STEP_MILLISECONDS);
  byId("play").classList.add("playing");
  byId("play").setAttribute("aria-label", "Pause");
  return undefined;
}

export function stopPlaying() {
  clearInterval(state.playing);
  state.playing = 0;
  byId("play").classList.remove("playing");
  byId("play").setAttribute("aria-label", "Play");
}
