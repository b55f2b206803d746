// Moving through the steps: to a position, by a step, by themselves.

import { byId } from "./text.js";
import { end, events, seedAt } from "./graph.js";
import { state, stopIndex, stops } from "./state.js";
import { drawGraph } from "./picture.js";
import { drawMessages, drawNode, drawStep, sentence } from "./panels.js";
import { drawQuestion, questionSentence } from "./predict.js";
import { keepStepInView } from "./view.js";

/** Go to a position; in predict mode no further than what has been revealed, where the next question waits. */
export function goTo(position) {
  const allowed = Math.min(Math.max(position, 0), state.frontier);
  const asks = state.predicting && position > allowed && allowed < end;
  state.position = allowed;
  state.question = asks ? { edge: events[allowed].edge, tries: 0, hinted: false } : null;
  draw();
  byId("announcer").textContent = asks ? questionSentence() : sentence();
  if (asks) byId("answer").focus();
}

export function step(direction) {
  if (state.question && direction > 0) return byId("answer").focus();
  const places = stops();
  const here = stopIndex();
  const next = direction < 0 && places[here] < state.position ? here : here + direction;
  if (next < 0) return announce("This is the start; there is nothing before it.");
  if (next >= places.length) return announce("This is the end: every gradient is complete.");
  goTo(places[next]);
}

export function announce(text) {
  byId("announcer").textContent = text;
}

export function select(node) {
  state.selected = node;
  state.focus = node;
  drawGraph();
  drawNode();
  byId("node-body").scrollTop = 0;
  byId("node").scrollIntoView({ block: "nearest" });
}

export function draw() {
  drawGraph();
  drawStep();
  drawNode();
  drawMessages();
  drawTransport();
  drawQuestion();
  keepStepInView();
}


const STEP_MILLISECONDS = 900;

function drawTransport() {
  const scrubber = byId("scrubber");
  const last = stops().length - 1;
  const here = stopIndex();
  scrubber.max = String(last);
  scrubber.value = String(here);
  scrubber.setAttribute("aria-valuetext", `${here} of ${last}: ${sentence()}`);
  byId("counter").textContent = `${here} / ${last}`;
  const share = (100 * stops().indexOf(seedAt - 1)) / Math.max(1, last);
  byId("phases").style.setProperty("--forward-share", `${share}%`);
  document.documentElement.dataset.phase = state.position < seedAt ? "forward" : "backward";
  byId("first").disabled = byId("back").disabled = state.position === 0;
  byId("last").disabled = byId("next").disabled = state.position === end;
}

export function togglePlaying() {
  if (state.playing) return stopPlaying();
  if (state.position === end) goTo(0);
  state.playing = setInterval(() => {
    if (state.position >= end || state.question) stopPlaying();
    else step(1);
  }, STEP_MILLISECONDS);
  byId("play").classList.add("playing");
  byId("play").setAttribute("aria-label", "Pause");
}

export function stopPlaying() {
  clearInterval(state.playing);
  state.playing = null;
  byId("play").classList.remove("playing");
  byId("play").setAttribute("aria-label", "Play");
}
