import { MEAN, type Axis, type Track } from "./track";

/** How many neighbours the whole width of a line counts for, however many stretches it is made of. */
const RESOLUTION = 1000;

/**
 * An exponential moving average of a track's means, without the pull towards its beginning (Kingma and Ba, "Adam", 2014,
 * section 3). The weight of the past falls with the distance on the x axis, not with the number of stretches, so that
 * the line is the same at any zoom. `weight` is 0 to below 1. NaN where no value has been yet.
 */
export function smooth(track: Track, axis: Axis, weight: number): Float64Array {
  const out = new Float64Array(track.length);
  if (track.length === 0) return out;
  const range = track.end(track.length - 1, axis) - track.start(0, axis);
  const scale = range > 0 ? Math.min(RESOLUTION, Math.max(1, track.points - 1)) / range : 0;
  let sum = 0;
  let total = 0;
  let before = track.start(0, axis);
  for (let at = 0; at < track.length; at++) {
    const x = (track.start(at, axis) + track.end(at, axis)) / 2;
    const mean = track.columns[MEAN]![at]!;
    const keep = weight ** (scale > 0 ? Math.max(0, (x - before) * scale) : 1);
    if (!Number.isNaN(mean)) {
      sum = sum * keep + mean * (1 - (total > 0 ? keep : 0));
      total = total * keep + (1 - (total > 0 ? keep : 0));
      before = x;
    }
    out[at] = total > 0 ? sum / total : NaN;
  }
  return out;
}
