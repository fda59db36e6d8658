import type { Unit } from "../core/blocks";
import { bdi, fill, h, svg as drawing } from "../core/dom";
import { Scope } from "../core/scope";
import { visible } from "../core/text";
import { colour } from "../core/theme";
import { behindAll, inTurn, sharingFrames } from "../core/turns";
import { failure, loading } from "../widgets/state";
import { toast } from "../widgets/toast";
import { ChartData } from "./data";
import { drawLines, extent, span } from "./draw";
import { padded, zoomed, type Frame } from "./frame";
import { legend } from "./legend";
import type { LineSpec } from "./line";
import { drawMarks, placeOf, type Mark, type MarkColours } from "./marks";
import { csv, png, save, svg } from "./picture";
import { onRecolour, Plot } from "./plot";
import { server, type Source } from "./source";
import { summary, valueText, xText } from "./summary";
import { readings, Tip } from "./tip";
import type { Timeline } from "./timeline";

export interface ChartOptions {
  title: string;
  lines: readonly LineSpec[];
  timeline: Timeline;
  scope: Scope;
  /** The server's series unless something else is said. */
  source?: Source;
  /** Asked at each drawing. */
  marks?: () => readonly Mark[];
  /** Height of the plot in pixels of the page; without one it fills its place. */
  height?: number;
  /** Its y axis is logarithmic whatever the page's is; told when the reader changes it. */
  logY?: boolean;
  onLogY?: (logY: boolean) => void;
  /** It is drawn whether it is in sight or not, as on paper. */
  always?: boolean;
  /** It stands where the page opens, and is taken to be in sight until the browser says that it is not. */
  early?: boolean;
}

const ICONS = {
  full: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
  more: "M10 4.5v.01M10 10v.01M10 15.5v.01",
};

