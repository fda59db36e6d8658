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
    return Math.round(Math.min(1500, Math.max(150, TOGETHER / Math.max(1, this.specs.length))));
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
      if (!request.signal.aborted && !this.scope.ended) this.failed(error);
    }
  }

  get loaded(): boolean {
    return this.#whole.some((track) => track !== undefined);
  }

  /** Points appear as they are logged, until `scope` ends. */
  follow(scope: Scope): void {
    this.source.follow?.(scope, this.specs, (index) => this.#whole[index]?.lastStep ?? -1, {
      points: (index, step, time, value) => this.#append(index, step, time, value),
      rewind: (run, step) => this.#rewind(run, step),
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

  async #fetchFine(): Promise<void> {
    const window = this.#view.window;
    if (!window || !this.loaded) return;
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
      const tracks = await this.source.load(this.specs, { x: this.#view.x, window: asked, most: this.#most * 2 }, request.signal);
      if (request.signal.aborted || this.scope.ended) return;
      this.#fine = tracks;
      this.#fineWindow = asked;
      this.#join();
      this.changed();
    } catch {
      // What is drawn stays; a lost connection says so itself, and the next zoom asks again.
    }
  }

  #append(index: number, step: Float64Array, time: Float64Array, value: Float64Array): void {
    const whole = this.#whole[index];
    if (!whole) return;
    const fine = this.#fine[index];
    const axis = this.lines[index]!.axis;
    const last = whole.lastStep;
    // Only a window that reaches the end gets new points; another would have a gap before them.
    const reaches = fine !== undefined && fine.length > 0 && fine.lastStep >= last;
    for (let at = 0; at < step.length; at++) {
      whole.append(step[at]!, time[at]!, value[at]!);
      if (reaches) fine.append(step[at]!, time[at]!, value[at]!);
    }
    const line = this.lines[index]!;
    line.track = fine ? whole.refined(fine, axis) : whole;
    this.changed();
  }

  #rewind(run: string, step: number): void {
    const clean = this.specs.flatMap((spec, index) => (spec.run === run ? [this.#whole[index], this.#fine[index]] : [])).map((track) => track?.rewind(step) ?? true);
    this.#join();
    this.changed();
    if (clean.includes(false)) this.#reload();
  }
}
