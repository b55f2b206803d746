// In a cell of a notebook: light or dark as the notebook is around the frame, whatever the system says.

import { drawTheme } from "./theme.js";

/** The frame that this page is shown in; null where the page around it is a stranger's. */
const frame = window.frameElement;
const canvasForColors = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/** How bright a color of CSS is, from 0 to 1; how visible, too. @param {string} color @returns {[brightness: number, opacity: number]} */
function brightness(color) {
  if (!canvasForColors) return [0, 0];
  canvasForColors.clearRect(0, 0, 1, 1);
  canvasForColors.fillStyle = color;
  canvasForColors.fillRect(0, 0, 1, 1);
  const [red, green, blue, opacity] = canvasForColors.getImageData(0, 0, 1, 1).data;
  return [(0.299 * red + 0.587 * green + 0.114 * blue) / 255, opacity / 255];
}

/** The text around the frame is bright where the notebook is dark. */
function followNotebook() {
  if (!frame?.parentElement) return;
  const [bright, opacity] = brightness(getComputedStyle(frame.parentElement).color);
  if (opacity) document.documentElement.dataset.theme = bright > 0.5 ? "dark" : "light";
  drawTheme();
}

if (frame) {
  followNotebook();
  const { body, documentElement } = frame.ownerDocument; // where notebooks say which theme they have
  const observer = new MutationObserver(followNotebook);
  for (const element of [body, documentElement]) observer.observe(element, { attributes: true });
}
