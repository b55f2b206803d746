// Numbers, formulas and elements: how the page writes.


// Numbers and formulas -----------------------------------------------------------------------------------------------

/** A number as the engine wrote it: JSON has no nan and no infinities, so those come as words. */
export const decoded = (number) => (typeof number === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[number] : number);

/** A number to some digits, as Python's `g` format gives it, with a true minus sign. */
export function show(number, digits = 6) {
  if (number === null || number === undefined) return "–";
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number > 0 ? "inf" : "−inf";
  if (number === 0) return "0";
  const [mantissa, exponent] = number.toExponential(digits - 1).split("e").map(Number);
  if (exponent >= -4 && exponent < digits) return minus(Number(number.toPrecision(digits)));
  return minus(`${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`);
}

export const minus = (text) => String(text).replaceAll("-", "−");

/** A number in the picture, where there is less room. */
export function brief(number) {
  const text = show(number, 4);
  return text.length <= 8 ? text : show(number, 2);
}

/** A factor or a summand: negative numbers in brackets, except where one comes first. */
export const bracketed = (number) => (number < 0 ? `(${show(number)})` : show(number));

/** A formula of the rule book, set as in a textbook: `c * d` becomes c · d. */
export const typeset = (formula) =>
  formula.replaceAll(" * ", " · ").replaceAll(" - ", " − ").replace(/(^|[(\s])-(?=[\w(|])/g, "$1−");

// Making elements ----------------------------------------------------------------------------------------------------

export const byId = (id) => document.getElementById(id);

/** A new element; children may be elements or text, and text is never read as HTML. */
export const make = (tag, attributes = {}, ...children) => filled(document.createElement(tag), attributes, children);
export const makeSvg = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const math = (tag, ...children) => {
  const element = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
  element.append(...children);
  return element;
};

/** A name without the path of its module: `weights.1` of `layers.0.neurons.3.weights.1`. */
export const ownName = (name) => name.replace(/^[\w.]*\.(?=[A-Za-z_]\w*(\.\d+)*$)/, "");

/** A formula with the own names of parameters. */
export const inShort = (formula) => formula.replace(/\b(?:[A-Za-z_]\w*\.(?:\d+\.)?)+(?=[A-Za-z_])/g, "");

/** A line that stands out: a formula in short, in full to those who point at it. */
export const headline = (formula) => make("p", { class: "headline", title: formula }, inShort(formula));

/** A name inside mathematics; single letters are italic, as variables are. */
function identifier(name) {
  const own = ownName(name);
  const element = math("mi", own.length <= 16 ? own : `${own.slice(0, 15)}…`);
  if ([...name].length === 1) element.setAttribute("class", "variable");
  return element;
}

/** The derivative of one name by another, as a fraction. */
export const derivative = (of, by) =>
  math("math", math("mfrac", math("mrow", math("mo", "∂"), identifier(of)), math("mrow", math("mo", "∂"), identifier(by))));
