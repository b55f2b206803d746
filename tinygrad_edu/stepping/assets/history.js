// Undo and redo: the numbers of the leaves as they were. Changes of one gesture, such as a drag, are undone together.

import { leafNumbers, setLeaves } from "./graph.js";

/** @type {Float64Array[]} */
const past = [];
/** @type {Float64Array[]} */
const future = [];
let gesture = "";
/** More are not kept. */
const DEPTH = 500;

/** Keep the numbers of now, which are about to change; not again within one gesture. @param {string} name of the gesture */
export function remember(name) {
  if (name === gesture) return;
  gesture = name;
  past.push(leafNumbers());
  if (past.length > DEPTH) past.shift();
  future.length = 0;
}

/** What comes now is a gesture of its own. */
export function endGesture() {
  gesture = "";
}

export const canUndo = () => past.length > 0;
export const canRedo = () => future.length > 0;

/** Back to the numbers before the last change; whether there were any. */
export const undoNumbers = () => moved(past, future);
export const redoNumbers = () => moved(future, past);

/** @param {Float64Array[]} from @param {Float64Array[]} to */
function moved(from, to) {
  const numbers = from.pop();
  if (!numbers) return false;
  endGesture();
  to.push(leafNumbers());
  setLeaves(numbers);
  return true;
}
