// One thing over another, a point for each run. The pointer and the arrow keys go from point to point.

import { bdi, fill, h } from "../core/dom";
import { shade } from "../runs/shade";
import type { Scope } from "../core/scope";
import { visible } from "../core/text";
import type { Dimension } from "../runs/dimension";
import { FONT, picture, short, type Ground } from "./picture";

/** What is shown. */
export interface ScatterData {
  x: Dimension;
  y: Dimension;
  /** Of each run a place on the scale of colours, or NaN; all are alike without. */
  colors?: number[] | undefined;
  names: string[];
  /** Which runs are chosen; the others are faint. */
  kept: boolean[];
  /** With a goal, the best so far is drawn along x. */
  goal?: "min" | "max" | undefined;
}

const LEFT = 62;
const RIGHT = 18;
const TOP = 26;
const BOTTOM = 40;
/** So near a point must be to be meant, in pixels. */
const NEAR = 14;
/** Room for what is said of a point, in pixels. */
const TIP = 190;

/** Which way a key goes, and how far. */
const KEYS: Record<string, ["x" | "y", number]> = { ArrowLeft: ["x", -1], ArrowRight: ["x", 1], ArrowDown: ["y", -1], ArrowUp: ["y", 1], Home: ["x", -Infinity], End: ["x", Infinity] };

/** The picture. */
export class Scatter {
  readonly element = h("div", { class: "scatter" });
  #frame = h("div", { class: "scatter-frame", tabindex: "0", role: "application", "aria-roledescription": "scatter" });
  #said = h("p", { class: "only-read", "aria-live": "polite" });
  #tip = h("div", { class: "picture-tip", hidden: true });
  #data: ScatterData | undefined;
  #again: () => void;
  readonly #canvas: HTMLCanvasElement;
  #near = -1;

