// A scatter for each pair of some parameters and of a metric: what goes with what. A rectangle in one of them chooses
// runs, dragged with the pointer, or set with keys.

import { fill, h } from "../core/dom";
import type { Scope } from "../core/scope";
import { visible } from "../core/text";
import type { Dimension } from "../runs/dimension";
import type { Changes, Range, Ranges } from "../runs/ranges";
import { shade } from "../runs/shade";
import { FONT, picture, short, type Ground } from "./picture";

/** What is shown. */
export interface MatrixData {
  /** The last one is what the others are compared with: its row stands below. */
  dimensions: readonly Dimension[];
  /** Of each run a place on the scale of colours, or NaN. */
  colors: readonly number[];
  kept: readonly boolean[];
  ranges: Ranges;
}

/** What a matrix tells whoever made it. */
export interface MatrixEvents {
  /** Somebody chooses runs. */
  choose: (changes: Changes) => void;
  /** Somebody wants to see a pair larger. */
  show: (x: string, y: string) => void;
}

/** Room at the left and below for what the axes are, in pixels; between cells. */
const LEFT = 70;
const BOTTOM = 36;
const GAP = 8;
/** Between the edge of a cell and what lies at the end of its axes. */
const INSET = 10;
/** Height of a row: few have more room. */
const high = (rows: number) => (rows < 4 ? 152 : 112);
/** How far a key moves or widens a rectangle. */
const STEP = 0.05;
/** Colours that are told apart: as many strokes of the pen for each cell. */
const SHADES = 20;
/** Over so many pixels runs of the same value are spread. */
const SPREAD = 8;
const WHOLE: Range = [0, 1];

interface Cell {
  x: Dimension;
  y: Dimension;
  row: number;
  column: number;
  element: HTMLElement;
  inside: HTMLElement;
  brush: HTMLElement;
}

/** The picture. */
export class Matrix {
  readonly element: HTMLElement;
  readonly #frame = h("div", { class: "matrix-frame" });
  readonly #place = h("div", { class: "matrix-cells" });
  readonly #said = h("p", { class: "only-read", role: "status" });
  readonly #events: MatrixEvents;
  readonly #again: () => void;
  #data: MatrixData = { dimensions: [], colors: [], kept: [], ranges: new Map() };
  #cells: Cell[] = [];
  /** The cell that the tabulator leads to. */
  #at = 0;
  /** The arrows move the rectangle of that cell, not the focus. */
  #holds = false;

