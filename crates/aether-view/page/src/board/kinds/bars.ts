import { bdi, h } from "../../core/dom";
import { lineStyle } from "../../core/palette";
import { measured } from "../../core/format";

export interface BarRow {
  label: string;
  href?: string;
  value: number;
  /** What the value counts in, where that is known. */
  unit?: string | undefined;
  style: number;
}

/** Bars beside their names, from 0 or from the least value where all are of one sign and close together. */
export function bars(rows: readonly BarRow[]): HTMLElement {
  const finite = rows.map((row) => row.value).filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
  const wide = high - low || 1;
  return h(
    "div",
    { class: "bars", role: "list" },
    ...rows.map((row) => {
      const part = Number.isFinite(row.value) ? row.value : 0;
      const left = (Math.min(0, part) - low) / wide;
      return h(
        "div",
        { class: "bar-row", role: "listitem" },
        h("span", { class: "bar-name", title: row.label }, row.href === undefined ? bdi(row.label) : h("a", { href: row.href }, bdi(row.label))),
        h("span", { class: "bar-track" }, h("span", { class: "bar-fill", style: { left: `${left * 100}%`, width: `${(Math.abs(part) / wide) * 100}%`, background: lineStyle(row.style).color } })),
        h("span", { class: "number" }, measured(row.value, row.unit)),
      );
    }),
  );
}
