import { decodeMessage, type Block } from "./blocks";
import { ROOT } from "./api";
import type { Scope } from "./scope";
import { behindAll } from "./turns";
import type { AlertEvent, OutputLine, Row, RunDetail, RunEvent } from "./types";

export type LiveRequest =
  | { to: "runs"; q?: string; columns?: string; revision?: number }
  | { to: "run"; id: string }
  | { to: "series"; id: string; metrics: readonly string[]; after: Record<string, number> }
  | { to: "output"; id: string; stream: string; from: number }
  | { to: "host" }
  | { to: "alerts" };

/** What the server says to one subscription; each message has one of these. */
export interface LiveMessage {
  /** With `reload`, so much has changed that the list is to be asked for anew. */
  runs?: { revision: number; changed?: Row[]; gone?: string[]; reload?: boolean };
  /** What changed of it: its state and its metrics. */
  run?: Partial<RunDetail>;
  events?: RunEvent[];
  alerts?: AlertEvent[];
  output?: { lines: OutputLine[]; end: number };
  host?: Record<string, unknown>;
  /** Points after `step` are void, of one metric or of all. */
  rewind?: { step: number; metric?: string };
  /** The subscription has ended. */
  error?: { error: string; help: string };
  points?: Block[];
}

export type Connection = "idle" | "connecting" | "open" | "lost";

interface Subscription {
  /** Asked at every connection, so that it holds the cursor of that moment. */
  request: () => LiveRequest;
  heard: (message: LiveMessage) => void;
}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 5_000;
/** The server says something at least this often, once it has said that it does (`{"alive": true}`). */
const SILENCE = 45_000;

/**
 * One WebSocket for all that the page follows. It is open while anybody subscribes. When it breaks it is opened again,
 * after waits that double, and every subscription goes on from its own cursor: nothing is fetched twice.
 */
export class Live {
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #watchers = new Set<(state: Connection) => void>();
  #socket: WebSocket | undefined;
  #state: Connection = "idle";
  #wait = FIRST_WAIT;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #next = 0;

  constructor() {
    const now = () => {
      if (this.#state === "lost" && document.visibilityState === "visible") this.#open();
    };
    window.addEventListener("online", now);
    document.addEventListener("visibilitychange", now);
  }

  get state(): Connection {
    return this.#state;
  }

  /** Calls `watch` now and at each change of the connection. */
  watch(scope: Scope, watch: (state: Connection) => void): void {
    this.#watchers.add(watch);
    scope.add(() => this.#watchers.delete(watch));
    watch(this.#state);
  }

  /** Subscribes until `scope` ends. `request` is asked again at each connection. */
  subscribe(scope: Scope, request: () => LiveRequest, heard: (message: LiveMessage) => void): void {
    if (scope.ended) return;
    const key = (this.#next++).toString(36);
    this.#subscriptions.set(key, { request, heard });
    if (this.#socket?.readyState === WebSocket.OPEN) this.#subscribe(key);
    // What the page came with is drawn first.
    else if (!this.#socket && this.#retry === undefined) behindAll(() => this.#open());
    scope.add(() => {
      this.#subscriptions.delete(key);
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ unsubscribe: key }));
    });
  }

  /** Tries at once to connect again. */
  reconnect(): void {
    if (this.#state === "lost") this.#open();
  }

  #become(state: Connection): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const watch of this.#watchers) watch(state);
  }

  #subscribe(key: string): void {
    const subscription = this.#subscriptions.get(key);
    if (subscription) this.#socket?.send(JSON.stringify({ subscribe: { key, ...subscription.request() } }));
  }

  #open(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#socket || this.#subscriptions.size === 0) return;
    if (this.#state !== "lost") this.#become("connecting");
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${ROOT}/live`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => {
      this.#wait = FIRST_WAIT;
      for (const key of this.#subscriptions.keys()) this.#subscribe(key);
      this.#become("open");
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => this.#hear(event.data);
    socket.onclose = () => this.#lost(socket);
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    clearTimeout(this.#silence);
    if (this.#subscriptions.size === 0) {
      this.#become("idle");
      return;
    }
    this.#become("lost");
    this.#retry = setTimeout(() => this.#open(), this.#wait * (0.75 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }

  #hear(data: string | ArrayBuffer): void {
    if (typeof data !== "string") {
      const { key, blocks } = decodeMessage(data);
      this.#subscriptions.get(key)?.heard({ points: blocks });
      return;
    }
    const message = JSON.parse(data) as LiveMessage & { key?: string; alive?: boolean };
    if (message.alive) {
      clearTimeout(this.#silence);
      const socket = this.#socket;
      // A connection that died without a word: close() may take minutes to say so.
      this.#silence = setTimeout(() => {
        if (!socket) return;
        socket.close();
        this.#lost(socket);
      }, SILENCE);
    } else if (message.key !== undefined) this.#subscriptions.get(message.key)?.heard(message);
  }
}

export const live = new Live();
