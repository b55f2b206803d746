// On a wall: large type, only the graph, the line of the present step, and the curve while the panel of training is open.

import { byId } from "./text.js";
import { firstView, isOnWall, keepStepInView } from "./view.js";

/** To what is not shown there. */
export function leaveWall() {
  if (isOnWall()) toggleWall();
}

export function toggleWall() {
  const on = document.documentElement.classList.toggle("wall");
  byId("wall").setAttribute("aria-pressed", String(on));
  byId("wall-line").hidden = !on;
  firstView();
  keepStepInView();
}
