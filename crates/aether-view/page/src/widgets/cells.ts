// What stands in a cell of the runs table.

import { bdi, fill, h } from "../core/dom";
import { ago, anything, count, duration, measured, moment, numeric } from "../core/format";
import { visible } from "../core/text";
import type { Row } from "../core/types";
import type { Column } from "../runs/columns";
import type { Line } from "../runs/lines";
import { stateBadge, tagChip } from "./tag";

/** What cells need to know beside their row. */
export interface CellContext {
  /** Where a run's own page is. */
  link(row: Row): string;
  /** What the values of a column count in. */
  unit(key: string): string | undefined;
  /** What the groups have in common, in words. */
  groupedBy(): string;
}

/** Fills the cells of a line; only the check box where its content is the same. */
export function fillLine(
  element: HTMLElement, cells: HTMLElement[], columns: readonly Column[], line: Line, selected: boolean,
  context: CellContext, anew: boolean,
): void {
  const [check, ...rest] = cells;
  if (check === undefined) return;
  element.classList.toggle("grid-line-group", line.kind === "group");
  element.classList.toggle("grid-line-wait", line.kind === "wait");
  element.classList.toggle("grid-line-selected", selected);
  if (line.kind === "run") {
    element.setAttribute("aria-selected", String(selected));
    const box = check.querySelector("input");
    if (box && !anew) box.checked = selected;
    else {
      const made = h("input", { type: "checkbox", tabindex: -1, "aria-label": `select ${visible(line.row.name)}` });
      made.checked = selected;
      fill(check, made);
    }
    if (anew) columns.forEach((column, at) => content(rest[at], column, line.row, context));
    return;
  }
  element.removeAttribute("aria-selected");
  if (!anew) return;
  for (const cell of cells) fill(cell);
  if (line.kind === "wait") {
    const first = rest[0];
    if (first) fill(first, h("span", { class: "skeleton" }));
    return;
  }
  const { group, open } = line;
  element.setAttribute("aria-expanded", String(open));
  fill(check, h("span", { class: "grid-twist", "aria-hidden": "true" }, open ? "▾" : "▸"));
  const value = group.value === null || group.value === undefined || (Array.isArray(group.value) && group.value.length === 0) ? h("em", {}, "none") : bdi(Array.isArray(group.value) ? group.value.join(", ") : anything(group.value));
  if (rest[0]) {
    fill(
      rest[0], h("span", { class: "grid-group-of" }, visible(context.groupedBy())), " ", value,
      h("span", { class: "grid-group-count" }, `${count(group.count)} ${group.count === 1 ? "run" : "runs"}`),
    );
  }
}

function content(cell: HTMLElement | undefined, column: Column, row: Row, context: CellContext): void {
  if (cell === undefined) return;
  cell.removeAttribute("title");
  cell.classList.remove("number", "grid-odd");
  switch (column.kind) {
    case "name":
      cell.title = visible(row.name);
      fill(cell, h("a", { href: context.link(row), tabindex: -1, class: "grid-name" }, row.name.trim() === "" ? h("em", { class: "faint" }, row.id) : bdi(row.name)));
      return;
    case "state":
      fill(cell, stateBadge(row.state));
      return;
    case "tags":
      cell.title = row.tags.map(visible).join(", ");
      fill(cell, row.tags.map(tagChip));
      return;
    case "time": {
      const time = column.key === "ended" ? row.ended : row.created;
      if (time !== null) cell.title = new Date(time).toISOString();
      fill(cell, time === null ? "" : h("time", { datetime: time }, when(time)));
      return;
    }
    case "duration":
      cell.classList.add("number");
      fill(cell, duration(row.seconds));
      return;
    case "text":
      fill(cell, bdi(text(row, column.key)));
      return;
    case "value":
      value(cell, column, row.columns[column.key], context.unit(column.key));
  }
}

/** A metric's value or a parameter's. */
function value(cell: HTMLElement, column: Column, said: unknown, unit: string | undefined): void {
  const metric = column.origin === "metric";
  if (said === undefined || said === null) {
    fill(cell, h("span", { class: "faint", "aria-label": "none" }, "–"));
    cell.classList.toggle("number", metric);
    return;
  }
  const shown = metric ? numeric(said) : said;
  if (typeof shown === "number") {
    cell.classList.toggle("number", metric);
    cell.classList.toggle("grid-odd", !Number.isFinite(shown));
    cell.title = String(shown);
    fill(cell, measured(shown, unit));
    return;
  }
  cell.title = visible(anything(shown));
  fill(cell, bdi(anything(shown)));
}

function text(row: Row, key: string): string {
  if (key === "project") return row.project;
  return key === "kind" ? row.kind : row.id;
}

/** Of today how long ago, before that when. */
function when(time: string): string {
  return Date.now() - new Date(time).getTime() < 86_400_000 ? ago(time) : moment(time);
}
