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

export class Router {
  #scope = new Scope();
  #path = "";
  #listeners: (() => void)[] = [];

  constructor(
    readonly root: HTMLElement,
    readonly routes: readonly Route[],
    readonly lost: (context: Context) => void,
    readonly shown: (section: string) => void,
  ) {}

  /** Shows what the address says, and follows it. */
  start(): void {
    window.addEventListener("popstate", () => this.#show());
    document.addEventListener("click", (event) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const anchor = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
      const inside = anchor?.origin === location.origin && !anchor.target && !anchor.hasAttribute("download") && !anchor.pathname.startsWith("/api/");
      if (!inside || (anchor.pathname === location.pathname && anchor.hash !== "")) return;
      event.preventDefault();
      navigate(anchor.pathname + anchor.search);
    });
    this.#show();
  }

  #show(): void {
    const path = location.pathname;
    if (path === this.#path && this.#listeners.length > 0) {
      for (const heard of this.#listeners) heard();
      return;
    }
    this.#path = path;
    this.#scope.end();
    this.#scope = new Scope();
    const listeners: (() => void)[] = [];
    this.#listeners = listeners;
    this.root.replaceChildren();
    window.scrollTo(0, 0);
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
        if (push) history.pushState(null, "", to);
        else history.replaceState(null, "", to);
      },
      changed: (heard) => listeners.push(heard),
    };
    return { root: this.root, scope, params, query, title: (text) => (document.title = text ? `${text} · Aether` : "Aether") };
  }
}

/** Goes to a link of our own, as a click on it would. */
export function navigate(to: string): void {
  history.pushState(null, "", to);
  window.dispatchEvent(new PopStateEvent("popstate"));
}
