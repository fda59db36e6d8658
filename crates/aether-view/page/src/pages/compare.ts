// Runs side by side: their charts, the parameters in which they differ, what their metrics came to, and all at once.

import { timelineControls } from "../chart/controls";
import { chartPanel } from "../chart/panel";
import { Timeline } from "../chart/timeline";
import { api } from "../core/api";
import { bdi, debounced, fill, h } from "../core/dom";
import { anything, duration, measured, moment, numeric } from "../core/format";
import { lineStyle } from "../core/palette";
import { link, type Context, type Query } from "../core/router";
import type { Scope } from "../core/scope";
import { theme } from "../core/theme";
import type { CompareAnswer, Row } from "../core/types";
import { goalOf } from "../runs/shade";
import { empty, loadInto } from "../widgets/state";
import { Study } from "../widgets/study";
import { tabs } from "../widgets/tabs";
import { stateBadge } from "../widgets/tag";

/** The page. */
export function comparePage(context: Context): void {
  const { root, scope, query, title } = context;
  title("Compare");
  const ids = query.list("id");
  if (ids.length === 0) {
    fill(root, empty("Nothing to compare yet.", h("p", {}, "Select two runs or more in the table, and choose Compare."), h("p", {}, h("a", { href: "/", class: "button" }, "All runs"))));
    return;
  }
  void loadInto(root, scope.signal, () => api.compare(ids, scope.signal), (answer) => {
    title(`Compare ${answer.runs.length} runs`);
    show(context, answer);
  });
}

function show({ root, scope, query }: Context, answer: CompareAnswer): void {
  const body = h("div", {});
  const bar = tabs("comparison", [
    { name: "charts", title: "Charts", open: (panel, own) => charts(panel, own, query, answer) },
    { name: "parameters", title: "Parameters", open: (panel) => parameters(panel, query, answer) },
    { name: "metrics", title: "Metrics", open: (panel) => metrics(panel, answer) },
    { name: "together", title: "Together", open: (panel, own) => together(panel, own, query, answer) },
  ], query.get("tab"), body, scope, (name) => query.set({ tab: name === "charts" ? "" : name }));
  fill(root, h("div", { class: "page-head" }, h("h1", {}, "Compare"), h("p", { class: "soft" }, `${answer.runs.length} runs`)), runList(answer.runs, query.list("id"), scope), bar.element, body);
}

/** The runs with their colours; each can be left out. */
function runList(runs: readonly Row[], ids: readonly string[], scope: Scope): HTMLElement {
  const swatches = runs.map(() => h("span", { class: "compare-swatch", "aria-hidden": "true" }));
  const recolour = () => swatches.forEach((swatch, at) => {
    const { color, dash } = lineStyle(at);
    swatch.style.borderTop = `3px ${dash.length > 0 ? "dashed" : "solid"} ${color}`;
  });
  recolour();
  scope.add(theme.changed(recolour));
  return h("ul", { class: "compare-runs" }, runs.map((row, at) => {
    const others = runs.filter((other) => other !== row).map((other) => other.id);
    return h(
      "li", { class: "compare-run" }, swatches[at], h("a", { href: link(`/runs/${encodeURIComponent(row.id)}`) }, nameOf(row)), stateBadge(row.state),
      h("span", { class: "soft small" }, `${moment(row.created)}, ${duration(row.seconds)}`),
      ids.length > 1 && h("a", { class: "icon-button compare-out", href: link("/compare", { id: others }), "aria-label": `leave out ${row.name}`, title: "Leave out" }, "×"),
    );
  }));
}

function nameOf(row: Row): HTMLElement {
  return row.name.trim() === "" ? h("em", {}, row.id) : bdi(row.name);
}

/** Of the machine rather than of the work: these stand last. */
const OF_MACHINE = /^(system|host|process|gpu|cpu|disk|net(work)?|mem(ory)?)[/.]/;

function charts(panel: HTMLElement, own: Scope, query: Query, answer: CompareAnswer): void {
  const timeline = new Timeline(own, query);
  const grid = h("div", { class: "charts" });
  const names = answer.metrics.map((metric) => metric.name);
  const ordered = [...names.filter((name) => !OF_MACHINE.test(name)), ...names.filter((name) => OF_MACHINE.test(name))];
  let shown = own.child();
  const draw = () => {
    shown.end();
    shown = own.child();
    const words = search.value.toLowerCase().split(/\s+/);
    const found = ordered.filter((name) => words.every((word) => name.toLowerCase().includes(word)));
    const styles = new Map(answer.runs.map((row, at) => [row.id, at]));
    fill(grid, found.map((name) => {
      const values = answer.metrics.find((metric) => metric.name === name)?.values ?? [];
      const lines = answer.runs.filter((_, at) => values[at] !== null && values[at] !== undefined).map((row) => ({
        run: row.id, metric: name, label: row.name.trim() === "" ? row.id : row.name, origin: Date.parse(row.created),
        running: row.state === "running", style: styles.get(row.id) ?? 0, href: link(`/runs/${encodeURIComponent(row.id)}`),
      }));
      return chartPanel({ title: name, lines, timeline, scope: shown, height: 240 });
    }));
    if (found.length === 0) fill(grid, empty(names.length === 0 ? "These runs have no metrics." : "No metric of that name."));
  };
  const search = h("input", { class: "field", type: "search", placeholder: "Search metrics", "aria-label": "search metrics", value: query.get("m") });
  const soon = debounced(150, () => {
    query.set({ m: search.value.trim() });
    draw();
  });
  search.addEventListener("input", soon);
  own.add(() => soon.cancel());
  fill(panel, h("div", { class: "compare-tools" }, search, timelineControls(timeline)), grid);
  draw();
}

