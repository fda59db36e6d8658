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

/** `track` with what came after its end; points that it has are passed over. */
function extended(track: Track, blocks: readonly Block[], axis: Axis): Track {
  for (const block of blocks) {
    if (track.length === 0) track = Track.of(block);
    else if (block.kind === "stretches") track = track.refined(Track.of(block), axis);
    else {
      const { step, time, value } = block.columns;
      for (let at = 0; at < block.count; at++) if (step[at]! > track.lastStep) track.append(step[at]!, time[at]!, value[at]!);
    }
  }
  return track;
}

const blocksOf = (all: readonly (readonly [number, Block])[], line: number): Block[] => all.filter(([index]) => index === line).map(([, block]) => block);

/**
 * The data of a chart: for each line a coarse track of all there is, and a finer one of the window that is looked at.
 * A new window is drawn at once from what is here; the finer track is fetched once the window stands still.
 */
export class ChartData {
  lines: Line[];
  #whole: (Track | undefined)[];
  #fine: (Track | undefined)[];
  #fineWindow: [number, number] | undefined;
  readonly #requests: { whole: AbortController | undefined; fine: AbortController | undefined } = { whole: undefined, fine: undefined };
  /** What requests that are under way have to know of. */
  readonly #listening = new Set<(readonly [number, Block])[]>();
  /** How often points were made void: an answer from before that has some of them. */
  #rewinds = 0;
  #following = false;
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
    const sessions = new Map(specs.filter((spec) => spec.running).map((spec) => [spec.run, spec.session]));
    for (const [run, session] of sessions) source.rewound?.(scope, run, session, () => this.#rewound());
    scope.add(() => {
      this.#refine.cancel();
      this.#reload.cancel();
      this.#requests.whole?.abort();
      this.#requests.fine?.abort();
    });
  }

  #axis(spec: LineSpec): Axis {
    return { kind: this.#view.x, origin: spec.origin };
  }

  get #most(): number {
    return Math.round(Math.min(1000, Math.max(150, TOGETHER / Math.max(1, this.specs.length))));
  }

  /**
   * Asks for tracks: of all there is, or of a window. Nothing where that is no longer wanted, or where points became void
   * meanwhile: then all is asked for anew. Points that come while the answer is under way are in `meanwhile`: nobody
   * tells them again.
   */
  async #ask(of: "whole" | "fine", window: [number, number] | undefined, most: number): Promise<{ tracks: Track[]; meanwhile: readonly (readonly [number, Block])[] } | undefined> {
    this.#requests[of]?.abort();
    const request = new AbortController();
    this.#requests[of] = request;
    const rewinds = this.#rewinds;
    const meanwhile: (readonly [number, Block])[] = [];
    this.#listening.add(meanwhile);
    try {
      const tracks = await this.source.load(this.specs, { x: this.#view.x, window, most }, request.signal);
      if (request.signal.aborted || this.scope.ended) return undefined;
      if (rewinds !== this.#rewinds) {
        this.#reload();
        return undefined;
      }
      return { tracks, meanwhile };
    } catch (error) {
      if (request.signal.aborted || this.scope.ended) return undefined;
      throw error;
    } finally {
      if (this.#requests[of] === request) this.#requests[of] = undefined;
      this.#listening.delete(meanwhile);
    }
  }

  async #fetch(most: number): Promise<boolean> {
    const answer = await this.#ask("whole", undefined, most);
    if (!answer) return false;
    this.#whole = answer.tracks.map((track, index) => extended(track, blocksOf(answer.meanwhile, index), this.lines[index]!.axis));
    return true;
  }

  /** Fetches all there is, coarse, and then what the window needs. */
  async load(): Promise<void> {
    this.#requests.fine?.abort();
    try {
      if (!(await this.#fetch(this.#most))) return;
      this.#fine = this.specs.map(() => undefined);
      this.#fineWindow = undefined;
      this.#join();
      this.changed();
      this.#refine();
    } catch (error) {
      this.failed(error);
    }
  }

  /** All there is was asked for, and the answer is not here yet. */
  get asked(): boolean {
    return this.#requests.whole !== undefined;
  }

  get loaded(): boolean {
    return this.#whole.some((track) => track !== undefined);
  }

  /** Points appear as they are logged, until `scope` ends. */
  follow(scope: Scope): void {
    this.#following = true;
    scope.add(() => (this.#following = false));
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

  /** Lays the finer tracks over the coarse ones, of one line or of all. */
  #join(only?: number): void {
    this.lines.forEach((line, index) => {
      if (only !== undefined && index !== only) return;
      const whole = this.#whole[index] ?? new Track();
      const fine = this.#fine[index];
      line.track = fine ? whole.refined(fine, line.axis) : whole;
    });
  }

  /** What came first may be a quick and coarse answer: a finer one of all there is follows, once. */
  async #fetchWhole(): Promise<void> {
    const coarse = this.#whole.some((track) => track !== undefined && track.length < this.#most / 2 && track.points > 4 * track.length);
    if (!coarse || this.#whole.length > MANY) return;
    try {
      if (!(await this.#fetch(FINE))) return;
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
    // A margin on both sides, so that a pan finds something.
    const wide = to - from;
    const asked: [number, number] = [from - wide / 2, to + wide / 2];
    const ends = this.#whole.map((track) => track?.lastStep ?? -1);
    try {
      const answer = await this.#ask("fine", asked, Math.max(this.#most, Math.round(FINE / Math.max(1, this.specs.length / 4))));
      if (!answer) return;
      // Only a window that reaches the end goes on with new points; another would have a gap before them.
      this.#fine = answer.tracks.map((track, index) => (track.lastStep >= ends[index]! ? extended(track, blocksOf(answer.meanwhile, index), this.lines[index]!.axis) : track));
      this.#fineWindow = asked;
      this.#join();
      this.changed();
    } catch {
      // What is drawn stays; a lost connection says so itself, and the next zoom asks again.
    }
  }

  #append(index: number, block: Block): void {
    const line = this.lines[index];
    const whole = this.#whole[index];
    if (!whole || !line) return;
    for (const meanwhile of this.#listening) meanwhile.push([index, block]);
    const fine = this.#fine[index];
    const reaches = fine !== undefined && fine.length > 0 && fine.lastStep >= whole.lastStep;
    this.#whole[index] = extended(whole, [block], line.axis);
    if (reaches) this.#fine[index] = extended(fine, [block], line.axis);
    this.#join(index);
    this.changed();
  }

  /** Points became void: who follows them heard which, unless it came a moment too late. Out of sight nothing is kept. */
  #rewound(): void {
    this.#rewinds += 1;
    if (this.#following) this.#reload();
    else {
      this.#whole = this.specs.map(() => undefined);
      this.#fine = this.specs.map(() => undefined);
      this.#fineWindow = undefined;
    }
  }

  #rewind(run: string, step: number, metric: string | undefined): void {
    this.#rewinds += 1;
    const clean = this.specs.flatMap((spec, index) => (spec.run === run && (metric === undefined || spec.metric === metric) ? [this.#whole[index], this.#fine[index]] : [])).map((track) => track?.rewind(step) ?? true);
    this.#join();
    this.changed();
    if (clean.includes(false)) this.#reload();
  }
}
