import { timelineControls } from "../chart/controls";
import type { LineSpec } from "../chart/line";
import { chartPanel } from "../chart/panel";
import { Timeline } from "../chart/timeline";
import { bdi, h } from "../core/dom";
import { anything, duration, measured, moment, numeric } from "../core/format";
import { lineStyle } from "../core/palette";
import { Scope } from "../core/scope";
import type { RunDetail } from "../core/types";
import { marksOf } from "../pages/run/events";
import { prefix } from "../pages/run/charts";
import { diffView } from "../widgets/diff";
import { flat, pairs } from "../widgets/pairs";
import { empty } from "../widgets/state";
import { stateBadge, tagChip } from "../widgets/tag";
import { recordedSource, type Recorded } from "./recorded";

/** Writes a report into `root`. */
export function report(root: HTMLElement, recorded: Recorded): void {
  const scope = new Scope();
  const timeline = new Timeline(scope);
  document.title = recorded.title;
  root.append(
    h(
      "main",
      { class: "main report" },
      h("header", { class: "report-head" }, h("h1", {}, bdi(recorded.title)), h("p", { class: "soft small" }, `Made ${moment(recorded.made)} by Aether ${recorded.version}`)),
      runsTable(recorded),
      ...(recorded.compare ? [differences(recorded)] : []),
      charts(recorded, timeline, scope),
      ...recorded.runs.map((run) => details(run, recorded)),
    ),
  );
}

const single = (recorded: Recorded) => recorded.runs.length === 1;

function swatch(index: number): HTMLElement {
  return h("span", { class: "swatch report-swatch", style: { background: lineStyle(index).color } });
}

function runsTable(recorded: Recorded): HTMLElement {
  const head = ["Run", "State", "Project", "Began", "Took", "Tags"];
  return h(
    "section",
    { class: "card report-table" },
    h(
      "table",
      { class: "plain-table" },
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col" }, text)))),
      h(
        "tbody",
        {},
        ...recorded.runs.map((run, at) =>
          h(
            "tr",
            {},
            h("td", {}, !single(recorded) && swatch(at), bdi(run.name), " ", h("code", { class: "faint" }, run.id)),
            h("td", {}, stateBadge(run.state)),
            h("td", {}, bdi(run.project)),
            h("td", {}, new Date(run.created).toISOString().slice(0, 16).replace("T", " "), " UTC"),
            h("td", {}, run.seconds === undefined ? "" : duration(run.seconds)),
            h("td", {}, ...(run.tags ?? []).map(tagChip)),
          ),
        ),
      ),
    ),
  );
}

/** Parameters that differ, and the last value of each metric. */
function differences(recorded: Recorded): HTMLElement {
  const { compare } = recorded;
  const rows = [
    ...(compare?.parameters ?? []).filter((one) => one.differs).map((one) => [one.name, one.values.map(anything)] as const),
    ...(compare?.metrics ?? []).map((one) => [one.name, one.values.map((value) => (value === null ? "" : measured(numeric(value.last), one.unit)))] as const),
  ];
  return h(
    "section",
    {},
    h("h2", {}, "What differs"),
    rows.length === 0
      ? empty("Nothing differs.")
      : h(
          "div",
          { class: "card report-table" },
          h("table", { class: "plain-table" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, ""), ...recorded.runs.map((run, at) => h("th", { scope: "col" }, swatch(at), bdi(run.name))))), h("tbody", {}, ...rows.map(([name, values]) => h("tr", {}, h("th", { scope: "row" }, bdi(name)), ...values.map((value) => h("td", { class: "mono" }, bdi(value))))))),
        ),
  );
}

/** One chart a metric with a line for each run that has it, grouped as on the run page. */
function charts(recorded: Recorded, timeline: Timeline, scope: Scope): HTMLElement {
  const source = recordedSource(recorded);
  const names = [...new Set(recorded.runs.flatMap((run) => run.metrics.map((metric) => metric.name)))].filter((name) => !name.startsWith("system/"));
  const groups = new Map<string, string[]>();
  for (const name of names) groups.set(prefix(name), [...(groups.get(prefix(name)) ?? []), name]);
  const chart = (metric: string) => {
    const lines = recorded.runs.flatMap((run, style): LineSpec[] => (run.metrics.some((one) => one.name === metric) ? [{ run: run.id, metric, label: run.name, origin: new Date(run.created).getTime(), running: false, style }] : []));
    const [only] = recorded.runs;
    const marks = single(recorded) && only ? marksOf(recorded.events[only.id] ?? []) : [];
    return chartPanel({ title: metric, lines, timeline, scope, source, marks: () => marks, always: true });
  };
  if (names.length === 0) return empty("These runs logged no metrics.");
  return h("section", {}, h("div", { class: "run-bar" }, h("h2", {}, "Charts"), timelineControls(timeline)), ...[...groups].sort(([a], [b]) => Number(a !== "") - Number(b !== "")).map(([name, members]) => h("div", { class: "chart-group" }, name !== "" && h("h3", {}, bdi(name)), h("div", { class: "charts" }, ...members.map(chart)))));
}

function details(run: RunDetail, recorded: Recorded): HTMLElement {
  const { packages, variables, git, ...machine } = (run.environment ?? {});
  const diff = recorded.diff[run.id];
  const parts = [
    pairs("Parameters", Object.entries(run.parameters)),
    pairs("Last values", run.metrics.map((metric): [string, unknown] => [metric.name, measured(numeric(metric.last), metric.unit)])),
    pairs("Machine", [...flat(machine), ...flat({ git }).filter(([name]) => name !== "git.diff")]),
    pairs("Packages", Array.isArray(packages) ? packages.map((text): [string, unknown] => [String(text), ""]) : flat(packages)),
    pairs("Environment", flat(variables)),
  ].filter((part) => part !== undefined);
  return h(
    "section",
    { class: "report-run" },
    h("h2", {}, bdi(run.name)),
    run.reason !== null && run.reason !== undefined && h("p", { class: "soft" }, bdi(run.reason)),
    h("div", { class: "pairs-grid" }, ...parts),
    diff !== undefined && diff.trim() !== "" && h("details", {}, h("summary", {}, "What was changed beside the commit"), diffView(diff)),
  );
}
