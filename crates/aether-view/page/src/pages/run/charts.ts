import { timelineControls } from "../../chart/controls";
import { chartPanel } from "../../chart/panel";
import { Timeline } from "../../chart/timeline";
import type { LineSpec } from "../../chart/line";
import type { XKind } from "../../core/api";
import { bdi, debounced, h } from "../../core/dom";
import type { RunDetail } from "../../core/types";
import { empty } from "../../widgets/state";
import type { RunView } from "../run";

const OTHERS = "";
/** So many charts stand where the page opens, on a large screen. */
const EARLY = 12;

/** What stands before the first slash; metrics without one are together. */
export function prefix(name: string): string {
  const at = name.indexOf("/");
  return at > 0 ? name.slice(0, at) : OTHERS;
}

function matches(name: string, wanted: string): boolean {
  return wanted.toLowerCase().split(/\s+/).every((word) => name.toLowerCase().includes(word));
}

/** The charts of a run, grouped by what stands before the first slash of their names. */
export function chartsTab({ context, root, scope, run, events, changed }: RunView, wanted: (name: string) => boolean, axis: XKind): void {
  const { query } = context;
  const timeline = new Timeline(scope, query);
  if (query.get("x") === "" && axis !== "step") timeline.set({ x: axis });
  const search = h("input", { class: "field chart-search", type: "search", placeholder: "Search charts", "aria-label": "Search charts", value: query.get("filter") });
  const groups = h("div", { class: "chart-groups" });
  const shown = new Map<string, HTMLElement>();
  const sections = new Map<string, { element: HTMLElement; grid: HTMLElement; count: HTMLElement }>();
  const none = empty("No metrics yet.", h("p", {}, "What the program logs appears here as it comes: ", h("code", {}, "aether.log({\"loss\": 0.1})"), "."));
  const nothing = empty("No chart has that in its name.");
  const logged = new Set(query.get("ylog") === "" ? [] : query.get("ylog").split("|"));

  const section = (name: string) => {
    let known = sections.get(name);
    if (!known) {
      const count = h("span", { class: "faint" });
      const grid = h("div", { class: "charts" });
      const element = h("details", { class: "chart-group", open: true }, h("summary", {}, name === OTHERS ? "Metrics" : bdi(name), " ", count), grid);
      known = { element, grid, count };
      sections.set(name, known);
      const names = [...sections.keys()].sort((a, b) => Number(a !== OTHERS) - Number(b !== OTHERS) || a.localeCompare(b));
      groups.append(...names.map((one) => sections.get(one)!.element));
    }
    return known;
  };
  const add = (now: RunDetail) => {
    for (const metric of now.metrics) {
      if (!wanted(metric.name) || shown.has(metric.name)) continue;
      const spec: LineSpec = { run: run.id, metric: metric.name, label: metric.name, origin: new Date(run.created).getTime(), running: now.state === "running", style: 0 };
      const panel = chartPanel({
        title: metric.name,
        lines: [spec],
        timeline,
        scope,
        marks: () => events.marks,
        early: shown.size < EARLY,
        logY: logged.has(metric.name),
        onLogY: (on) => {
          if (on) logged.add(metric.name);
          else logged.delete(metric.name);
          query.set({ ylog: [...logged].join("|") });
        },
      });
      shown.set(metric.name, panel);
      section(prefix(metric.name)).grid.append(panel);
    }
    filter();
  };
  const filter = () => {
    let any = false;
    for (const [name, panel] of shown) panel.hidden = !matches(name, search.value);
    for (const { element, grid, count } of sections.values()) {
      const seen = [...grid.children].filter((panel) => !(panel as HTMLElement).hidden).length;
      count.textContent = String(seen);
      element.hidden = seen === 0;
      any ||= seen > 0;
    }
    none.hidden = shown.size > 0;
    nothing.hidden = shown.size === 0 || any;
  };
  const write = debounced(250, () => query.set({ filter: search.value }));
  search.addEventListener("input", () => {
    filter();
    write();
  });
  events.changed(scope, () => timeline.set({}));
  root.append(h("div", { class: "run-bar" }, search, timelineControls(timeline)), groups, none, nothing);
  add(run);
  changed(add);
}
