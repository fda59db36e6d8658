import { bdi, fill, h, svg } from "../../core/dom";
import { measured } from "../../core/format";
import { empty } from "../../widgets/state";
import { cellNumber, runsOf } from "../runs";
import type { Show } from "./kind";

/** A half circle from `low` to `high`. */
function arc(part: number): string {
  const angle = Math.PI * (1 - Math.min(1, Math.max(0, part)));
  return `M10 60 A50 50 0 0 1 ${60 + 50 * Math.cos(angle)} ${60 - 50 * Math.sin(angle)}`;
}

/** One number between two ends, of the newest run that has it. */
export const gauge: Show = (panel, root, scope) => async () => {
  const key = panel.value ?? "";
  const [low, high] = [panel.min ?? 0, panel.max ?? 1];
  const { runs, units } = await runsOf(panel, [key], scope.signal);
  const run = runs.find((one) => !Number.isNaN(cellNumber(one, key)));
  if (!run) {
    fill(root, empty("No run has that value."));
    return;
  }
  const value = cellNumber(run, key);
  const words = (of: number) => measured(of, units[key]);
  const part = (value - low) / (high - low || 1);
  fill(
    root,
    h(
      "div",
      { class: "gauge", role: "meter", "aria-valuenow": value, "aria-valuetext": words(value), "aria-valuemin": low, "aria-valuemax": high, "aria-label": `${key} of ${run.name}` },
      svg("svg", { viewBox: "0 0 120 66" }, svg("path", { d: arc(1), class: "gauge-ground" }), part > 0 && svg("path", { d: arc(part), class: "gauge-fill" })),
      h("p", { class: "gauge-value number" }, words(value)),
      h("p", { class: "small faint gauge-ends" }, h("span", { class: "number" }, words(low)), h("a", { href: `/runs/${run.id}` }, bdi(run.name)), h("span", { class: "number" }, words(high))),
    ),
  );
};
