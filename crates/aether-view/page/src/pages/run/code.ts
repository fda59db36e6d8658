import { api } from "../../core/api";
import { bdi, fill, h } from "../../core/dom";
import { diffView } from "../../widgets/diff";
import { empty, loadInto } from "../../widgets/state";
import type { RunView } from "../run";

interface Git {
  commit?: string;
  branch?: string;
  dirty?: boolean;
  diff?: unknown;
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
  if (!git.diff) {
    rest.append(git.dirty === true ? empty("Something was changed beside the commit.", h("p", {}, "What it was is not kept.")) : empty("The code was that of the commit.", h("p", {}, "Nothing was changed beside it.")));
    return;
  }
  void loadInto(rest, scope.signal, () => api.diff(run.id, scope.signal), (text) => fill(rest, text.trim() === "" ? empty("Something was changed, but no difference was kept.") : diffView(text)));
}
