import { Scope } from "./scope";

/** What a page shows, as the link says it: the part after `?`. Changing it changes the address. */
export interface Query {
  get(name: string): string;
  list(name: string): string[];
  /** Changes what is named; undefined, empty text and empty lists are left out. `push` makes a step that "back" takes back. */
  set(changes: Record<string, string | number | boolean | readonly string[] | undefined>, push?: boolean): void;
  /** Called when the address changed by "back", "forward" or a link to this same page; without a listener the page is made anew. */
  changed(heard: () => void): void;
}

/** What a page gets. It fills `root`, and lets go of everything when `scope` ends. */
export interface Context {
  root: HTMLElement;
  scope: Scope;
  params: Record<string, string>;
  query: Query;
  /** Names the page in the browser's title. */
  title: (text: string) => void;
  /** Asked before another page takes the place of this one: whether it may. */
  leaving: (ask: () => Promise<boolean>) => void;
}

export interface Route {
  /** Such as `/runs/:id`; a name after `:` takes one part of the path. */
  path: string;
  /** The entry of the navigation that is lit. */
  section: string;
  open: (context: Context) => void;
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const want = pattern.split("/");
  const have = path.split("/");
  if (want.length !== have.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of want.entries()) {
    const text = have[index] ?? "";
    if (part.startsWith(":")) {
      try {
        params[part.slice(1)] = decodeURIComponent(text);
      } catch {
        return undefined;
      }
    } else if (part !== text) return undefined;
  }
  return params;
}

/** The link to a page: `link("/runs/abc", { tab: "logs" })`. */
export function link(path: string, query: Record<string, string | readonly string[] | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === "string") {
      if (value !== "") search.set(name, value);
    } else for (const one of value ?? []) search.append(name, one);
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** Who is asked before the page is left. */
let guard: (() => Promise<boolean>) | undefined;

/** What our own links tell the router. */
const WENT = "aether-went";

/** Which entry of the history this is, counted within one visit. */
const place = (): number => (history.state as { place?: number } | null)?.place ?? 0;

const address = (): string => location.pathname + location.search;

export class Router {
  #scope = new Scope();
  #path = "";
  #listeners: (() => void)[] = [];
  /** The entry that is shown, and its address. */
  #place = 0;
  #address = "";
  /** A step back that was taken back is under way. */
  #returning = false;

  constructor(
    readonly root: HTMLElement,
    readonly routes: readonly Route[],
    readonly lost: (context: Context) => void,
    readonly shown: (section: string) => void,
  ) {}

  /** Shows what the address says, and follows it. */
  start(): void {
    this.#place = place();
    window.addEventListener("popstate", () => this.#travelled());
    window.addEventListener(WENT, () => {
      this.#place = place();
      this.#show();
    });
    document.addEventListener("click", (event) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const anchor = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
      const inside = anchor?.origin === location.origin && !anchor.target && !anchor.hasAttribute("download") && !anchor.pathname.startsWith("/api/");
      if (!inside || (anchor.pathname === location.pathname && anchor.hash !== "")) return;
      event.preventDefault();
      void navigate(anchor.pathname + anchor.search);
    });
    this.#show();
  }

  /** The browser went to another entry of its history: back, forward, or to a place within the page. */
  #travelled(): void {
    if (this.#returning) {
      this.#returning = false;
      return;
    }
    if (address() === this.#address) {
      // Only the place within the page is another one.
      if (history.state === null) history.replaceState({ place: this.#place }, "");
      else this.#place = place();
      return;
    }
    const by = place() - this.#place;
    if (guard === undefined || by === 0) {
      this.#place = place();
      this.#show();
      return;
    }
    // The address has changed already: it is put back until the reader has answered.
    this.#returning = true;
    history.go(-by);
    void allowed().then((leave) => {
      if (!leave) return;
      guard = undefined;
      history.go(by);
    });
  }

  #show(): void {
    const path = location.pathname;
    this.#address = address();
    if (path === this.#path && this.#listeners.length > 0) {
      for (const heard of this.#listeners) heard();
      return;
    }
    // A page that opens stands at its top already, and scrolling would have the browser lay out what is there of it.
    if (this.#path !== "") window.scrollTo(0, 0);
    this.#path = path;
    this.#scope.end();
    this.#scope = new Scope();
    const listeners: (() => void)[] = [];
    this.#listeners = listeners;
    this.root.replaceChildren();
    for (const route of this.routes) {
      const params = match(route.path, path);
      if (params) {
        this.shown(route.section);
        route.open(this.#context(params, listeners));
        return;
      }
    }
    this.shown("");
    this.lost(this.#context({}, listeners));
  }

  #context(params: Record<string, string>, listeners: (() => void)[]): Context {
    const scope = this.#scope;
    const query: Query = {
      get: (name) => new URLSearchParams(location.search).get(name) ?? "",
      list: (name) => new URLSearchParams(location.search).getAll(name),
      set: (changes, push = false) => {
        if (scope.ended) return;
        const search = new URLSearchParams(location.search);
        for (const [name, value] of Object.entries(changes)) {
          search.delete(name);
          if (value === undefined || value === "" || value === false) continue;
          if (typeof value === "object") for (const one of value) search.append(name, one);
          else search.set(name, value === true ? "1" : String(value));
        }
        const text = search.toString();
        const to = location.pathname + (text ? `?${text}` : "");
        if (to === location.pathname + location.search) return;
        this.#address = to;
        if (push) {
          this.#place += 1;
          history.pushState({ place: this.#place }, "", to);
        } else history.replaceState({ place: this.#place }, "", to);
      },
      changed: (heard) => listeners.push(heard),
    };
    const leaving = (ask: () => Promise<boolean>) => {
      guard = ask;
      scope.add(() => {
        if (guard === ask) guard = undefined;
      });
    };
    return { root: this.root, scope, params, query, title: (text) => (document.title = text ? `${text} · Aether` : "Aether"), leaving };
  }
}

let asking: Promise<boolean> | undefined;

/** Whether the page may be left; who is asked already is not asked again. */
function allowed(): Promise<boolean> {
  asking ??= (guard?.() ?? Promise.resolve(true)).finally(() => (asking = undefined));
  return asking;
}

/** Goes to a link of our own, as a click on it would, unless the page that is shown is not to be left. */
export async function navigate(to: string): Promise<void> {
  if (guard !== undefined && !(await allowed())) return;
  history.pushState({ place: place() + 1 }, "", to);
  window.dispatchEvent(new Event(WENT));
}
