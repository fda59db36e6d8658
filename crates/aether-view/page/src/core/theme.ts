/** Dark or light: what the system says, or what the reader chose. */
export type Choice = "auto" | "dark" | "light";

const KEY = "aether.theme";
const system = window.matchMedia("(prefers-color-scheme: light)");
const heard = new Set<() => void>();

function stored(): Choice {
  try {
    const text = localStorage.getItem(KEY);
    return text === "dark" || text === "light" ? text : "auto";
  } catch {
    return "auto"; // Storage may be refused; then the choice lasts as long as the page.
  }
}

let choice = stored();
let paper = false;
/** Colours by their names, until they change: asking the browser for one makes it bring all styles up to date. */
const colours = new Map<string, string>();

function apply(): void {
  const wanted = choice === "auto" ? (system.matches ? "light" : "dark") : choice;
  document.documentElement.dataset["theme"] = paper ? "light" : wanted;
  colours.clear();
  for (const call of heard) call();
}

export const theme = {
  get choice(): Choice {
    return choice;
  },
  get dark(): boolean {
    return document.documentElement.dataset["theme"] !== "light";
  },
  choose(next: Choice): void {
    choice = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // As above.
    }
    apply();
  },
  start(): void {
    system.addEventListener("change", apply);
    // Paper is white.
    const print = (on: boolean) => () => {
      paper = on;
      apply();
    };
    window.addEventListener("beforeprint", print(true));
    window.addEventListener("afterprint", print(false));
    apply();
  },
  /** Calls `call` at each change; what is returned stops that. */
  changed(call: () => void): () => void {
    heard.add(call);
    return () => heard.delete(call);
  },
};

/** A colour of the page by its name in tokens.css: `colour("--ink")`. */
export function colour(name: string): string {
  let known = colours.get(name);
  if (known === undefined) {
    known = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    colours.set(name, known);
  }
  return known;
}
