// Numbers, formulas and elements: how the page writes.


// Numbers and formulas -----------------------------------------------------------------------------------------------

/** A number as the engine wrote it: JSON has no nan and no infinities, so those come as words. @param {number | "nan" | "inf" | "-inf"} number @returns {number} */
export const decoded = (number) => (typeof number === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[number] : number);

/** A number to some digits, as Python's `g` format gives it, with a true minus sign. @param {number | null | undefined} number */
export function show(number, digits = 6) {
  if (number === null || number === undefined) return "–";
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number > 0 ? "inf" : "−inf";
  if (number === 0) return "0";
  const size = Math.abs(number);
  if (size >= 1e-4 && size < 10 ** (digits - 1)) return minus(Number(number.toPrecision(digits)));
  const [mantissa, exponent] = number.toExponential(digits - 1).split("e").map(Number);
  if (exponent >= -4 && exponent < digits) return minus(Number(number.toPrecision(digits)));
  return minus(`${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`);
}

export const minus = (/** @type {string | number} */ text) => String(text).replaceAll("-", "−");

/** A number in the picture, where there is less room. @param {number | null} number */
export function brief(number) {
  const text = show(number, 4);
  return text.length <= 8 ? text : show(number, 2);
}

/** A factor or a summand: negative numbers in brackets, except where one comes first. @param {number} number */
export const bracketed = (number) => (number < 0 ? `(${show(number)})` : show(number));

/** All the digits of a number. @param {number} number */
export const full = (number) => (Number.isFinite(number) ? minus(number) : show(number));

/** A formula of the rule book, set as in a textbook: `c * d` becomes c · d. @param {string} formula */
export const typeset = (formula) =>
  formula.replaceAll(" * ", " · ").replaceAll(" - ", " − ").replace(/(^|[(\s])-(?=[\w(|])/g, "$1−");

/** A typed number: `-0.5`, `−0.5`, `2/3`, `1e-3`, `nan`, `inf`; null if it is none of these. @param {string} text */
export function parsed(text) {
  const clean = text.trim().replaceAll("−", "-").replaceAll(" ", "").replace(",", ".").toLowerCase();
  if (clean === "nan") return NaN;
  if (/^[+-]?inf(inity)?$/.test(clean)) return clean.startsWith("-") ? -Infinity : Infinity;
  const parts = clean.split("/");
  if (parts.length > 2 || !parts.every((part) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(part))) return null;
  return parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
}

// Making elements ----------------------------------------------------------------------------------------------------

/** An element that the page has. @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @typedef {Node | string | null | undefined} Child */

/** A new element; children may be elements or text, and text is never read as HTML. @param {string} tag @param {Record<string, any>} [attributes] @param {Child[]} children */
export const make = (tag, attributes = {}, ...children) => equipped(document.createElement(tag), attributes, children);
/** @param {string} tag @param {Record<string, any>} [attributes] @param {Child[]} children */
export const makeSvg = (tag, attributes = {}, ...children) =>
  equipped(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

/** @template {Element} E @param {E} element @param {Record<string, any>} attributes @param {Child[]} children @returns {E} */
function equipped(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Give an element these children. What is there already stays, so that only what differs is laid out and painted anew; with what it does, which may depend on the state alone. @param {Node} parent @param {(Node | string)[]} children */
export function renew(parent, ...children) {
  const old = [...parent.childNodes];
  children.forEach((child, k) => {
    const wanted = typeof child === "string" ? document.createTextNode(child) : child;
    const there = old[k];
    if (!there) parent.appendChild(wanted);
    else if (there.isEqualNode(wanted)) return;
    else if (there.nodeName !== wanted.nodeName) parent.replaceChild(wanted, there);
    else if (there instanceof Element) renewElement(there, /** @type {Element} */ (wanted));
    else there.nodeValue = wanted.nodeValue;
  });
  for (const rest of old.slice(children.length)) parent.removeChild(rest);
}

/** @param {Element} there @param {Element} wanted */
function renewElement(there, wanted) {
  for (const name of there.getAttributeNames()) if (!wanted.hasAttribute(name)) there.removeAttribute(name);
  for (const name of wanted.getAttributeNames()) {
    const value = wanted.getAttribute(name) ?? "";
    if (there.getAttribute(name) !== value) there.setAttribute(name, value);
  }
  renew(there, ...wanted.childNodes);
}

/** An element of MathML. @param {string} tag @param {(Node | string)[]} children */
export const math = (tag, ...children) => {
  const element = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
  element.append(...children);
  return element;
};

/** A name without the path of its module: `weights.1` of `layers.0.neurons.3.weights.1`, `z₁[0]` of `cell.gate.z₁[0]`. @param {string} name */
export const ownName = (name) => name.replace(/^[\w.]*\.(?=[A-Za-z_][^.\s]*(\.\d+)*$)/, "");

/** A formula with the own names of parameters. @param {string} formula */
export const inShort = (formula) => formula.replace(/\b(?:[A-Za-z_]\w*\.(?:\d+\.)?)+(?=[A-Za-z_])/g, "");

/** A line that stands out: a formula in short, in full to those who point at it. @param {string} formula */
export const headline = (formula) => make("p", { class: "headline", title: formula }, inShort(formula));

/** A name inside mathematics; single letters are italic, as variables are. @param {string} name */
function identifier(name) {
  const own = ownName(name);
  const element = math("mi", own.length <= 16 ? own : `${own.slice(0, 15)}…`);
  if ([...name].length === 1) element.setAttribute("class", "variable");
  return element;
}

/** The derivative of one name by another, as a fraction. @param {string} of @param {string} by */
export const derivative = (of, by) =>
  math("math", math("mfrac", math("mrow", math("mo", "∂"), identifier(of)), math("mrow", math("mo", "∂"), identifier(by))));
