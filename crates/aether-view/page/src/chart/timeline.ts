import type { XKind } from "../core/api";
import { debounced, framed } from "../core/dom";
import type { Query } from "../core/router";
import type { Scope } from "../core/scope";

/** What the charts of a page share: the x axis, the window that is zoomed to, the cursor, smoothing. */
export interface View {
  x: XKind;
  /** From and to on the x axis; all there is without one. */
  window: [number, number] | undefined;
  logX: boolean;
  logY: boolean;
  /** 0 (none) to 0.999. */
  smoothing: number;
}

export type Cursor = number | undefined;

const KINDS: readonly XKind[] = ["step", "time", "relative"];

/** What a link says. */
function viewOf(query: Query, usual: XKind): View {
  const number = (name: string) => (query.get(name) === "" ? NaN : Number(query.get(name)));
  const [from, to] = [number("from"), number("to")];
  const smoothing = number("smooth");
  return {
    x: KINDS.find((kind) => kind === query.get("x")) ?? usual,
    window: from < to ? [from, to] : undefined,
    logX: query.get("logx") !== "",
    logY: query.get("logy") !== "",
    smoothing: smoothing > 0 ? Math.min(0.999, smoothing) : 0,
  };
}

/** Holds a `View`, tells the charts of changes once a frame, and keeps the page's link in step with it. */
export class Timeline {
  readonly #charts = new Set<(change: "view" | "axis") => void>();
  readonly #cursors = new Set<(cursor: Cursor, from: unknown) => void>();
  readonly #tell = framed(() => {
    const change = this.#axis ? "axis" : "view";
    this.#axis = false;
    for (const heard of this.#charts) heard(change);
  });
  readonly #write = debounced(200, () => this.#save());
  #axis = false;
  view: View;

  /** `usual` is the x axis where the link says none. Without a query the view is this page's own matter. */
  constructor(
    readonly scope: Scope,
    readonly query?: Query,
    readonly usual: XKind = "step",
  ) {
    this.view = query ? viewOf(query, usual) : { x: usual, window: undefined, logX: false, logY: false, smoothing: 0 };
    scope.add(() => {
      this.#tell.cancel();
      this.#write.cancel();
    });
  }

  set(change: Partial<View>): void {
    const axis = (change.x !== undefined && change.x !== this.view.x) || (change.logX !== undefined && change.logX !== this.view.logX);
    // A window on one axis means nothing on another.
    const window = axis && !("window" in change) ? { window: undefined } : {};
    this.view = { ...this.view, ...change, ...window };
    this.#axis ||= axis;
    this.#tell();
    this.#write();
  }

  /** Has the charts drawn anew: what they show beside their lines became another. */
  redraw(): void {
    this.#tell();
  }

  /** Calls `heard` at each change: "axis" where the x axis means something else now. */
  follow(scope: Scope, heard: (change: "view" | "axis") => void): void {
    this.#charts.add(heard);
    scope.add(() => this.#charts.delete(heard));
  }

  point(cursor: Cursor, from: unknown): void {
    for (const heard of this.#cursors) heard(cursor, from);
  }

  /** Calls `heard` where a chart's cursor points to, on the x axis; `from` is that chart. */
  cursor(scope: Scope, heard: (cursor: Cursor, from: unknown) => void): void {
    this.#cursors.add(heard);
    scope.add(() => this.#cursors.delete(heard));
  }

  #save(): void {
    const { x, window, logX, logY, smoothing } = this.view;
    const short = (value: number | undefined) => (value === undefined ? undefined : String(Number(value.toPrecision(x === "time" ? 14 : 8))));
    this.query?.set({ x: x === this.usual ? undefined : x, from: short(window?.[0]), to: short(window?.[1]), logx: logX, logy: logY, smooth: smoothing || undefined });
  }
}