function icon(path: string): SVGElement {
  return drawing("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, drawing("path", { d: path }));
}

/**
 * A chart: lines of a shared timeline with cursor, zoom, legend and files. It is made when it comes into sight and let
 * go when it leaves; what it has fetched it keeps.
 */
export function chartPanel(options: ChartOptions): HTMLElement {
  return new Panel(options).element;
}

/** A chart so many pixels above or below the window is as good as in sight. */
const MARGIN = 150;

/** Panels of the page's first moment, whose areas nobody has measured yet. */
const unmeasured = new Set<Panel>();

class Panel {
  readonly element: HTMLElement;
  readonly #head: HTMLElement;
  readonly #area: HTMLElement;
  readonly #value = h("span", { class: "chart-value number", "aria-live": "off" });
  readonly #said = h("p", { class: "only-read", "aria-live": "polite" });
  readonly #data: ChartData;
  readonly #scope: Scope;
  readonly #draw = sharingFrames(() => this.#show(), () => this.#plot?.held ?? false);
  /** Where there are several lines. */
  readonly #legend: ReturnType<typeof legend> | undefined;
  #plot: Plot | undefined;
  #tip: Tip | undefined;
  #tools: HTMLElement | undefined;
  /** Of the area, in pixels of the page, as the browser last told it: asking for it would make it lay the page out. */
  #size: { width: number; height: number } | undefined;
  #sight: Scope | undefined;
  #logY: boolean;
  #cursor: number | undefined;
  #panning = false;
  /** What there is became another since it was said in words. */
  #untold = true;
  /** Takes back that it is about to be drawn. */
  #due: (() => void) | undefined;
  #colours: MarkColours = { info: "", warning: "", error: "" };

  constructor(readonly options: ChartOptions) {
    const scope = options.scope;
    this.#scope = scope;
    this.#logY = options.logY ?? false;
    this.#area = h("div", { class: "chart-area", tabindex: "0", role: "application", "aria-roledescription": "chart", ...(options.height && { style: { height: `${options.height}px` } }) });
    this.#data = new ChartData(options.lines, options.source ?? server, options.timeline.view, scope, () => this.#fresh(), (error) => this.#fail(error));
    if (options.lines.length > 1) this.#legend = legend(this.#data.lines, () => this.#draw());
    this.#head = h("figcaption", { class: "chart-head" }, h("h3", { class: "chart-title", title: visible(options.title) }, bdi(options.title)), this.#value);
    this.element = h(
      "figure",
      { class: "chart card" },
      this.#head,
      this.#area,
      this.#legend?.element,
      this.#said,
    );
    this.#keys();
    this.#pointer();
    options.timeline.follow(scope, (change) => {
      this.#data.show(options.timeline.view, change === "axis");
      if (change === "axis") {
        this.#untold = true;
        if (this.#plot) this.#make();
      }
      this.#draw();
    });
    options.timeline.cursor(scope, (cursor, from) => from !== this && this.#point(cursor));
    scope.add(onRecolour(() => {
      this.#data.recolour();
      this.#legend?.recolour();
      if (this.#plot) this.#make();
    }));
    const seen = new IntersectionObserver((entries) => (entries.at(-1)?.isIntersecting ? this.#appear() : this.#leave()), { rootMargin: `${MARGIN}px` });
    if (options.always) setTimeout(() => this.#appear());
    else seen.observe(this.element);
    if (options.early) {
      unmeasured.add(this);
      this.#appear();
    }
    scope.add(() => {
      unmeasured.delete(this);
      seen.disconnect();
      this.#leave();
      this.#draw.cancel();
    });
  }

  get #log(): boolean {
    return this.#logY || this.options.timeline.view.logY;
  }

  /** What all lines count in, if they do. */
  get #unit(): Unit {
    const [first, ...others] = this.#data.lines.filter((line) => line.track.length > 0).map((line) => line.track.unit);
    return others.every((unit) => unit === first) ? first : undefined;
  }

  #makeTools(): HTMLElement {
    const log = h("button", { class: "icon-button chart-log", "aria-pressed": String(this.#logY), title: "Logarithmic y axis (l)" }, "log");
    log.addEventListener("click", () => this.#toggleLog());
    const full = h("button", { class: "icon-button", title: "Full screen (f)", "aria-label": "Full screen", onclick: () => this.#full() }, icon(ICONS.full));
    const menu = h("details", { class: "menu" }, h("summary", { class: "icon-button", title: "Save this chart", "aria-label": "Save this chart" }, icon(ICONS.more)));
    const entry = (label: string, act: () => void) => h("button", { type: "button", onclick: () => {
      menu.open = false;
      act();
    } }, label);
    menu.append(
      h(
        "div",
        { class: "menu-body" },
        entry("Picture (PNG)", () => void this.#save("png")),
        entry("Drawing (SVG)", () => void this.#save("svg")),
        entry("Numbers (CSV)", () => void this.#save("csv")),
        entry("Show all (0)", () => this.#reset()),
      ),
    );
    menu.addEventListener("focusout", (event) => {
      if (!menu.contains(event.relatedTarget as Node | null)) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape") menu.open = false;
    });
    return h("span", { class: "chart-tools" }, log, full, menu);
  }

  #toggleLog(): void {
    this.#logY = !this.#logY;
    this.element.querySelector(".chart-log")?.setAttribute("aria-pressed", String(this.#logY));
    this.options.onLogY?.(this.#logY);
    if (this.#plot) this.#make();
  }

  #full(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.element.requestFullscreen().catch(() => toast("This browser does not allow full screen here.", "failed"));
  }

  #appear(): void {
    if (this.#sight) return;
    const sight = this.#scope.child();
    this.#sight = sight;
    this.#tip ??= new Tip(this.#area);
    const observer = new ResizeObserver((entries) => this.#resize(entries.at(-1)!.contentRect));
    observer.observe(this.#area);
    sight.add(() => observer.disconnect());
    if (this.#data.loaded) this.#begin();
    else {
      this.#area.append(loading(3));
      if (!this.#data.asked) void this.#data.load();
    }
  }

  /** Once there is something to draw, a place for it, and somebody to see it. */
  #begin(): void {
    const sight = this.#sight;
    // There is something to draw before the first frame: all are measured together, as each drawing changes the page.
    if (unmeasured.has(this)) for (const panel of unmeasured) panel.#measure();
    if (!sight || !this.#size || !this.#data.loaded || this.#plot || this.#due) return;
    this.#due = inTurn(() => {
      this.#due = undefined;
      this.#make();
      this.#data.follow(sight);
      if (!this.#tools) sight.add(behindAll(() => this.#head.append((this.#tools = this.#makeTools()))));
    });
  }

  /** Its area, and whether it is in sight at all. */
  #measure(): void {
    unmeasured.delete(this);
    const { width, height, top } = this.#area.getBoundingClientRect();
    if (width > 0 && top < window.innerHeight + MARGIN) this.#size ??= { width, height };
  }

  #leave(): void {
    this.#sight?.end();
    this.#sight = undefined;
    this.#due?.();
    this.#due = undefined;
    this.#plot?.end();
    this.#plot = undefined;
    this.#tip?.hide();
  }

  #fresh(): void {
    this.#untold = true;
    if (this.#plot) this.#draw();
    else this.#begin();
  }

  #fail(error: unknown): void {
    if (this.#plot) return;
    fill(this.#area, failure(error, () => {
      fill(this.#area);
      this.#leave();
      this.#appear();
    }));
  }

  #make(): void {
    if (!this.#size) return;
    this.#plot?.end();
    fill(this.#area);
    const { width, height } = this.#size;
    const { x, logX } = this.options.timeline.view;
    this.#colours = { info: colour("--ink-faint"), warning: colour("--warn"), error: colour("--bad") };
    this.#plot = new Plot(
      this.#area,
      { x, logX, logY: this.#log, unit: this.#unit, width: Math.max(80, width), height: Math.max(80, height) },
      {
        draw: (pen, frame) => this.#paint(pen, frame),
        pointed: (at, top) => this.#pointed(at, top),
        selected: (from, to) => {
          if (!this.#panning) this.#zoomTo(from, to);
        },
        reset: () => this.#reset(),
      },
    );
    if (this.#tip) {
      this.#area.append(this.#tip.element);
      this.#tip.hide();
    }
    this.#show();
  }

  #resize({ width, height }: { width: number; height: number }): void {
    const known = this.#size;
    if (known?.width === width && known.height === height) return;
    this.#size = { width, height };
    if (!this.#plot) this.#begin();
    else if (width >= 80) this.#plot.resize(width, Math.max(80, height));
  }

  /** What the x axis spans: the window, or all there is. */
  #range(): [number, number] {
    const { window, logX } = this.options.timeline.view;
    if (window && (!logX || window[0] > 0)) return window;
    const [low, high] = span(this.#data.lines, logX);
    if (!(low <= high)) return logX ? [1, 10] : [0, 1];
    return low === high ? padded(low, high, logX) : [low, high];
  }

  #show(): void {
    const plot = this.#plot;
    if (!plot) return;
    const logY = this.#log;
    if (plot.frame.logY !== logY) {
      this.#make();
      return;
    }
    const x = this.#range();
    plot.show({ x, y: padded(...extent(this.#data.lines, x[0], x[1], logY), logY), logY }, this.#cursor);
    this.#readOut();
    this.#legend?.values(this.#cursor);
    if (this.#untold) this.#summarise();
    const empty = String(this.#data.lines.every((line) => line.track.length === 0));
    if (this.element.dataset["empty"] !== empty) this.element.dataset["empty"] = empty;
  }

  /** Says in words what there is, whatever the window. */
  #summarise(): void {
    this.#untold = false;
    this.#area.setAttribute("aria-label", `${summary(visible(this.options.title), this.#data.lines, this.options.timeline.view.x)} Arrow keys move the cursor, plus and minus zoom, 0 shows all.`);
  }

  #paint(pen: CanvasRenderingContext2D, frame: Frame): void {
    const first = this.#data.lines[0];
    if (first) drawMarks(pen, this.options.marks?.() ?? [], first.axis, frame, this.#colours);
    drawLines(pen, this.#data.lines, frame, this.options.timeline.view.smoothing);
  }

  /** The value of a single line beside its title. */
  #readOut(): void {
    const [line] = this.#data.lines;
    if (!line || this.#data.lines.length > 1) return;
    const at = this.#cursor === undefined ? line.track.length - 1 : line.track.nearest(this.#cursor, line.axis);
    const text = at < 0 ? "no points" : valueText(line, at);
    if (this.#value.textContent !== text) this.#value.textContent = text;
  }

  #pointed(x: number | undefined, top: number): void {
    this.#cursor = x;
    this.options.timeline.point(x, this);
    this.#readOut();
    this.#legend?.values(x);
    const plot = this.#plot;
    if (!plot || x === undefined) {
      this.#tip?.hide();
      return;
    }
    const frame = plot.frame;
    const part = 1 - (top * frame.ratio) / frame.height;
    const y = frame.logY ? frame.y0 * (frame.y1 / frame.y0) ** part : frame.y0 + (frame.y1 - frame.y0) * part;
    const { view } = this.options.timeline;
    const near = (mark: Mark) => {
      const line = this.#data.lines[0];
      return line !== undefined && Math.abs(plot.left(placeOf(mark, line.axis)) - plot.left(x)) < 6;
    };
    const marks = (this.options.marks?.() ?? []).filter(near);
    const offset = frame.left / frame.ratio;
    this.#tip?.show(view.x, x, readings(this.#data.lines, x), y, marks, this.#colours, view.smoothing, offset + plot.left(x), offset + frame.width / frame.ratio);
  }

  /** The cursor of another chart, or of the keyboard. */
  #point(x: number | undefined): void {
    this.#cursor = x;
    this.#plot?.point(x);
    this.#readOut();
    this.#legend?.values(x);
    this.#tip?.hide();
  }

  #zoomTo(from: number, to: number): void {
    if (to > from) this.options.timeline.set({ window: [from, to] });
  }

  #reset(): void {
    this.options.timeline.set({ window: undefined });
  }

  #zoom(part: number, factor: number, shift = 0): void {
    const [from, to] = this.#range();
    this.#zoomTo(...zoomed(from, to, this.options.timeline.view.logX, part, factor, shift));
  }

  #pointer(): void {
    const area = this.#area;
    area.addEventListener(
      "wheel",
      (event) => {
        const plot = this.#plot;
        if (!plot) return;
        const box = plot.over.getBoundingClientRect();
        const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
        // A plain turn scrolls the page, unless the chart is all there is.
        if (!sideways && !event.ctrlKey && !event.metaKey && document.fullscreenElement !== this.element) return;
        event.preventDefault();
        if (sideways) this.#zoom(0.5, 1, (event.deltaX || event.deltaY) / Math.max(200, box.width));
        else this.#zoom(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)), Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY / 240))));
      },
      { passive: false },
    );
    // Dragging with Shift or the middle button moves the window; without, it selects one (uPlot's own).
    area.addEventListener(
      "pointerdown",
      (event) => {
        if (!this.#plot || !(event.button === 1 || (event.button === 0 && event.shiftKey))) return;
        event.preventDefault();
        event.stopPropagation();
        this.#panning = true;
        const width = this.#plot.over.getBoundingClientRect().width;
        const [from, to] = this.#range();
        const start = event.clientX;
        const drag = this.#scope.child();
        area.setPointerCapture(event.pointerId);
        drag.listen(area, "pointermove", (move) => this.#zoomTo(...zoomed(from, to, this.options.timeline.view.logX, 0.5, 1, (start - move.clientX) / width)));
        const stop = () => {
          drag.end();
          setTimeout(() => (this.#panning = false));
        };
        drag.listen(area, "pointerup", stop);
        drag.listen(area, "pointercancel", stop);
      },
      { capture: true },
    );
    area.addEventListener("mousedown", (event) => this.#panning && event.stopPropagation(), { capture: true });
  }

  #keys(): void {
    // Most browsers see to this themselves; not all that a page can be shown in.
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && document.fullscreenElement === this.element) void document.exitFullscreen();
    });
    this.#area.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const act: Record<string, () => void> = {
        ArrowLeft: () => (event.shiftKey ? this.#zoom(0.5, 1, -0.15) : this.#step(-1)),
        ArrowRight: () => (event.shiftKey ? this.#zoom(0.5, 1, 0.15) : this.#step(1)),
        Home: () => this.#step(-Infinity),
        End: () => this.#step(Infinity),
        "+": () => this.#zoom(this.#part(), 0.6),
        "=": () => this.#zoom(this.#part(), 0.6),
        "-": () => this.#zoom(this.#part(), 1 / 0.6),
        "0": () => this.#reset(),
        l: () => this.#toggleLog(),
        f: () => this.#full(),
        Escape: () => this.options.timeline.point(undefined, undefined),
      };
      const wanted = act[event.key];
      if (!wanted) return;
      event.preventDefault();
      wanted();
    });
  }

  /** Where the cursor is, from 0 to 1 of the width. */
  #part(): number {
    const plot = this.#plot;
    if (!plot || this.#cursor === undefined) return 0.5;
    const frame = plot.frame;
    return Math.min(1, Math.max(0, (plot.left(this.#cursor) * frame.ratio) / frame.width));
  }

  /** Moves the cursor by a fiftieth of the width, at least to the next stretch; says what is there. */
  #step(by: number): void {
    const [line] = this.#data.lines.filter((one) => !one.hidden && one.track.length > 0);
    if (!line) return;
    const [from, to] = this.#range();
    const { track, axis } = line;
    const middle = (at: number) => (track.start(at, axis) + track.end(at, axis)) / 2;
    const [first, last] = [track.find(from, axis), Math.max(0, track.find(to, axis) - (track.find(to, axis) >= track.length ? 1 : 0))];
    const shown = Math.max(1, last - first);
    const now = this.#cursor === undefined ? (by > 0 ? first - 1 : last + 1) : track.nearest(this.#cursor, axis);
    const next = Math.min(last, Math.max(first, now + by * Math.max(1, Math.round(shown / 50))));
    const x = middle(next);
    this.#point(x);
    this.options.timeline.point(x, this);
    const said = readings(this.#data.lines, x).slice(0, 5).map((reading) => `${reading.line.spec.label} ${valueText(reading.line, reading.at)}`);
    this.#said.textContent = `${xText(axis.kind, x)}: ${visible(said.join("; "))}`;
  }

  async #save(kind: "png" | "svg" | "csv"): Promise<void> {
    const plot = this.#plot;
    if (!plot) return;
    const shown = { title: this.options.title, plot, lines: this.#data.lines, marks: this.options.marks?.() ?? [], colours: this.#colours, smoothing: this.options.timeline.view.smoothing };
    try {
      const content = kind === "csv" ? csv(this.#data.lines, ...this.#range()) : kind === "svg" ? svg(shown) : await png(shown);
      save(`${visible(this.options.title)}.${kind}`, content);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "failed");
    }
  }
}

