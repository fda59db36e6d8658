// Parallel coordinates: an axis for each parameter and metric, a line for each run. Ranges on the axes choose runs:
// dragged with the pointer, or set with the keys of a slider. Axes are moved by their names, or with Alt and the arrows.

import { bdi, fill, h } from "../core/dom";
import { shade } from "../runs/shade";
import type { Scope } from "../core/scope";
import { visible } from "../core/text";
import type { Dimension } from "../runs/dimension";
import type { Range, Ranges } from "../runs/ranges";
import { picture } from "./picture";

/** What is shown. */
export interface ParallelData {
  dimensions: Dimension[];
  /** Of each run a place on the scale of colours, or NaN. */
  colors: number[];
  names: string[];
  /** What the colours mean. */
  colored: string;
}

/** Room above, below and at the sides, in pixels. What has no value lies in a lane of its own below the axis. */
const TOP = 44;
const BOTTOM = 34;
const SIDE = 64;
const LANE = 18;
/** Over so many pixels runs of the same value are spread. */
const SPREAD = 12;
/** How far a key moves a range. */
const STEP = 0.05;
/** So near a line must be to be meant, in pixels. */
const NEAR = 10;

/** The picture. */
export class Parallel {
  readonly element: HTMLElement;
  #frame = h("div", { class: "parallel-frame" });
  #axes = h("div", { class: "parallel-axes" });
  #said = h("p", { class: "only-read", role: "status" });
  #tip = h("div", { class: "picture-tip", hidden: true });
  #data: ParallelData = { dimensions: [], colors: [], names: [], colored: "" };
  #ranges: Ranges = new Map();
  #kept: readonly boolean[] = [];
  /** Shows the range of an axis, for each. */
  #brushes: (() => void)[] = [];
  #again: () => void;
  #canvas: HTMLCanvasElement;
  #near = -1;
  #chosen: (key: string, range: Range | undefined) => void;
  #moved: (key: string, places: number) => void;

