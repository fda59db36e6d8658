import { api } from "../../core/api";
import { live } from "../../core/live";
import type { Scope } from "../../core/scope";
import type { RunDetail, RunEvent } from "../../core/types";
import type { Mark } from "../../chart/marks";

/** A page left open keeps the newest of them. */
const KEPT = 20_000;

/** The events that stand on the charts' time axis: those that somebody should look at. */
export function marksOf(events: readonly RunEvent[]): Mark[] {
  return events
    .filter((event) => !event.content && (event.severity !== "info" || event.kind === "alert"))
    .map((event) => ({ step: event.step, time: new Date(event.time).getTime(), severity: event.severity, kind: event.kind, message: event.message }));
}

/** What happened in a run, as it happens: asked for once, and followed for as long as the page is open. */
export class Events {
  all: RunEvent[] = [];
  /** Another array where there are others. */
  marks: readonly Mark[] = [];
  error: unknown;
  readonly ready: Promise<void>;
  readonly #listeners = new Set<() => void>();

  constructor(scope: Scope, run: RunDetail) {
    this.ready = api.events(run.id, undefined, scope.signal).then(
      ({ events }) => {
        this.#add(events);
        if (run.state !== "running") return;
        live.subscribe(scope, () => ({ to: "run", id: run.id }), (message) => {
          if (message.events && message.events.length > 0) this.#add(message.events);
        });
      },
      (error: unknown) => {
        if (!scope.ended) this.error = error;
      },
    );
  }

  changed(scope: Scope, heard: () => void): void {
    this.#listeners.add(heard);
    scope.add(() => this.#listeners.delete(heard));
  }

  #add(events: readonly RunEvent[]): void {
    const key = (event: RunEvent) => `${event.time} ${event.kind} ${event.message}`;
    const known = new Set(this.all.slice(-1000).map(key));
    const fresh = events.filter((event) => !known.has(key(event)));
    this.all.push(...fresh);
    const old = this.all.splice(0, this.all.length - KEPT);
    if (marksOf(fresh).length + marksOf(old).length > 0) this.marks = marksOf(this.all);
    for (const heard of this.#listeners) heard();
  }
}
