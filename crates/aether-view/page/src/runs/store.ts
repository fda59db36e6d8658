// The rows of a list that is longer than what is on the screen: fetched in windows of 200, ahead of the reader, kept
// while they are near.

/** A window of a list, as the server answers it. */
export interface Answer<R> {
  matched: number;
  runs: R[];
}

/** Rows in a window. */
export const WINDOW = 200;
/** Windows kept. Those farthest from what is seen are forgotten first. */
const KEPT = 60;

interface Held<R> {
  rows: R[];
  generation: number;
}

/** A list that is fetched as it is looked at. */
export class Store<R extends { id: string }> {
  #fetch: (offset: number, limit: number, signal: AbortSignal) => Promise<Answer<R>>;
  #changed: () => void;
  #failed: (error: unknown) => void;
  #windows = new Map<number, Held<R>>();
  #pending = new Map<number, AbortController>();
  #generation = 0;
  #seen: [number, number] = [0, 0];
  #matched: number | undefined;
  /** Whether another list was begun of which nothing has come yet. */
  #fresh = true;

  /** `changed` is called when rows have come, `failed` when a window could not be fetched. */
  constructor(
    fetch: (offset: number, limit: number, signal: AbortSignal) => Promise<Answer<R>>,
    changed: () => void,
    failed: (error: unknown) => void,
  ) {
    this.#fetch = fetch;
    this.#changed = changed;
    this.#failed = failed;
  }

  /** How many rows there are; nothing while that is not known. */
  get count(): number | undefined {
    return this.#matched;
  }

  /** A row, if it has come. */
  at(index: number): R | undefined {
    return this.#windows.get(Math.floor(index / WINDOW))?.rows[index % WINDOW];
  }

  /** Where a row is, if it has come. */
  find(id: string): number | undefined {
    for (const [window, held] of this.#windows) {
      const at = held.rows.findIndex((row) => row.id === id);
      if (at >= 0) return window * WINDOW + at;
    }
    return undefined;
  }

  /** Says which rows are seen; fetches them, and those around them. */
  want(first: number, last: number): void {
    this.#seen = [first, last];
    // Until the first rows of another list have come, or were refused, those of the one before are shown.
    if (this.#fresh) return;
    const from = Math.max(0, Math.floor((first - WINDOW / 2) / WINDOW));
    const most = Math.max(0, Math.ceil((this.#matched ?? WINDOW) / WINDOW) - 1);
    const to = Math.min(most, Math.floor((last + WINDOW / 2) / WINDOW));
    // What somebody has scrolled past is no longer waited for.
    for (const [window, controller] of this.#pending) {
      if (window < from - 1 || window > to + 1) {
        controller.abort();
        this.#pending.delete(window);
      }
    }
    const seen = Math.floor(first / WINDOW);
    const wanted: number[] = [];
    for (let window = from; window <= to; window++) wanted.push(window);
    wanted.sort((a, b) => Math.abs(a - seen) - Math.abs(b - seen));
    for (const window of wanted) {
      if (this.#windows.get(window)?.generation !== this.#generation && !this.#pending.has(window)) {
        void this.#load(window);
      }
    }
  }

  /** Begins another list: what is shown stays until its first rows have come, and if they are refused. */
  restart(): void {
    this.stop();
    this.#generation++;
    this.#fresh = true;
    void this.#load(0);
  }

  /** Fetches what is seen again; what was fetched before is shown until the new has come. */
  refresh(): void {
    if (this.#fresh) {
      this.restart();
      return;
    }
    this.stop();
    this.#generation++;
    this.want(...this.#seen);
  }

  /** Puts rows that changed in the place of what they were. Those that it does not have are returned. */
  update(rows: readonly R[]): R[] {
    const unknown: R[] = [];
    for (const row of rows) {
      const at = this.find(row.id);
      const held = at === undefined ? undefined : this.#windows.get(Math.floor(at / WINDOW));
      if (at === undefined || held === undefined) unknown.push(row);
      else held.rows[at % WINDOW] = row;
    }
    return unknown;
  }

  /** Waits for nothing any more. */
  stop(): void {
    for (const controller of this.#pending.values()) controller.abort();
    this.#pending.clear();
  }

  async #load(window: number): Promise<void> {
    const controller = new AbortController();
    const generation = this.#generation;
    this.#pending.set(window, controller);
    try {
      const answer = await this.#fetch(window * WINDOW, WINDOW, controller.signal);
      if (controller.signal.aborted || generation !== this.#generation) return;
      if (this.#fresh) this.#windows.clear();
      this.#fresh = false;
      this.#windows.set(window, { rows: answer.runs, generation });
      this.#matched = answer.matched;
      this.#forget();
      this.#changed();
    } catch (error) {
      if (!controller.signal.aborted) this.#failed(error);
    } finally {
      if (this.#pending.get(window) === controller) this.#pending.delete(window);
    }
  }

  /** Lets go of what is beyond the end, and of what is far from what is seen. */
  #forget(): void {
    const windows = Math.ceil((this.#matched ?? 0) / WINDOW);
    for (const window of this.#windows.keys()) if (window >= Math.max(1, windows)) this.#windows.delete(window);
    if (this.#windows.size <= KEPT) return;
    const seen = Math.floor(this.#seen[0] / WINDOW);
    const far = [...this.#windows.keys()].sort((a, b) => Math.abs(b - seen) - Math.abs(a - seen));
    for (const window of far.slice(0, this.#windows.size - KEPT)) this.#windows.delete(window);
  }
}
