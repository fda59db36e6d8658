import { bdi, h } from "../../core/dom";
import { visibleLines } from "../../core/text";
import { flat, pairs } from "../../widgets/pairs";
import { empty } from "../../widgets/state";
import type { RunView } from "../run";

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
      ? [h("section", { class: "run-command" }, h("h2", {}, "Command"), h("pre", { class: "card mono" }, visibleLines(command.map(shellWord).join(" "))), run.directory !== undefined && h("p", { class: "small soft" }, "in ", h("code", {}, bdi(run.directory))))]
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
