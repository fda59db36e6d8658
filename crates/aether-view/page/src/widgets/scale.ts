import { h } from "../core/dom";
import type { Dimension } from "../runs/dimension";
import { shade } from "../runs/shade";

/** What the colours of a picture mean: from the worst value to the best. */
export function scale(of: Dimension, goal: "min" | "max"): HTMLElement {
  const bar = h("span", { class: "study-bar", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map(shade).join(", ")})`;
  const [worst, best] = goal === "min" ? [1, 0] : [0, 1];
  return h("div", { class: "study-scale" }, h("span", { class: "number" }, of.textAt(worst)), bar, h("span", { class: "number" }, of.textAt(best)));
}
