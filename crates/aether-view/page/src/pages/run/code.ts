import { api } from "../../core/api";
import { bdi, fill, h } from "../../core/dom";
import { visibleLines } from "../../core/text";
import { empty, loadInto } from "../../widgets/state";
import type { RunView } from "../run";

interface Git {
  commit?: string;
  branch?: string;
  dirty?: boolean;
  diff?: unknown;
}

/** Lines of a diff that are shown; a longer one can be saved. */
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

/** Which code ran: the commit, and what was changed beside it. */
export function codeTab({ root, scope, run }: RunView): void {
  const git = run.environment?.["git"] as Git | null | undefined;
  if (git?.commit === undefined) {
    root.append(empty("Which code ran is not known.", h("p", {}, "It did not run inside a Git repository.")));
    return;
  }
  const rest = h("div", {});
  root.append(
    h("dl", { class: "facts" }, h("div", { class: "fact" }, h("dt", {}, "Commit"), h("dd", {}, h("code", {}, bdi(git.commit)))), git.branch !== undefined && h("div", { class: "fact" }, h("dt", {}, "Branch"), h("dd", {}, bdi(git.branch)))),
    rest,
  );
  if (git.dirty !== true && !git.diff) {
    rest.append(empty("The code was that of the commit.", h("p", {}, "Nothing was changed beside it.")));
    return;
  }
  void loadInto(rest, scope.signal, () => api.diff(run.id, scope.signal), (text) => fill(rest, text.trim() === "" ? empty("Something was changed, but no difference was kept.") : diffView(text)));
}
