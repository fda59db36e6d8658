// A table of any length, of which only what is seen is in the document. Its keys are those of the grid pattern of the
// WAI-ARIA practices: one cell has the focus, arrows move it.

import { fillLine, type CellContext } from "./cells";
import { Heads, type HeadEvents, type Order } from "./heads";
import type { Column } from "../runs/columns";
import type { Line } from "../runs/lines";
import { h } from "../core/dom";

/** What a grid shows. */
export interface GridLines {
  readonly count: number;
  at(index: number): Line;
  want(first: number, last: number): void;
}

/** What a grid tells whoever made it. */
export interface GridEvents extends HeadEvents {
  /** Someone wants the run of a line open. */
  open(index: number): void;
  /** Someone selects the lines between two, or no longer. */
  select(from: number, to: number, selected: boolean): void;
  /** Someone opens or closes a group. */
  toggle(index: number): void;
}

/** Lines rendered above and below what is seen. */
const SPARE = 12;
/** The page's head, in pixels. */
const ABOVE = 180;
/** The column of the check boxes, in pixels. */
const CHECK = 40;

interface Drawn {
  element: HTMLElement;
  cells: HTMLElement[];
  /** What it shows, to draw only what changed. */
  shown: unknown;
  selected: boolean | undefined;
  index: number;
}

/** The grid. */
export class Grid {
  readonly element: HTMLElement;
  #body: HTMLElement;
  #heads: Heads;
  #columns: Column[] = [];
  #lines: GridLines;
  #context: CellContext;
  #selected: (id: string) => boolean;
  #events: GridEvents;
  #drawn = new Map<number, Drawn>();
  #pool: Drawn[] = [];
  /** The cell that has the focus, or would; line -1 is the head. */
  #focus = { line: -1, column: 1 };
  #anchor = 0;
  /** Of a line, as the style has it. */
  #height = 34;
  /** What is seen, in pixels. Measured when it has been laid out, for to ask before that is to have it laid out; until then
   * as large as the window without what stands above it at least. */
  #seen = { top: 0, width: window.outerWidth, height: window.outerHeight - ABOVE };
  #widths: ReadonlyMap<string, number> = new Map();
  #order: Order = { key: "", descending: false };
  #template = "";
  /** Lines made around those that are seen: none before these are on the screen. */
  #spare = 0;
  #frame = 0;
  #resized: ResizeObserver;

