import { bdi, fill, h } from "../../core/dom";
import { anything, moment } from "../../core/format";
import { link } from "../../core/router";
import type { RunEvent } from "../../core/types";
import { empty, failure } from "../../widgets/state";
import type { RunView } from "../run";

/** Rows that are drawn at first; the rest on request. */
const SHOWN = 300;

export function severityBadge(severity: string): HTMLElement {
  const known = ["warning", "error", "critical"].includes(severity) ? severity : "info";
  return h("span", { class: `severity is-${known}` }, bdi(severity));
}

/** What else an event says, in one line. */
function details(event: RunEvent): HTMLElement[] {
  if (event.data === null || typeof event.data !== "object") return [];
  const entries = Object.entries(event.data).filter(([name]) => !["title", "text", "message"].includes(name));
  return entries.map(([name, value]) => h("span", { class: "event-fact" }, bdi(name), " ", h("span", { class: "mono" }, bdi(anything(value).slice(0, 200)))));
}

/** The window of the charts around a step. */
function around(event: RunEvent): Record<string, string> | undefined {
  if (event.step === null || event.step <= 0) return undefined;
  const wide = Math.max(10, event.step * 0.1);
  return { from: String(Math.max(0, Math.round(event.step - wide))), to: String(Math.round(event.step + wide)) };
}

/** What happened, the newest first. */
export function eventsTab({ context, root, scope, run, events }: RunView): void {
  const { query } = context;
  const list = h("div", {});
  let limit = SHOWN;
  const choices = [
    ["", "All"],
    ["warning", "Warnings and errors"],
    ["error", "Errors"],
  ] as const;
  const pick = choices.map(([value, label]) =>
    h("button", { type: "button", onclick: () => {
      query.set({ severity: value });
      show();
    } }, label),
  );
  const show = () => {
    const severity = query.get("severity");
    pick.forEach((button, index) => button.setAttribute("aria-pressed", String(choices[index]?.[0] === severity)));
    if (events.error) {
      fill(list, failure(events.error));
      return;
    }
    const wanted = events.all.filter((event) => !event.content && (severity === "" || (severity === "error" ? ["error", "critical"].includes(event.severity) : event.severity !== "info")));
    if (wanted.length === 0) {
      fill(list, severity === "" ? empty("Nothing happened yet.", h("p", {}, "Epochs, snapshots, alerts and what detectors find are listed here.")) : empty("Nothing as grave as that happened."));
      return;
    }
    const rows = wanted.slice(-limit).reverse().map((event) => {
      const window = around(event);
      return h(
        "li",
        { class: "event" },
        h("time", { class: "number faint", datetime: event.time, title: event.time }, moment(event.time)),
        severityBadge(event.severity),
        h("div", { class: "event-text" }, h("p", {}, bdi(event.message || event.kind)), h("p", { class: "small faint event-facts" }, h("span", {}, bdi(event.kind)), ...details(event))),
        event.step !== null && (window ? h("a", { class: "number", href: link(`/runs/${encodeURIComponent(run.id)}`, window), title: "The charts around this step" }, `step ${event.step}`) : h("span", { class: "faint number" }, `step ${event.step}`)),
      );
    });
    fill(list, h("ul", { class: "event-list card" }, ...rows), wanted.length > limit && h("button", { class: "button", type: "button", onclick: () => {
      limit *= 4;
      show();
    } }, `Show more of ${wanted.length}`));
  };
  root.append(h("div", { class: "run-bar" }, h("div", { class: "segments", role: "group", "aria-label": "How grave" }, ...pick)), list);
  void events.ready.then(() => scope.ended || show());
  events.changed(scope, show);
}
