import { api } from "../core/api";
import { numeric } from "../core/format";
import type { MetricSummary, Row, RunDetail, Units } from "../core/types";
import { MOST, type Panel } from "./types";

/** A run of a detail, as lists have it, with what `keys` name. */
function row(run: RunDetail, keys: readonly string[]): Row {
  const { id, name, project, kind, state, created, ended } = run;
  return { id, name, project, kind, state, created, ended, tags: run.tags ?? [], seconds: run.seconds ?? 0, columns: Object.fromEntries(keys.map((key) => [key, valueOf(run, key)])) };
}

/** A metric of a key, and which of its numbers. */
function metricOf(run: RunDetail, key: string): { metric: MetricSummary; which: string } | undefined {
  if (!key.startsWith("metric.")) return undefined;
  const name = key.slice(7);
  const exact = run.metrics.find((metric) => metric.name === name);
  if (exact) return { metric: exact, which: "last" };
  const at = name.lastIndexOf(".");
  const metric = run.metrics.find((one) => one.name === name.slice(0, at));
  return metric && { metric, which: name.slice(at + 1) };
}

function valueOf(run: RunDetail, key: string): unknown {
  if (key.startsWith("param.")) return run.parameters[key.slice(6)];
  if (key.startsWith("metric.")) {
    const found = metricOf(run, key);
    return found && (found.metric as unknown as Record<string, unknown>)[found.which];
  }
  return key === "duration" ? run.seconds : (run as unknown as Record<string, unknown>)[key];
}

function unitsOf(runs: readonly RunDetail[], keys: readonly string[]): Units {
  const of = (key: string) => runs.map((run) => metricOf(run, key)).find((found) => found !== undefined && found.which !== "count")?.metric.unit;
  return Object.fromEntries(keys.flatMap((key) => {
    const unit = of(key);
    return unit === undefined ? [] : [[key, unit]];
  }));
}

/** The runs of a panel, the newest first, with the values of `keys` and what these count in. A run that is no more is passed over. */
export async function runsOf(panel: Panel, keys: readonly string[], signal: AbortSignal): Promise<{ runs: Row[]; units: Units }> {
  const most = panel.most ?? MOST;
  if (Array.isArray(panel.runs)) {
    const asked = await Promise.all(panel.runs.slice(0, most).map((id) => api.run(id, signal).catch(() => undefined)));
    const found = asked.filter((run) => run !== undefined);
    return { runs: found.map((run) => row(run, keys)), units: unitsOf(found, keys) };
  }
  const { runs, units } = await api.runs({ q: panel.runs ?? "", limit: most, columns: keys }, signal);
  return { runs, units: units ?? {} };
}

/** What a run says for a key that is one of its own or a column. */
export function cell(run: Row, key: string): unknown {
  if (key in run.columns) return run.columns[key];
  if (key === "duration") return run.seconds;
  return (run as unknown as Record<string, unknown>)[key];
}

export const cellNumber = (run: Row, key: string): number => numeric(cell(run, key));
