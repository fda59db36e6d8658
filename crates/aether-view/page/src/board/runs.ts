import { api } from "../core/api";
import { numeric } from "../core/format";
import type { Row, RunDetail } from "../core/types";
import { MOST, type Panel } from "./types";

/** A run of a detail, as lists have it, with what `keys` name. */
function row(run: RunDetail, keys: readonly string[]): Row {
  const { id, name, project, kind, state, created, ended } = run;
  return { id, name, project, kind, state, created, ended, tags: run.tags ?? [], seconds: run.seconds ?? 0, columns: Object.fromEntries(keys.map((key) => [key, valueOf(run, key)])) };
}

function valueOf(run: RunDetail, key: string): unknown {
  if (key.startsWith("param.")) return run.parameters[key.slice(6)];
  if (key.startsWith("metric.")) {
    const name = key.slice(7);
    const exact = run.metrics.find((metric) => metric.name === name);
    if (exact) return exact.last;
    const at = name.lastIndexOf(".");
    const metric = run.metrics.find((one) => one.name === name.slice(0, at));
    return metric && (metric as unknown as Record<string, unknown>)[name.slice(at + 1)];
  }
  return key === "duration" ? run.seconds : (run as unknown as Record<string, unknown>)[key];
}

/** The runs of a panel, the newest first, with the values of `keys`. A run that is no more is passed over. */
export async function runsOf(panel: Panel, keys: readonly string[], signal: AbortSignal): Promise<Row[]> {
  const most = panel.most ?? MOST;
  if (Array.isArray(panel.runs)) {
    const found = await Promise.all(panel.runs.slice(0, most).map((id) => api.run(id, signal).catch(() => undefined)));
    return found.filter((run) => run !== undefined).map((run) => row(run, keys));
  }
  return (await api.runs({ q: panel.runs ?? "", limit: most, columns: keys }, signal)).runs;
}

/** What a run says for a key that is one of its own or a column. */
export function cell(run: Row, key: string): unknown {
  if (key in run.columns) return run.columns[key];
  if (key === "duration") return run.seconds;
  return (run as unknown as Record<string, unknown>)[key];
}

export const cellNumber = (run: Row, key: string): number => numeric(cell(run, key));
