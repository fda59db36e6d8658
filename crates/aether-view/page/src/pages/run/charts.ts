import { timelineControls } from "../../chart/controls";
import { chartPanel } from "../../chart/panel";
import { Timeline } from "../../chart/timeline";
import type { LineSpec } from "../../chart/line";
import type { XKind } from "../../core/api";
import { bdi, debounced, h } from "../../core/dom";
import { behindAll } from "../../core/turns";
import type { RunDetail } from "../../core/types";
import { empty } from "../../widgets/state";
import type { RunView } from "../run";

const OTHERS = "";
/** So many charts stand where the page opens, on a large screen: they are made at once. */
const EARLY = 12;
/** The others follow once these are on the screen, so many at a time. */
const TOGETHER = 8;

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
  const timeline = new Timeline(scope, query, axis);
  const search = h("input", { class: "field chart-search", type: "search", placeholder: "Search charts", "aria-label": "Search charts", value: query.get("filter") });
  const groups = h("div", { class: "chart-groups" });
  const shown = new Map<string, HTMLElement>();
  const sections = new Map<string, { element: HTMLElement; grid: HTMLElement; count: HTMLElement }>();
  const none = empty("No metrics yet.", h("p", {}, "What the program logs appears here as it comes: ", h("code", {}, "aether.log({\"loss\": 0.1})"), "."));
  const nothing = empty("No chart has that in its name.");
  let now = run;
  const logged = new Set(query.get("ylog") === "" ? [] : query.get("ylog").split("|"));

  /** Sections as their metrics stand in the server's list, whose order is the page's. */
  const inPlace = () => {
    const places = new Map([...new Set(now.metrics.map((metric) => prefix(metric.name)))].map((name, place) => [name, place]));
    return [...sections].sort(([a], [b]) => (places.get(a) ?? -1) - (places.get(b) ?? -1));
  };
  const section = (name: string) => {
    let known = sections.get(name);
    if (!known) {
      const count = h("span", { class: "faint" });
      const grid = h("div", { class: "charts" });
      const element = h("details", { class: "chart-group", open: true }, h("summary", {}, name === OTHERS ? "Metrics" : bdi(name), " ", count), grid);
      known = { element, grid, count };
      sections.set(name, known);
      groups.append(...inPlace().map(([, one]) => one.element));
    }
    return known;
  };
  /** Metrics whose charts are still to be made, in the order in which these stand. */
  let waiting: string[] = [];
  const make = (metric: string, early: boolean) => {
    const spec: LineSpec = { run: run.id, metric, label: metric, origin: new Date(run.created).getTime(), running: now.state === "running", session: now.resumed ?? 0, style: 0 };
    const panel = chartPanel({
      title: metric,
      lines: [spec],
      timeline,
      scope,
      marks: () => events.marks,
      early,
      logY: logged.has(metric),
      onLogY: (on) => {
        if (on) logged.add(metric);
        else logged.delete(metric);
        query.set({ ylog: [...logged].join("|") });
      },
    });
    panel.hidden = !matches(metric, search.value);
    shown.set(metric, panel);
    section(prefix(metric)).grid.append(panel);
  };
  /** Takes back that more are about to be made. */
  let due: (() => void) | undefined;
  const more = () => {
    due ??= behindAll(() => {
      due = undefined;
      for (const metric of waiting.splice(0, TOGETHER)) make(metric, false);
      if (waiting.length > 0) more();
    });
  };
  scope.add(() => due?.());
  const add = (fresh: RunDetail) => {
    now = fresh;
    const known = new Set([...shown.keys(), ...waiting]);
    const names = now.metrics.map((metric) => metric.name).filter((name) => wanted(name) && !known.has(name));
    for (const name of names) section(prefix(name));
    const places = new Map(inPlace().map(([name], place) => [name, place]));
    // Section after section, so that what is made later stands below what is there, in whichever it is.
    waiting = [...waiting, ...names].sort((a, b) => places.get(prefix(a))! - places.get(prefix(b))!);
    if (shown.size < EARLY) for (const metric of waiting.splice(0, EARLY - shown.size)) make(metric, true);
    if (waiting.length > 0) more();
    filter();
  };
  const filter = () => {
    for (const [name, panel] of shown) panel.hidden = !matches(name, search.value);
    const counts = new Map<string, number>();
    for (const name of [...shown.keys(), ...waiting]) {
      if (matches(name, search.value)) counts.set(prefix(name), (counts.get(prefix(name)) ?? 0) + 1);
    }
    for (const [name, { element, count }] of sections) {
      const seen = counts.get(name) ?? 0;
      count.textContent = String(seen);
      element.hidden = seen === 0;
    }
    const some = shown.size + waiting.length > 0;
    none.hidden = some;
    nothing.hidden = !some || counts.size > 0;
  };
  const write = debounced(250, () => query.set({ filter: search.value }));
  search.addEventListener("input", () => {
    filter();
    write();
  });
  let { marks } = events;
  events.changed(scope, () => {
    if (marks !== events.marks) timeline.redraw();
    marks = events.marks;
  });
  root.append(h("div", { class: "run-bar" }, search, timelineControls(timeline)), groups, none, nothing);
  add(run);
  changed(add);
}
