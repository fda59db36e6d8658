// Which runs are selected: some by their ids, or all that match but some.

/** A selection of runs. */
export class Selection {
  #all = false;
  /** The selected ones, or, of all, those that are not. */
  #ids = new Set<string>();

  /** Whether it holds a run. */
  has(id: string): boolean {
    return this.#ids.has(id) !== this.#all;
  }

  /** Whether it is of all that match, whichever those are. */
  get all(): boolean {
    return this.#all;
  }

  /** How many it holds, of so many that match. */
  count(matched: number): number {
    return this.#all ? Math.max(0, matched - this.#ids.size) : this.#ids.size;
  }

  /** Takes in or leaves out. */
  set(ids: Iterable<string>, selected: boolean): void {
    for (const id of ids) {
      if (selected === this.#all) this.#ids.delete(id);
      else this.#ids.add(id);
    }
  }

  /** Takes in all that match. */
  setAll(): void {
    this.#all = true;
    this.#ids.clear();
  }

  /** Leaves out all. */
  clear(): void {
    this.#all = false;
    this.#ids.clear();
  }

  /** Forgets runs that are gone. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) this.#ids.delete(id);
  }

  /** The ids, of those that match where it is of all. */
  async ids(matching: () => Promise<string[]>): Promise<string[]> {
    if (!this.#all) return [...this.#ids];
    return (await matching()).filter((id) => !this.#ids.has(id));
  }
}
