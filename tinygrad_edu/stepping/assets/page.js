// Where we are, how we move, and hands on the controls. The last script: it begins.

// Where we are -------------------------------------------------------------------------------------------------------

/** The leaf whose gradient has the most to tell. */
const mostUsed = nodes.filter((node) => !node.formula && !node.constant)
  .reduce((best, node) => (best && best.consumers.length >= node.consumers.length ? best : node), null) ?? root;

const state = {
  position: 0,
  granularity: "node", // or "edge": one contribution at a time
  selected: mostUsed,
  focus: mostUsed, // the one node that the tab key reaches
  playing: null, // the timer
  predicting: false,
  frontier: end, // how far the gradients have been revealed
  question: null,
  score: { right: 0, asked: 0 },
};

/** The positions at which stepping stops, for each granularity. */
const allStops = {
  edge: Array.from({ length: end + 1 }, (_, k) => k),
  node: [0, ...events.flatMap((event, k) => (event.kind !== "backward" || events[k + 1]?.node !== event.node ? [k + 1] : []))],
};
const stops = () => allStops[state.predicting ? "edge" : state.granularity];

/** The index of the last stop at or before the current position. */
function stopIndex() {
  const places = stops();
  let low = 0, high = places.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (places[middle] <= state.position) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Go to a position; in predict mode no further than what has been revealed, where the next question waits. */
function goTo(position) {
  const allowed = Math.min(Math.max(position, 0), state.frontier);
  const asks = state.predicting && position > allowed && allowed < end;
  state.position = allowed;
  state.question = asks ? { edge: events[allowed].edge, tries: 0, hinted: false } : null;
  draw();
  byId("announcer").textContent = asks ? questionSentence() : sentence();
  if (asks) byId("answer").focus();
}

function step(direction) {
  if (state.question && direction > 0) return byId("answer").focus();
  const places = stops();
  const here = stopIndex();
  const next = direction < 0 && places[here] < state.position ? here : here + direction;
  if (next < 0) return announce("This is the start; there is nothing before it.");
  if (next >= places.length) return announce("This is the end: every gradient is complete.");
  goTo(places[next]);
}

function announce(text) {
  byId("announcer").textContent = text;
}

function select(node) {
  state.selected = node;
  state.focus = node;
  drawGraph();
  drawNode();
  byId("node-body").scrollTop = 0;
  byId("node").scrollIntoView({ block: "nearest" });
}

function draw() {
  drawGraph();
  drawStep();
  drawNode();
  drawMessages();
  drawTransport();
  drawQuestion();
  keepStepInView();
}

// Moving through the steps -------------------------------------------------------------------------------------------

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

function togglePlaying() {
  if (state.playing) return stopPlaying();
  if (state.position === end) goTo(0);
  state.playing = setInterval(() => {
    if (state.position >= end || state.question) stopPlaying();
    else step(1);
  }, STEP_MILLISECONDS);
  byId("play").classList.add("playing");
  byId("play").setAttribute("aria-label", "Pause");
}

function stopPlaying() {
  clearInterval(state.playing);
  state.playing = null;
  byId("play").classList.remove("playing");
  byId("play").setAttribute("aria-label", "Play");
}

// Light and dark -----------------------------------------------------------------------------------------------------

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";

function drawTheme() {
  byId("theme").textContent = isDark() ? "Light" : "Dark";
}

function toggleTheme() {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  drawTheme();
}

// Hands on the controls ----------------------------------------------------------------------------------------------

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
  canvas.addEventListener("pointerdown", (event) => { if (!pointers.size) dragged = 0; pointers.set(event.pointerId, { x: event.clientX, y: event.clientY }); });
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
