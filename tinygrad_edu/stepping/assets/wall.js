// On a wall: large type, only the graph and the line of the present step.

import { byId } from "./text.js";
import { firstView, keepStepInView } from "./view.js";

export function toggleWall() {
  const on = document.documentElement.classList.toggle("wall");
  byId("wall").setAttribute("aria-pressed", String(on));
  byId("wall-line").hidden = !on;
  firstView();
  keepStepInView();
}
