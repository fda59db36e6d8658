// All runs that a condition chooses, for pages that look at many at once.

import { api } from "../core/api";
import type { Row } from "../core/types";

/** Runs asked for at once. */
const AT_ONCE = 1000;

/** Up to `most` runs, and how many there are. */
export async function allRuns(
  query: { q: string; sort?: string; columns?: readonly string[] }, most: number, signal?: AbortSignal,
): Promise<{ runs: Row[]; matched: number }> {
  const runs: Row[] = [];
  let matched: number;
  do {
    const answer = await api.runs({ ...query, offset: runs.length, limit: Math.min(AT_ONCE, most - runs.length) }, signal);
    matched = answer.matched;
    if (answer.runs.length === 0) break;
    runs.push(...answer.runs);
  } while (runs.length < Math.min(matched, most));
  return { runs, matched };
}
