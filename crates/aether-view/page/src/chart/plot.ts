import uPlot from "uplot";
import type { XKind } from "../core/api";
import { duration } from "../core/format";
import { colour, theme } from "../core/theme";
import type { Frame } from "./frame";
import { label, short } from "./ticks";

/** What a chart does with its plot; positions are in the x axis' values. */
export interface PlotHost {
  /** Draws what is inside the axes. */
  draw: (pen: CanvasRenderingContext2D, frame: Frame) => void;
  /** The cursor is at this x, this many pixels of the page from the plot's top; nowhere without one. */
  pointed: (x: number | undefined, top: number) => void;
  /** The reader dragged from one x to another. */
  selected: (from: number, to: number) => void;
  reset: () => void;
}

export interface Ranges {
  x: [number, number];
  y: [number, number];
  logY: boolean;
}

export interface PlotOptions {
  x: XKind;
  logX: boolean;
  logY: boolean;
  /** What all lines count in, where that is known. */
  unit: string | undefined;
  width: number;
  height: number;
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- uPlot's `Distr.Logarithmic` is a type without a value
const LOGARITHMIC: uPlot.Scale = { distr: 3 };

// One that the page has: each other size is looked up and set up in the first drawing.
const FONT = "12px system-ui, sans-serif";

/** How a pattern writes times, made once for all charts. */
const dates = new Map<string, (date: Date) => string>();

function dateFormat(pattern: string): (date: Date) => string {
  const known = dates.get(pattern) ?? uPlot.fmtDate(pattern);
  dates.set(pattern, known);
  return known;
}

function ticks(kind: XKind): uPlot.Axis.DynamicValues {
  if (kind === "relative") return (_, values) => values.map((value: number | null) => (value === null ? "" : duration(value)));
  return (_, values) => values.map((value: number | null) => (value === null ? "" : short(value)));
}

/**
 * The one place that knows uPlot: axes, grid, scales, cursor and selection are its; what is between the axes is drawn
 * by the host, which has stretches with extremes where uPlot has points.
 */
export class Plot {
  readonly #plot: uPlot;
  readonly #options: PlotOptions;
  /** Not done before the first ranges are there: what uPlot begins, it draws. */
  #begin: (() => void) | undefined;
  #ranges: Ranges = { x: [0, 1], y: [0, 1], logY: false };
  /** The cursor moves because the page says so. */
  #quiet = false;
  #held = false;

