/** The window of a chart: which values its four sides stand for, and where they lie in pixels. */
export interface Frame {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
  logX: boolean;
  logY: boolean;
  left: number;
  top: number;
  width: number;
  height: number;
  /** Pixels of the canvas for one of the page. */
  ratio: number;
}

function mapping(from: number, to: number, log: boolean, start: number, length: number): (value: number) => number {
  if (log) {
    const low = Math.log(from);
    const scale = length / (Math.log(to) - low);
    // A value that a logarithm has no place for lies nowhere.
    return (value) => (value > 0 ? start + (Math.log(value) - low) * scale : NaN);
  }
  const scale = length / (to - from);
  return (value) => start + (value - from) * scale;
}

/** From values to pixels, x. */
export const toX = (f: Frame) => mapping(f.x0, f.x1, f.logX, f.left, f.width);

/** From values to pixels, y: upwards. */
export const toY = (f: Frame) => mapping(f.y0, f.y1, f.logY, f.top + f.height, -f.height);

/** The value at `part` (0 to 1) of the way from `low` to `high`. */
export function between(low: number, high: number, part: number, log: boolean): number {
  return log ? Math.exp(Math.log(low) + (Math.log(high) - Math.log(low)) * part) : low + (high - low) * part;
}

/** `[low, high]` zoomed around `part` by `factor` (below 1: closer) and moved by `shift` of its width. */
export function zoomed(low: number, high: number, log: boolean, part: number, factor: number, shift = 0): [number, number] {
  const a = part - part * factor + shift;
  const b = part + (1 - part) * factor + shift;
  return [between(low, high, a, log), between(low, high, b, log)];
}

/** The range that an axis shows for values from `low` to `high`: some air, and never nothing. */
export function padded(low: number, high: number, log: boolean): [number, number] {
  if (!(low <= high)) return log ? [0.1, 10] : [0, 1];
  if (log) return low === high ? [low / 3, high * 3] : [low * (low / high) ** 0.04, high * (high / low) ** 0.04];
  if (low === high) {
    const air = Math.abs(low) * 0.1 || 1;
    return [low - air, high + air];
  }
  const air = (high - low) * 0.05;
  return [low - air, high + air];
}
