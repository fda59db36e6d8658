// What asked for somebody's attention, of all runs, newest first.

import { api } from "../core/api";
import { bdi, fill, h } from "../core/dom";
import { ago, anything, moment, number } from "../core/format";
import { live } from "../core/live";
import { link, type Context, type Query } from "../core/router";
import type { AlertEvent } from "../core/types";
import { empty, loadInto } from "../widgets/state";

/** Alerts kept on the page. */
const KEPT = 1000;
/** What a link to the run shows before and after the alert, in milliseconds. */
const AROUND = 10 * 60_000;
const SEVERITIES = ["error", "warning", "info"];

/** The page. */
export function alertsPage({ root, scope, query, title }: Context): void {
  title("Alerts");
  const load = async () => {
    const answer = await api.alerts(scope.signal);
    return "alerts" in answer ? answer.alerts : answer.events;
  };
  void loadInto(root, scope.signal, load, (alerts) => {
    const page = new Alerts(query, alerts);
    fill(root, page.element);
    query.changed(() => page.draw());
    live.subscribe(scope, () => ({ to: "alerts" }), (message) => {
      if (message.alerts) page.add(message.alerts);
    });
    let lost = false;
    live.watch(scope, (state) => {
      // What was said while the connection was lost is asked for.
      if (state === "open" && lost) void load().then((all) => page.add(all), () => undefined);
      lost = state === "lost";
    });
    scope.every(60_000, () => page.draw());
  });
}

class Alerts {
  readonly element: HTMLElement;
  #alerts: AlertEvent[];
  #query: Query;
  #list = h("ol", { class: "alerts card" });
  #count = h("p", { class: "soft", role: "status" });
  #severity = h("select", { class: "field", "aria-label": "severity" });
  #kind = h("select", { class: "field", "aria-label": "kind" });

  constructor(query: Query, alerts: AlertEvent[]) {
    this.#query = query;
    this.#alerts = alerts;
    for (const [select, name] of [[this.#severity, "severity"], [this.#kind, "kind"]] as const) {
      select.addEventListener("change", () => {
        query.set({ [name]: select.value });
        this.draw();
      });
    }
    this.element = h("div", {}, h("div", { class: "page-head" }, h("h1", {}, "Alerts"), this.#count, h("div", { class: "end" }, this.#severity, this.#kind)), this.#list);
    this.draw();
  }

  /** Takes in new ones. */
  add(alerts: readonly AlertEvent[]): void {
    const known = new Set(this.#alerts.map(keyOf));
    const fresh = alerts.filter((alert) => !known.has(keyOf(alert)));
    if (fresh.length === 0) return;
    this.#alerts = [...fresh, ...this.#alerts].sort((a, b) => Date.parse(b.time) - Date.parse(a.time)).slice(0, KEPT);
    this.draw();
  }

  /** Shows those that the link asks for. */
  draw(): void {
    const [severity, kind] = [this.#query.get("severity"), this.#query.get("kind")];
    const shown = this.#alerts.filter((alert) => (severity === "" || alert.severity === severity) && (kind === "" || alert.kind === kind));
    options(this.#severity, "All severities", SEVERITIES, severity);
    options(this.#kind, "All kinds", [...new Set(this.#alerts.map((alert) => alert.kind))].sort(), kind);
    this.#count.textContent = shown.length < this.#alerts.length ? `${shown.length} of ${this.#alerts.length}` : "";
    // Whoever stands on one keeps it.
    const focused = this.#list.contains(document.activeElement) ? document.activeElement?.closest("li")?.dataset["key"] : undefined;
    if (shown.length === 0) {
      fill(this.#list, h("li", {}, this.#alerts.length === 0
        ? empty("No alerts.", h("p", {}, "Runs under ", h("code", {}, "aether run"), " are watched: a loss that is NaN, a run that stalls, memory that runs out, and rules of your own appear here."))
        : empty("None of these.", h("button", { class: "button", onclick: () => {
            this.#query.set({ severity: "", kind: "" });
            this.draw();
          } }, "Show all"))));
      return;
    }
    fill(this.#list, shown.map(entry));
    if (focused !== undefined) [...this.#list.children].find((child) => (child as HTMLElement).dataset["key"] === focused)?.querySelector("a")?.focus();
  }
}

function keyOf(alert: AlertEvent): string {
  return `${alert.run.id} ${alert.time} ${alert.kind} ${alert.message}`;
}

function options(select: HTMLSelectElement, none: string, values: readonly string[], chosen: string): void {
  const all = chosen === "" || values.includes(chosen) ? values : [...values, chosen];
  fill(select, h("option", { value: "" }, none), all.map((value) => h("option", { value }, value.replaceAll("_", " "))));
  select.value = chosen;
}

/** An alert; its link leads to the run at that time. */
function entry(alert: AlertEvent): HTMLElement {
  const time = Date.parse(alert.time);
  const there = link(`/runs/${encodeURIComponent(alert.run.id)}`, { x: "time", from: String(time - AROUND), to: String(time + AROUND) });
  const title = alert.data !== null && typeof alert.data === "object" && "title" in alert.data && typeof alert.data.title === "string" ? alert.data.title : "";
  const message = alert.message.trim() === "" ? alert.kind : alert.message;
  return h(
    "li", { class: `alert alert-${SEVERITIES.includes(alert.severity) ? alert.severity : "info"}`, "data-key": keyOf(alert) },
    h("span", { class: "alert-sign", role: "img", "aria-label": alert.severity }),
    h("div", { class: "alert-body" },
      h("p", { class: "alert-message" }, title !== "" && title !== message && h("strong", {}, bdi(title), " "), bdi(message)),
      h("p", { class: "alert-of" }, h("a", { href: there }, alert.run.name.trim() === "" ? alert.run.id : bdi(alert.run.name)), h("span", {}, bdi(alert.run.project)), h("span", {}, bdi(alert.kind.replaceAll("_", " "))), alert.metric !== undefined && h("span", {}, bdi(anything(alert.metric))), alert.step !== null && alert.step > 0 && h("span", {}, `step ${number(alert.step)}`))),
    h("time", { class: "alert-time", datetime: alert.time, title: alert.time }, Date.now() - time < 86_400_000 ? ago(time) : moment(time)),
  );
}
