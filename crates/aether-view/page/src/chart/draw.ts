import { toX, toY, type Frame } from "./frame";
import { smoothedOf, type Line } from "./line";
import { INFINITE, MAX, MEAN, MIN, NAN } from "./track";

/** What lines are drawn with: a canvas, or svg.ts, which writes the same strokes as text. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  "beginPath" | "moveTo" | "lineTo" | "closePath" | "rect" | "stroke" | "fill" | "setLineDash" | "save" | "restore" | "clip" | "globalAlpha" | "strokeStyle" | "fillStyle" | "lineWidth" | "lineJoin"
>;

/** The finite extremes of what `lines` show between x0 and x1; NaN when nothing is there. On a log axis only what is above 0 counts. */
export function extent(lines: readonly Line[], x0: number, x1: number, logY: boolean): [number, number] {
  let low = NaN;
  let high = NaN;
  for (const line of lines) {
    if (line.hidden) continue;
    const { track, axis } = line;
    const [mins, maxs, means] = [track.columns[MIN]!, track.columns[MAX]!, track.columns[MEAN]!];
    for (let at = track.find(x0, axis); at < track.length && track.start(at, axis) <= x1; at++) {
      let least = mins[at]!;
      const most = maxs[at]!;
      if (logY && !(least > 0)) least = means[at]! > 0 ? means[at]! : most;
      if (logY && !(least > 0)) continue;
      if (!(least >= low)) low = Number.isNaN(least) ? low : least;
      if (!(most <= high)) high = Number.isNaN(most) ? high : most;
    }
  }
  return [low, high];
}

/** The span of x that `lines` have data for; NaN when there is none. On a log axis only what is above 0 counts. */
export function span(lines: readonly Line[], logX: boolean): [number, number] {
  let low = NaN;
  let high = NaN;
  for (const { track, axis, hidden } of lines) {
    if (hidden || track.length === 0) continue;
    let first = track.start(0, axis);
    if (logX) for (let at = 0; at < track.length && !(first > 0); at++) first = track.end(at, axis);
    const last = track.end(track.length - 1, axis);
    if (logX && !(first > 0)) continue;
    if (!(first >= low)) low = first;
    if (!(last <= high)) high = last;
  }
  return [low, high];
}

/** What falls into one column of pixels. */
interface Columns {
  length: number;
  x: Float64Array;
  low: Float64Array;
  high: Float64Array;
  mean: Float64Array;
  smooth: Float64Array;
  /** Where the column begins and ends. */
  left: Float64Array;
  right: Float64Array;
}

let room: Columns | undefined;

function roomFor(length: number): Columns {
  if (!room || room.x.length < length) {
    const make = () => new Float64Array(length * 2);
    room = { length: 0, x: make(), low: make(), high: make(), mean: make(), smooth: make(), left: make(), right: make() };
  }
  room.length = 0;
  return room;
}

/** Joins stretches that share a pixel, so that no spike is thinner than one. Marks where NaN or infinite values are. */
function columnsOf(line: Line, frame: Frame, weight: number, marks: number[]): Columns {
  const { track, axis } = line;
  const x = toX(frame);
  const smoothed = weight > 0 ? smoothedOf(line, weight) : undefined;
  const from = Math.max(0, track.find(frame.x0, axis) - 1);
  const out = roomFor(track.length - from + 2);
  const [mins, maxs, means, nans, infs] = [track.columns[MIN]!, track.columns[MAX]!, track.columns[MEAN]!, track.columns[NAN]!, track.columns[INFINITE]!];
  let column = NaN;
  let joined = 0;
  for (let at = from; at < track.length; at++) {
    const start = track.start(at, axis);
    const a = x(start);
    const b = x(track.end(at, axis));
    const middle = (a + b) / 2;
    if (Number.isNaN(middle)) continue;
    const mean = means[at]!;
    if (nans[at]! + infs[at]! > 0 && (marks.length === 0 || middle - marks[marks.length - 1]! > 5 * frame.ratio)) marks.push(middle);
    const pixel = Math.floor(middle);
    const n = out.length - 1;
    if (pixel === column && n >= 0 && !Number.isNaN(mean) && !Number.isNaN(out.mean[n]!)) {
      joined += 1;
      out.low[n] = Math.min(out.low[n]!, mins[at]!);
      out.high[n] = Math.max(out.high[n]!, maxs[at]!);
      out.mean[n]! += (mean - out.mean[n]!) / joined;
      if (smoothed) out.smooth[n] = smoothed[at]!;
      out.right[n] = Math.max(out.right[n]!, b);
    } else if (!(pixel === column && Number.isNaN(mean))) {
      joined = 1;
      column = pixel;
      const i = out.length++;
      out.x[i] = middle;
      out.low[i] = mins[at]!;
      out.high[i] = maxs[at]!;
      out.mean[i] = mean;
      out.smooth[i] = smoothed ? smoothed[at]! : NaN;
      out.left[i] = a;
      out.right[i] = b;
    }
    if (start > frame.x1) break;
  }
  return out;
}

