import { api } from "../../core/api";
import type { Row, RunEvent } from "../../core/types";

export interface Found {
  run: Row;
  events: RunEvent[];
}

export const fieldsOf = (event: RunEvent): Record<string, unknown> => (event.data !== null && typeof event.data === "object" ? (event.data as Record<string, unknown>) : {});

/** What the newest of `runs` that has any said under this kind and name. */
export async function newest(runs: readonly Row[], kind: string, name: string, signal: AbortSignal): Promise<Found | undefined> {
  for (const run of runs) {
    const { events } = await api.events(run.id, undefined, signal);
    const found = events.filter((event) => event.kind === kind && fieldsOf(event)["name"] === name);
    if (found.length > 0) return { run, events: found };
  }
  return undefined;
}