  constructor(
    label: string, lines: GridLines, context: CellContext, selected: (id: string) => boolean, events: GridEvents,
  ) {
    this.#lines = lines;
    this.#context = context;
    this.#selected = selected;
    this.#events = events;
    this.#heads = new Heads(events, (column) => this.#moved(-1, column));
    this.#body = h("div", { class: "grid-body", role: "rowgroup" });
    this.element = h(
      "div", { class: "grid", role: "grid", "aria-label": label, "aria-multiselectable": "true" },
      h("div", { class: "grid-top", role: "rowgroup" }, this.#heads.element), this.#body,
    );
    this.element.addEventListener("scroll", () => {
      this.#seen.top = this.element.scrollTop;
      this.#later();
    }, { passive: true });
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.#body.addEventListener("mousedown", (event) => {
      // A shift-click selects runs, not text.
      if (event.shiftKey) event.preventDefault();
    });
    this.#body.addEventListener("click", (event) => this.#click(event));
    this.#body.addEventListener("dblclick", (event) => {
      const index = this.#place(event.target)?.line;
      if (index !== undefined && this.#lines.at(index).kind === "run") this.#events.open(index);
    });
    this.#resized = new ResizeObserver(() => this.#measure());
    this.#resized.observe(this.element);
  }

  /** Shows these columns, the first of which stays in sight. */
  show(columns: Column[], widths: ReadonlyMap<string, number>, order: Order): void {
    const same = columns.map((c) => c.key).join("\n") === this.#columns.map((c) => c.key).join("\n");
    this.#columns = columns;
    this.#widths = widths;
    this.#order = order;
    this.#arrange();
    if (!same) {
      this.#focus.column = Math.min(this.#focus.column, columns.length);
      this.#body.replaceChildren();
      this.#drawn.clear();
      this.#pool = [];
      this.#spare = 0;
    }
    this.draw();
  }

  /** Gives the columns their widths. */
  #arrange(): void {
    const columns = this.#columns;
    const tracks = columns.map((column) => this.#widths.get(column.key) ?? column.width);
    // What stays in sight must leave room for what scrolls.
    const most = Math.round(0.42 * this.#seen.width);
    tracks[0] = Math.min(tracks[0] ?? most, Math.max(120, most));
    const total = CHECK + tracks.reduce((sum, width) => sum + width, 0);
    // The last column takes what is left over, so that lines reach to the right edge.
    const template = [`${CHECK}px`, ...tracks.map((width, at) =>
      at === tracks.length - 1 ? `minmax(${width}px, 1fr)` : `${width}px`)].join(" ");
    if (template !== this.#template) {
      this.#template = template;
      this.element.style.setProperty("--columns", template);
      this.element.style.setProperty("--total", `${total}px`);
      this.element.setAttribute("aria-colcount", String(columns.length + 1));
    }
    // What stands still costs each line a layer of its own.
    this.element.classList.toggle("grid-wide", total > this.#seen.width);
    this.#heads.show(columns, this.#order, tracks);
  }

  /** Looks how large it is, when it has been laid out. */
  #measure(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0) return;
    const row = parseFloat(getComputedStyle(this.element).getPropertyValue("--row"));
    if (width === this.#seen.width && height === this.#seen.height && row === this.#height) return;
    this.#seen.width = width;
    this.#seen.height = height;
    this.#height = row;
    this.#arrange();
    this.draw();
  }

  /** How many of all are selected, for the box in the head. */
  selection(count: number, all: number): void {
    this.#heads.selection(count, all);
    this.draw();
  }

  /** Draws what is seen anew. */
  draw(): void {
    const count = this.#lines.count;
    this.#body.style.height = `${count * this.#height}px`;
    this.element.setAttribute("aria-rowcount", String(count + 1));
    if (this.#focus.line >= count) this.#focus.line = count - 1;
    const first = Math.max(0, Math.floor(this.#seen.top / this.#height));
    const last = Math.min(count - 1, Math.ceil((this.#seen.top + this.#seen.height) / this.#height));
    this.#lines.want(first, Math.max(first, last));
    for (const [index, drawn] of this.#drawn) {
      // The line that has the focus stays in the document, or the focus would be lost.
      if ((index < first - SPARE || index > last + SPARE) && index !== this.#focus.line) this.#drop(drawn);
    }
    const from = Math.max(0, first - this.#spare);
    const to = Math.min(count - 1, last + this.#spare);
    for (let index = from; index <= to; index++) this.#line(index);
    if (this.#spare === 0 && count > 0) this.#later();
    if (this.#focus.line >= 0) this.#line(this.#focus.line);
    this.#heads.focusable(this.#focus.line < 0 ? this.#focus.column : -1);
  }

  /** Whether the reader is at the top and busy with nothing in it, so that lines may move. */
  get calm(): boolean {
    return this.#seen.top < this.#height && !this.element.matches(":hover") &&
      !this.element.contains(document.activeElement);
  }

  /** Goes to the top. */
  toTop(): void {
    if (this.#seen.top !== 0) this.element.scrollTop = this.#seen.top = 0;
    this.draw();
  }

  /** Puts the focus on the cell that had it last. */
  focus(): void {
    this.#focused()?.focus();
  }

  /** Follows the link of a line, as a click on it does. */
  follow(index: number): void {
    this.#drawn.get(index)?.element.querySelector<HTMLAnchorElement>("a")?.click();
  }

  /** Draws all anew, of which nothing but the time has changed. */
  redraw(): void {
    for (const drawn of this.#drawn.values()) drawn.shown = undefined;
    this.draw();
  }

  /** Lets go of everything. */
  stop(): void {
    this.#resized.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  #later(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      // In the frame after the one that shows the first lines.
      if (this.#spare === 0) {
        this.#spare = SPARE;
        this.#later();
      } else this.draw();
    });
  }

  #drop(drawn: Drawn): void {
    this.#drawn.delete(drawn.index);
    drawn.element.remove();
    drawn.shown = undefined;
    if (this.#pool.length < 100) this.#pool.push(drawn);
  }

  #line(index: number): void {
    if (index < 0 || index >= this.#lines.count) return;
    let drawn = this.#drawn.get(index);
    if (!drawn) {
      drawn = this.#pool.pop() ?? this.#made();
      drawn.index = index;
      drawn.element.style.top = `${index * this.#height}px`;
      drawn.element.setAttribute("aria-rowindex", String(index + 2));
      drawn.element.dataset["line"] = String(index);
      this.#drawn.set(index, drawn);
      this.#body.append(drawn.element);
    } else if (drawn.element.style.top !== `${index * this.#height}px`) {
      drawn.element.style.top = `${index * this.#height}px`;
    }
    const line = this.#lines.at(index);
    const shown = line.kind === "run" ? line.row : line.kind === "group" ? `${JSON.stringify(line.group)}${line.open}` : "";
    const selected = line.kind === "run" && this.#selected(line.row.id);
    if (drawn.shown !== shown || drawn.selected !== selected) {
      fillLine(drawn.element, drawn.cells, this.#columns, line, selected, this.#context, drawn.shown !== shown);
      drawn.shown = shown;
      drawn.selected = selected;
    }
    drawn.cells.forEach((cell, column) => {
      const tabindex = index === this.#focus.line && column === this.#focus.column ? 0 : -1;
      if (cell.tabIndex !== tabindex) cell.tabIndex = tabindex;
    });
  }

  #made(): Drawn {
    const cells = [undefined, ...this.#columns].map((column, at) =>
      h("div", {
        class: column ? `grid-cell grid-cell-${column.kind}${at === 1 ? " grid-first" : ""}` : "grid-cell grid-check",
        role: "gridcell", tabindex: "-1", "aria-colindex": String(at + 1),
      }));
    return { element: h("div", { class: "grid-line", role: "row" }, ...cells), cells, shown: undefined, selected: undefined, index: -1 };
  }

  #place(target: EventTarget | null): { line: number; column: number } | undefined {
    const cell = target instanceof Element ? target.closest<HTMLElement>(".grid-cell") : null;
    const line = cell?.closest<HTMLElement>(".grid-line")?.dataset["line"];
    if (cell === null || line === undefined) return undefined;
    return { line: Number(line), column: Number(cell.getAttribute("aria-colindex")) - 1 };
  }

  #focused(): HTMLElement | undefined {
    const { line, column } = this.#focus;
    return line < 0 ? this.#heads.at(column) : this.#drawn.get(line)?.cells[column];
  }

  /** Moves the focus, and what is seen with it. */
  #moved(line: number, column: number, take = false): void {
    this.#focus = { line: Math.max(-1, Math.min(this.#lines.count - 1, line)), column };
    const { scrollTop, clientHeight } = this.element;
    const head = this.#heads.element.offsetHeight;
    if (this.#focus.line >= 0) {
      const top = this.#focus.line * this.#height;
      if (top < scrollTop) this.element.scrollTop = top;
      else if (top + this.#height + head > scrollTop + clientHeight) {
        this.element.scrollTop = top + this.#height + head - clientHeight;
      }
    }
    this.#seen.top = this.element.scrollTop;
    this.draw();
    const cell = this.#focused();
    if (cell === undefined || !take) return;
    cell.focus({ preventScroll: true });
    // What stands still at the left must not cover it.
    const still = column > 1 ? this.#heads.still : 0;
    const left = cell.offsetLeft - still;
    const right = cell.offsetLeft + cell.offsetWidth;
    if (column <= 1) return;
    if (left < this.element.scrollLeft) this.element.scrollLeft = left;
    else if (right > this.element.scrollLeft + this.element.clientWidth) {
      this.element.scrollLeft = right - this.element.clientWidth;
    }
  }

  #click(event: MouseEvent): void {
    const place = this.#place(event.target);
    if (place === undefined) return;
    const line = this.#lines.at(place.line);
    const link = event.target instanceof Element && event.target.closest("a") !== null;
    if (line.kind === "group") {
      this.#moved(place.line, place.column, true);
      this.#events.toggle(place.line);
      return;
    }
    if (line.kind !== "run") return;
    const bulk = event.shiftKey || event.ctrlKey || event.metaKey;
    // A link with a modifier is the browser's.
    if (link) {
      if (event.shiftKey) event.preventDefault();
      else return;
    }
    this.#moved(place.line, place.column, true);
    if (event.shiftKey) this.#extend(place.line);
    else if (place.column === 0 || bulk) {
      this.#anchor = place.line;
      this.#events.select(place.line, place.line, !this.#selected(line.row.id));
    } else this.#anchor = place.line;
  }

  /** Selects from where the last selection began to here. */
  #extend(line: number): void {
    this.#events.select(Math.min(this.#anchor, line), Math.max(this.#anchor, line), true);
  }

  #key(event: KeyboardEvent): void {
    if (event.target instanceof HTMLInputElement && event.target.type !== "checkbox") return;
    const { line, column } = this.#focus;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#height) - 2);
    const last = this.#lines.count - 1;
    if (line < 0 && this.#heads.key(event, column)) return;
    const wholly = event.ctrlKey || event.metaKey;
    const to: Record<string, [number, number]> = {
      ArrowDown: [line + 1, column],
      ArrowUp: [line - 1, column],
      ArrowLeft: [line, Math.max(0, column - 1)],
      ArrowRight: [line, Math.min(this.#columns.length, column + 1)],
      PageDown: [Math.min(last, line + page), column],
      PageUp: [Math.max(0, line - page), column],
      Home: [wholly ? 0 : line, wholly ? column : 0],
      End: [wholly ? last : line, wholly ? column : this.#columns.length],
      j: [line + 1, column],
      k: [line - 1, column],
    };
    const target = event.altKey ? undefined : to[event.key];
    if (target) {
      event.preventDefault();
      this.#moved(...target, true);
      const extends_ = event.shiftKey && (event.key === "ArrowDown" || event.key === "ArrowUp");
      if (extends_ && line >= 0) this.#extend(Math.max(0, this.#focus.line));
      return;
    }
    const focused = line >= 0 ? this.#lines.at(line) : undefined;
    if (wholly && event.key === "a") {
      event.preventDefault();
      this.#events.selectAll(true);
    } else if (event.key === "Escape") {
      this.#events.selectAll(false);
    } else if (focused?.kind === "group" && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      this.#events.toggle(line);
    } else if (focused?.kind === "run" && (event.key === " " || event.key === "x")) {
      event.preventDefault();
      if (event.shiftKey) this.#extend(line);
      else {
        this.#anchor = line;
        this.#events.select(line, line, !this.#selected(focused.row.id));
      }
    } else if (focused?.kind === "run" && event.key === "Enter") {
      event.preventDefault();
      this.#events.open(line);
    }
  }
}
