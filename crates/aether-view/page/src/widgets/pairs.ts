import { bdi, fill, h } from "../core/dom";
import { anything } from "../core/format";

/** A table of names and values, with a search where it is long. */
export function pairs(title: string, values: readonly (readonly [string, unknown])[]): HTMLElement | undefined {
  if (values.length === 0) return undefined;
  const body = h("tbody", {});
  const show = (wanted: string) =>
    fill(
      body,
      ...values
        .filter(([name, value]) => `${name} ${anything(value)}`.toLowerCase().includes(wanted.toLowerCase()))
        .map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, bdi(name)), h("td", { class: "mono" }, bdi(anything(value))))),
    );
  show("");
  const search = h("input", { class: "field", type: "search", placeholder: "Search", "aria-label": `Search ${title}` });
  search.addEventListener("input", () => show(search.value));
  return h("section", { class: "card pairs" }, h("div", { class: "pairs-head" }, h("h2", {}, title), h("span", { class: "faint" }, String(values.length)), values.length > 12 && search), h("div", { class: "pairs-body" }, h("table", { class: "plain-table" }, body)));
}

/** `{a: {b: 1}}` as `[["a.b", 1]]`; lists stay one value. */
export function flat(value: unknown, before = ""): [string, unknown][] {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object" || Array.isArray(value)) return before === "" ? [] : [[before, value]];
  return Object.entries(value).flatMap(([name, inner]) => flat(inner, before === "" ? name : `${before}.${name}`));
}
