// Ranges on axes, which choose runs: those that lie in all of them. They stand in the link.

import type { Dimension } from "./dimension";

/** A range on an axis, from place to place. */
export type Range = readonly [number, number];

/** Ranges by the keys of their columns. */
export type Ranges = ReadonlyMap<string, Range>;

/** What is to become of ranges; nothing takes one away. */
export type Changes = ReadonlyMap<string, Range | undefined>;

/** Which of so many runs lie in all ranges. One on an axis that is not known chooses nothing. */
export function within(ranges: Ranges, dimension: (key: string) => Dimension | undefined, count: number): boolean[] {
  const kept = new Array<boolean>(count).fill(true);
  for (const [key, [low, high]] of ranges) {
    dimension(key)?.places.forEach((place, run) => {
      // Rounding must not lose what lies at the end.
      if (!(place >= low - 1e-9 && place <= high + 1e-9)) kept[run] = false;
    });
  }
  return kept;
}

/** The ranges once some have changed, each inside its axis. */
export function changed(ranges: Ranges, changes: Changes): Map<string, Range> {
  const next = new Map(ranges);
  const inside = (place: number) => Math.max(0, Math.min(1, place));
  for (const [key, range] of changes) {
    if (range === undefined) next.delete(key);
    else next.set(key, [inside(range[0]), inside(range[1])]);
  }
  return next;
}

/** As they stand in the link, in thousandths: `0-500.param.lr`. */
export function written(ranges: Ranges): string[] {
  return [...ranges].map(([key, [low, high]]) => `${Math.round(1000 * low)}-${Math.round(1000 * high)}.${key}`);
}

/** Reads what `written` wrote; what is none is passed over. */
export function read(texts: readonly string[]): Map<string, Range> {
  return new Map(texts.flatMap((text): [string, Range][] => {
    const [, low, high, key] = /^([\d.]+)-([\d.]+)\.(.+)$/s.exec(text) ?? [];
    return key === undefined ? [] : [[key, [Number(low) / 1000, Number(high) / 1000]]];
  }));
}
