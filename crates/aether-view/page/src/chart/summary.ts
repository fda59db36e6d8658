import { duration, measured, moment, number } from "../core/format";
import type { XKind } from "../core/api";
import type { Line } from "./line";
import { COUNT, FIRST, INFINITE, LAST, MAX, MEAN, MIN, NAN } from "./track";

/** An x value in words. */
export function xText(kind: XKind, x: number): string {
  if (kind === "step") return `step ${number(Math.round(x))}`;
  return kind === "time" ? moment(x) : duration(x);
}

/** What a line says at a stretch: a value, or the mean and the extremes of many. */
export function valueText(line: Line, at: number): string {
  const c = line.track.columns;
  const say = (value: number) => measured(value, line.track.unit);
  if (c[COUNT]![at] === 1) return say(c[LAST]![at]!);
  const odd = c[NAN]![at]! + c[INFINITE]![at]!;
  const note = odd > 0 ? `, ${number(odd)} not finite` : "";
  if (Number.isNaN(c[MEAN]![at]!)) return `NaN${note}`;
  return `${say(c[MEAN]![at]!)} (${say(c[MIN]![at]!)} … ${say(c[MAX]![at]!)}${note})`;
}

/** A chart in words, for those who do not see it. */
export function summary(title: string, lines: readonly Line[], kind: XKind): string {
  const parts = lines.slice(0, 5).map((line) => {
    const { spec, track, axis } = line;
    if (track.length === 0) return `${spec.label} has no points`;
    const c = track.columns;
    const say = (value: number) => measured(value, track.unit);
    let [low, high, odd] = [NaN, NaN, 0];
    for (let at = 0; at < track.length; at++) {
      if (!(c[MIN]![at]! >= low)) low = Number.isNaN(c[MIN]![at]!) ? low : c[MIN]![at]!;
      if (!(c[MAX]![at]! <= high)) high = Number.isNaN(c[MAX]![at]!) ? high : c[MAX]![at]!;
      odd += c[NAN]![at]! + c[INFINITE]![at]!;
    }
    const end = track.length - 1;
    return (
      `${spec.label}: from ${say(c[FIRST]![0]!)} at ${xText(kind, track.start(0, axis))} to ${say(c[LAST]![end]!)} at ${xText(kind, track.end(end, axis))}, ` +
      `lowest ${say(low)}, highest ${say(high)}${odd > 0 ? `, ${number(odd)} values not finite` : ""}`
    );
  });
  const more = lines.length > 5 ? `, and ${lines.length - 5} lines more` : "";
  return `Line chart of ${title}. ${parts.join("; ")}${more}.`;
}
