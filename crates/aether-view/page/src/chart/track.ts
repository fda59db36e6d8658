import type { Block, Stretches, Unit } from "../core/blocks";
import type { XKind } from "../core/api";

/** The columns of a track: those of the API's stretches, in its order. Times are milliseconds since 1970. */
export const FIRST_STEP = 0;
export const FIRST_TIME = 1;
export const LAST_STEP = 2;
export const LAST_TIME = 3;
export const FIRST = 4;
export const LAST = 5;
export const MIN = 6;
export const MAX = 7;
export const MEAN = 8;
export const COUNT = 9;
export const NAN = 10;
export const INFINITE = 11;
const WIDTH = 12;

/** What a track counts as its x; relative times are seconds since `origin`, in milliseconds since 1970. */
export interface Axis {
  kind: XKind;
  origin: number;
}

const minimum = (a: number, b: number) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b));
const maximum = (a: number, b: number) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b));

/**
 * One line of a chart: stretches in order, each a point or neighbouring points taken together with their true extremes.
 * Points may be appended for ever: beyond `limit` stretches, neighbours are merged pairwise, and what comes later fills
 * stretches of that new size, so that old and new are equally fine.
 *
 * Columns hold `length` values; `count` counts NaN and infinite points too, `min`, `max` and `mean` do not, and are NaN
 * for a stretch without a finite point.
 */
export class Track {
  columns: Float64Array[];
  length: number;
  /** How many points a stretch takes before the next begins. */
  #size = 1;

  constructor(
    readonly limit = 4096,
    columns?: Float64Array[],
    length = 0,
    /** What its values count in, where somebody knows. */
    readonly unit?: Unit,
  ) {
    this.columns = columns ?? Array.from({ length: WIDTH }, () => new Float64Array(64));
    this.length = length;
  }

  /** A track of what the server sent. The block's memory is shared until something is appended. */
  static of(block: Block, limit = 4096): Track {
    if (block.kind === "stretches") {
      const c: Stretches["columns"] = block.columns;
      const columns = [c.first_step, c.first_time, c.last_step, c.last_time, c.first, c.last, c.min, c.max, c.mean, c.count, c.nan, c.infinite];
      const track = new Track(Math.max(limit, block.count), columns, block.count, block.unit);
      let largest = 1;
      for (const count of c.count) largest = Math.max(largest, count);
      track.#size = largest;
      return track;
    }
    const track = new Track(Math.max(limit, block.count), undefined, 0, block.unit);
    const { step, time, value } = block.columns;
    for (let at = 0; at < block.count; at++) track.append(step[at]!, time[at]!, value[at]!);
    return track;
  }

  /** The number of points. */
  get points(): number {
    let sum = 0;
    for (let at = 0; at < this.length; at++) sum += this.columns[COUNT]![at]!;
    return sum;
  }

  /** The last step, before every other when there is none. */
  get lastStep(): number {
    return this.length === 0 ? -1 : this.columns[LAST_STEP]![this.length - 1]!;
  }

  append(step: number, time: number, value: number): void {
    const c = this.columns;
    const at = this.length - 1;
    if (at < 0 || c[COUNT]![at]! >= this.#size) {
      if (this.length >= this.limit) {
        this.#halve();
        this.append(step, time, value);
        return;
      }
      this.#push(step, time, value);
      return;
    }
    c[LAST_STEP]![at] = step;
    c[LAST_TIME]![at] = time;
    c[LAST]![at] = value;
    const finite = Number.isFinite(value);
    if (finite) {
      const before = c[COUNT]![at]! - c[NAN]![at]! - c[INFINITE]![at]!;
      c[MEAN]![at] = before === 0 ? value : c[MEAN]![at]! + (value - c[MEAN]![at]!) / (before + 1);
      c[MIN]![at] = minimum(c[MIN]![at]!, value);
      c[MAX]![at] = maximum(c[MAX]![at]!, value);
    } else c[Number.isNaN(value) ? NAN : INFINITE]![at]! += 1;
    c[COUNT]![at]! += 1;
  }

  /** Forgets what came after `step`. False when a stretch held both, and is gone: then the track must be fetched again. */
  rewind(step: number): boolean {
    const c = this.columns;
    while (this.length > 0 && c[FIRST_STEP]![this.length - 1]! > step) this.length -= 1;
    if (this.length === 0 || c[LAST_STEP]![this.length - 1]! <= step) return true;
    this.length -= 1;
    return false;
  }

