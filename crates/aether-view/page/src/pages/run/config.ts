import { bdi, fill, h } from "../../core/dom";
import { anything } from "../../core/format";
import { visibleLines } from "../../core/text";
import { empty } from "../../widgets/state";
import type { RunView } from "../run";

/** A table of names and values, with a search where it is long. */
function pairs(title: string, values: readonly (readonly [string, unknown])[]): HTMLElement | undefined {
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
  if (value === null || typeof value !== "object" || Array.isArray(value)) return before === "" ? [] : [[before, value]];
  return Object.entries(value).flatMap(([name, inner]) => flat(inner, before === "" ? name : `${before}.${name}`));
}

/** What the run was asked to do, and what it ran in. */
export function configTab({ root, run }: RunView): void {
  const environment: Record<string, unknown> = run.environment ?? {};
  const { packages, variables, git, ...machine } = environment;
  const command = run.command ?? [];
  const parts = [
    pairs("Parameters", Object.entries(run.parameters)),
    pairs("Machine", [...flat(machine), ...flat({ git }).filter(([name]) => name !== "git.diff")]),
    pairs("Packages", Array.isArray(packages) ? packages.map((text): [string, unknown] => split(text)) : flat(packages)),
    pairs("Environment", flat(variables)),
  ].filter((part) => part !== undefined);
  root.append(
    ...(command.length > 0
      ? [h("section", { class: "command" }, h("h2", {}, "Command"), h("pre", { class: "card mono" }, visibleLines(command.map(shellWord).join(" "))), run.directory !== undefined && h("p", { class: "small soft" }, "in ", h("code", {}, bdi(run.directory))))]
      : []),
    parts.length > 0 ? h("div", { class: "pairs-grid" }, ...parts) : empty("No parameters and no environment are known."),
  );
}

/** `numpy==2.1.0` in two. */
function split(text: unknown): [string, unknown] {
  const [name = "", version = ""] = String(text).split("==");
  return [name, version];
}

/** A word as a shell takes it. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
