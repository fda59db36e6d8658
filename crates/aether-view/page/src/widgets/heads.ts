// The heads of the runs table: click to sort, drag to move, drag the edge to widen; the same from the keyboard.

import { fill, h } from "../core/dom";
import { visible } from "../core/text";
import type { Column } from "../runs/columns";

/** By what a table is sorted. */
export interface Order {
  key: string;
  descending: boolean;
}

/** What happens at the heads. */
export interface HeadEvents {
  sort(order: Order): void;
  /** Moves a column by so many places. */
  move(key: string, places: number): void;
  /** Makes a column so wide, in pixels. */
  widen(key: string, width: number): void;
  /** All that match, or none. */
  selectAll(selected: boolean): void;
}

/** Narrower than this no column gets, in pixels. */
const NARROWEST = 56;

/** The row of heads. */
export class Heads {
  readonly element = h("div", { class: "grid-heads", role: "row", "aria-rowindex": 1 });
  #events: HeadEvents;
  #focused: (column: number) => void;
  #cells: HTMLElement[] = [];
  #columns: Column[] = [];
  #widths: number[] = [];
  #order: Order = { key: "", descending: false };
  /** What is shown, to make it anew only when it changed. */
  #said = "";
  #box = h("input", { type: "checkbox", tabindex: -1, "aria-label": "select all runs that match" });
  /** Where the focus is, or -1 for not here. */
  #focus = -1;

  constructor(events: HeadEvents, focused: (column: number) => void) {
    this.#events = events;
    this.#focused = focused;
    this.#box.addEventListener("click", () => this.#events.selectAll(this.#box.checked));
  }

  /** Shows the heads of these columns. */
  show(columns: Column[], order: Order, widths: number[]): void {
    // Rows come and go all the time; the heads seldom change.
    const said = JSON.stringify([columns, order]);
    this.#widths = widths;
    if (said === this.#said) return;
    this.#said = said;
    // Who stands on a head stays there.
    const focused = this.element.contains(document.activeElement) && document.activeElement !== this.#box;
    this.#columns = columns;
    this.#order = order;
    const check = h("div", { class: "grid-head grid-check", role: "columnheader", tabindex: -1, "aria-colindex": 1, "aria-label": "selected" }, this.#box);
    this.#cells = [check, ...columns.map((column, at) => this.#head(column, at + 1))];
    fill(this.element, this.#cells);
    this.focusable(this.#focus);
    if (focused) this.#cells[this.#focus]?.focus();
  }

  /** Says in the box how many are selected. */
  selection(count: number, all: number): void {
    this.#box.checked = count > 0 && count >= all;
    this.#box.indeterminate = count > 0 && count < all;
  }

  /** The head of a column; 0 is that of the check boxes. */
  at(column: number): HTMLElement | undefined {
    return this.#cells[column];
  }

  /** How much of the left stands still, in pixels. */
  get still(): number {
    const first = this.#cells[1];
    return first && getComputedStyle(first).position === "sticky" ? first.offsetWidth + (this.#cells[0]?.offsetWidth ?? 0) : 0;
  }

  /** Lets the tabulator reach a head, or with -1 none. */
  focusable(column: number): void {
    this.#focus = column;
    this.#cells.forEach((cell, at) => (cell.tabIndex = at === column ? 0 : -1));
  }

  /** A key that was pressed on a head; whether it meant anything. */
  key(event: KeyboardEvent, at: number): boolean {
    const column = this.#columns[at - 1];
    if (column === undefined) {
      if (event.key !== " " && event.key !== "Enter") return false;
      event.preventDefault();
      this.#events.selectAll(!this.#box.checked);
      return true;
    }
    const aside = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (event.altKey && aside !== 0) {
      event.preventDefault();
      if (event.shiftKey) this.#events.widen(column.key, Math.max(NARROWEST, (this.#widths[at - 1] ?? 0) + 16 * aside));
      else if (at > 1) {
        this.#focused(Math.max(2, Math.min(this.#columns.length, at + aside)));
        this.#events.move(column.key, aside);
        this.#cells[this.#focus]?.focus();
      }
      return true;
    }
    if (event.key !== "Enter" && event.key !== " ") return false;
    event.preventDefault();
    this.#sort(column);
    this.#cells[at]?.focus();
    return true;
  }

  #sort(column: Column): void {
    if (!column.sortable) return;
    const again = this.#order.key === column.key;
    this.#events.sort({ key: column.key, descending: again ? !this.#order.descending : column.descendingFirst });
  }

  #head(column: Column, at: number): HTMLElement {
    const sorted = this.#order.key === column.key;
    const title = visible(column.title);
    const edge = h("span", { class: "grid-edge", "aria-hidden": "true" });
    const cell = h(
      "div",
      {
        class: `grid-head grid-head-${column.kind}${column.origin === "metric" ? " number" : ""}${at === 1 ? " grid-first" : ""}${column.sortable ? " grid-sortable" : ""}`,
        role: "columnheader", tabindex: -1, "aria-colindex": at + 1,
        "aria-sort": sorted ? (this.#order.descending ? "descending" : "ascending") : column.sortable ? "none" : undefined,
        title: column.origin === "" ? title : `${column.origin} ${title}`,
      },
      h("span", { class: "grid-title" }, h("bdi", {}, title)),
      sorted && h("span", { class: "grid-order", "aria-hidden": "true" }, this.#order.descending ? "↓" : "↑"),
      edge,
    );
    edge.addEventListener("pointerdown", (event) => this.#widening(event, column, at));
    edge.addEventListener("click", (event) => event.stopPropagation());
    cell.addEventListener("pointerdown", (event) => this.#dragging(event, column, at));
    return cell;
  }

  #widening(down: PointerEvent, column: Column, at: number): void {
    down.stopPropagation();
    down.preventDefault();
    const edge = down.currentTarget as HTMLElement;
    const from = this.#cells[at]?.offsetWidth ?? column.width;
    edge.setPointerCapture(down.pointerId);
    const move = (event: PointerEvent) => this.#events.widen(column.key, Math.max(NARROWEST, Math.round(from + event.clientX - down.clientX)));
    // The heads are drawn anew meanwhile, so the listeners are the window's.
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", () => window.removeEventListener("pointermove", move), { once: true });
  }

  /** A press on a head: where the pointer stays it sorts, where it goes the column goes with it. */
  #dragging(down: PointerEvent, column: Column, at: number): void {
    if (down.button !== 0) return;
    const cell = this.#cells[at];
    let target = at;
    let moved = false;
    const move = (event: PointerEvent) => {
      if (!moved && Math.abs(event.clientX - down.clientX) < 6) return;
      moved = true;
      if (at === 1) return;
      cell?.classList.add("grid-moving");
      // The first column stays where it is.
      target = this.#cells.findIndex((head, place) => place > 1 && event.clientX < head.getBoundingClientRect().right);
      if (target < 0) target = this.#cells.length - 1;
      this.#cells.forEach((head, place) => {
        head.classList.toggle("grid-before", place === target && target < at);
        head.classList.toggle("grid-after", place === target && target > at);
      });
    };
    const up = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointercancel", cancel);
      for (const head of this.#cells) head.classList.remove("grid-moving", "grid-before", "grid-after");
      if (!moved) {
        this.#focused(at);
        this.#sort(column);
      } else if (target !== at) this.#events.move(column.key, target - at);
    };
    const cancel = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up, { once: true });
    window.addEventListener("pointercancel", cancel, { once: true });
  }
}
