// Whether this page computes what Python computed: it is told where not, and by how much.

import { data, nodes } from "./graph.js";
import { decoded } from "./text.js";
import { gradientOf } from "./pass.js";

const AGREEMENT = 1e-12;

/** Whether two numbers differ by more than the rounding of functions. @param {number} a @param {number} b */
const differ = (a, b) => !(Object.is(a, b) || a === b || Math.abs(a - b) <= AGREEMENT * Math.max(Math.abs(a), Math.abs(b)));

/** The first number that differs, in a sentence; "" if all agree. */
export function disagreement() {
  for (const node of nodes) {
    if (node.constant) continue;
    const gradient = decoded(data.gradients[node.id]);
    const pairs = /** @type {const} */ ([["value", node.value, node.start], ["gradient", gradientOf(node), gradient]]);
    for (const [what, here, there] of pairs) {
      if (differ(here, there)) return `This browser computes the ${what} of ${node.name} as ${here}, and Python computed ${there}.`;
    }
  }
  return "";
}
