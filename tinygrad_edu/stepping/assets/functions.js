// The functions of the rule book that JavaScript lacks, or has otherwise than the engine: IEEE arithmetic as Python
// and NumPy have it. A page carries those that its operations use. They are tested against mpmath.

/** -1, 0 or 1; nan stays nan, and -0 becomes 0. @param {number} a */
export const sign = (a) => (a > 0 ? 1 : a < 0 ? -1 : a + 0);

/** The larger one; nan wins. @param {number} a @param {number} b */
export const maximum = (a, b) => (a >= b || a !== a ? a : b);

/** The smaller one; nan wins. @param {number} a @param {number} b */
export const minimum = (a, b) => (a <= b || a !== a ? a : b);

/** 2ᵃ. @param {number} a */
export const exp2 = (a) => Math.pow(2, a);

/** aᵇ; as in C, 1 to any power and (-1) to an infinite one are 1. @param {number} a @param {number} b */
export function power(a, b) {
  if (b === 2) return a * a;
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1;
  return Math.pow(a, b);
}

/** The nearest whole number, of two equally near ones the even one. @param {number} a */
export function rint(a) {
  const below = Math.floor(a);
  if (a - below !== 0.5) return Math.round(a);
  const even = below % 2 === 0 ? below : below + 1;
  return even === 0 && a < 0 ? -0 : even;
}

/** The remainder of the division of a by b, with the sign of b. @param {number} a @param {number} b */
export function remainder(a, b) {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

/** The whole number at or below a / b. @param {number} a @param {number} b */
export function floorDivide(a, b) {
  if (b === 0) return a / b;
  const rest = a % b;
  const isBelow = rest !== 0 && rest < 0 !== b < 0;
  const quotient = (a - rest) / b - (isBelow ? 1 : 0); // whole but for rounding
  if (quotient === 0) return 0 * (a / b); // with its sign
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

// The error function -------------------------------------------------------------------------------------------------

const TWO_OVER_ROOT_PI = 1.1283791670955126;
const ROOT_PI = 1.772453850905516;

/** e^(-a²), a split in two, since the rounding of a² would be as large as a² times that of 1. @param {number} a */
function gauss(a) {
  const high = Math.fround(a);
  return Math.exp(-high * high) * Math.exp((high - a) * (high + a));
}

/** The error function near 0, by its series of positive terms. @param {number} a */
function erfSeries(a) {
  let term = a;
  let sum = a;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= (2 * a * a) / (2 * k + 1);
    sum += term;
  }
  return TWO_OVER_ROOT_PI * gauss(a) * sum;
}

/** The complement of the error function above ½, by its continued fraction. @param {number} a */
function erfcFraction(a) {
  let fraction = a;
  for (let k = Math.ceil(30 + 250 / (a * a)); k > 0; k--) fraction = a + k / 2 / fraction;
  return gauss(a) / (ROOT_PI * fraction);
}

/** The error function. @param {number} a @returns {number} */
export function erf(a) {
  if (a !== a) return a;
  if (a < 0) return -erf(-a);
  return a < 1 ? erfSeries(a) : a > 6 ? 1 : 1 - erfcFraction(a);
}

/** 1 - erf(a), with all its digits also where that is nearly 0. @param {number} a @returns {number} */
export function erfc(a) {
  if (a !== a) return a;
  return a < 0.5 ? 1 - erf(a) : a > 28 ? 0 : erfcFraction(a);
}

// Of many numbers ----------------------------------------------------------------------------------------------------

/** The sum, rounded once: the parts hold it exactly, each below the last digit of the next. @param {number[]} terms @returns {number} */
export function fsum(terms) {
  if (!terms.every(Number.isFinite)) return terms.filter((term) => !Number.isFinite(term)).reduce((sum, term) => sum + term);
  /** @type {number[]} */
  const parts = [];
  for (const term of terms) {
    let rest = term;
    let count = 0;
    for (const part of parts) {
      const [large, small] = Math.abs(rest) < Math.abs(part) ? [part, rest] : [rest, part];
      const sum = large + small;
      const lost = small - (sum - large);
      if (lost !== 0) parts[count++] = lost;
      rest = sum;
    }
    if (!Number.isFinite(rest)) return exactSum(terms); // which may be finite in the end
    parts.length = count;
    if (rest !== 0) parts.push(rest);
  }
  return rounded(parts);
}

/** The sum of parts that do not overlap, smallest first. @param {number[]} parts */
function rounded(parts) {
  let place = parts.length - 1;
  if (place < 0) return 0;
  let sum = parts[place];
  while (place > 0) {
    const part = parts[--place];
    const before = sum;
    sum = before + part;
    const lost = part - (sum - before);
    if (lost === 0) continue;
    // Exactly half a digit was lost, and what is below it says which way to round.
    if (place > 0 && lost < 0 === parts[place - 1] < 0) {
      const twice = 2 * lost;
      const other = sum + twice;
      if (other - sum === twice) sum = other;
    }
    break;
  }
  return sum;
}

/** The sum in whole numbers of 2⁻¹⁰⁷⁴, the smallest number there is, rounded to the nearest. @param {number[]} terms */
function exactSum(terms) {
  const total = terms.reduce((sum, term) => sum + inSmallest(term), 0n);
  const size = total < 0n ? -total : total;
  const surplus = BigInt(Math.max(0, size.toString(2).length - 64));
  const top = size >> surplus;
  const rest = top << surplus === size ? 0n : 1n; // below the last digit: whether anything is left decides a half
  return Math.sign(Number(total)) * Number(top | rest) * 2 ** (Number(surplus) - 1074);
}

/** How many times 2⁻¹⁰⁷⁴ a number is. @param {number} number */
function inSmallest(number) {
  const [bits] = new BigUint64Array(Float64Array.of(Math.abs(number)).buffer);
  const exponent = bits >> 52n;
  const size = exponent ? ((bits & 0xfffffffffffffn) | 0x10000000000000n) << (exponent - 1n) : bits;
  return number < 0 ? -size : size;
}

/** Σ weightᵢ · inputᵢ + bias. @param {number[]} weights @param {number[]} inputs @param {number} bias */
export const dot = (weights, inputs, bias) => weights.reduce((sum, weight, k) => sum + weight * inputs[k], bias);

/** √Σ termᵢ²; nan where one is nan. @param {number[]} terms */
export const norm = (terms) => (terms.some(Number.isNaN) ? NaN : Math.hypot(...terms));

/** ln Σ exp(termᵢ), the largest taken out. @param {number[]} terms */
export function logsumexp(terms) {
  const top = Math.max(...terms);
  if (!Number.isFinite(top)) return top;
  const largest = terms.indexOf(top);
  return top + Math.log1p(fsum(terms.filter((_, k) => k !== largest).map((term) => Math.exp(term - top))));
}

/** exp(termᵢ - total) for each term, made to add up to 1. @param {number} total @param {number[]} terms */
export function shares(total, terms) {
  const parts = terms.map(Math.abs(total) === Infinity ? (term) => (term === total ? 1 : 0) : (term) => Math.exp(term - total));
  const whole = parts.every(Number.isFinite) ? fsum(parts) : 0;
  return whole > 0 ? parts.map((part) => part / whole) : parts;
}

/** The option number `index`. @param {number} index @param {number[]} options */
export const choose = (index, options) => (index >= 0 && index < options.length ? options[Math.trunc(index)] : NaN);