  /** Where stretch `at` begins on `axis`. */
  start(at: number, axis: Axis): number {
    if (axis.kind === "step") return this.columns[FIRST_STEP]![at]!;
    const time = this.columns[FIRST_TIME]![at]!;
    return axis.kind === "time" ? time : (time - axis.origin) / 1000;
  }

  /** Where stretch `at` ends on `axis`. */
  end(at: number, axis: Axis): number {
    if (axis.kind === "step") return this.columns[LAST_STEP]![at]!;
    const time = this.columns[LAST_TIME]![at]!;
    return axis.kind === "time" ? time : (time - axis.origin) / 1000;
  }

  /** The first stretch that ends at or after `x`; `length` when there is none. */
  find(x: number, axis: Axis): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.end(middle, axis) < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The stretch nearest to `x`; -1 when there is none. */
  nearest(x: number, axis: Axis): number {
    const at = this.find(x, axis);
    if (at >= this.length) return this.length - 1;
    if (at === 0 || this.start(at, axis) <= x) return at;
    return x - this.end(at - 1, axis) < this.start(at, axis) - x ? at - 1 : at;
  }

  /** This track with the stretches that `fine` covers replaced by those of `fine`. */
  refined(fine: Track, axis: Axis): Track {
    if (fine.length === 0 || this.length === 0) return this;
    const from = fine.start(0, axis);
    const to = fine.end(fine.length - 1, axis);
    let before = this.find(from, axis);
    let after = this.find(to, axis);
    // A stretch that holds more than what `fine` covers overlaps it: the coarse one gives way.
    while (before > 0 && this.end(before - 1, axis) >= from) before -= 1;
    while (after < this.length && this.start(after, axis) <= to) after += 1;
    const length = before + fine.length + (this.length - after);
    const columns = this.columns.map((column, index) => {
      const joined = new Float64Array(length);
      joined.set(column.subarray(0, before));
      joined.set(fine.columns[index]!.subarray(0, fine.length), before);
      joined.set(column.subarray(after, this.length), before + fine.length);
      return joined;
    });
    return new Track(Math.max(this.limit, length), columns, length, this.unit);
  }

  #push(step: number, time: number, value: number): void {
    if (this.length >= this.columns[0]!.length) this.#grow();
    const finite = Number.isFinite(value) ? value : NaN;
    const values = [step, time, step, time, value, value, finite, finite, finite, 1, Number.isNaN(value) ? 1 : 0, Math.abs(value) === Infinity ? 1 : 0];
    for (let column = 0; column < WIDTH; column++) this.columns[column]![this.length] = values[column]!;
    this.length += 1;
  }

  #grow(): void {
    this.columns = this.columns.map((column) => {
      const larger = new Float64Array(Math.max(64, column.length * 2));
      larger.set(column.subarray(0, this.length));
      return larger;
    });
  }

  /** Merges neighbours pairwise. */
  #halve(): void {
    // The columns may still be the server's answer, which others look at.
    const c = this.columns.map((column) => column.slice(0, Math.max(64, column.length)));
    let to = 0;
    for (let at = 0; at < this.length; at += 2, to += 1) {
      const next = at + 1 < this.length ? at + 1 : at;
      for (const column of [FIRST_STEP, FIRST_TIME, FIRST]) c[column]![to] = c[column]![at]!;
      for (const column of [LAST_STEP, LAST_TIME, LAST]) c[column]![to] = c[column]![next]!;
      if (next === at) {
        for (const column of [MIN, MAX, MEAN, COUNT, NAN, INFINITE]) c[column]![to] = c[column]![at]!;
        continue;
      }
      const finite = (index: number) => c[COUNT]![index]! - c[NAN]![index]! - c[INFINITE]![index]!;
      const [a, b] = [finite(at), finite(next)];
      c[MEAN]![to] = a === 0 ? c[MEAN]![next]! : b === 0 ? c[MEAN]![at]! : (c[MEAN]![at]! * a + c[MEAN]![next]! * b) / (a + b);
      c[MIN]![to] = minimum(c[MIN]![at]!, c[MIN]![next]!);
      c[MAX]![to] = maximum(c[MAX]![at]!, c[MAX]![next]!);
      for (const column of [COUNT, NAN, INFINITE]) c[column]![to] = c[column]![at]! + c[column]![next]!;
    }
    this.columns = c;
    this.length = to;
    this.#size *= 2;
  }
}
