// Finite differences: slopes by the definition of the derivative, which know no chain rule. As `finite_differences.py`.

import { computed, nodes, root } from "./graph.js";

/**
 * @typedef {{ left: number, right: number, central: number, rounding: number }} Slopes
 * @typedef {{ verdict: "pass" | "kink" | "jump" | "FAIL", numeric: number, left: number, right: number }} Check
 */

const STEP = 1e-6;
/** Fractions of the step: a kink near the point, but not at it, drops out of sight. */
const SHRINKING = [1, 1 / 8, 1 / 64];
/** Over a step 64 times smaller the slopes at a jump become much larger, and the gap at a kink stays. */
const JUMP = 16;
const KINK = 0.5;
const SUSPICIOUS = 4;
const ROUNDINGS = 8;

/** The root as a function of one node: all that depends on it is computed anew, and put back. @param {import("./graph.js").GraphNode} node */
function inTermsOf(node) {
  const dependents = new Set([node]);
  for (const other of nodes) if (other.inputs.some((id) => dependents.has(nodes[id]))) dependents.add(other);
  dependents.delete(node);
  return (/** @type {number} */ x) => {
    const before = [node, ...dependents].map((each) => each.value);
    node.value = x;
    for (const other of dependents) other.value = computed(other);
    const result = root.value;
    [node, ...dependents].forEach((each, k) => { each.value = before[k]; });
    return result;
  };
}

/** @param {number} slope @param {Slopes} slopes */
const margin = (slope, { rounding }) => 1e-7 + 1e-5 * Math.abs(slope) + rounding;

/** @param {number} analytic @param {Slopes} slopes */
function agrees(analytic, slopes) {
  const { central } = slopes;
  if (Math.abs(analytic) === Infinity || Math.abs(central) === Infinity) return analytic === central;
  return Math.abs(analytic - central) <= margin(central, slopes);
}

/** @param {Slopes} slopes */
const gap = ({ left, right }) => Math.abs(right - left);
/** @param {Slopes} slopes */
const steepest = ({ left, right }) => Math.max(Math.abs(left), Math.abs(right));

/** Compare a gradient with differences over shrinking steps. @param {import("./graph.js").GraphNode} node @param {number} analytic @returns {Check} */
export function checked(node, analytic) {
  const f = inTermsOf(node);
  const x = node.value;
  const y = f(x);
  const slopesOver = (/** @type {number} */ fraction) => {
    const step = fraction * STEP * Math.max(1, Math.abs(x));
    const [above, below] = [x + step, x - step];
    const [high, low] = [f(above), f(below)];
    const largest = Math.max(Math.abs(y), Math.abs(high), Math.abs(low));
    return {
      left: (y - low) / (x - below),
      right: (high - y) / (above - x),
      central: (high - low) / (above - below),
      rounding: Number.isFinite(largest) ? (ROUNDINGS * Number.EPSILON * largest) / step : 0,
    };
  };
  const tried = SHRINKING.map(slopesOver);
  const good = tried.find((slopes) => agrees(analytic, slopes));
  const slopes = good ?? tried[0];
  /** @type {Check["verdict"]} */
  let verdict = good ? "pass" : "FAIL";
  const shape = shapeOf(analytic, slopes, tried[tried.length - 1]);
  if (shape === "kink") {
    const [low, high] = [Math.min(slopes.left, slopes.right), Math.max(slopes.left, slopes.right)];
    verdict = low - margin(low, slopes) <= analytic && analytic <= high + margin(high, slopes) ? "kink" : "FAIL";
  } else if (shape === "jump") verdict = "jump";
  return { verdict, numeric: slopes.central, left: slopes.left, right: slopes.right };
}

/** What becomes of the gap between both sides with a smaller step: it closes, stays at a kink, grows at a jump. @param {number} analytic @param {Slopes} slopes @param {Slopes} nearer */
function shapeOf(analytic, slopes, nearer) {
  const suspicious = SUSPICIOUS * margin(steepest(slopes), slopes);
  if (agrees(analytic, slopes) && !(gap(slopes) > suspicious)) return "smooth";
  if (steepest(nearer) > JUMP * steepest(slopes)) return "jump";
  return gap(nearer) > KINK * gap(slopes) && gap(slopes) > 0 ? "kink" : "smooth";
}
