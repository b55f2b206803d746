"use strict";

// The page of one computation graph. All numbers come from the engine (the JSON in #data); this script computes no
// derivative. What is on the page at a position is a function of that position alone, so stepping back is exact.
//
//   position 0                 only the leaves have values
//   position 1 … forward       one operation computed at each
//   position forward + 1       the root's gradient is seeded with 1
//   then                       one contribution, upstream × local, along one edge at each

// Numbers and formulas ------------------------------------------------------------------------------------------------

/** A number as the engine wrote it: JSON has no nan and no infinities, so those come as words. */
const decoded = (number) => (typeof number === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[number] : number);

/** A number to some digits, as Python's `g` format gives it, with a true minus sign. */
function show(number, digits = 6) {
  if (number === null || number === undefined) return "–";
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number > 0 ? "inf" : "−inf";
  if (number === 0) return "0";
  const [mantissa, exponent] = number.toExponential(digits - 1).split("e").map(Number);
  if (exponent >= -4 && exponent < digits) return minus(Number(number.toPrecision(digits)));
  return minus(`${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`);
}

const minus = (text) => String(text).replaceAll("-", "−");

/** A number in the picture, where there is less room. */
function brief(number) {
  const text = show(number, 4);
  return text.length <= 8 ? text : show(number, 2);
}

/** A factor or a summand: negative numbers in brackets, except where one comes first. */
const bracketed = (number) => (number < 0 ? `(${show(number)})` : show(number));

const sameNumber = (a, b) => Object.is(a, b) || a === b;

