/** What ends together: listeners, timers, subscriptions, requests of a page or a part of one. */
export class Scope {
  readonly #ends: (() => void)[] = [];
  readonly #abort = new AbortController();
  #ended = false;

  /** Aborts when the scope ends; hand it to `fetch`. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Calls `end` when the scope ends, at once if it has. */
  add(end: () => void): void {
    if (this.#ended) end();
    else this.#ends.push(end);
  }

  /** A scope that ends with this one, or before. */
  child(): Scope {
    const child = new Scope();
    const end = () => child.end();
    this.add(end);
    child.add(() => {
      const at = this.#ends.indexOf(end);
      if (at >= 0) this.#ends.splice(at, 1);
    });
    return child;
  }

  listen<K extends keyof WindowEventMap>(target: Window, kind: K, heard: (event: WindowEventMap[K]) => void, options?: AddEventListenerOptions): void;
  listen<K extends keyof DocumentEventMap>(target: Document, kind: K, heard: (event: DocumentEventMap[K]) => void, options?: AddEventListenerOptions): void;
  listen<K extends keyof HTMLElementEventMap>(target: HTMLElement, kind: K, heard: (event: HTMLElementEventMap[K]) => void, options?: AddEventListenerOptions): void;
  listen(target: EventTarget, kind: string, heard: (event: never) => void, options?: AddEventListenerOptions): void {
    target.addEventListener(kind, heard as EventListener, options);
    this.add(() => target.removeEventListener(kind, heard as EventListener, options));
  }

  every(milliseconds: number, tick: () => void): void {
    const timer = setInterval(tick, milliseconds);
    this.add(() => clearInterval(timer));
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#abort.abort();
    for (const end of this.#ends.splice(0).reverse()) end();
  }
}
