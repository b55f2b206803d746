// Training: θ ← θ − lr · ∂L/∂θ, by the same sweep as everything here, and the steps so far.

import { data, forward, leafNumbers, leaves, nodes, root, setLeaves } from "./graph.js";
import { wayOf, old } from "./mistakes.js";
import { pass } from "./pass.js";
import { sweptGradients } from "./sweep.js";

/**
 * @typedef {import("./graph.js").GraphNode} GraphNode
 * @typedef {{ numbers: Float64Array, loss: number }} TrainingStep
 * @typedef {{ step: number, values: number[], gradients: number[] }} Pinned
 */

/** @type {{ inputs: number[], rows: number[][] } | null} */
const examples = data.examples ?? null;
export const exampleCount = examples?.rows.length ?? 0;

export const learning = {
  parameters: new Set(leaves.filter((leaf) => leaf.parameter)),
  rate: 0.1,
  count: 100, // how many steps a run takes
  batchSize: 1,
  next: 0, // the first example of the next batch
  /** The numbers and the loss before each step, and after the last. @type {TrainingStep[]} */
  steps: [],
  at: 0,
  /** @type {Pinned | null} */
  pinned: null,
};

/** The numbers were changed by hand: what was trained is no longer the way to them. */
export function forgetTraining() {
  learning.steps = [];
  learning.at = 0;
  learning.pinned = null;
  old.gradients = null;
}

/** Give the leaves the numbers of an example. @param {number} number */
export function setExample(number) {
  examples?.inputs.forEach((id, k) => { nodes[id].value = decodedRow(number)[k]; });
}

/** @param {number} number */
const decodedRow = (number) => /** @type {NonNullable<typeof examples>} */ (examples).rows[number];

/** The examples of the next batch; without data there is one, which stands in the leaves. */
function nextBatch() {
  if (!exampleCount) return [-1];
  return Array.from({ length: Math.min(learning.batchSize, exampleCount) }, (_, k) => (learning.next + k) % exampleCount);
}

/** One step of gradient descent; false if the loss is no number any more. */
export function trainStep() {
  const { steps } = learning;
  steps.length = Math.min(steps.length, learning.at); // from an earlier step, training goes on anew
  const batch = nextBatch();
  const sums = new Float64Array(nodes.length);
  let loss = 0;
  for (const number of batch) {
    if (number >= 0) setExample(number);
    forward();
    loss += root.value / batch.length;
    const gradients = sweptGradients(wayOf(pass.mistake));
    if (pass.mistake === "accumulated") old.gradients = gradients;
    for (let k = 0; k < sums.length; k++) sums[k] += gradients[k] / batch.length;
  }
  if (exampleCount) setExample(batch[0]);
  steps.push({ numbers: leafNumbers(), loss });
  for (const parameter of learning.parameters) parameter.value -= learning.rate * sums[parameter.id];
  learning.next = exampleCount ? (batch[batch.length - 1] + 1) % exampleCount : 0;
  if (exampleCount) setExample(learning.next);
  forward();
  learning.at = steps.length;
  steps.push({ numbers: leafNumbers(), loss: root.value });
  return Number.isFinite(root.value);
}

/** The loss after the last step, by the measure of the steps before: the mean over the next batch. */
export function measureLoss() {
  const batch = nextBatch();
  let loss = 0;
  for (const number of batch) {
    if (number >= 0) setExample(number);
    forward();
    loss += root.value / batch.length;
  }
  if (exampleCount) setExample(learning.next);
  forward();
  learning.steps[learning.at].loss = loss;
}

/** Back, or forth, to the numbers of a step. @param {number} step */
export function goToStep(step) {
  learning.at = Math.min(Math.max(step, 0), learning.steps.length - 1);
  setLeaves(learning.steps[learning.at].numbers);
}

/** Keep the present values and gradients, to compare with. */
export function pin() {
  learning.pinned = { step: learning.at, values: nodes.map((node) => node.value), gradients: [...pass.gradients] };
}
