// Hands on the controls. The last module: it begins.

import { byId, make } from "./text.js";
import { data, edges, end, equation, nodes, root, seedAt } from "./graph.js";
import { state, stops } from "./state.js";
import { drawGraph, prepareDrawing, svg } from "./picture.js";
import { openNeuron } from "./neuron.js";
import { sumText } from "./panels.js";
import { checkAnswer, drawQuestion, reveal, setPredicting } from "./predict.js";
import { canvas, dragged, firstView, fit, keepInView, onPointerDown, onPointerMove, onResize, pointers, zoomBy } from "./view.js";
import { draw, goTo, select, step, stopPlaying, togglePlaying } from "./moving.js";
import { drawTheme, prefersDark, toggleTheme } from "./theme.js";

/** Keys that act anywhere, except while typing or in a control that uses them itself. */
const KEYS = {
  ArrowRight: () => step(1),
  ArrowLeft: () => step(-1),
  Home: () => goTo(0),
  End: () => goTo(end),
  b: () => goTo(seedAt),
  " ": togglePlaying,
  p: () => setPredicting(!state.predicting),
  t: toggleTheme,
  "+": () => zoomBy(1.25),
  "=": () => zoomBy(1.25),
  "-": () => zoomBy(0.8),
  0: fit,
  "?": () => byId("help").showModal(),
};

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const { target } = event;
  if (event.key === "Escape") target.blur();
  if (target.matches("input:not([type=range]), select")) return;
  if (target.matches("input[type=range]") && /^(Arrow|Home|End)/.test(event.key)) return;
  if (target.matches("button") && event.key === " ") return;
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  if (action !== togglePlaying) stopPlaying();
  action();
}

/** In the graph: up and down go from node to node, Enter explains. */
function onGraphKey(event) {
  const direction = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (direction) {
    event.preventDefault();
    const next = (id) => (id in nodes && !nodes[id].isDrawn ? next(id + direction) : nodes[id]);
    state.focus = next(state.focus.id + direction) ?? state.focus;
    drawGraph();
    state.focus.group.focus();
    keepInView(state.focus);
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    select(state.focus);
  }
}

function connect() {
  const manual = (action) => () => { stopPlaying(); action(); };
  byId("first").onclick = manual(() => goTo(0));
  byId("back").onclick = manual(() => step(-1));
  byId("next").onclick = manual(() => step(1));
  byId("last").onclick = manual(() => goTo(end));
  byId("play").onclick = togglePlaying;
  byId("scrubber").oninput = (event) => { stopPlaying(); goTo(stops()[Number(event.target.value)]); };
  byId("granularity").onchange = (event) => { state.granularity = event.target.value; draw(); };
  byId("node-choice").onchange = (event) => select(nodes[Number(event.target.value)]);
  byId("theme").onclick = toggleTheme;
  prefersDark.onchange = drawTheme;
  byId("help-open").onclick = () => byId("help").showModal();
  byId("predict-toggle").onclick = () => setPredicting(!state.predicting);
  byId("answer-form").onsubmit = checkAnswer;
  byId("hint").onclick = () => { state.question.hinted = true; drawQuestion(); byId("answer").focus(); };
  byId("show-me").onclick = () => reveal("shown", `${state.question.edge.input.name}.grad = ${sumText(state.question.edge)}.`);
  byId("zoom-in").onclick = () => zoomBy(1.25);
  byId("zoom-out").onclick = () => zoomBy(0.8);
  byId("zoom-fit").onclick = fit;
  document.addEventListener("keydown", onKey);
  for (const node of nodes.filter((each) => each.isDrawn)) {
    node.group.addEventListener("click", () => dragged > 4 || select(node));
    node.group.addEventListener("focus", () => { state.focus = node; });
  }
  for (const box of svg.querySelectorAll(".neuron")) {
    box.addEventListener("click", (event) => dragged > 4 || event.target.closest(".row") || openNeuron(nodes[Number(box.id.split("-")[1])]));
  }
  svg.addEventListener("keydown", onGraphKey);
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoomBy(Math.exp(-event.deltaY / 400), event.clientX, event.clientY); }, { passive: false });
  canvas.addEventListener("pointerdown", onPointerDown);
  window.addEventListener("pointermove", onPointerMove);
  for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, (event) => pointers.delete(event.pointerId));
  new ResizeObserver(onResize).observe(canvas);
}

function begin() {
  byId("subtitle").textContent = equation(root);
  for (const node of nodes) byId("node-choice").append(make("option", { value: String(node.id) }, equation(node).slice(0, 60)));
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", `${nodes.length} nodes and ${edges.length} edges; up and down go from node to node, Enter explains one`);
  if (data.notice) {
    byId("notice").textContent = data.notice;
    byId("notice").hidden = false;
  }
  prepareDrawing();
  connect();
  drawTheme();
  firstView();
  draw();
}

begin();
