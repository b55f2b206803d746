// Hands on the controls. The last module: it begins.

import { byId, typeset } from "./text.js";
import { data, edges, nodes, root } from "./graph.js";
import { end, seedAt } from "./pass.js";
import { state, stops } from "./state.js";
import { MISTAKES } from "./mistakes.js";
import { disagreement } from "./agreement.js";
import { drawGraph, prepareDrawing, svg } from "./picture.js";
import { openNeuron } from "./neuron.js";
import { fillChoice } from "./panels.js";
import { checkAnswer, drawQuestion, setPredicting, showAnswer } from "./predict.js";
import { connectEditing, edit, redo, undo } from "./editing.js";
import { connectLessons, setMistake, toggleTraining } from "./lessons.js";
import { canvas, dragged, firstView, fit, keepInView, onPointerDown, onPointerMove, onResize, pointers, zoomBy } from "./view.js";
import { draw, goTo, select, step, stopPlaying, togglePlaying } from "./moving.js";
import { drawTheme, prefersDark, toggleTheme } from "./theme.js";
import { leaveWall, toggleWall } from "./wall.js";


/** Keys that act anywhere, except while typing or in a control that uses them itself. @type {Record<string, () => void>} */
const KEYS = {
  ArrowRight: () => step(1),
  ArrowLeft: () => step(-1),
  Home: () => goTo(0),
  End: () => goTo(end()),
  PageDown: () => step(1),
  PageUp: () => step(-1),
  b: () => goTo(seedAt),
  " ": togglePlaying,
  p: () => setPredicting(!state.predicting),
  t: toggleTheme,
  f: toggleWall,
  l: () => { leaveWall(); toggleTraining(); },
  e: () => { leaveWall(); edit(state.selected); },
  Escape: leaveWall,
  "+": () => zoomBy(1.25),
  "=": () => zoomBy(1.25),
  "-": () => zoomBy(0.8),
  0: fit,
  "?": () => /** @type {HTMLDialogElement} */ (byId("help")).showModal(),
};

/** Those that act also while a neuron is open. */
const STEPPING = /^(Arrow(Left|Right)|Page(Up|Down)|Home|End|b)$/;

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const dialog = document.querySelector("dialog[open]");
  if (event.defaultPrevented || (dialog && (dialog.id !== "opened" || !STEPPING.test(event.key)))) return;
  if (event.key === "Escape") target.blur();
  const types = target.matches("input:not([type=range], [type=checkbox]), select, textarea");
  if (types && !/^Page(Up|Down)$/.test(event.key)) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey) return onUndoKey(event);
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches("input[type=range]") && /^(Arrow|Home|End)/.test(event.key)) return;
  if (target.matches("button, input[type=checkbox], summary") && event.key === " ") return;
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  if (action !== togglePlaying) stopPlaying();
  action();
}

/** @param {KeyboardEvent} event */
function onUndoKey(event) {
  const key = event.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) redo();
  else undo();
}

/** In the graph: up and down go from node to node, Enter explains. @param {KeyboardEvent} event */
function onGraphKey(event) {
  const direction = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
  if (direction) {
    event.preventDefault();
    /** @returns {import("./graph.js").GraphNode | undefined} */
    const next = (/** @type {number} */ id) => (id in nodes && !nodes[id].isDrawn ? next(id + direction) : nodes[id]);
    state.focus = next(state.focus.id + direction) ?? state.focus;
    drawGraph();
    state.focus.group.focus();
    keepInView(state.focus);
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    select(state.focus);
  }
}

/** @param {string} id */
const valueOf = (id) => /** @type {HTMLInputElement | HTMLSelectElement} */ (byId(id)).value;

function connect() {
  const manual = (/** @type {() => void} */ action) => () => { stopPlaying(); action(); };
  byId("first").onclick = manual(() => goTo(0));
  byId("back").onclick = manual(() => step(-1));
  byId("next").onclick = manual(() => step(1));
  byId("last").onclick = manual(() => goTo(end()));
  byId("play").onclick = togglePlaying;
  byId("scrubber").oninput = () => { stopPlaying(); goTo(stops()[Number(valueOf("scrubber"))]); };
  byId("granularity").onchange = () => { state.granularity = valueOf("granularity"); draw(); };
  byId("node-choice").onchange = () => { select(nodes[Number(valueOf("node-choice"))]); keepInView(state.selected); };
  byId("theme").onclick = toggleTheme;
  byId("wall").onclick = toggleWall;
  prefersDark.onchange = drawTheme;
  byId("help-open").onclick = () => /** @type {HTMLDialogElement} */ (byId("help")).showModal();
  byId("predict-toggle").onclick = () => setPredicting(!state.predicting);
  byId("answer-form").onsubmit = checkAnswer;
  byId("hint").onclick = () => { if (state.question) state.question.hinted = true; drawQuestion(); byId("answer").focus(); };
  byId("show-me").onclick = showAnswer;
  byId("zoom-in").onclick = () => zoomBy(1.25);
  byId("zoom-out").onclick = () => zoomBy(0.8);
  byId("zoom-fit").onclick = fit;
  document.addEventListener("keydown", onKey);
  for (const node of nodes.filter((each) => each.isDrawn)) {
    node.group.addEventListener("click", () => dragged > 4 || select(node));
    node.group.addEventListener("focus", () => { state.focus = node; });
  }
  for (const box of svg.querySelectorAll(".neuron")) {
    box.addEventListener("click", (event) => dragged > 4 || /** @type {Element} */ (event.target).closest(".row") || openNeuron(nodes[Number(box.id.split("-")[1])]));
  }
  svg.addEventListener("keydown", onGraphKey);
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoomBy(Math.exp(-event.deltaY / 400), event.clientX, event.clientY); }, { passive: false });
  canvas.addEventListener("pointerdown", onPointerDown);
  window.addEventListener("pointermove", onPointerMove);
  for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, (event) => pointers.delete(/** @type {PointerEvent} */ (event).pointerId));
  new ResizeObserver(onResize).observe(canvas);
}

function begin() {
  byId("subtitle").textContent = `${root.name} = ${typeset(data.formula)}`;
  fillChoice();
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", `${nodes.length} nodes and ${edges.length} edges; up and down go from node to node, Enter explains one`);
  const notice = data.notice || disagreement();
  byId("notice").textContent = notice;
  byId("notice").hidden = !notice;
  prepareDrawing();
  connect();
  connectEditing();
  connectLessons();
  drawTheme();
  firstView();
  draw();
  const mistake = new URLSearchParams(location.hash.slice(1)).get("mistake"); // so that a link can lead to one
  if (mistake && mistake in MISTAKES) setMistake(mistake);
}

begin();
