// The formula line of `tinygrad-edu play`: what is typed goes to the server, and the live page that it answers into a
// frame; or else the sentence that says what is wrong, with a caret at the place, and the old page stays.

import { byId, full, make, parsed } from "./text.js";

/**
 * @typedef {Record<string, number>} Numbers by name
 * A constant of the formula: its node, its number, and where it is written.
 * @typedef {{ id: number, number: number, start: number, end: number }} Constant
 * @typedef {{ page: string, numbers: Numbers, constants: number[][], problem: undefined } | { problem: string, place: number | null }} Answer
 */

const line = /** @type {HTMLInputElement} */ (byId("formula"));
const caret = byId("caret");
const frames = byId("frames");
const share = /** @type {HTMLDialogElement} */ (byId("share"));
const given = JSON.parse(byId("given").textContent ?? "");

/** The numbers that names have, or had, as numbers are forgotten only with the page. @type {Map<string, number>} */
const numbers = new Map();
/** What the frame shows. */
const shown = { formula: "", names: /** @type {string[]} */ ([]), constants: /** @type {Constant[]} */ ([]) };

// Asking the server --------------------------------------------------------------------------------------------------

/** Other tabs of this browser may ask, too; it ends with the server. */
let token = "";
try {
  token = localStorage.getItem("token") ?? "";
} catch { /* a browser that keeps nothing: then each tab needs the whole address */ }

/** @param {string} path @param {object} [question] @param {RequestInit} [more] */
const ask = (path, question = {}, more = {}) =>
  fetch(path, { method: "POST", headers: { Authorization: `Bearer ${token}` }, body: JSON.stringify(question), ...more });

