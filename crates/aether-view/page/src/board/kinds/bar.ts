import { fill } from "../../core/dom";
import { empty } from "../../widgets/state";
import { cellNumber, runsOf } from "../runs";
import { bars } from "./bars";
import type { Show } from "./kind";

/** One bar a run and metric. */
export const bar: Show = (panel, root, scope) => async () => {
  const keys = (panel.metrics ?? []).map((metric) => `metric.${metric}.${panel.value ?? "last"}`);
  const { runs, units } = await runsOf(panel, keys, scope.signal);
  const rows = runs.flatMap((run) =>
    keys.map((key, style) => ({ label: keys.length > 1 ? `${run.name} ${panel.metrics?.[style] ?? ""}` : run.name, href: `/runs/${run.id}`, value: cellNumber(run, key), unit: units[key], style })).filter((row) => !Number.isNaN(row.value)),
  );
  fill(root, rows.length === 0 ? empty("No run has that metric.") : bars(rows));
};
