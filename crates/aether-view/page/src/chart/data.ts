import type { Block } from "../core/blocks";
import { debounced } from "../core/dom";
import type { Scope } from "../core/scope";
import { lineStyle } from "../core/palette";
import type { Line, LineSpec } from "./line";
import type { Source } from "./source";
import type { View } from "./timeline";
import { Track, type Axis } from "./track";

/** Stretches for all lines of a chart together: more lines, fewer for each. */
const TOGETHER = 60_000;
const SETTLED = 120;
/** Stretches of a line that has the whole of a chart to itself, once the first drawing is done. */
const FINE = 2400;
/** More lines than this stay as they came. */
const MANY = 8;

/**
 * The data of a chart: for each line a coarse track of all there is, and a finer one of the window that is looked at.
 * A new window is drawn at once from what is here; the finer track is fetched once the window stands still.
 */
export class ChartData {
  lines: Line[];
  #whole: (Track | undefined)[];
  #fine: (Track | undefined)[];
  #fineWindow: [number, number] | undefined;
  #request: AbortController | undefined;
  #view: View;
  readonly #refine: ReturnType<typeof debounced>;
  readonly #reload: ReturnType<typeof debounced>;

  constructor(
    readonly specs: readonly LineSpec[],
    readonly source: Source,
    view: View,
    readonly scope: Scope,
    readonly changed: () => void,
    readonly failed: (error: unknown) => void,
  ) {
    this.#view = view;
    this.#whole = specs.map(() => undefined);
    this.#fine = specs.map(() => undefined);
    this.lines = specs.map((spec) => ({ spec, track: new Track(), axis: this.#axis(spec), style: lineStyle(spec.style), hidden: false, lit: false }));
    this.#refine = debounced(SETTLED, () => void this.#fetchFine());
    this.#reload = debounced(SETTLED, () => void this.load());
    scope.add(() => {
      this.#refine.cancel();
      this.#reload.cancel();
      this.#request?.abort();
    });
  }

  #axis(spec: LineSpec): Axis {
    return { kind: this.#view.x, origin: spec.origin };
  }

  get #most(): number {
    return Math.round(Math.min(1000, Math.max(150, TOGETHER / Math.max(1, this.specs.length))));
  }

  /** Fetches all there is, coarse, and then what the window needs. */
  async load(): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    try {
      const tracks = await this.source.load(this.specs, { x: this.#view.x, window: undefined, most: this.#most }, request.signal);
      if (request.signal.aborted || this.scope.ended) return;
      this.#whole = tracks;
      this.#fine = this.specs.map(() => undefined);
      this.#fineWindow = undefined;
      this.#join();
      this.changed();
      this.#refine();
    } catch (error) {
      if (this.#request === request) this.#request = undefined;
      if (!request.signal.aborted && !this.scope.ended) this.failed(error);
    }
  }

  /** Its first answer is here, or on its way. */
  get asked(): boolean {
    return this.#request !== undefined;
  }

  get loaded(): boolean {
    return this.#whole.some((track) => track !== undefined);
  }

  /** Points appear as they are logged, until `scope` ends. */
  follow(scope: Scope): void {
    this.source.follow?.(scope, this.specs, (index) => this.#whole[index]?.lastStep ?? -1, {
      points: (index, block) => this.#append(index, block),
      rewind: (run, step, metric) => this.#rewind(run, step, metric),
    });
  }

  /** Another window, axis or look. */
  show(view: View, axis: boolean): void {
    this.#view = view;
    if (axis) {
      this.lines.forEach((line) => (line.axis = this.#axis(line.spec)));
      // Stretches are cut by steps or by times; those of another axis are good enough until the right ones are here.
      this.#fineWindow = undefined;
      this.#fine = this.specs.map(() => undefined);
      this.#join();
      this.#reload();
    } else this.#refine();
  }

  recolour(): void {
    for (const line of this.lines) line.style = lineStyle(line.spec.style);
  }

  #join(): void {
    this.lines.forEach((line, index) => {
      const whole = this.#whole[index] ?? new Track();
      const fine = this.#fine[index];
      line.track = fine ? whole.refined(fine, line.axis) : whole;
    });
  }

  /** What came first may be a quick and coarse answer: a finer one of all there is follows, once. */
  async #fetchWhole(): Promise<void> {
    const coarse = this.#whole.some((track) => track !== undefined && track.length < this.#most / 2 && track.points > 4 * track.length);
    if (!coarse || this.#whole.length > MANY) return;
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    try {
      const tracks = await this.source.load(this.specs, { x: this.#view.x, window: undefined, most: FINE }, request.signal);
      if (request.signal.aborted || this.scope.ended) return;
      // What came meanwhile is asked for again by nobody: it goes on top.
      this.#whole = tracks.map((track, index) => track.followed(this.#whole[index]));
      this.#join();
      this.changed();
    } catch {
      // The coarse one stays.
    }
  }

  async #fetchFine(): Promise<void> {
    const window = this.#view.window;
    if (!this.loaded) return;
    if (!window) {
      await this.#fetchWhole();
      return;
    }
    const [from, to] = window;
    const known = this.#fineWindow;
    // What is here covers the window and is not much wider: no need to ask.
    if (known && known[0] <= from && known[1] >= to && known[1] - known[0] < 4 * (to - from)) return;
    if (this.#whole.every((track) => !track || track.points === track.length)) return;
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    // A margin on both sides, so that a pan finds something.
    const wide = to - from;
    const asked: [number, number] = [from - wide / 2, to + wide / 2];
    try {
      const tracks = await this.source.load(this.specs, { x: this.#view.x, window: asked, most: Math.max(this.#most, Math.round(FINE / Math.max(1, this.specs.length / 4))) }, request.signal);
      if (request.signal.aborted || this.scope.ended) return;
      this.#fine = tracks;
      this.#fineWindow = asked;
      this.#join();
      this.changed();
    } catch {
      // What is drawn stays; a lost connection says so itself, and the next zoom asks again.
    }
  }

  #append(index: number, block: Block): void {
    const line = this.lines[index];
    let whole = this.#whole[index];
    if (!whole || !line) return;
    let fine = this.#fine[index];
    // Only a window that reaches the end gets new points; another would have a gap before them.
    const reaches = fine !== undefined && fine.length > 0 && fine.lastStep >= whole.lastStep;
    if (block.kind === "points") {
      const { step, time, value } = block.columns;
      for (let at = 0; at < block.count; at++) {
        whole.append(step[at]!, time[at]!, value[at]!);
        if (reaches) fine?.append(step[at]!, time[at]!, value[at]!);
      }
    } else {
      whole = whole.refined(Track.of(block), line.axis);
      if (reaches) fine = fine?.refined(Track.of(block), line.axis);
      this.#whole[index] = whole;
      this.#fine[index] = fine;
    }
    line.track = fine ? whole.refined(fine, line.axis) : whole;
    this.changed();
  }

  #rewind(run: string, step: number, metric: string | undefined): void {
    const clean = this.specs.flatMap((spec, index) => (spec.run === run && (metric === undefined || spec.metric === metric) ? [this.#whole[index], this.#fine[index]] : [])).map((track) => track?.rewind(step) ?? true);
    this.#join();
    this.changed();
    if (clean.includes(false)) this.#reload();
  }
}