  constructor(scope: Scope, events: MatrixEvents) {
    this.#events = events;
    const { canvas, again } = picture(scope, this.#frame, "scatter matrix", (ground) => this.#paint(ground));
    canvas.setAttribute("aria-hidden", "true");
    this.#again = again;
    this.#frame.append(this.#place);
    this.element = h("div", { class: "matrix", role: "group", "aria-label": "scatter matrix" }, this.#frame, this.#said);
  }

  /** Shows other runs, or other ones of them chosen. */
  show(data: MatrixData): void {
    const keys = (of: MatrixData) => of.dimensions.map((one) => one.column.key).join("\n");
    const same = keys(data) === keys(this.#data);
    const chosen = same && data.kept !== this.#data.kept;
    this.#data = data;
    if (!same) this.#make();
    else for (const cell of this.#cells) [cell.x, cell.y] = [data.dimensions[cell.column]!, data.dimensions[cell.row]!];
    for (const cell of this.#cells) this.#brushed(cell);
    if (chosen && this.#frame.contains(document.activeElement)) this.#say();
    this.#again();
  }

  #make(): void {
    const { dimensions } = this.#data;
    const last = dimensions.length - 1;
    this.#cells = [];
    for (let row = 1; row <= last; row++) for (let column = 0; column < row; column++) this.#cells.push(this.#cell(row, column, last));
    // What matters most stands below at the left: every parameter against the metric.
    this.#at = Math.max(0, this.#cells.findIndex((cell) => cell.row === last));
    this.#holds = false;
    this.#frame.style.height = `${last * high(last) + BOTTOM}px`;
    this.#frame.style.minWidth = `${LEFT + last * 92}px`;
    fill(this.#place, this.#cells.map((cell) => cell.element));
    this.#focusable();
  }

  #cell(row: number, column: number, last: number): Cell {
    const [x, y] = [this.#data.dimensions[column]!, this.#data.dimensions[row]!];
    const brush = h("div", { class: "matrix-brush" });
    const inside = h("div", { class: "matrix-inside" }, brush);
    const element = h("div", { class: "matrix-cell", role: "button", "aria-label": `${visible(y.column.title)} over ${visible(x.column.title)}` }, inside);
    element.style.left = `calc(${LEFT}px + (100% - ${LEFT}px) * ${column / last})`;
    element.style.width = `calc((100% - ${LEFT}px) / ${last} - ${GAP}px)`;
    element.style.top = `${(row - 1) * high(last)}px`;
    element.style.height = `${high(last) - GAP}px`;
    const cell: Cell = { x, y, row, column, element, inside, brush };
    const at = this.#cells.length;
    element.addEventListener("focus", () => {
      if (this.#at === at) return;
      this.#hold(false);
      this.#at = at;
      this.#focusable();
    });
    element.addEventListener("blur", () => this.#hold(false));
    element.addEventListener("keydown", (event) => this.#key(event, cell));
    element.addEventListener("pointerdown", (down) => this.#drag(down, cell));
    return cell;
  }

  #focusable(): void {
    this.#cells.forEach((cell, at) => (cell.element.tabIndex = at === this.#at ? 0 : -1));
  }

  #hold(holds: boolean): void {
    this.#holds = holds;
    this.#cells.forEach((cell, at) => cell.element.classList.toggle("matrix-held", holds && at === this.#at));
  }

  /** The ranges of a cell's axes; nothing where neither has one. */
  #rangesOf({ x, y }: Cell): [Range | undefined, Range | undefined] | undefined {
    const ranges: [Range | undefined, Range | undefined] = [this.#data.ranges.get(x.column.key), this.#data.ranges.get(y.column.key)];
    return ranges[0] || ranges[1] ? ranges : undefined;
  }

  #brushed(cell: Cell): void {
    const ranges = this.#rangesOf(cell);
    const { brush, element } = cell;
    brush.hidden = ranges === undefined;
    element.setAttribute("aria-pressed", String(ranges !== undefined));
    const [[left, right], [low, high]] = [ranges?.[0] ?? WHOLE, ranges?.[1] ?? WHOLE];
    brush.style.left = `${100 * left}%`;
    brush.style.width = `${100 * (right - left)}%`;
    brush.style.bottom = `${100 * low}%`;
    brush.style.height = `${100 * (high - low)}%`;
  }

  #put({ x, y }: Cell, across: Range | undefined, up: Range | undefined): void {
    this.#events.choose(new Map([[x.column.key, across], [y.column.key, up]]));
  }

  #say(): void {
    const cell = this.#cells[this.#at];
    if (cell === undefined) return;
    const { kept } = this.#data;
    const ranges = this.#rangesOf(cell);
    const part = (of: Dimension, range: Range | undefined) => `${visible(of.column.title)} ${range ? `${of.textAt(range[0])} to ${of.textAt(range[1])}` : "all"}`;
    const which = ranges ? `${part(cell.x, ranges[0])}, ${part(cell.y, ranges[1])}: ` : "";
    this.#said.textContent = `${which}${kept.filter(Boolean).length} of ${kept.length} runs`;
  }

  #key(event: KeyboardEvent, cell: Cell): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [right, up] = ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] } as Record<string, [number, number]>)[event.key] ?? [0, 0];
    const ranges = this.#rangesOf(cell);
    if (right !== 0 || up !== 0) {
      if (this.#holds) this.#move(cell, right * STEP, up * STEP, event.shiftKey);
      else this.#go(cell, right, up);
    } else if (event.key === " ") {
      this.#hold(!this.#holds);
      if (this.#holds && !ranges) this.#put(cell, [0.25, 0.75], [0.25, 0.75]);
    } else if (event.key === "Enter") this.#events.show(cell.x.column.key, cell.y.column.key);
    else if ((event.key === "Escape" || event.key === "Delete") && ranges) {
      this.#hold(false);
      this.#put(cell, undefined, undefined);
    } else return;
    event.preventDefault();
  }

  /** To the next cell on a side; above the diagonal there is none. */
  #go(from: Cell, right: number, up: number): void {
    this.#cells.find((cell) => cell.row === from.row - up && cell.column === from.column + right)?.element.focus();
  }

  /** Moves a rectangle, or with `far` its upper right corner, within the cell. */
  #move(cell: Cell, right: number, up: number, far: boolean): void {
    const [across, above] = this.#rangesOf(cell) ?? [undefined, undefined];
    const moved = (range: Range | undefined, by: number): Range | undefined => {
      if (by === 0) return range;
      const [low, high] = range ?? WHOLE;
      if (far) return [low, Math.max(low, Math.min(1, high + by))];
      const whole = Math.max(-low, Math.min(1 - high, by));
      return [low + whole, high + whole];
    };
    this.#put(cell, moved(across, right), moved(above, up));
  }

  /** A drag makes a rectangle, one that begins in it moves it; a click takes it away, or shows the pair larger. */
  #drag(down: PointerEvent, cell: Cell): void {
    if (down.button !== 0) return;
    down.preventDefault();
    cell.element.focus();
    const box = cell.inside.getBoundingClientRect();
    const inside = (part: number) => Math.max(0, Math.min(1, part));
    const place = (event: PointerEvent): [number, number] => [inside((event.clientX - box.left) / box.width), inside((box.bottom - event.clientY) / box.height)];
    const [x, y] = place(down);
    const ranges = this.#rangesOf(cell);
    const holds = (range: Range | undefined, at: number) => range === undefined || (at > range[0] && at < range[1]);
    const taken = ranges !== undefined && holds(ranges[0], x) && holds(ranges[1], y);
    let moved = false;
    const drag = new AbortController();
    window.addEventListener("pointermove", (event) => {
      if (!moved && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < 4) return;
      moved = true;
      const [toX, toY] = place(event);
      if (taken) {
        const by = (range: Range | undefined, way: number): Range | undefined => {
          if (!range) return undefined;
          const whole = Math.max(-range[0], Math.min(1 - range[1], way));
          return [range[0] + whole, range[1] + whole];
        };
        this.#put(cell, by(ranges[0], toX - x), by(ranges[1], toY - y));
      } else this.#put(cell, [Math.min(x, toX), Math.max(x, toX)], [Math.min(y, toY), Math.max(y, toY)]);
    }, { signal: drag.signal });
    window.addEventListener("pointercancel", () => drag.abort(), { signal: drag.signal });
    window.addEventListener("pointerup", () => {
      drag.abort();
      if (moved) return;
      if (taken) this.#put(cell, undefined, undefined);
      else this.#events.show(cell.x.column.key, cell.y.column.key);
    }, { signal: drag.signal });
  }

  #paint({ pen, width, color }: Ground): void {
    const { dimensions, colors, kept } = this.#data;
    const last = dimensions.length - 1;
    if (last < 1) return;
    const [wide, tall] = [(width - LEFT) / last, high(last)];
    this.#titles(pen, wide, last, color);
    const [shown, others] = [[] as number[][], [] as number[]];
    colors.forEach((good, run) => {
      if (!kept[run]) others.push(run);
      // Those without a colour first, the best last, above the others.
      else (shown[Number.isNaN(good) ? 0 : 1 + Math.min(SHADES - 1, Math.floor(good * SHADES))] ??= []).push(run);
    });
    const size = colors.length > 1500 ? 2 : colors.length > 300 ? 2.6 : colors.length > 60 ? 3.6 : 6;
    for (const { x, y, row, column } of this.#cells) {
      const [left, top] = [LEFT + column * wide, (row - 1) * tall];
      const [across, up] = [wide - GAP - 2 * INSET, tall - GAP - 2 * INSET];
      const dots = (runs: readonly number[]) => {
        pen.beginPath();
        for (const run of runs) {
          const [a, b] = [x.places[run] ?? NaN, y.places[run] ?? NaN];
          if (Number.isNaN(a) || Number.isNaN(b)) continue;
          const px = left + INSET + a * across + (x.shared ? spread(run) : 0);
          const py = top + INSET + (1 - b) * up + (y.shared ? spread(run * 7) : 0);
          pen.moveTo(px + size / 2, py);
          pen.arc(px, py, size / 2, 0, 7);
        }
        pen.fill();
      };
      pen.globalAlpha = 0.14;
      pen.fillStyle = color("--ink-faint");
      dots(others);
      pen.globalAlpha = colors.length > 1500 ? 0.6 : 0.85;
      shown.forEach((runs, at) => {
        pen.fillStyle = at === 0 ? color("--ink-faint") : shade((at - 0.5) / SHADES);
        dots(runs);
      });
      pen.globalAlpha = 1;
    }
  }

  /** What the rows and columns are, and the ends of their axes. */
  #titles(pen: CanvasRenderingContext2D, wide: number, last: number, color: (name: string) => string): void {
    const { dimensions } = this.#data;
    const tall = high(last);
    pen.font = FONT;
    dimensions.forEach((one, at) => {
      const title = visible(one.column.title);
      const ends = one.varies ? [one.textAt(0), one.textAt(1)] : [one.textAt(0.5)];
      if (at > 0) {
        const top = (at - 1) * tall;
        pen.save();
        pen.translate(12, top + (tall - GAP) / 2);
        pen.rotate(-Math.PI / 2);
        pen.textAlign = "center";
        pen.fillStyle = color(at === last ? "--ink" : "--ink-soft");
        pen.fillText(short(pen, title, tall - GAP), 0, 0);
        pen.restore();
        pen.textAlign = "right";
        pen.fillStyle = color("--ink-faint");
        ends.forEach((end, place) => pen.fillText(short(pen, end, LEFT - 26), LEFT - 5, ends.length === 1 ? top + (tall - GAP) / 2 + 4 : place === 0 ? top + tall - GAP - 3 : top + 10));
      }
      if (at < last) {
        const left = LEFT + at * wide;
        pen.textAlign = "center";
        pen.fillStyle = color("--ink-soft");
        pen.fillText(short(pen, title, wide - GAP), left + (wide - GAP) / 2, last * tall + BOTTOM - 6);
        pen.fillStyle = color("--ink-faint");
        ends.forEach((end, place) => {
          pen.textAlign = ends.length === 1 ? "center" : place === 0 ? "left" : "right";
          const x = ends.length === 1 ? left + (wide - GAP) / 2 : place === 0 ? left + 2 : left + wide - GAP - 2;
          pen.fillText(short(pen, end, wide / 2 - GAP - 2), x, last * tall + 10);
        });
      }
    });
  }
}

/** A little to one side or the other, for each run its own way. */
function spread(run: number): number {
  return (((run * 0.6180339887) % 1) - 0.5) * SPREAD;
}
