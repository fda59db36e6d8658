import { api } from "../core/api";
import { bdi, fill, h } from "../core/dom";
import type { Context } from "../core/router";
import { loadInto } from "../widgets/state";
import { stateBadge } from "../widgets/tag";

/** One run in full. */
export function runPage({ root, scope, params, title }: Context): void {
  void loadInto(root, scope.signal, () => api.run(params["id"] ?? "", scope.signal), (run) => {
    title(run.name);
    fill(root, h("div", { class: "page-head" }, h("h1", {}, bdi(run.name)), stateBadge(run.state)));
  });
}
