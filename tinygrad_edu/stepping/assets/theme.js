// Light and dark.

import { byId } from "./text.js";

export const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (prefersDark.matches ? "dark" : "light")) === "dark";

export function drawTheme() {
  byId("theme").textContent = isDark() ? "Light" : "Dark";
}

export function toggleTheme() {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  drawTheme();
}
