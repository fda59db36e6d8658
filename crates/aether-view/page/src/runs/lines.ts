// What the lines of the table are: runs alone, or groups with the runs of those that are open below their heads.

import { Store, type Answer } from "./store";
import type { Row } from "../core/types";

/** A group: what its runs have in common, and how many they are. */
export interface Group {
  value: unknown;
  count: number;
}

/** A line of the table. */
export type Line =
  | { kind: "run"; row: Row }
  | { kind: "group"; group: Group; open: boolean }
  /** It has not come yet. */
  | { kind: "wait" };

/** Fetches a window of the runs of a group, or, without one, of all. */
export type Fetch = (
  group: Group | undefined, offset: number, limit: number, signal: AbortSignal,
) => Promise<Answer<Row>>;

interface Section {
  /** Nothing where there are no groups. */
  group: Group | undefined;
  open: boolean;
  store: Store<Row>;
}

/** The lines, by their number from the top. */
export class Lines {
  #fetch: Fetch;
  #changed: () => void;
  #failed: (error: unknown) => void;
  #sections: Section[] = [];
  /** The first line of each section, and behind the last, how many there are. */
  #starts: number[] = [0];
  #seen: [number, number] = [0, 50];

  constructor(fetch: Fetch, changed: () => void, failed: (error: unknown) => void) {
    this.#fetch = fetch;
    this.#changed = changed;
    this.#failed = failed;
  }

  /** Begins anew: without groups, or with them. Groups that were open stay so. */
  begin(groups: readonly Group[] | undefined): void {
    const alone = this.#sections[0];
    if (groups === undefined && alone && alone.group === undefined) {
      alone.store.restart();
      return;
    }
    const open = new Set(this.#sections.filter((section) => section.open).map((section) => tag(section.group)));
    this.stop();
    this.#sections = groups
      ? groups.map((group) => this.#section(group, open.has(tag(group))))
      : [this.#section(undefined, true)];
    for (const section of this.#sections) if (section.open) section.store.restart();
    this.#lay();
  }

  /** How many lines there are. */
  get count(): number {
    return this.#starts.at(-1) ?? 0;
  }

  /** Whether anything has come. */
  get known(): boolean {
    return this.#sections.some((section) => section.group !== undefined || section.store.count !== undefined);
  }

  /** A line. */
  at(index: number): Line {
    const section = this.#sections[this.#holding(index)];
    if (section === undefined) return { kind: "wait" };
    const within = this.#within(index);
    if (within < 0 && section.group) return { kind: "group", group: section.group, open: section.open };
    const row = section.store.at(within);
    return row ? { kind: "run", row } : { kind: "wait" };
  }

  /** Says which lines are seen, so that they and those around them are fetched. */
  want(first: number, last: number): void {
    this.#seen = [first, last];
    const to = this.#holding(last);
    for (let at = this.#holding(first); at <= to; at++) {
      const section = this.#sections[at];
      if (!section?.open) continue;
      const start = (this.#starts[at] ?? 0) + (section.group ? 1 : 0);
      section.store.want(Math.max(0, first - start), Math.max(0, last - start));
    }
  }

  /** Opens or closes the group at a line. */
  toggle(index: number): void {
    const section = this.#sections[this.#holding(index)];
    if (section?.group === undefined) return;
    section.open = !section.open;
    if (section.open && section.store.count === undefined) section.store.restart();
    this.#lay();
    this.#changed();
  }

  /** Puts rows that changed in their places; returns those that are not here. */
  update(rows: readonly Row[]): Row[] {
    let unknown = [...rows];
    for (const section of this.#sections) unknown = section.store.update(unknown);
    return unknown;
  }

  /** Fetches anew what is seen. */
  refresh(): void {
    for (const section of this.#sections) if (section.open) section.store.refresh();
    this.want(...this.#seen);
  }

  /** The ids of the runs between two lines, both included; fetches what has not come. */
  async ids(from: number, to: number): Promise<string[]> {
    const found: string[] = [];
    for (let index = from; index <= to; index++) {
      const line = this.at(index);
      if (line.kind === "run") found.push(line.row.id);
      if (line.kind !== "wait") continue;
      const section = this.#sections[this.#holding(index)];
      if (section === undefined) continue;
      const within = this.#within(index);
      const most = Math.min(1000, to - index + 1);
      const answer = await this.#fetch(section.group, within, most, new AbortController().signal);
      if (answer.runs.length === 0) break;
      found.push(...answer.runs.map((row) => row.id));
      index += answer.runs.length - 1;
    }
    return found;
  }

  /** Waits for nothing any more. */
  stop(): void {
    for (const section of this.#sections) section.store.stop();
  }

  #section(group: Group | undefined, open: boolean): Section {
    const store = new Store<Row>(
      (offset, limit, signal) => this.#fetch(group, offset, limit, signal),
      () => {
        this.#lay();
        this.#changed();
      },
      this.#failed,
    );
    return { group, open, store };
  }

  /** Says where each section begins. */
  #lay(): void {
    let line = 0;
    this.#starts = [0];
    for (const { group, open, store } of this.#sections) {
      const head = group ? 1 : 0;
      line += head + (open ? (store.count ?? group?.count ?? 0) : 0);
      this.#starts.push(line);
    }
  }

  /** The section that a line is in. */
  #holding(index: number): number {
    let low = 0;
    let high = Math.max(0, this.#sections.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Where a line is in its section's runs; -1 for the section's head. */
  #within(index: number): number {
    const at = this.#holding(index);
    return index - (this.#starts[at] ?? 0) - (this.#sections[at]?.group ? 1 : 0);
  }
}

function tag(group: Group | undefined): string {
  return group ? JSON.stringify(group.value) : "";
}