  constructor(
    into: HTMLElement,
    options: PlotOptions,
    readonly host: PlotHost,
  ) {
    this.#options = options;
    const { x, logX, logY, unit } = options;
    const axis = { stroke: colour("--ink-faint"), font: FONT, grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false }, border: { show: true, stroke: colour("--line-strong"), width: 1 } };
    const fixed: uPlot.Range.Function = (_, from, to) => [from, to];
    this.#plot = new uPlot(
      {
        width: options.width,
        height: options.height,
        padding: [8, 14, 0, 0],
        legend: { show: false },
        ms: 1,
        fmtDate: dateFormat,
        series: [{}, { show: true, paths: () => null, points: { show: false } }],
        scales: { x: { time: x === "time", ...(logX && LOGARITHMIC), range: fixed }, y: { ...(logY && LOGARITHMIC), range: fixed } },
        axes: [
          { ...axis, size: 26, gap: 4, space: 64, ...(x === "time" ? {} : { values: ticks(x) }), ...(x === "relative" ? { incrs: SECONDS } : {}) },
          { ...axis, border: { show: false }, gap: 6, space: 34, values: (_, values, _axis, _space, step) => values.map((value: number | null) => (value === null ? "" : label(value, unit, logY ? undefined : step))), ...(unit?.startsWith("B") && !logY ? { incrs: SIZES } : {}), size: (_, values: string[] | null) => 12 + 7.2 * Math.max(3, ...(values ?? []).map((value) => value.length)) },
        ],
        cursor: {
          y: false,
          points: { show: false },
          drag: { x: true, y: false, setScale: false, dist: 4 },
          bind: { dblclick: () => () => (host.reset(), null) },
        },
        select: { show: true, left: 0, top: 0, width: 0, height: 0 },
        hooks: {
          drawAxes: [(u) => host.draw(u.ctx, this.frame)],
          setCursor: [() => this.#quiet || this.#tell()],
          setSelect: [
            (u) => {
              if (u.select.width < 3) return;
              const [from, to] = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
              host.selected(from, to);
            },
          ],
        },
      },
      [
        [0, 1],
        [1, 1],
      ],
      (plot, begin) => {
        this.#begin = () => {
          into.append(plot.root);
          (begin as () => void)();
        };
      },
    );
  }

  /** Says where the cursor is. */
  #tell(): void {
    const { left = -1, top = 0 } = this.#plot.cursor;
    this.#held = left >= 0;
    this.host.pointed(this.#held ? this.#plot.posToVal(left, "x") : undefined, top);
  }

  get frame(): Frame {
    const { left, top, width, height } = this.#plot.bbox;
    const { x, y } = this.#ranges;
    return { x0: x[0], x1: x[1], y0: y[0], y1: y[1], logX: this.#options.logX, logY: this.#options.logY, left, top, width, height, ratio: uPlot.pxRatio };
  }

  /** The reader's pointer is on it. */
  get held(): boolean {
    return this.#held;
  }

  get canvas(): HTMLCanvasElement {
    return this.#plot.ctx.canvas;
  }

  /** What the pointer moves over: inside the axes. */
  get over(): HTMLElement {
    return this.#plot.over;
  }

  /** The ticks of an axis: value and text, as they are drawn. */
  ticks(axis: 0 | 1): { value: number; text: string }[] {
    // uPlot keeps what it drew under these names, without a public one.
    const drawn = this.#plot.axes[axis] as unknown as { _splits?: (number | null)[]; _values?: (string | null)[] };
    return (drawn._splits ?? []).flatMap((value, at) => (value === null ? [] : [{ value, text: drawn._values?.[at] ?? "" }]));
  }

  /** Shows these ranges, and draws. Tells the host where a pointer that rests on the chart now points to; otherwise the cursor's line is at `x`. */
  show(ranges: Ranges, x: number | undefined): void {
    this.#ranges = ranges;
    this.#quiet = true;
    this.#plot.batch(() => {
      this.#begin?.();
      this.#begin = undefined;
      this.#plot.setScale("x", { min: ranges.x[0], max: ranges.x[1] });
      this.#plot.setScale("y", { min: ranges.y[0], max: ranges.y[1] });
    });
    this.#quiet = false;
    if (this.#held) this.#tell();
    else this.point(x);
  }

  /** Puts the cursor's line at `x`, without a word to the host; away without one. */
  point(x: number | undefined): void {
    const inside = x !== undefined && x >= this.#ranges.x[0] && x <= this.#ranges.x[1];
    this.#held = false;
    this.#quiet = true;
    this.#plot.setCursor({ left: inside ? this.#plot.valToPos(x, "x") : -10, top: inside ? 0 : -10 }, false);
    this.#quiet = false;
  }

  /** Pixels of the page from the plot's left edge. */
  left(x: number): number {
    return this.#plot.valToPos(x, "x");
  }

  resize(width: number, height: number): void {
    this.#plot.setSize({ width, height });
  }

  end(): void {
    this.#plot.destroy();
  }
}

/** Steps of an axis of bytes. */
const SIZES = Array.from({ length: 60 }, (_, power) => 2 ** power);

/** Steps of an axis of seconds that people count in. */
const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000, 2_592_000, 8_640_000, 31_536_000];

/** Calls `again` when the colours changed: axes keep theirs from when they were made. */
export const onRecolour = (again: () => void) => theme.changed(again);
