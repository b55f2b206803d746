// The drawing: which node and edge looks how at the present step.

const svg = document.querySelector("#canvas svg");
const find = (id) => svg.querySelector(`#${CSS.escape(id)}`);

const largestAmount = Math.max(...edges.map((edge) => Math.abs(edge.amount)).filter(Number.isFinite), 0);

/** Positive, negative, nothing or broken: what colors and dashes tell. */
const sign = (number) => (!Number.isFinite(number) ? "broken" : number > 0 ? "positive" : number < 0 ? "negative" : "nothing");

for (const node of nodes) {
  node.group = find(`node-${node.id}`);
  node.look = node.group.getAttribute("class"); // "node operation root", and so on
  node.valueText = node.group.querySelector(".value");
  node.gradText = node.group.querySelector(".grad");
  node.shapes = [...node.group.querySelectorAll("path, polygon")];
  node.cell = node.shapes.pop(); // behind the gradient; the others are the box
}
for (const edge of edges) {
  edge.group = find(`edge-${edge.node.id}-${edge.slot}`);
  edge.localText = edge.group.querySelector(".local");
  edge.amountText = edge.group.querySelector(".amount");
}

/** Make the drawing one whose numbers can change. */
function prepareDrawing() {
  // First measure everything, then change it: a change between two measurements would have the page laid out anew.
  const cells = nodes.map((node) => node.cell.getBBox());
  const labels = edges.map((edge) => [edge.localText, edge.amountText].map((text) => [text, text.getBBox()]));
  nodes.forEach((node, k) => prepareNode(node, cells[k]));
  edges.forEach((edge, k) => prepareEdge(edge, labels[k]));
}

function prepareNode(node, { x, y, width, height }) {
  const [left, right, top, bottom] = [x + 5, x + width, y + 1, y + height - 1];
  node.cell.setAttribute("points", `${left},${top} ${right},${top} ${right},${bottom} ${left},${bottom}`);
  node.cell.classList.add("cell");
  node.shapes.forEach((shape) => shape.classList.add("box"));
  for (const text of [node.valueText, node.gradText]) anchor(text, "end", right - 2);
  titled(node.group, equation(node));
  node.group.setAttribute("role", "button");
}

function prepareEdge(edge, labels) {
  for (const [text, { x, width }] of labels) anchor(text, "middle", x + width / 2);
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