/** @param {string} path @param {string} formula @returns {Promise<any>} */
async function answerTo(path, formula) {
  const response = await ask(path, { formula, numbers: Object.fromEntries([...numbers].map(([name, number]) => [name, String(number)])) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Hold a connection, so that the server knows that somebody is here: one for all tabs, as browsers open only a few. */
async function stay() {
  const response = await ask("/stay");
  if (!response.ok) return close((await response.text()).trim());
  await response.text().catch(() => "");
  return close("The server has ended. This page goes on working, with this formula.");
}

let isClosed = false;
/** @param {string} why */
function close(why) {
  isClosed = true;
  problem(why, null);
  for (const control of [line, byId("examples"), byId("share-open")]) control.setAttribute("disabled", "");
}

// What is wrong ------------------------------------------------------------------------------------------------------

/** Python counts characters, and JavaScript those beyond 65,535 twice. @param {string} text @param {number} place */
const inUnits = (text, place) => [...text].slice(0, place).join("").length;

let wrongAt = /** @type {number | null} */ (null);

/** Say what is wrong, and point to the place; "" if nothing is. @param {string} text @param {number | null} place */
function problem(text, place) {
  byId("formula-problem").textContent = text;
  wrongAt = text && place !== null ? inUnits(line.value, place) : null;
  line.setAttribute("aria-invalid", String(wrongAt !== null));
  document.documentElement.classList.toggle("outdated", text !== "" && !isClosed);
  placeCaret();
}

const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));

/** How many pixels the line takes up to a place; one more than it has is a space. @param {number} place */
function widthTo(place) {
  pen.font = getComputedStyle(line).font;
  return pen.measureText(`${line.value} `.slice(0, place)).width;
}

/** Put the caret under the middle of the character that is wrong, wherever the line is scrolled to. */
function placeCaret() {
  caret.hidden = wrongAt === null;
  if (wrongAt === null) return;
  const style = getComputedStyle(line);
  const start = parseFloat(style.borderLeftWidth) + parseFloat(style.paddingLeft);
  const middle = start + widthTo(wrongAt) + (widthTo(wrongAt + 1) - widthTo(wrongAt)) / 2 - line.scrollLeft;
  caret.style.left = `${Math.min(Math.max(middle, start), line.clientWidth - start)}px`;
}

/** The sentence leads to the place. */
function goToProblem() {
  if (wrongAt === null) return;
  line.focus();
  line.setSelectionRange(wrongAt, wrongAt);
  line.scrollLeft = widthTo(wrongAt) - line.clientWidth / 2; // as far as it goes
  placeCaret();
}

// Drawing ------------------------------------------------------------------------------------------------------------

let turn = 0;
let pause = 0;
const PAUSE_MILLISECONDS = 300;

/** Have the formula drawn. A later one overtakes it. @param {boolean} isStep whether the browser's way back leads here */
async function draw(isStep) {
  clearTimeout(pause);
  if (isClosed) return;
  const mine = (turn += 1);
  const formula = line.value;
  let said;
  try {
    said = /** @type {Answer} */ (await answerTo("/draw", formula));
  } catch (error) {
    said = { problem: error instanceof TypeError ? "The server does not answer." : String(/** @type {Error} */ (error).message).trim(), place: null };
  }
  if (mine !== turn || isClosed) return;
  if (said.problem !== undefined) return problem(said.problem, said.place);
  problem("", null);
  shown.formula = formula;
  shown.names = Object.keys(said.numbers);
  shown.constants = said.constants.map(([id, number, start, end]) => ({ id, number, start: inUnits(formula, start), end: inUnits(formula, end) }));
  for (const [name, number] of Object.entries(said.numbers)) numbers.set(name, number);
  document.title = `${formula} – backpropagation`;
  drawNames();
  keepAddress(isStep);
  showPage(said.page);
}

const live = () => /** @type {HTMLIFrameElement | null} */ (frames.querySelector("iframe:not(.coming)"));
/** @returns {import("./played.js").Played | undefined} */
const played = (frame = live()) => /** @type {any} */ (frame?.contentWindow)?.played;

/** Load a page out of sight, and put it in the place of the present one. @param {string} html */
function showPage(html) {
  frames.querySelector(".coming")?.remove();
  const frame = /** @type {HTMLIFrameElement} */ (make("iframe", { title: "The graph, step by step", class: "coming", srcdoc: html }));
  frame.onload = () => {
    const { theme } = document.documentElement.dataset;
    const page = /** @type {Document} */ (frame.contentDocument);
    const left = played()?.place();
    if (left) played(frame)?.resume(left);
    live()?.remove();
    frame.classList.remove("coming");
    if (theme) page.documentElement.dataset.theme = theme;
    new MutationObserver(() => follow(page.documentElement)).observe(page.documentElement, { attributes: true });
  };
  frames.append(frame);
}

/** Light or dark, and a wall, are chosen in the live page, for all. @param {HTMLElement} page */
function follow(page) {
  const { theme } = page.dataset;
  if (theme) document.documentElement.dataset.theme = theme;
  document.documentElement.classList.toggle("wall", page.classList.contains("wall"));
}

// Numbers ------------------------------------------------------------------------------------------------------------

/** @type {Map<string, HTMLInputElement>} */
const fields = new Map();

/** One field for each name. */
function drawNames() {
  if (shown.names.join(" ") !== [...fields.keys()].join(" ")) {
    fields.clear();
    for (const name of shown.names) fields.set(name, /** @type {HTMLInputElement} */ (make("input", { inputmode: "text", spellcheck: "false", "aria-describedby": "formula-problem", oninput: () => typeNumber(name), onblur: () => endTyping(name) })));
    byId("names").replaceChildren(...[...fields].map(([name, field]) => make("label", {}, `${name} =`, field)));
  }
  for (const [name, field] of fields) if (document.activeElement !== field) field.value = full(numbers.get(name) ?? 0);
}

/** @param {string} name */
function typeNumber(name) {
  const field = /** @type {HTMLInputElement} */ (fields.get(name));
  const number = parsed(field.value);
  const isGood = number !== null && Number.isFinite(number);
  field.setAttribute("aria-invalid", String(!isGood));
  if (isGood) {
    numbers.set(name, number);
    played()?.take(name, number);
    keepAddressSoon();
  }
  if (wrongAt === null) byId("formula-problem").textContent = isGood ? "" : numberProblem(name, field.value.trim());
}

/** @param {string} name @param {string} text */
function numberProblem(name, text) {
  const stays = `${name} stays ${full(numbers.get(name) ?? 0)}.`;
  if (!text) return `Type a number; ${stays}`;
  const what = parsed(text) === null ? "is no number, such as 0.5, −2 or 2/3" : "is not finite";
  return `“${text.slice(0, 20)}” ${what}; ${stays}`;
}

/** @param {string} name */
function endTyping(name) {
  const field = /** @type {HTMLInputElement} */ (fields.get(name));
  played()?.endGesture();
  if (field.getAttribute("aria-invalid") === "true" && wrongAt === null) byId("formula-problem").textContent = "";
  field.setAttribute("aria-invalid", "false");
  field.value = full(numbers.get(name) ?? 0);
}

/** They were changed in the live page. @param {{ numbers: Numbers, constants: Record<number, number> }} changed */
function takeNumbers(changed) {
  for (const [name, number] of Object.entries(changed.numbers)) numbers.set(name, number);
  rewrite(changed.constants);
  drawNames();
  keepAddressSoon();
}

/** Write other constants into the formula; who is typing another one is not disturbed. @param {Record<number, number>} constants by node */
function rewrite(constants) {
  const before = shown.formula;
  let after = "";
  let copied = 0;
  for (const constant of shown.constants) {
    const number = constants[constant.id];
    after += before.slice(copied, constant.start);
    copied = constant.end;
    const written = Object.is(number, constant.number) ? before.slice(constant.start, constant.end) : number < 0 ? `(${number})` : String(number);
    Object.assign(constant, { number, start: after.length, end: after.length + written.length });
    after += written;
  }
  shown.formula = after + before.slice(copied);
  if (line.value === before) line.value = shown.formula;
}

// The address --------------------------------------------------------------------------------------------------------

/** The formula and its numbers, for the part of the address after #, which no server sees. */
function fragment() {
  const pairs = { formula: shown.formula, numbers: shown.names.map((name) => `${name}=${numbers.get(name)}`).join(" ") };
  return Object.entries(pairs).map(([key, text]) => `${key}=${encodeURIComponent(text)}`).join("&");
}

/** @param {boolean} isStep whether the browser's way back leads here */
function keepAddress(isStep) {
  clearTimeout(writing);
  const address = `#${fragment()}`;
  if (address === location.hash) return;
  if (isStep) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

let writing = 0;
/** Browsers take only some addresses in a second, and numbers may change in each frame. */
function keepAddressSoon() {
  clearTimeout(writing);
  writing = window.setTimeout(() => keepAddress(false), PAUSE_MILLISECONDS);
}

/** The formula and the numbers of an address; whether there are any. @param {string} hash */
function readAddress(hash) {
  const pairs = new URLSearchParams(hash);
  const formula = pairs.get("formula");
  if (formula === null) return false;
  line.value = formula;
  readNumbers(pairs.get("numbers") ?? "");
  return true;
}

/** Numbers as in the command: w=1 x=-0.5. @param {string} text */
function readNumbers(text) {
  for (const pair of text.split(/\s+/)) {
    const [name, number] = [pair.split("=")[0], parsed(pair.split("=")[1] ?? "")];
    if (number !== null && Number.isFinite(number)) numbers.set(name, number);
  }
}

/** What was pasted may be such an address, or the command. @param {ClipboardEvent} event */
function onPaste(event) {
  const text = event.clipboardData?.getData("text").trim() ?? "";
  const command = /\bplay "([^"]*)"(.*)$/s.exec(text);
  const isOurs = command !== null || /^https?:\/\/[^#]*#(.*&)?formula=/.test(text);
  if (!isOurs) return;
  event.preventDefault();
  if (command) {
    line.value = command[1];
    readNumbers(command[2]);
  } else readAddress(text.slice(text.indexOf("#") + 1));
  draw(true);
}

// Sharing ------------------------------------------------------------------------------------------------------------

const said = (/** @type {string} */ text) => { byId("share-said").textContent = text; };

async function openShare() {
  said("");
  const { command, python } = await answerTo("/share", shown.formula);
  byId("share-command").textContent = command;
  byId("share-python").textContent = python;
  byId("share-link").textContent = `${location.origin}/#${fragment()}`;
  share.showModal();
}

async function saveFile() {
  const { page } = await answerTo("/file", shown.formula);
  const address = URL.createObjectURL(new Blob([page], { type: "text/html" }));
  const link = /** @type {HTMLAnchorElement} */ (make("a", { href: address, download: "backprop.html" }));
  link.click();
  URL.revokeObjectURL(address);
  said("Saved as backprop.html.");
}

/** @param {HTMLElement} button */
async function copy(button) {
  const text = byId(button.dataset.copies ?? "");
  try {
    await navigator.clipboard.writeText(text.textContent ?? "");
    said("Copied.");
  } catch {
    getSelection()?.selectAllChildren(text);
    said("Chosen: copy it with ctrl c.");
  }
}

// Hands --------------------------------------------------------------------------------------------------------------

/** Keys that nothing here uses are for the live page. @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (share.open) return;
  if (event.key === "Escape") live()?.focus();
  const page = live()?.contentDocument;
  if (!page || event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab" || target.matches("input, select, button, pre")) return;
  if (event.key === "/") line.focus();
  else {
    live()?.focus();
    page.body.dispatchEvent(new KeyboardEvent("keydown", { key: event.key, shiftKey: event.shiftKey, bubbles: true, cancelable: true }));
  }
  event.preventDefault();
}

function connect() {
  byId("formula-form").onsubmit = (event) => { event.preventDefault(); draw(true); };
  line.addEventListener("input", () => { clearTimeout(pause); pause = window.setTimeout(() => draw(false), PAUSE_MILLISECONDS); });
  line.addEventListener("paste", onPaste);
  for (const kind of ["scroll", "keyup", "click"]) line.addEventListener(kind, placeCaret);
  window.addEventListener("resize", placeCaret);
  byId("formula-problem").onclick = goToProblem;
  const choice = /** @type {HTMLSelectElement} */ (byId("examples"));
  given.examples.forEach((/** @type {any} */ { name, formula }, /** @type {number} */ k) => choice.append(make("option", { value: k, title: formula }, name)));
  choice.onchange = () => { start(given.examples[Number(choice.value)]); choice.value = ""; draw(true); };
  byId("share-open").onclick = () => openShare().catch(() => problem("The server does not answer.", null));
  byId("share-file").onclick = () => saveFile().catch(() => said("The server does not answer."));
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-copies]"))) button.onclick = () => copy(button);
  window.addEventListener("popstate", () => { if (readAddress(location.hash.slice(1))) draw(false); });
  window.addEventListener("played", (event) => takeNumbers(/** @type {CustomEvent} */ (event).detail));
  window.addEventListener("type", () => line.focus());
  document.addEventListener("keydown", onKey);
}

/** @param {{ formula: string, numbers: Numbers }} example */
function start(example) {
  line.value = example.formula;
  for (const [name, number] of Object.entries(example.numbers)) numbers.set(name, number);
}

function beginPlaying() {
  const hash = location.hash.slice(1);
  const brought = new URLSearchParams(hash).get("token");
  if (brought) token = brought;
  try {
    localStorage.setItem("token", token);
  } catch { /* as above */ }
  connect();
  if (!readAddress(hash)) start(given.examples[0]);
  history.replaceState(null, "", `/#${hash.replace(/\btoken=[^&]*&?/, "")}`); // before anybody copies the address
  if (!token) return close("This page needs its whole address, with the token that the terminal shows.");
  (navigator.locks?.request("stay", stay) ?? stay()).catch(() => close("The server does not answer."));
  draw(false);
  line.focus();
  return undefined;
}

beginPlaying();