  /**
   * `chosen` gets the range that somebody wants on an axis; `moved` by how many places an axis is to go; `open` the run
   * that was clicked.
   */
  constructor(scope: Scope, chosen: (key: string, range: Range | undefined) => void, moved: (key: string, places: number) => void, open: (run: number) => void) {
    this.#chosen = chosen;
    this.#moved = moved;
    const { canvas, again } = picture(scope, this.#frame, "parallel coordinates", ({ pen, width, height, color }) => {
      this.#paint(pen, width, height, color("--ink-faint"));
      this.#lay(width, height);
    });
    this.#canvas = canvas;
    this.#again = again;
    this.#frame.append(this.#axes, this.#tip);
    this.element = h("div", { class: "parallel", role: "group", "aria-label": "parallel coordinates" }, this.#frame, this.#said);
    this.#frame.addEventListener("pointermove", (event) => this.#point(event));
    this.#frame.addEventListener("pointerleave", () => this.#nearest(-1));
    canvas.addEventListener("click", () => {
      if (this.#near >= 0) open(this.#near);
    });
  }

  /** Shows other ranges, and which runs lie in all of them: they may be on axes that are not here. */
  choose(ranges: Ranges, kept: readonly boolean[]): void {
    [this.#ranges, this.#kept] = [ranges, kept];
    for (const brush of this.#brushes) brush();
    this.#said.textContent = `${kept.filter(Boolean).length} of ${kept.length} runs`;
    this.#again();
  }

  /** Shows other runs. */
  show(data: ParallelData, ranges: Ranges, kept: readonly boolean[]): void {
    this.#data = data;
    [this.#ranges, this.#kept] = [ranges, kept];
    this.#brushes = [];
    this.#near = -1;
    this.#canvas.setAttribute("aria-label", `parallel coordinates of ${data.names.length} runs over ${data.dimensions.map((one) => visible(one.column.title)).join(", ")}`);
    const focused = this.#axes.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["key"] : undefined;
    fill(this.#axes, data.dimensions.map((one) => this.#axis(one)));
    // Who stands on an axis stays there.
    if (focused !== undefined) this.#axes.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    this.#frame.style.minWidth = `${Math.max(320, data.dimensions.length * 96)}px`;
    this.#again();
  }

  #x(at: number, width: number): number {
    const axes = this.#data.dimensions.length;
    return axes < 2 ? width / 2 : SIDE + (at * (width - 2 * SIDE)) / (axes - 1);
  }

  /** Where a run lies on an axis. Where many share a place they are spread a little, or they would look like one. */
  #y(one: Dimension | undefined, run: number, height: number): number {
    const bottom = height - BOTTOM;
    const place = one?.places[run] ?? NaN;
    if (Number.isNaN(place)) return bottom + LANE;
    const spread = one?.shared ? (((run * 0.6180339887) % 1) - 0.5) * SPREAD : 0;
    return bottom - place * (bottom - TOP) + spread;
  }

  #paint(pen: CanvasRenderingContext2D, width: number, height: number, faint: string): void {
    const { dimensions, colors } = this.#data;
    const kept = this.#kept;
    const many = kept.filter(Boolean).length;
    pen.lineJoin = "round";
    const line = (run: number) => {
      pen.beginPath();
      dimensions.forEach((one, at) => {
        const [x, y] = [this.#x(at, width), this.#y(one, run, height)];
        if (at === 0) pen.moveTo(x, y);
        else {
          // Curves keep lines apart that cross in one point of an axis.
          const before = this.#x(at - 1, width);
          const from = this.#y(dimensions[at - 1], run, height);
          const middle = (before + x) / 2;
          pen.bezierCurveTo(middle, from, middle, y, x, y);
        }
      });
      pen.stroke();
    };
    const runs = colors.map((_, run) => run);
    if (many < colors.length) {
      pen.strokeStyle = faint;
      pen.lineWidth = 1;
      pen.globalAlpha = Math.max(0.03, Math.min(0.16, 20 / colors.length));
      for (const run of runs) if (!kept[run]) line(run);
    }
    const strong = Math.max(0.06, Math.min(0.9, 60 / many));
    pen.lineWidth = many > 300 ? 1 : 1.5;
    // The best ones are drawn last, above the others.
    for (const run of runs.filter((one) => kept[one]).sort((a, b) => brightness(colors[a]) - brightness(colors[b]))) {
      const at = colors[run] ?? NaN;
      pen.globalAlpha = Number.isNaN(at) ? strong / 3 : strong;
      pen.strokeStyle = Number.isNaN(at) ? faint : shade(at);
      line(run);
    }
    pen.globalAlpha = 1;
    if (this.#near >= 0) {
      const at = colors[this.#near] ?? NaN;
      pen.strokeStyle = Number.isNaN(at) ? faint : shade(at);
      pen.lineWidth = 3;
      line(this.#near);
    }
  }

  /** Puts the axes where their lines meet. */
  #lay(width: number, height: number): void {
    const last = this.#axes.children.length - 1;
    [...this.#axes.children].forEach((child, at) => {
      if (!(child instanceof HTMLElement)) return;
      child.style.setProperty("--axis-room", `${at < last ? this.#x(at + 1, width) - this.#x(at, width) : 2 * SIDE}px`);
      child.style.left = `${this.#x(at, width)}px`;
      child.style.setProperty("--axis-top", `${TOP}px`);
      child.style.setProperty("--axis-height", `${height - TOP - BOTTOM}px`);
    });
  }

  #axis(one: Dimension): HTMLElement {
    const { key } = one.column;
    const missing = one.places.some((place) => Number.isNaN(place));
    const brush = h("div", { class: "axis-brush" });
    const track = h("div", { class: "axis-track", role: "slider", tabindex: 0, "data-key": key, "aria-orientation": "vertical", "aria-valuemin": 0, "aria-valuemax": 100, title: "Drag to choose a range; click to choose all" },
      one.ticks.map(({ place, text }) => h("span", { class: "axis-tick", style: { bottom: `${100 * place}%` } }, bdi(text))), brush);
    const show = () => {
      const range = this.#ranges.get(key);
      brush.hidden = range === undefined;
      const [low, high] = range ?? [0, 1];
      brush.style.bottom = `${100 * low}%`;
      brush.style.height = `${100 * (high - low)}%`;
      track.setAttribute("aria-valuenow", String(Math.round(50 * (low + high))));
      track.setAttribute("aria-valuetext", range ? `${one.textAt(low)} to ${one.textAt(high)}` : "all");
    };
    const put = (range: Range | undefined) => this.#chosen(key, range);
    track.setAttribute("aria-label", visible(one.column.title));
    track.addEventListener("keydown", (event) => {
      const aside = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
      if (!event.altKey) this.#key(event, this.#ranges.get(key), put);
      else if (aside !== 0) {
        // Alt and an arrow alone would be the browser's way back.
        event.preventDefault();
        this.#moved(key, aside);
      }
    });
    track.addEventListener("pointerdown", (down) => drag(down, track, this.#ranges.get(key), put));
    show();
    this.#brushes.push(show);
    const title = h("div", { class: "axis-title", title: `${visible(one.column.title)}: drag to move the axis` }, bdi(one.column.title));
    title.addEventListener("pointerdown", (down) => this.#move(down, title, key));
    return h(
      "div", { class: "axis" }, title, track,
      missing && h("div", { class: "axis-none" }, "none"),
    );
  }

  /** Up and down move a range, with Shift its upper end; Space makes one, Escape takes it away. */
  #key(event: KeyboardEvent, range: Range | undefined, put: (range: Range | undefined) => void): void {
    const by = event.key === "ArrowUp" ? STEP : event.key === "ArrowDown" ? -STEP : 0;
    if (by !== 0) {
      event.preventDefault();
      const [low, high] = range ?? [0, 1];
      if (event.shiftKey) put([low, Math.max(low, high + by)]);
      else if (range === undefined) put(by > 0 ? [STEP, 1] : [0, 1 - STEP]);
      else if (low + by >= -1e-9 && high + by <= 1 + 1e-9) put([low + by, high + by]);
    } else if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      put(range ? undefined : [0, 0.5]);
    } else if (event.key === "Escape" || event.key === "Delete") put(undefined);
  }

  /** A drag of an axis' name: it goes to the place that is nearest where it is let go. */
  #move(down: PointerEvent, title: HTMLElement, key: string): void {
    if (down.button !== 0) return;
    down.preventDefault();
    const { left, width } = this.#frame.getBoundingClientRect();
    const places = this.#data.dimensions.map((_, at) => left + this.#x(at, width));
    const from = this.#data.dimensions.findIndex((one) => one.column.key === key);
    let to = from;
    const drag = new AbortController();
    const { signal } = drag;
    title.classList.add("axis-moving");
    const end = () => {
      drag.abort();
      title.classList.remove("axis-moving");
      title.style.transform = "";
    };
    window.addEventListener("pointermove", (event) => {
      title.style.transform = `translateX(${event.clientX - down.clientX}px)`;
      to = places.reduce((best, place, at) => (Math.abs(place - event.clientX) < Math.abs(places[best]! - event.clientX) ? at : best), from);
    }, { signal });
    window.addEventListener("pointerup", () => {
      end();
      if (to !== from) this.#moved(key, to - from);
    }, { signal });
    window.addEventListener("pointercancel", end, { signal });
  }

  #point(event: PointerEvent): void {
    const box = this.#frame.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const { dimensions, colors } = this.#data;
    let [best, run] = [NEAR, -1];
    const after = dimensions.findIndex((_, at) => this.#x(at, box.width) >= x);
    if (after > 0 && event.buttons === 0) {
      const [left, right] = [this.#x(after - 1, box.width), this.#x(after, box.width)];
      const part = curve((x - left) / (right - left));
      for (let one = 0; one < colors.length; one++) {
        if (!this.#kept[one]) continue;
        const from = this.#y(dimensions[after - 1], one, box.height);
        const to = this.#y(dimensions[after], one, box.height);
        const away = Math.abs(from + part * (to - from) - y);
        if (away < best) [best, run] = [away, one];
      }
    }
    this.#nearest(run);
    if (run < 0) return;
    this.#tip.style.left = `${Math.min(x + 14, box.width - 190)}px`;
    this.#tip.style.top = `${y + 14}px`;
  }

  #nearest(run: number): void {
    if (run === this.#near) return;
    this.#near = run;
    this.#tip.hidden = run < 0;
    this.#canvas.style.cursor = run < 0 ? "" : "pointer";
    if (run >= 0) {
      fill(this.#tip, h("strong", {}, bdi(this.#data.names[run] ?? "")), h("dl", {}, this.#data.dimensions.map((one) => [h("dt", {}, bdi(one.column.title)), h("dd", {}, bdi(one.texts[run] ?? "") )])));
    }
    this.#again();
  }
}

/** The height along the curve that is drawn, for a part of the way: a cubic with both handles in the middle. */
function curve(part: number): number {
  // x(t) = 1.5 t (1 - t)^2 + 1.5 t^2 (1 - t) + t^3; its inverse by bisection.
  let [low, high] = [0, 1];
  for (let round = 0; round < 16; round++) {
    const t = (low + high) / 2;
    const x = 1.5 * t * (1 - t) ** 2 + 1.5 * t * t * (1 - t) + t ** 3;
    if (x < part) low = t;
    else high = t;
  }
  return 3 * low * low - 2 * low ** 3;
}

function brightness(at: number | undefined): number {
  return at === undefined || Number.isNaN(at) ? -1 : at;
}

/** A drag on an axis makes a range, one that begins in a range moves it, a click takes it away. */
function drag(down: PointerEvent, track: HTMLElement, range: Range | undefined, put: (range: Range | undefined) => void): void {
  if (down.button !== 0) return;
  down.preventDefault();
  track.focus();
  const box = track.getBoundingClientRect();
  const place = (event: PointerEvent) => Math.max(0, Math.min(1, (box.bottom - event.clientY) / box.height));
  const from = place(down);
  const inside = range !== undefined && from > range[0] && from < range[1];
  let moved = false;
  const move = (event: PointerEvent) => {
    if (!moved && Math.abs(event.clientY - down.clientY) < 4) return;
    moved = true;
    const to = place(event);
    if (inside) {
      const by = Math.max(-range[0], Math.min(1 - range[1], to - from));
      put([range[0] + by, range[1] + by]);
    } else put([Math.min(from, to), Math.max(from, to)]);
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", () => {
    window.removeEventListener("pointermove", move);
    if (!moved) put(undefined);
  }, { once: true });
}
