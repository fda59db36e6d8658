import { api } from "../../core/api";
import { fill, h } from "../../core/dom";
import { anything, count } from "../../core/format";
import { bars } from "./bars";
import type { Show } from "./kind";
import { cell, runsOf } from "../runs";

/** How many runs there are, for each value of a key or in all. */
export const query: Show = (panel, root, scope) => async () => {
  if (panel.group === undefined) {
    const all = Array.isArray(panel.runs) ? (await runsOf(panel, [], scope.signal)).runs.length : (await api.runs({ q: panel.runs ?? "", limit: 1 }, scope.signal)).matched;
    fill(root, h("p", { class: "big-number number" }, count(all)));
    return;
  }
  const { group } = panel;
  const groups = new Map<string, number>();
  if (Array.isArray(panel.runs)) {
    for (const run of (await runsOf(panel, [group], scope.signal)).runs) {
      const name = anything(cell(run, group));
      groups.set(name, (groups.get(name) ?? 0) + 1);
    }
  } else for (const one of (await api.runs({ q: panel.runs ?? "", limit: 1, group }, scope.signal)).groups ?? []) groups.set(anything(one.value), one.count);
  const rows = [...groups].sort((a, b) => b[1] - a[1]);
  fill(root, bars(rows.map(([label, value]) => ({ label: label || "(none)", value, style: 0 }))));
};
