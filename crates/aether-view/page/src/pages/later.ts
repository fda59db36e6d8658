import { h } from "../core/dom";
import type { Context } from "../core/router";
import type { Scope } from "../core/scope";
import { empty } from "../widgets/state";
import type { RunView } from "./run";

export type OtherPage = "alertsPage" | "boardPage" | "boardsPage" | "comparePage" | "hostPage" | "sweepPage";
export type OtherTab = "codeTab" | "configTab" | "eventsTab" | "filesTab" | "logsTab";

/** What does not come with the table of runs, which need not wait for what draws charts; by the file in which it comes. */
export interface Files {
  run: { runPage: (context: Context) => void };
  others: Record<OtherPage, (context: Context) => void> & Record<OtherTab, (view: RunView) => void>;
}

/** The files that have come: each says so itself. An `import` tells so too late: something would be drawn before. */
export const here: Partial<Files> = {};

const imports: Record<keyof Files, () => Promise<unknown>> = { run: () => import("./run"), others: () => import("./others") };

/** Has every file here before somebody needs it. */
export function bring(): void {
  for (const file of Object.values(imports)) file().catch(() => undefined);
}

/** Does something with what is in a file, for a part of the page: at once if the file has come. */
export function having<F extends keyof Files>(file: F, { root, scope }: { root: HTMLElement; scope: Scope }, use: (what: Files[F]) => void): void {
  const now = here[file];
  if (now) {
    use(now);
    return;
  }
  const come = () => {
    if (!scope.ended) use(here[file]!);
  };
  const failed = () => {
    // The server is away, which the browser then says, or a newer one with other files: the page begins anew, once.
    if (performance.getEntriesByType("navigation").every((visit) => (visit as PerformanceNavigationTiming).type !== "reload")) location.reload();
    else root.append(empty("A part of this page did not come.", h("p", {}, "The server gave no ", h("code", {}, `/${file}.js`), "."), h("button", { class: "button", type: "button", onclick: () => location.reload() }, "Reload")));
  };
  void imports[file]().then(come, failed);
}