/** A formula of the rule book, set as in a textbook: `c * d` becomes c · d. */
const typeset = (formula) =>
  formula.replaceAll(" * ", " · ").replaceAll(" - ", " − ").replace(/(^|[(\s])-(?=[\w(|])/g, "$1−");

// Making elements -----------------------------------------------------------------------------------------------------

const byId = (id) => document.getElementById(id);

/** A new element; children may be elements or text, and text is never read as HTML. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const math = (tag, ...children) => {
  const element = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
  element.append(...children);
  return element;
};

/** A name without the path of its module: `weights.1` of `layers.0.neurons.3.weights.1`. */
const ownName = (name) => name.replace(/^[\w.]*\.(?=[A-Za-z_]\w*(\.\d+)*$)/, "");

/** A formula with the own names of parameters. */
const inShort = (formula) => formula.replace(/\b(?:[A-Za-z_]\w*\.(?:\d+\.)?)+(?=[A-Za-z_])/g, "");

/** A line that stands out: a formula in short, in full to those who point at it. */
const headline = (formula) => make("p", { class: "headline", title: formula }, inShort(formula));

/** A name inside mathematics; single letters are italic, as variables are. */
function identifier(name) {
  const own = ownName(name);
  const element = math("mi", own.length <= 16 ? own : `${own.slice(0, 15)}…`);
  if ([...name].length === 1) element.setAttribute("class", "variable");
  return element;
}

/** The derivative of one name by another, as a fraction. */
const derivative = (of, by) =>
  math("math", math("mfrac", math("mrow", math("mo", "∂"), identifier(of)), math("mrow", math("mo", "∂"), identifier(by))));

// The graph -----------------------------------------------------------------------------------------------------------

const data = JSON.parse(byId("data").textContent);

const nodes = data.nodes.map((node, id) => ({
  ...node,
  id,
  value: decoded(node.value),
  locals: node.locals.map(decoded),
  consumers: [], // the edges along which its gradient arrives, in the order of the sweep
  computedAt: 0, // the position from which it has a value
  completeAt: null, // the position from which its gradient is complete
  gradient: null, // the final one
}));
const root = nodes[data.root];
root.gradient = 1;

/** What happens at each position from 1 on. */
const events = [];
/** Every contribution of the backward pass: edge number `slot` of `node`, to `input`. */
const edges = [];

for (const id of data.forward) {
  events.push({ kind: "forward", node: nodes[id], index: events.length + 1 });
  nodes[id].computedAt = events.length;
}
const forwardCount = events.length;
events.push({ kind: "seed", node: root });
const seedAt = events.length;
root.completeAt = seedAt;

data.backward.forEach((step, index) => {
  const node = nodes[step.node];
  step.contributions.forEach(([amount, before, after], slot) => {
    const input = nodes[node.inputs[slot]];
    const edge = {
      node, input, slot,
      upstream: decoded(step.upstream), local: node.locals[slot],
      amount: decoded(amount), before: decoded(before), after: decoded(after),
      formula: typeset(node.local_formulas[slot]),
      isFirst: input.consumers.length === 0,
    };
    edges.push(edge);
    events.push({ kind: "backward", node, edge, index: index + 1 });
    edge.at = events.length;
    input.consumers.push(edge);
    input.completeAt = edge.at;
    input.gradient = edge.after;
  });
});
const end = events.length;
const backwardCount = data.backward.length;

/** The edges by which one node hands on its gradient, in order. */
const edgesOf = new Map(nodes.map((node) => [node, []]));
for (const edge of edges) edgesOf.get(edge.node).push(edge);

/** The gradient of every node at a position: null where the sweep has not arrived. */
function gradientsAt(position) {
  const gradients = nodes.map(() => null);
  if (position >= seedAt) gradients[root.id] = 1;
  for (const edge of edges) {
    if (edge.at > position) break;
    gradients[edge.input.id] = edge.after;
  }
  return gradients;
}

const isComputed = (node, position) => position >= node.computedAt;
const isComplete = (node, position) => node.completeAt !== null && position >= node.completeAt;

/** What a node is: `e = c · d`, or its name if it is a leaf. */
const equation = (node) => (node.formula ? `${node.name} = ${typeset(node.formula)}` : node.name);

/** The edge from a node to its input number `slot`. */
const edgeAt = (node, slot) => edgesOf.get(node)[slot];

/** The edges of a path that the engine wrote down as the inputs taken on the way from the root. */
function pathEdges(slots) {
  let at = root;
  return slots.map((slot) => {
    const edge = edgeAt(at, slot);
    at = edge.input;
    return edge;
  });
}

// The picture ---------------------------------------------------------------------------------------------------------

const svg = document.querySelector("#canvas svg");
const find = (id) => svg.querySelector(`#${CSS.escape(id)}`);

const largestAmount = Math.max(...edges.map((edge) => Math.abs(edge.amount)).filter(Number.isFinite), 0);

/** Positive, negative, nothing or broken: what colours and dashes tell. */
const sign = (number) => (!Number.isFinite(number) ? "broken" : number > 0 ? "positive" : number < 0 ? "negative" : "nothing");

for (const node of nodes) {
  node.group = find(`node-${node.id}`);
  node.look = node.group.getAttribute("class"); // "node operation root", and so on
  node.valueText = node.group.querySelector(".value");
  node.gradText = node.group.querySelector(".grad");
  const shapes = [...node.group.querySelectorAll("path, polygon")];
  const cell = shapes.pop(); // behind the gradient; the others are the box
  cell.classList.add("cell");
  shapes.forEach((shape) => shape.classList.add("box"));
  const { x, y, width, height } = cell.getBBox();
  cell.setAttribute("points", `${x + 5},${y + 1} ${x + width},${y + 1} ${x + width},${y + height - 1} ${x + 5},${y + height - 1}`);
  for (const text of [node.valueText, node.gradText]) anchor(text, "end", x + width - 2);
  titled(node.group, equation(node));
}
for (const edge of edges) {
  edge.group = find(`edge-${edge.node.id}-${edge.slot}`);
  edge.localText = edge.group.querySelector(".local");
  edge.amountText = edge.group.querySelector(".amount");
  for (const text of [edge.localText, edge.amountText]) {
    const { x, width } = text.getBBox();
    anchor(text, "middle", x + width / 2);
  }
  titled(edge.group, `∂${edge.node.name}/∂${edge.input.name} = ${edge.formula}`);
  const share = Math.sqrt(Math.abs(edge.amount) / (largestAmount || 1));
  edge.group.style.setProperty("--width", (1 + 3 * (Number.isFinite(share) ? share : 1)).toFixed(2));
}

/** Hold a text by its end or middle, so that it stays in place when its number changes. */
function anchor(text, at, x) {
  text.setAttribute("text-anchor", at);
  text.setAttribute("x", x);
}

function titled(group, text) {
  const title = group.querySelector("title");
  if (title) title.textContent = text;
}

/** Write to the document only what has changed. */
const remembered = new WeakMap();
function changed(element, key, value) {
  const memory = remembered.get(element) ?? remembered.set(element, {}).get(element);
  if (memory[key] === value) return false;
  memory[key] = value;
  return true;
}
const setText = (element, text) => element && changed(element, "text", text) && (element.textContent = text);
const setClass = (element, name) => changed(element, "class", name) && element.setAttribute("class", name);
const setAttribute = (element, name, value) => changed(element, name, value) && element.setAttribute(name, value);

/** The edges that the current step is about: all of a node's when stepping by node, else one. */
function currentEdges() {
  const event = events[state.position - 1];
  if (event?.kind !== "backward") return [];
  return state.granularity === "edge" ? [event.edge] : edgesOf.get(event.node);
}

function drawGraph() {
  const { position } = state;
  const event = events[position - 1];
  const gradients = gradientsAt(position);
  const active = new Set(currentEdges());
  const receiving = new Set([...active].map((edge) => edge.input));
  const asked = state.question?.edge;

  for (const node of nodes) {
    const computed = isComputed(node, position);
    const gradient = gradients[node.id];
    const classes = [node.look];
    if (!computed) classes.push("waiting");
    if (gradient !== null) classes.push(sign(gradient), isComplete(node, position) ? "complete" : "partial");
    if (event?.node === node) classes.push(event.kind === "forward" ? "computing" : "sending");
    if (receiving.has(node) || asked?.input === node) classes.push("receiving");
    if (state.selected === node) classes.push("selected");
    setClass(node.group, classes.join(" "));
    setText(node.valueText, computed ? brief(node.value) : "?");
    setText(node.gradText, brief(gradient));
    setAttribute(node.group, "aria-label", describe(node, computed, gradient));
    setAttribute(node.group, "aria-pressed", String(state.selected === node));
    setAttribute(node.group, "tabindex", state.focus === node ? "0" : "-1");
  }
  for (const edge of edges) {
    const classes = ["edge"];
    const carried = edge.at <= position;
    if (event?.kind === "forward" && event.node === edge.node) classes.push("feeding");
    if (active.has(edge) || asked === edge) classes.push("flowing");
    else if (carried) classes.push("carried");
    if (carried) classes.push(sign(edge.amount));
    if (!isComputed(edge.node, position)) classes.push("waiting");
    setClass(edge.group, classes.join(" "));
    setText(edge.localText, asked === edge || !isComputed(edge.node, position) ? "∂ ?" : `∂ ${brief(edge.local)}`);
    setText(edge.amountText, carried ? `← ${brief(edge.amount)}` : "");
  }
}

function describe(node, computed, gradient) {
  const value = computed ? `value ${show(node.value)}` : "not computed yet";
  const grad = gradient === null ? "gradient not reached yet"
    : `gradient ${show(gradient)}${isComplete(node, state.position) ? "" : " so far"}`;
  return `${equation(node)}: ${value}, ${grad}`;
}

// The panel of the current step ---------------------------------------------------------------------------------------

const partial = (edge) => derivative(edge.node.name, edge.input.name);

/** `before + upstream × local = after`, each number in the colour of its role. */
function runningSum(edge) {
  return make("span", { class: "sum" },
    make("span", { class: "before" }, show(edge.before)), " + ",
    make("span", { class: "upstream" }, bracketed(edge.upstream)), " × ",
    make("span", { class: "local" }, bracketed(edge.local)), " = ",
    make("strong", { class: "after" }, show(edge.after)));
}

function drawStep() {
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
  make("ul", { class: "ledger", id, "aria-labelledby": `${id}-caption` }, ...lines)];

const line = (what, numbers, attributes = {}) =>
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
function sentence() {
  const event = events[state.position - 1];
  if (!event) return "Start: the leaves are given.";
  if (event.kind === "forward") return `Forward ${event.index} of ${forwardCount}: ${equation(event.node)} = ${show(event.node.value)}.`;
  if (event.kind === "seed") return `The backward pass begins: the gradient of ${root.name} is 1.`;
  const sums = currentEdges().map((edge) => `${edge.input.name}.grad = ${sumText(edge)}`);
  return `Backward ${event.index} of ${backwardCount}: ${equation(event.node)}. ${sums.join("; ")}.`;
}

const sumText = (edge) => `${show(edge.before)} + ${bracketed(edge.upstream)} × ${bracketed(edge.local)} = ${show(edge.after)}`;

// The panel of the chosen node ----------------------------------------------------------------------------------------

function drawNode() {
  const node = state.selected;
  const body = byId("node-body");
  byId("node-choice").value = String(node.id);
  const gradient = gradientsAt(state.position)[node.id];
  const facts = make("dl", {},
    fact("made by", node.formula ? typeset(node.formula) : kindOf(node)),
    fact("value", isComputed(node, state.position) ? full(node.value) : "not computed yet"),
    fact("gradient now", gradient === null ? "not reached yet" : full(gradient) + (isComplete(node, state.position) ? ", complete" : ", so far")));
  if (node.source) {
    facts.append(fact("source", make("span", { class: "source" }, `${node.source.file}, line ${node.source.line}`,
      make("code", {}, node.source.text))));
  }
  body.replaceChildren(facts);
  if (state.predicting && !isComplete(node, state.frontier)) {
    body.append(make("p", { class: "hidden-answer" }, "Its gradient is still to be predicted, so where it comes from is hidden."));
    return;
  }
  body.append(...explained(node));
}

const isConstant = (node) => Boolean(node?.look.includes("constant"));

const kindOf = (node) => ["constant", "parameter"].find((kind) => node.look.includes(kind)) ?? "a leaf, which is given";

const full = (number) => (Number.isFinite(number) ? minus(number) : show(number));

const fact = (term, ...description) => make("div", {}, make("dt", {}, term), make("dd", {}, ...description));

/** Where the gradient comes from: the sum over consumers, the sum over paths, and the finite difference. */
function explained(node) {
  if (node === root) {
    return [make("p", { class: "headline" }, derivative(root.name, root.name), " = 1"), make("p", {}, "The sweep starts here.")];
  }
  if (node.path_count) return [...uses(node), ...paths(node), ...finiteDifference(node)];
  return [...uses(node), make("p", { class: "quiet" },
    `This graph is too large to list here what explain(${root.name}, ${node.name}) and gradcheck tell in Python.`)];
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

const total = (node) => line([derivative(root.name, node.name)], [make("strong", {}, show(node.gradient))], { class: "total" });

function paths(node) {
  const count = BigInt(node.path_count);
  const lines = node.paths.map((slots) => {
    const path = pathEdges(slots);
    const product = path.reduce((result, edge) => result * edge.local, 1);
    const names = [root, ...path.map((edge) => edge.input)].map((step) => ownName(step.name));
    return line([shortened(names, " ← ")],
      [shortened(path.map((edge) => bracketed(edge.local)), " × "), " = ", make("strong", {}, show(product))]);
  });
  const others = count - BigInt(lines.length);
  if (others > 0n) {
    lines.push(line([`and ${countText(others)} more`], ["together ", make("strong", {}, show(decoded(node.rest)))], { title: String(others) }));
  }
  const caption = count === 1n ? "One path from the root" : `The sum over all ${countText(count)} paths from the root`;
  return ledger("paths", [caption, others > 0n ? ", the largest first" : ""], [...lines, total(node)]);
}

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

// Messages ------------------------------------------------------------------------------------------------------------

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
function drawMessages() {
  while (messagesShown < state.position) messages[messagesShown++].hidden = false;
  while (messagesShown > state.position) messages[--messagesShown].hidden = true;
  const log = byId("log");
  log.querySelector("[aria-current]")?.removeAttribute("aria-current");
  const latest = messages[state.position - 1];
  latest?.setAttribute("aria-current", "step");
  if (latest) log.scrollTop = latest.offsetTop + latest.offsetHeight - log.clientHeight;
}

// Where we are --------------------------------------------------------------------------------------------------------

/** The leaf whose gradient has the most to tell. */
const mostUsed = nodes.filter((node) => !node.formula)
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

/** The last position that no question bars: what constants receive is nobody's question. */
function unasked(position) {
  let last = position;
  while (isConstant(events[last]?.edge?.input)) last += 1;
  return last;
}

/** Go to a position; in predict mode no further than what has been revealed, where the next question waits. */
function goTo(position) {
  const allowed = Math.min(Math.max(position, 0), state.frontier);
  const asks = state.predicting && position > allowed;
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

// Predict mode --------------------------------------------------------------------------------------------------------

const TOLERANCE = 0.01;

/** Whether an answer, typed to a few digits, means this number. */
function means(answer, number) {
  if (!Number.isFinite(number) || !Number.isFinite(answer)) return sameNumber(answer, number);
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

/** What people get wrong, with the number each mistake leads to. */
const MISTAKES = [
  {
    name: "overwritten",
    applies: (edge) => edge.before !== 0,
    result: (edge) => [edge.amount],
    says: (edge) => `You overwrote instead of accumulating: ${edge.input.name}.grad was ${show(edge.before)} already, from another use of ${edge.input.name}. Add to it.`,
  },
  {
    name: "missing local factor",
    applies: () => true,
    result: (edge) => [edge.before + edge.upstream, edge.upstream],
    says: (edge) => `The local factor is missing: multiply the upstream gradient by ∂${edge.node.name}/∂${edge.input.name} = ${edge.formula}.`,
  },
  {
    name: "missing upstream",
    applies: () => true,
    result: (edge) => [edge.before + edge.local, edge.local],
    says: (edge) => `The upstream gradient is missing: multiply the local derivative by ∂${root.name}/∂${edge.node.name} = ${show(edge.upstream)}.`,
  },
  {
    name: "wrong sign",
    applies: () => true,
    result: (edge) => [edge.before - edge.amount, -edge.after, -edge.amount],
    says: () => "The sign is wrong: the size is right. Look at the sign of each factor.",
  },
  {
    name: "unchanged",
    applies: () => true,
    result: (edge) => [edge.before],
    says: (edge) => `That is what ${edge.input.name}.grad was before. Add upstream × local to it.`,
  },
  {
    name: "added instead of multiplied",
    applies: () => true,
    result: (edge) => [edge.before + edge.upstream + edge.local],
    says: () => "You added upstream and local; the chain rule multiplies them.",
  },
];

const diagnose = (edge, answer) =>
  MISTAKES.filter((mistake) => mistake.applies(edge) && mistake.result(edge).some((number) => means(answer, number)));

function setPredicting(on) {
  stopPlaying();
  state.predicting = on;
  state.score = { right: 0, asked: 0 };
  state.frontier = on ? unasked(seedAt) : end;
  byId("verdict").replaceChildren();
  byId("predict-toggle").setAttribute("aria-pressed", String(on));
  if (on && state.position >= seedAt) goTo(state.frontier + 1);
  else goTo(state.position);
  if (on && !state.question) announce("Predict mode: before each gradient is revealed you are asked for it.");
}

function questionSentence() {
  const { edge } = state.question;
  return `What will ${edge.input.name}.grad be? It is ${show(edge.before)} so far, and ${edge.node.name}'s gradient is ${show(edge.upstream)}.`;
}

function drawQuestion() {
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
      make("li", {}, "local ", partial(edge), ` = ${edge.formula}`, hinted ? make("span", { class: "local" }, ` = ${show(edge.local)}`) : null),
      make("li", {}, `${edge.input.name}.grad before = `, make("span", { class: "before" }, show(edge.before)))));
  byId("answer-label").textContent = `${edge.input.name}.grad after =`;
}

function checkAnswer(event) {
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
  verdict("wrong", ...(mistakes.length ? mistakes.map((mistake) => mistake.says(edge))
    : ["Not quite. Multiply upstream and local, then add the product to what was there."]));
  byId("answer").select();
}

function reveal(kind, text) {
  const { edge } = state.question;
  state.score.asked += 1;
  state.frontier = Math.max(state.frontier, unasked(edge.at));
  byId("answer").value = "";
  goTo(edge.at);
  const next = make("button", { type: "button", id: "next-question", onclick: () => { verdict(); step(1); } },
    edge.at === end ? "Finish" : "Next");
  verdict(kind, text);
  byId("verdict").append(next);
  next.focus();
}

function verdict(kind = "", ...lines) {
  byId("verdict").className = kind;
  byId("verdict").replaceChildren(...lines.map((line) => make("p", {}, line)));
}

// Moving through the steps --------------------------------------------------------------------------------------------

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
  scrubber.style.setProperty("--progress", `${(100 * here) / Math.max(1, last)}%`);
  scrubber.style.setProperty("--forward-share", `${share}%`);
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

// Zoom and pan --------------------------------------------------------------------------------------------------------

const home = svg.viewBox.baseVal;
const whole = { x: home.x, y: home.y, width: home.width, height: home.height };
let view = { ...whole };
const canvas = byId("canvas");

/** How many pixels one unit of the drawing takes, when the view is that wide and high. */
const scaleOf = (box) => Math.min(canvas.clientWidth / box.width, canvas.clientHeight / box.height);

function setView(box) {
  view = box;
  svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
}

/** A view of a given scale in which the point (x, y) of the drawing lies at a share of the canvas. */
function viewAt(scale, x, y, shareX = 0.5, shareY = 0.5) {
  const width = canvas.clientWidth / scale;
  const height = canvas.clientHeight / scale;
  return { x: x - shareX * width, y: y - shareY * height, width, height };
}

const LARGEST_SCALE = 6;
const READABLE_SCALE = 0.85;
const FITTED_SCALE = 2;

function fit() {
  cancelAnimationFrame(glide);
  const scale = Math.min(scaleOf(whole), FITTED_SCALE);
  setView(viewAt(scale, whole.x + whole.width / 2, whole.y + whole.height / 2));
}

/** Zoom by a factor, holding the point of the drawing at these client coordinates still. */
function zoomBy(factor, clientX, clientY) {
  cancelAnimationFrame(glide);
  const bounds = canvas.getBoundingClientRect();
  const shareX = clientX === undefined ? 0.5 : (clientX - bounds.left) / bounds.width;
  const shareY = clientY === undefined ? 0.5 : (clientY - bounds.top) / bounds.height;
  const smallest = Math.min(scaleOf(whole), FITTED_SCALE) / 2;
  const scale = Math.min(Math.max(scaleOf(view) * factor, smallest), LARGEST_SCALE);
  setView(viewAt(scale, view.x + shareX * view.width, view.y + shareY * view.height, shareX, shareY));
}

function panBy(pixelsX, pixelsY) {
  cancelAnimationFrame(glide);
  const scale = scaleOf(view);
  setView({ ...view, x: view.x - pixelsX / scale, y: view.y - pixelsY / scale });
}

/** The box of a node in the coordinates of the drawing. */
function boxOf(node) {
  node.box ??= (() => {
    const inner = node.group.getBBox();
    const matrix = svg.getScreenCTM().inverse().multiply(node.group.getScreenCTM());
    const corner = new DOMPoint(inner.x, inner.y).matrixTransform(matrix);
    return { x: corner.x, y: corner.y, width: inner.width * matrix.a, height: inner.height * matrix.d };
  })();
  return node.box;
}

/** The smallest box around some boxes. */
function around(boxes) {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  return {
    x, y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) - y,
  };
}

const MARGIN = 12;

/** Move the view, as little as needed, until a node is in sight, and its companions too if there is room. */
function keepInView(node, companions = []) {
  const everything = around([node, ...companions].map(boxOf));
  const fits = everything.width + 2 * MARGIN <= view.width && everything.height + 2 * MARGIN <= view.height;
  const box = fits ? everything : boxOf(node);
  const nearest = (low, size, viewLow, viewSize) => Math.min(Math.max(viewLow, low + size + MARGIN - viewSize), low - MARGIN);
  glideTo({ ...view, x: nearest(box.x, box.width, view.x, view.width), y: nearest(box.y, box.height, view.y, view.height) });
}

function keepStepInView() {
  const node = state.question?.edge.node ?? events[state.position - 1]?.node;
  const edgesInQuestion = state.question ? [state.question.edge] : currentEdges();
  if (node) keepInView(node, edgesInQuestion.map((edge) => edge.input));
}

const GLIDE_MILLISECONDS = 250;
const prefersStillness = matchMedia("(prefers-reduced-motion: reduce)");
let glide = 0;

/** Move the view there in a moment, so that the eye can follow. */
function glideTo(target) {
  cancelAnimationFrame(glide);
  if (target.x === view.x && target.y === view.y) return;
  if (prefersStillness.matches) return setView(target);
  const from = view;
  const start = performance.now();
  const advance = (now) => {
    const share = Math.min(1, Math.max(0, (now - start) / GLIDE_MILLISECONDS));
    const eased = share * (2 - share);
    setView({ ...target, x: from.x + eased * (target.x - from.x), y: from.y + eased * (target.y - from.y) });
    if (share < 1) glide = requestAnimationFrame(advance);
  };
  glide = requestAnimationFrame(advance);
}

/** The whole graph if it can be read at that size, else the part around the root or the first step. */
function firstView() {
  fit();
  if (scaleOf(whole) < READABLE_SCALE) {
    const box = boxOf(nodes[data.forward[0]]);
    setView(viewAt(READABLE_SCALE, box.x + box.width / 2, box.y + box.height / 2));
  }
}

const pointers = new Map();
let dragged = 0;

function pinchDistance() {
  const [one, other] = [...pointers.values()];
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function onPointerMove(event) {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = { x: event.clientX, y: event.clientY };
  if (pointers.size === 2) {
    const distance = pinchDistance();
    pointers.set(event.pointerId, now);
    zoomBy(pinchDistance() / distance, now.x, now.y);
  } else {
    pointers.set(event.pointerId, now);
    dragged += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (dragged > 4) panBy(now.x - before.x, now.y - before.y);
  }
}

// Light and dark ------------------------------------------------------------------------------------------------------

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";

function drawTheme() {
  byId("theme").textContent = isDark() ? "Light" : "Dark";
}

function toggleTheme() {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  drawTheme();
}

// Hands on the controls -----------------------------------------------------------------------------------------------

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
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
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
    state.focus = nodes[Math.min(Math.max(state.focus.id + direction, 0), nodes.length - 1)];
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
  for (const node of nodes) {
    node.group.addEventListener("click", () => dragged > 4 || select(node));
    node.group.addEventListener("focus", () => { state.focus = node; });
  }
  svg.addEventListener("keydown", onGraphKey);
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoomBy(Math.exp(-event.deltaY / 400), event.clientX, event.clientY); }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => { if (!pointers.size) dragged = 0; pointers.set(event.pointerId, { x: event.clientX, y: event.clientY }); });
  window.addEventListener("pointermove", onPointerMove);
  for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, (event) => pointers.delete(event.pointerId));
  new ResizeObserver(() => setView(viewAt(scaleOf(view), view.x + view.width / 2, view.y + view.height / 2))).observe(canvas);
}

function begin() {
  byId("subtitle").textContent = equation(root);
  for (const node of nodes) byId("node-choice").append(make("option", { value: String(node.id) }, equation(node).slice(0, 60)));
  for (const node of nodes) node.group.setAttribute("role", "button");
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", `${nodes.length} nodes and ${edges.length} edges; up and down go from node to node, Enter explains one`);
  if (data.notice) {
    byId("notice").textContent = data.notice;
    byId("notice").hidden = false;
  }
  connect();
  drawTheme();
  firstView();
  draw();
}

begin();
