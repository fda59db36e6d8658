import { bdi, fill, h } from "../../core/dom";
import { anything, duration, measured, moment, numeric } from "../../core/format";
import type { Row } from "../../core/types";
import { empty } from "../../widgets/state";
import { stateBadge } from "../../widgets/tag";
import { cell, runsOf } from "../runs";
import type { Show } from "./kind";

function shown(run: Row, key: string, unit: string | undefined): Node {
  const value = cell(run, key);
  if (key === "name" || key === "id") return h("a", { href: `/runs/${run.id}` }, bdi(anything(value)));
  if (key === "state") return stateBadge(run.state);
  if (key === "duration") return h("span", {}, duration(numeric(value)));
  if ((key === "created" || key === "ended") && typeof value === "string") return h("span", {}, moment(value));
  if (typeof value === "number") return h("span", {}, measured(value, unit));
  return bdi(anything(value));
}

/** A path without what stands before its last dot or slash, for a narrow head. */
const head = (key: string) => key.replace(/^(param|metric)\./, "");

/** Runs as rows. */
export const table: Show = (panel, root, scope) => async () => {
  const keys = panel.columns ?? ["name"];
  const { sort } = panel;
  const { runs: all, units } = await runsOf(panel, sort === undefined ? keys : [...new Set([...keys, sort])], scope.signal);
  if (sort !== undefined) {
    const sign = panel.descending ? -1 : 1;
    const order = (run: Row) => cell(run, sort);
    const missing = (value: unknown) => value === null || value === undefined || Number.isNaN(value);
    all.sort((a, b) => {
      const [x, y] = [order(a), order(b)];
      if (missing(x) || missing(y)) return Number(missing(x)) - Number(missing(y));
      return sign * (typeof x === "number" && typeof y === "number" ? x - y : anything(x).localeCompare(anything(y)));
    });
  }
  const numberClass = (key: string) => (key.startsWith("metric.") || key === "duration" || all.some((run) => typeof cell(run, key) === "number") ? "number" : undefined);
  fill(
    root,
    all.length === 0
      ? empty("No run matches.")
      : h("div", { class: "panel-scroll" }, h("table", { class: "plain-table" }, h("thead", {}, h("tr", {}, ...keys.map((key) => h("th", { scope: "col", class: numberClass(key), title: key }, bdi(head(key)))))), h("tbody", {}, ...all.map((run) => h("tr", {}, ...keys.map((key) => h("td", { class: numberClass(key) }, shown(run, key, units[key])))))))),
  );
};
