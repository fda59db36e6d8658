import { api, type XKind } from "../core/api";
import { decodeBlocks, type Block } from "../core/blocks";
import { begun } from "../core/brought";
import { live } from "../core/live";
import type { Scope } from "../core/scope";
import type { LineSpec } from "./line";
import { onRewind } from "./rewinds";
import { Track } from "./track";

export interface Ask {
  x: XKind;
  window: [number, number] | undefined;
  /** About this many stretches a line. */
  most: number;
}

/** Where a chart's lines come from: the server, or the inside of a report. */
export interface Source {
  /** One track a spec, in their order; an empty one where the run has no such metric. */
  load: (specs: readonly LineSpec[], ask: Ask, signal: AbortSignal) => Promise<Track[]>;
  /** Tells of new points and of rewinds until `scope` ends; `last` says the last step that is there. */
  follow?: (scope: Scope, specs: readonly LineSpec[], last: (index: number) => number, heard: Heard) => void;
  /** Tells when points of a run became void, whether its points are followed or not. */
  rewound?: (scope: Scope, run: string, session: number | undefined, heard: () => void) => void;
}

export interface Heard {
  /** Points that are new, or, where there were too many to say, stretches that take the place of what they cover. */
  points: (index: number, block: Block) => void;
  rewind: (run: string, step: number, metric: string | undefined) => void;
}

interface Waiting {
  metrics: Set<string>;
  ask: Ask;
  run: string;
  promise: Promise<Map<string, Block>>;
}

/** Requests of one moment for the same run and window become one. */
const waiting = new Map<string, Waiting>();

const keyOf = (run: string, ask: Ask): string => JSON.stringify([run, ask.x, ask.window, ask.most]);
const byName = (blocks: readonly Block[]): Map<string, Block> => new Map(blocks.map((block) => [block.name, block]));

interface Begun {
  key: string;
  metrics: ReadonlySet<string>;
  /** Nothing where they could not be had. */
  blocks: Map<string, Block> | undefined | Promise<Map<string, Block> | undefined>;
}

let early: Begun | null | undefined;

/** The series that the page's head asks for, of its first charts. */
function fromHead(): Begun | null {
  const known = begun();
  if (!known) return null;
  const asked = known.from.searchParams;
  const run = decodeURIComponent(known.from.pathname.split("/").at(-2) ?? "");
  // It is of the moment in which the page opens, for the charts that are made in it; what is asked later is asked of the server.
  setTimeout(() => (early = null));
  return {
    key: keyOf(run, { x: asked.get("x") as XKind, window: undefined, most: Number(asked.get("most")) }),
    metrics: new Set(asked.getAll("metric")),
    // Where they are here already, they are drawn in the page's first frame.
    blocks: known.bytes instanceof ArrayBuffer ? byName(decodeBlocks(known.bytes)) : known.bytes.then((bytes) => bytes && byName(decodeBlocks(bytes))),
  };
}

async function blocksOf(run: string, metric: string, ask: Ask): Promise<Map<string, Block>> {
  const key = keyOf(run, ask);
  early = early === undefined ? fromHead() : early;
  if (early?.key === key && early.metrics.has(metric)) {
    const blocks = early.blocks instanceof Promise ? await early.blocks : early.blocks;
    if (blocks) return blocks;
  }
  const known = waiting.get(key);
  if (known) {
    known.metrics.add(metric);
    return known.promise;
  }
  const metrics = new Set([metric]);
  const promise = new Promise<void>((resolve) => setTimeout(resolve)).then(async () => {
    waiting.delete(key);
    const [from, to] = ask.window ?? [];
    const blocks = await api.series(run, { metrics: [...metrics], x: ask.x, most: ask.most, ...(from !== undefined && { from }), ...(to !== undefined && { to }) });
    return byName(blocks);
  });
  waiting.set(key, { metrics, ask, run, promise });
  return promise;
}

/** The series of the server, with what runs add to them as they go on. */
export const server: Source = {
  rewound: onRewind,
  load: (specs, ask, signal) =>
    Promise.all(
      specs.map(async (spec) => {
        const block = (await blocksOf(spec.run, spec.metric, ask)).get(spec.metric);
        signal.throwIfAborted();
        return block ? Track.of(block) : new Track();
      }),
    ),
  follow(scope, specs, last, heard) {
    const runs = new Map<string, Map<string, number>>();
    specs.forEach((spec, index) => {
      if (!spec.running) return;
      const metrics = runs.get(spec.run) ?? new Map<string, number>();
      runs.set(spec.run, metrics.set(spec.metric, index));
    });
    for (const [id, metrics] of runs) {
      live.subscribe(
        scope,
        () => ({ to: "series", id, metrics: [...metrics.keys()], after: Object.fromEntries([...metrics].map(([metric, index]) => [metric, last(index)])) }),
        (message) => {
          if (message.rewind) heard.rewind(id, message.rewind.step, message.rewind.metric);
          for (const block of message.points ?? []) {
            const index = metrics.get(block.name);
            if (index !== undefined) heard.points(index, block);
          }
        },
      );
    }
  },
};
