import type { LineStyle } from "../core/palette";
import { smooth } from "./smooth";
import type { Axis, Track } from "./track";

/** What a line is, before any data: a metric of a run. */
export interface LineSpec {
  run: string;
  metric: string;
  /** What the legend calls it. */
  label: string;
  /** When the run began, in milliseconds since 1970: where relative times count from. */
  origin: number;
  /** Points may still come. */
  running: boolean;
  /** How often it had been taken up again when its points were asked for, where that is known. */
  session?: number;
  /** Its place among the colours of the page. */
  style: number;
  /** Where its label leads. */
  href?: string;
}

/** A line with its data, ready to draw. */
export interface Line {
  spec: LineSpec;
  track: Track;
  axis: Axis;
  style: LineStyle;
  hidden: boolean;
  /** Others step back for it. */
  lit: boolean;
}

const smoothed = new WeakMap<Track, { weight: number; kind: string; length: number; points: number; values: Float64Array }>();

/** The smoothed values of a line, kept until its data or the weight change. */
export function smoothedOf(line: Line, weight: number): Float64Array {
  const { track, axis } = line;
  const points = track.points;
  const kept = smoothed.get(track);
  if (kept?.weight === weight && kept.kind === axis.kind && kept.length === track.length && kept.points === points) return kept.values;
  const values = smooth(track, axis, weight);
  smoothed.set(track, { weight, kind: axis.kind, length: track.length, points, values });
  return values;
}