function parameters(panel: HTMLElement, query: Query, answer: CompareAnswer): void {
  const place = h("div", { class: "card compare-scroll" });
  const draw = () => {
    const every = query.get("all") !== "";
    const listed = answer.parameters.filter((parameter) => every || parameter.differs);
    fill(place, listed.length === 0
      ? empty(answer.parameters.length === 0 ? "These runs have no parameters." : "All parameters are the same.")
      : table(answer.runs, listed.map(({ name, values, differs }) => ({ name, differs: differs && every, cells: values.map((value) => (value === null || value === undefined ? undefined : anything(value))) }))));
  };
  const differing = answer.parameters.filter((parameter) => parameter.differs).length;
  const box = h("input", { type: "checkbox", checked: query.get("all") !== "", onchange: () => {
    query.set({ all: box.checked });
    draw();
  } });
  fill(panel, h("div", { class: "compare-tools" }, h("p", { class: "soft" }, `${differing} of ${answer.parameters.length} differ`), h("label", { class: "label" }, box, "Show all")), place);
  draw();
}

function metrics(panel: HTMLElement, answer: CompareAnswer): void {
  const rows = answer.metrics.flatMap(({ name, unit, values }) => {
    const goal = goalOf(name);
    return (["last", "min", "max"] as const).map((which) => {
      const numbers = values.map((value) => (value === null ? NaN : numeric(value[which])));
      const finite = numbers.filter((value) => Number.isFinite(value));
      const best = goal === "min" ? Math.min(...finite) : Math.max(...finite);
      return {
        name, which, differs: false,
        cells: values.map((value, at) => (value === null ? undefined : measured(numbers[at] ?? NaN, unit))),
        best: numbers.map((value) => finite.length > 1 && value === best && finite.some((other) => other !== best)),
      };
    });
  });
  fill(panel, h("p", { class: "hint compare-note" }, "The best of each line is marked: the least of losses, errors and times, of others the greatest."),
    h("div", { class: "card compare-scroll" }, rows.length === 0 ? empty("These runs have no metrics.") : table(answer.runs, rows)));
}

interface TableRow {
  name: string;
  which?: string;
  differs: boolean;
  cells: (string | undefined)[];
  best?: boolean[];
}

/** A line for each name, a column for each run. */
function table(runs: readonly Row[], rows: readonly TableRow[]): HTMLElement {
  return h(
    "table", { class: "plain-table compare-table" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, ""), runs.map((row) => h("th", { scope: "col" }, h("a", { href: link(`/runs/${encodeURIComponent(row.id)}`) }, nameOf(row)))))),
    h("tbody", {}, rows.map(({ name, which, differs, cells, best }) => h(
      "tr", { class: `${differs ? "compare-differs" : ""}${which === undefined || which === "last" ? " compare-begins" : ""}` },
      h("th", { scope: "row" }, which === undefined || which === "last" ? bdi(name) : h("span", { class: "only-read" }, bdi(name)), which !== undefined && h("span", { class: "compare-which" }, which)),
      cells.map((cell, at) => h("td", { class: `${which === undefined ? "" : "number"}${best?.[at] ? " compare-best" : ""}` }, cell === undefined ? h("span", { class: "faint" }, "–") : bdi(cell), best?.[at] && h("span", { class: "only-read" }, "best"))),
    ))),
  );
}

function together(panel: HTMLElement, own: Scope, query: Query, answer: CompareAnswer): void {
  const study = new Study(own, query, () => undefined);
  const rows = answer.runs.map((row, at): Row => ({
    ...row,
    columns: Object.fromEntries([
      ...answer.parameters.map(({ name, values }) => [`param.${name}`, values[at] ?? undefined]),
      ...answer.metrics.map(({ name, values }) => [`metric.${name}`, values[at]?.last]),
    ]) as Record<string, unknown>,
  }));
  fill(panel, h("div", { class: "study" }, study.parallel, study.scatter));
  const names = answer.metrics.map((metric) => metric.name);
  const first = names.find((name) => /^val/.test(name)) ?? names.find((name) => /loss|acc/.test(name)) ?? names[0];
  study.show({ rows, parameters: answer.parameters.map((one) => one.name), metrics: names, objective: first === undefined ? "" : `metric.${first}`, goal: goalOf(first ?? "") });
}
