// A small chart of the last minutes: lines over a ground that says how full or busy something is.

import { bdi, fill, h } from "../core/dom";
import type { Scope } from "../core/scope";
import { moment } from "../core/format";
import { FONT, picture, type Ground } from "./picture";

/** A line of such a chart. */
export interface SparkLine {
  name: string;
  /** The name of its colour in the design, such as `--accent`. */
  color: string;
  /** A value for each time; NaN where there is none. */
  values: number[];
}

/** What is shown. */
export interface SparkData {
  /** In milliseconds since 1970. */
  times: number[];
  lines: SparkLine[];
  /** The upper end of the axis; without one, what the values need. */
  most?: number | undefined;
  text: (value: number) => string;
}

const BOTTOM = 18;
/** A gap in time longer than this many milliseconds is a gap in the line. */
const GAP = 10_000;

/** The chart. */
export class Spark {
  readonly element: HTMLElement;
  #frame = h("div", { class: "spark-frame" });
  #legend = h("div", { class: "spark-legend" });
  #data: SparkData = { times: [], lines: [], text: String };
  #again: () => void;
  #canvas: HTMLCanvasElement;
  #at: number | undefined;

  constructor(scope: Scope, label: string) {
    const { canvas, again } = picture(scope, this.#frame, label, (ground) => this.#paint(ground));
    this.#canvas = canvas;
    this.#again = again;
    this.element = h("div", { class: "spark" }, this.#frame, this.#legend);
    this.#frame.addEventListener("pointermove", (event) => {
      const box = this.#frame.getBoundingClientRect();
      this.#point((event.clientX - box.left) / box.width);
    });
    this.#frame.addEventListener("pointerleave", () => this.#point(undefined));
  }

  /** Shows other values. */
  show(data: SparkData): void {
    this.#data = data;
    const label = data.lines.map((line) => {
      const finite = line.values.filter((value) => Number.isFinite(value));
      return finite.length === 0 ? `${line.name}: nothing yet` : `${line.name}: now ${data.text(finite.at(-1) ?? NaN)}, at most ${data.text(Math.max(...finite))}`;
    });
    this.#canvas.setAttribute("aria-label", label.join("; "));
    this.#say();
    this.#again();
  }

  #point(part: number | undefined): void {
    const { times } = this.#data;
    const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0];
    if (part === undefined || times.length === 0) this.#at = undefined;
    else {
      const time = first + part * (last - first);
      this.#at = times.reduce((best, one, at) => (Math.abs(one - time) < Math.abs((times[best] ?? 0) - time) ? at : best), 0);
    }
    this.#say();
    this.#again();
  }

  #say(): void {
    const { lines, times, text } = this.#data;
    const at = this.#at ?? times.length - 1;
    fill(this.#legend, lines.map((line) => {
      const dot = h("span", { class: "spark-dot", "aria-hidden": "true" });
      dot.style.background = `var(${line.color})`;
      const value = line.values[at] ?? NaN;
      return h("span", { class: "spark-entry" }, dot, bdi(line.name), h("span", { class: "number" }, Number.isNaN(value) ? "–" : text(value)));
    }), this.#at !== undefined && h("span", { class: "spark-entry spark-time" }, moment(times[at] ?? 0)));
  }

  #paint({ pen, width, height, color }: Ground): void {
    const { times, lines, most, text } = this.#data;
    const bottom = height - BOTTOM;
    const top = 17;
    let greatest = 0;
    if (most === undefined) for (const line of lines) for (const value of line.values) if (value > greatest) greatest = value;
    const end = most ?? (greatest > 0 ? greatest * 1.1 : 1);
    const [first, last] = [times[0] ?? 0, times.at(-1) ?? 1];
    const x = (at: number) => (last > first ? (((times[at] ?? 0) - first) / (last - first)) * width : width);
    const y = (value: number) => bottom - (Math.min(value, end) / end) * (bottom - top);
    pen.font = FONT;
    pen.strokeStyle = color("--grid");
    for (const part of [0, 0.5, 1]) {
      pen.beginPath();
      pen.moveTo(0, y(part * end));
      pen.lineTo(width, y(part * end));
      pen.stroke();
    }
    pen.lineJoin = "round";
    lines.forEach((line, place) => {
      pen.strokeStyle = color(line.color);
      pen.lineWidth = 1.5;
      const stretches = stretch(line.values, times);
      for (const [from, to] of stretches) {
        pen.beginPath();
        for (let at = from; at < to; at++) pen.lineTo(x(at), y(line.values[at] ?? 0));
        pen.stroke();
        if (place > 0) continue;
        pen.lineTo(x(to - 1), bottom);
        pen.lineTo(x(from), bottom);
        pen.globalAlpha = 0.12;
        pen.fillStyle = color(line.color);
        pen.fill();
        pen.globalAlpha = 1;
      }
    });
    pen.fillStyle = color("--ink-faint");
    pen.textAlign = "left";
    pen.fillText(text(end), 0, y(end) - 5);
    const seconds = Math.round((last - first) / 1000);
    if (seconds > 0) pen.fillText(seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`, 0, height - 4);
    pen.textAlign = "right";
    pen.fillText("now", width, height - 4);
    if (this.#at === undefined) return;
    pen.strokeStyle = color("--ink-soft");
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(x(this.#at), top);
    pen.lineTo(x(this.#at), bottom);
    pen.stroke();
  }
}

/** From and to of values without a gap between them. */
function stretch(values: readonly number[], times: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
  let from = -1;
  values.forEach((value, at) => {
    const here = Number.isFinite(value);
    const far = at > 0 && (times[at] ?? 0) - (times[at - 1] ?? 0) > GAP;
    if (from >= 0 && (!here || far)) {
      found.push([from, at]);
      from = -1;
    }
    if (here && from < 0) from = at;
  });
  if (from >= 0) found.push([from, values.length]);
  return found;
}
