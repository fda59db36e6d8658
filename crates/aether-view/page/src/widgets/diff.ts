import { h } from "../core/dom";
import { visibleLines } from "../core/text";

/** Lines of a diff that are shown. */
const SHOWN = 20_000;

function lineClass(line: string): string {
  if (line.startsWith("diff ") || line.startsWith("index ") || line.startsWith("--- ") || line.startsWith("+++ ")) return "diff-head";
  if (line.startsWith("@@")) return "diff-place";
  return line.startsWith("+") ? "diff-add" : line.startsWith("-") ? "diff-remove" : "";
}

/** A unified diff, a row a line; said to screen readers by its own signs. */
export function diffView(text: string): HTMLElement {
  const lines = text.split("\n");
  const rows = lines.slice(0, SHOWN).map((line) => h("div", { class: lineClass(line) }, h("bdi", {}, visibleLines(line) || " ")));
  return h("pre", { class: "diff card" }, ...rows, lines.length > SHOWN && h("div", { class: "diff-place" }, `and ${lines.length - SHOWN} lines more`));
}