function stroke(pen: Pen, c: Columns, values: Float64Array, y: (value: number) => number): number[] {
  const alone: number[] = [];
  let down = false;
  pen.beginPath();
  for (let i = 0; i < c.length; i++) {
    const py = y(values[i]!);
    if (Number.isNaN(py)) {
      down = false;
      continue;
    }
    if (down) pen.lineTo(c.x[i]!, py);
    else {
      pen.moveTo(c.x[i]!, py);
      const next = i + 1 < c.length ? y(values[i + 1]!) : NaN;
      if (Number.isNaN(next)) alone.push(c.x[i]!, py);
    }
    down = true;
  }
  pen.stroke();
  return alone;
}

/** Left, right, top and bottom of each column of an outline; kept, as what each frame makes anew is collected in the midst of another. */
let shape = new Float64Array(0);

/**
 * Fills from the least to the greatest value of each column. Columns that touch are one outline: filling hundreds of
 * rectangles takes several times as long, for each has an edge in every row of pixels. Filling closes them.
 */
function band(pen: Pen, c: Columns, frame: Frame, y: (value: number) => number): void {
  const floor = frame.top + frame.height;
  if (shape.length < 4 * c.length) shape = new Float64Array(8 * c.length);
  let end = 0;
  const outline = () => {
    for (let i = 0; i < end; i += 4) {
      if (i === 0) pen.moveTo(shape[i]!, shape[i + 2]!);
      else pen.lineTo(shape[i]!, shape[i + 2]!);
      pen.lineTo(shape[i + 1]!, shape[i + 2]!);
    }
    for (let i = end - 4; i >= 0; i -= 4) {
      pen.lineTo(shape[i + 1]!, shape[i + 3]!);
      pen.lineTo(shape[i]!, shape[i + 3]!);
    }
    end = 0;
  };
  pen.beginPath();
  for (let i = 0; i < c.length; i++) {
    const high = y(c.high[i]!);
    let low = y(c.low[i]!);
    if (Number.isNaN(high)) continue;
    if (Number.isNaN(low)) low = floor;
    if (low - high < 0.5) continue;
    let left = i > 0 && !Number.isNaN(c.mean[i - 1]!) ? Math.max((c.right[i - 1]! + c.left[i]!) / 2, c.x[i - 1]!) : c.left[i]!;
    let right = i + 1 < c.length && !Number.isNaN(c.mean[i + 1]!) ? Math.min((c.right[i]! + c.left[i + 1]!) / 2, c.x[i + 1]!) : c.right[i]!;
    const wide = Math.max(right - left, frame.ratio);
    const beside = c.x[i]! < left || c.x[i]! > right;
    if (beside) left = c.x[i]! - wide / 2;
    if (beside || right - left < wide) right = left + wide;
    if (shape[end - 3] !== left) outline();
    shape[end] = left;
    shape[end + 1] = right;
    shape[end + 2] = high;
    shape[end + 3] = low;
    end += 4;
  }
  outline();
  pen.fill();
}

