import { api } from "../core/api";
import { bdi, fill, h, throttled } from "../core/dom";
import { ago, duration, moment } from "../core/format";
import { live } from "../core/live";
import type { Context } from "../core/router";
import { Scope } from "../core/scope";
import type { RunDetail } from "../core/types";
import { confirm } from "../widgets/dialog";
import { loadInto } from "../widgets/state";
import { stateBadge, tagChip } from "../widgets/tag";
import { tabs } from "../widgets/tabs";
import { toast } from "../widgets/toast";
import { here, having, type OtherTab } from "./later";
import { chartsTab } from "./run/charts";
import { Events } from "./run/events";

/** What each part of the run page shows of its run. */
export interface RunView {
  context: Context;
  scope: Scope;
  root: HTMLElement;
  run: RunDetail;
  events: Events;
  /** Calls `heard` when the run's state or its list of metrics changed. */
  changed: (heard: (run: RunDetail) => void) => void;
}

const isSystem = (name: string) => name.startsWith("system/");

/** One run in full. */
function runPage(context: Context): void {
  const { root, scope, params } = context;
  void loadInto(root, scope.signal, () => api.run(params["id"] ?? "", scope.signal), (run) => show(context, run));
}

function show(context: Context, first: RunDetail): void {
  const { root, scope, title, query } = context;
  let run = first;
  const listeners = new Set<(run: RunDetail) => void>();
  const events = new Events(scope, run);
  const head = h("div", { class: "run-head" });
  const body = h("div", {});
  title(run.name);
  const say = () => fill(head, ...header(run));
  say();
  if (run.state === "running") scope.every(10_000, say);

  const tell = (now: RunDetail) => {
    run = now;
    say();
    for (const heard of listeners) heard(run);
  };
  live.subscribe(scope, () => ({ to: "run", id: first.id }), (message) => {
    if (message.run && differs(run, message.run)) tell({ ...run, ...message.run });
  });
  // Files and tags are said by events; what they add up to, the server knows.
  const again = throttled(1000, () => void api.run(first.id, scope.signal).then(tell, () => undefined));
  scope.add(() => again.cancel());
  let known = 0;
  events.changed(scope, () => {
    const fresh = events.all.slice(known);
    if (known > 0 && fresh.some((event) => ["artifact", "image", "tags", "config"].includes(event.kind))) again();
    known = events.all.length;
  });

  const view = (part: HTMLElement, partScope: Scope): RunView => ({
    context,
    scope: partScope,
    root: part,
    run,
    events,
    changed: (heard) => {
      listeners.add(heard);
      partScope.add(() => listeners.delete(heard));
    },
  });
  const other = (name: OtherTab) => (part: HTMLElement, inner: Scope) => {
    const shown = view(part, inner);
    having("others", shown, (others) => others[name](shown));
  };
  const system = run.metrics.some((metric) => isSystem(metric.name));
  const bar = tabs(
    "Parts of this run",
    [
      { name: "charts", title: "Charts", open: (part, inner) => chartsTab(view(part, inner), (name) => !isSystem(name), "step") },
      ...(system || run.state === "running" ? [{ name: "system", title: "System", open: (part: HTMLElement, inner: Scope) => chartsTab(view(part, inner), isSystem, "relative") }] : []),
      { name: "logs", title: "Logs", open: other("logsTab") },
      { name: "events", title: "Events", open: other("eventsTab") },
      { name: "files", title: "Files", open: other("filesTab") },
      { name: "code", title: "Code", open: other("codeTab") },
      { name: "config", title: "Config", open: other("configTab") },
    ],
    query.get("tab"),
    body,
    scope,
    // Each part has a state of its own in the link.
    (name) => query.set({ ...cleared(query.get.bind(query)), tab: name === "charts" ? undefined : name }, true),
  );
  query.changed(() => bar.show(query.get("tab"), true));
  fill(root, head, bar.element, body);
}

/** Whether something is news: the first message after each connection says what may be known. */
function differs<T extends object>(known: T, said: Partial<T>): boolean {
  return Object.entries(said).some(([name, value]) => JSON.stringify(value) !== JSON.stringify(known[name as keyof T]));
}

/** What a part of the page says in the link, taken out when another one is opened. */
function cleared(get: (name: string) => string): Record<string, undefined> {
  return Object.fromEntries(["from", "to", "x", "search", "stream", "severity", "file", "filter"].filter((name) => get(name) !== "").map((name) => [name, undefined]));
}

function header(run: RunDetail): HTMLElement[] {
  const fact = (label: string, value: Node | string | false | undefined) => (value === false || value === undefined || value === "" ? [] : [h("div", { class: "fact" }, h("dt", {}, label), h("dd", {}, value))]);
  const seconds = run.seconds ?? (new Date(run.ended ?? Date.now()).getTime() - new Date(run.created).getTime()) / 1000;
  const stop = h("button", { class: "button button-danger", type: "button" }, "Stop");
  stop.addEventListener("click", () => void halt(run));
  return [
    h(
      "div",
      { class: "page-head" },
      h("h1", {}, bdi(run.name)),
      stateBadge(run.state),
      ...(run.tags ?? []).map(tagChip),
      h("div", { class: "end" }, run.state === "running" && stop, h("a", { class: "button", href: `/compare?id=${encodeURIComponent(run.id)}` }, "Compare")),
    ),
    ...(run.reason ? [h("p", { class: run.state === "failed" || run.state === "died" ? "reason error-text" : "reason soft" }, bdi(run.reason))] : []),
    h(
      "dl",
      { class: "facts" },
      ...fact("Id", run.id),
      ...fact("Project", bdi(run.project)),
      ...fact("Began", h("time", { datetime: run.created, title: run.created }, `${moment(run.created)} (${ago(run.created)})`)),
      ...fact(run.state === "running" ? "Running for" : "Took", duration(seconds)),
      ...fact("On", run.host !== undefined && bdi(run.host)),
      ...fact("Taken up again", run.resumed ? `${run.resumed} ${run.resumed === 1 ? "time" : "times"}` : undefined),
    ),
    ...(run.damage.length > 0 ? [h("details", { class: "damage" }, h("summary", {}, `${run.damage.length} damaged ${run.damage.length === 1 ? "part was" : "parts were"} passed over`), ...run.damage.map((text) => h("p", {}, bdi(text))))] : []),
  ];
}

async function halt(run: RunDetail): Promise<void> {
  if (!(await confirm("Stop this run?", h("p", {}, bdi(run.name), " is asked to end; what it wrote stays."), "Stop", true))) return;
  try {
    await api.stop(run.id);
    toast("The run was asked to stop.");
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), "failed");
  }
}

here.run = { runPage };
