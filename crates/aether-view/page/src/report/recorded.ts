import type { Source } from "../chart/source";
import { Track } from "../chart/track";
import { decodeBlocks, type Block } from "../core/blocks";
import type { CompareAnswer, RunDetail, RunEvent } from "../core/types";

/** What a report holds: answers of the API, as they were when it was made. */
export interface Recorded {
  version: string;
  made: string;
  title: string;
  runs: RunDetail[];
  /** By run: the binary series of all its metrics, in base64. */
  series: Record<string, string>;
  events: Record<string, RunEvent[]>;
  compare: CompareAnswer | null;
  diff: Record<string, string>;
}

function bytes(base64: string): ArrayBuffer {
  const text = atob(base64);
  const out = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) out[at] = text.charCodeAt(at);
  return out.buffer;
}

/** The series inside a report; a window of them is all of them. */
export function recordedSource(recorded: Recorded): Source {
  const runs = new Map<string, Map<string, Block>>();
  const blocks = (run: string) => {
    let known = runs.get(run);
    if (!known) {
      known = new Map(decodeBlocks(bytes(recorded.series[run] ?? "")).map((block) => [block.name, block]));
      runs.set(run, known);
    }
    return known;
  };
  return {
    load: (specs) =>
      Promise.resolve(
        specs.map((spec) => {
          const block = blocks(spec.run).get(spec.metric);
          return block ? Track.of(block) : new Track();
        }),
      ),
  };
}