/** What stands out of both neighbours' bands is drawn at full strength: a single point among thousands stays in sight. */
function spikes(pen: Pen, c: Columns, frame: Frame, y: (value: number) => number): void {
  const least = 5 * frame.ratio;
  pen.beginPath();
  for (let i = 0; i < c.length; i++) {
    // One value alone is where the line is.
    if (!(c.high[i]! > c.low[i]!)) continue;
    const before = Math.max(0, i - 1);
    const after = Math.min(c.length - 1, i + 1);
    const high = y(c.high[i]!);
    const low = y(c.low[i]!);
    const top = Math.min(before === i ? Infinity : y(c.high[before]!), after === i ? Infinity : y(c.high[after]!));
    const bottom = Math.max(before === i ? -Infinity : y(c.low[before]!), after === i ? -Infinity : y(c.low[after]!));
    if (high < top - least && top !== Infinity) {
      pen.moveTo(c.x[i]!, high);
      pen.lineTo(c.x[i]!, top);
    }
    if (low > bottom + least && bottom !== -Infinity) {
      pen.moveTo(c.x[i]!, bottom);
      pen.lineTo(c.x[i]!, low);
    }
  }
  pen.stroke();
}

/** A small cross where values are NaN or infinite, at the foot of the chart: there is no height for them. */
function crosses(pen: Pen, marks: readonly number[], frame: Frame): void {
  const size = 3 * frame.ratio;
  const y = frame.top + frame.height - size * 2;
  pen.beginPath();
  for (const x of marks) {
    pen.moveTo(x - size, y - size);
    pen.lineTo(x + size, y + size);
    pen.moveTo(x - size, y + size);
    pen.lineTo(x + size, y - size);
  }
  pen.stroke();
}

/** Draws lines inside the frame. `weight` smooths, 0 not: then the raw line is drawn faintly below the smoothed one. */
export function drawLines(pen: Pen, lines: readonly Line[], frame: Frame, weight: number): void {
  const y = toY(frame);
  const anyLit = lines.some((line) => line.lit && !line.hidden);
  pen.save();
  pen.beginPath();
  pen.rect(frame.left, frame.top, frame.width, frame.height);
  pen.clip();
  // Joins are no wider than a pixel or two; round ones take several times as long.
  pen.lineJoin = "bevel";
  const many = lines.length > 12;
  // What is lit is drawn last, on top.
  for (const line of anyLit ? [...lines].sort((a, b) => Number(a.lit) - Number(b.lit)) : lines) {
    if (line.hidden) continue;
    const marks: number[] = [];
    const c = columnsOf(line, frame, weight, marks);
    const strength = anyLit && !line.lit ? 0.18 : 1;
    pen.strokeStyle = line.style.color;
    pen.fillStyle = line.style.color;
    pen.setLineDash([]);
    pen.globalAlpha = strength * (weight > 0 ? 0.13 : many ? 0.16 : 0.3);
    band(pen, c, frame, y);
    pen.globalAlpha = strength * (weight > 0 ? 0.45 : 0.8);
    pen.lineWidth = 1.25 * frame.ratio;
    spikes(pen, c, frame, y);
    pen.setLineDash(line.style.dash.map((part) => part * frame.ratio));
    if (weight > 0) {
      pen.globalAlpha = strength * 0.28;
      pen.lineWidth = frame.ratio;
      stroke(pen, c, c.mean, y);
    }
    pen.globalAlpha = strength;
    pen.lineWidth = (many ? 1.25 : 1.75) * (line.lit ? 1.5 : 1) * frame.ratio;
    const alone = stroke(pen, c, weight > 0 ? c.smooth : c.mean, y);
    pen.setLineDash([]);
    const dot = 2.2 * frame.ratio;
    for (let i = 0; i + 1 < alone.length; i += 2) {
      pen.beginPath();
      pen.rect(alone[i]! - dot, alone[i + 1]! - dot, dot * 2, dot * 2);
      pen.fill();
    }
    pen.lineWidth = 1.5 * frame.ratio;
    crosses(pen, marks, frame);
  }
  pen.restore();
}