  /** `open` gets the run that was clicked. */
  constructor(scope: Scope, open: (run: number) => void) {
    const { canvas, again } = picture(scope, this.#frame, "scatter", (ground) => this.#paint(ground));
    this.#canvas = canvas;
    this.#again = again;
    canvas.setAttribute("aria-hidden", "true");
    this.#frame.append(this.#tip);
    this.element.append(this.#frame, this.#said);
    this.#frame.addEventListener("pointermove", (event) => this.#point(event));
    this.#frame.addEventListener("pointerleave", () => this.#nearest(-1));
    canvas.addEventListener("click", () => {
      if (this.#near >= 0) open(this.#near);
    });
    this.#frame.addEventListener("blur", () => this.#nearest(-1));
    this.#frame.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && this.#near >= 0) open(this.#near);
      else if (event.key === "Escape" && this.#near >= 0) this.#nearest(-1);
      else if (!this.#step(event)) return;
      event.preventDefault();
    });
  }

  /** Shows other points. */
  show(data: ScatterData): void {
    // Who stands at a run stays there while others come and go.
    const stood = this.#data?.names[this.#near];
    this.#near = stood !== undefined && stood === data.names[this.#near] ? this.#near : -1;
    this.#tip.hidden = this.#near < 0;
    this.#data = data;
    this.#frame.setAttribute("aria-label", `${visible(data.y.column.title)} over ${visible(data.x.column.title)}, ${data.names.length} runs. Arrow keys go from point to point, Enter opens the run.`);
    this.#again();
  }

  /** Goes to the next point to one side, from the first one where it is at none; whether the key meant that. */
  #step(event: KeyboardEvent): boolean {
    const key = event.altKey || event.ctrlKey || event.metaKey ? undefined : KEYS[event.key];
    const data = this.#data;
    if (key === undefined || data === undefined) return false;
    const [side, by] = key;
    const [along, across] = side === "x" ? [data.x.places, data.y.places] : [data.y.places, data.x.places];
    const order = data.names.map((_, run) => run).filter((run) => data.kept[run] && Number.isFinite(along[run]) && Number.isFinite(across[run]))
      .sort((a, b) => (along[a] ?? 0) - (along[b] ?? 0) || (across[a] ?? 0) - (across[b] ?? 0));
    const now = order.indexOf(this.#near);
    const run = order[Math.max(0, Math.min(order.length - 1, now < 0 && by === -1 ? order.length - 1 : now + by))];
    if (run === undefined) return true;
    this.#nearest(run);
    const { width, height } = this.#frame.getBoundingClientRect();
    this.#lay(...this.#place(run, width, height), width);
    this.#said.textContent = `${visible(data.names[run] ?? "")}: ${[data.x, data.y].map((one) => `${visible(one.column.title)} ${visible(one.texts[run] ?? "")}`).join(", ")}`;
    return true;
  }

  #place(run: number, width: number, height: number): [number, number] {
    const data = this.#data;
    return [
      LEFT + (data?.x.places[run] ?? NaN) * (width - LEFT - RIGHT),
      height - BOTTOM - (data?.y.places[run] ?? NaN) * (height - TOP - BOTTOM),
    ];
  }

  #paint({ pen, width, height, color }: Ground): void {
    const data = this.#data;
    if (data === undefined) return;
    const [right, bottom] = [width - RIGHT, height - BOTTOM];
    pen.font = FONT;
    pen.lineWidth = 1;
    pen.fillStyle = color("--ink-faint");
    pen.strokeStyle = color("--grid");
    pen.textAlign = "center";
    let free = -Infinity;
    for (const { place, text } of data.x.ticks) {
      const x = LEFT + place * (right - LEFT);
      stroke(pen, x, TOP, x, bottom);
      const said = short(pen, text, 90);
      const half = pen.measureText(said).width / 2;
      // What would stand on its neighbour is left out.
      if (x - half < free) continue;
      pen.fillText(said, Math.min(x, width - half - 2), bottom + 15);
      free = x + half + 8;
    }
    pen.textAlign = "right";
    for (const { place, text } of data.y.ticks) {
      const y = bottom - place * (bottom - TOP);
      stroke(pen, LEFT, y, right, y);
      pen.fillText(short(pen, text, LEFT - 10), LEFT - 6, y + 4);
    }
    pen.fillStyle = color("--ink-soft");
    pen.textAlign = "center";
    pen.fillText(short(pen, visible(data.x.column.title), right - LEFT), (LEFT + right) / 2, height - 6);
    pen.textAlign = "left";
    pen.fillText(short(pen, visible(data.y.column.title), right - 8), 8, 14);
    if (data.goal !== undefined) this.#best(pen, width, height, data.goal, color("--ink-soft"));
    const runs = data.names.map((_, run) => run).sort((a, b) => Number(data.kept[a]) - Number(data.kept[b]));
    const radius = runs.length > 1000 ? 2.2 : runs.length > 200 ? 3 : 4;
    for (const run of runs) {
      const [x, y] = this.#place(run, width, height);
      if (Number.isNaN(x) || Number.isNaN(y)) continue;
      const at = data.colors?.[run] ?? NaN;
      pen.globalAlpha = data.kept[run] ? 0.85 : 0.12;
      pen.fillStyle = data.colors === undefined ? color("--accent") : Number.isNaN(at) ? color("--ink-faint") : shade(at);
      dot(pen, x, y, radius);
      if (!data.kept[run]) continue;
      pen.strokeStyle = color("--ink-soft");
      pen.globalAlpha = 0.35;
      pen.stroke();
    }
    pen.globalAlpha = 1;
    if (this.#near < 0) return;
    const [x, y] = this.#place(this.#near, width, height);
    pen.strokeStyle = color("--ink");
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, radius + 3, 0, 7);
    pen.stroke();
  }

  /** The best value so far, from left to right. */
  #best(pen: CanvasRenderingContext2D, width: number, height: number, goal: "min" | "max", color: string): void {
    const data = this.#data;
    if (data === undefined) return;
    const runs = data.names.map((_, run) => run).filter((run) => Number.isFinite(data.x.places[run]) && Number.isFinite(data.y.places[run]))
      .sort((a, b) => (data.x.places[a] ?? 0) - (data.x.places[b] ?? 0));
    let best = NaN;
    pen.strokeStyle = color;
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (const run of runs) {
      const [x, y] = this.#place(run, width, height);
      // Upwards is less on a canvas.
      const better = Number.isNaN(best) || (goal === "min" ? y > best : y < best);
      if (Number.isNaN(best)) pen.moveTo(x, y);
      else pen.lineTo(x, best);
      if (better) {
        best = y;
        pen.lineTo(x, y);
      }
    }
    if (!Number.isNaN(best)) pen.lineTo(width - RIGHT, best);
    pen.stroke();
    pen.lineWidth = 1;
  }

  #point(event: PointerEvent): void {
    const box = this.#frame.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [best, run] = [NEAR, -1];
    this.#data?.names.forEach((_, one) => {
      const [px, py] = this.#place(one, box.width, box.height);
      const away = Math.hypot(px - x, py - y);
      if (this.#data?.kept[one] && away < best) [best, run] = [away, one];
    });
    this.#nearest(run);
    this.#lay(x, y, box.width);
  }

  /** Puts what is said of a point beside it. */
  #lay(x: number, y: number, width: number): void {
    this.#tip.style.left = `${Math.max(0, Math.min(x + 14, width - TIP))}px`;
    this.#tip.style.top = `${y + 14}px`;
  }

  #nearest(run: number): void {
    const data = this.#data;
    if (run === this.#near || data === undefined) return;
    this.#near = run;
    this.#tip.hidden = run < 0;
    this.#canvas.style.cursor = run < 0 ? "" : "pointer";
    if (run >= 0) {
      fill(this.#tip, h("strong", {}, bdi(data.names[run] ?? "")), h("dl", {}, [data.x, data.y].map((one) => [h("dt", {}, bdi(one.column.title)), h("dd", {}, bdi(one.texts[run] ?? ""))])));
    }
    this.#again();
  }
}

function stroke(pen: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function dot(pen: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}
