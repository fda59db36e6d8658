import { bdi, h, svg } from "../core/dom";
import { visible } from "../core/text";
import { measured } from "../core/format";
import type { Line } from "./line";
import { MEAN } from "./track";

/** The names of a chart's lines. A click hides a line; pointing at one makes the others step back. */
export function legend(lines: readonly Line[], changed: () => void): { element: HTMLElement; recolour: () => void; values: (x: number | undefined) => void } {
  const rows = lines.map((line) => {
    const stroke = svg("line", { x1: "0", y1: "4", x2: "18", y2: "4" });
    const value = h("span", { class: "legend-value number" });
    const button = h(
      "button",
      { class: "legend-entry", type: "button", "aria-pressed": "true", title: `${visible(line.spec.label)}: click to hide` },
      svg("svg", { viewBox: "0 0 18 8", class: "legend-line", "aria-hidden": "true" }, stroke),
      h("span", { class: "legend-name" }, bdi(line.spec.label)),
      value,
    );
    const light = (lit: boolean) => {
      line.lit = lit;
      changed();
    };
    button.addEventListener("click", (event) => {
      if (event.altKey || event.shiftKey) {
        // This one alone, or all again.
        const alone = lines.every((other) => other === line || other.hidden);
        for (const other of lines) other.hidden = !alone && other !== line;
      } else line.hidden = !line.hidden;
      rows.forEach((row) => row.button.setAttribute("aria-pressed", String(!row.line.hidden)));
      changed();
    });
    button.addEventListener("pointerenter", () => light(true));
    button.addEventListener("pointerleave", () => light(false));
    button.addEventListener("focus", () => light(button.matches(":focus-visible")));
    button.addEventListener("blur", () => light(false));
    return { line, button, stroke, value };
  });
  const recolour = () => {
    for (const { line, stroke } of rows) {
      stroke.style.stroke = line.style.color;
      stroke.style.strokeDasharray = line.style.dash.join(" ");
    }
  };
  recolour();
  return {
    element: h("div", { class: "legend", role: "group", "aria-label": "Lines" }, ...rows.map((row) => row.button)),
    recolour,
    /** The value at the cursor, the last one without. */
    values: (x) => {
      if (rows.length > 24) return;
      for (const { line, value } of rows) {
        const at = x === undefined ? line.track.length - 1 : line.track.nearest(x, line.axis);
        value.textContent = at < 0 ? "" : measured(line.track.columns[MEAN]![at]!, line.track.unit);
      }
    },
  };
}
