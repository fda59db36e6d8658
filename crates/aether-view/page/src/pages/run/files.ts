import { api } from "../../core/api";
import { bdi, fill, h } from "../../core/dom";
import { bytes } from "../../core/format";
import type { Artifact } from "../../core/types";
import { empty } from "../../widgets/state";
import { preview } from "../../widgets/preview";
import type { RunView } from "../run";
import { mediaGroups } from "./media";

/** What the run left and took, and what it logged to look at. */
export function filesTab({ context, root, scope, run, events }: RunView): void {
  const { query } = context;
  const media = h("div", { class: "media-grid" });
  const pane = h("div", { class: "preview-pane", "aria-live": "polite" });
  const rows = new Map<string, HTMLElement>();
  const key = (artifact: Artifact) => `${artifact.direction}:${artifact.name}:${artifact.digest ?? ""}`;

  const open = (artifact: Artifact) => {
    for (const [name, row] of rows) row.classList.toggle("is-open", name === key(artifact));
    query.set({ file: artifact.name });
    fill(
      pane,
      h("div", { class: "pairs-head" }, h("h2", {}, bdi(artifact.name)), artifact.digest !== undefined && h("a", { class: "button end", href: api.blob(artifact.digest, artifact.name), download: artifact.name }, "Save")),
      artifact.digest === undefined ? empty("This file lies in the run's own directory.", h("p", {}, "Only what is kept by its content can be looked at here.")) : preview(artifact.digest, artifact.name, artifact.media ?? "", artifact.bytes, scope),
    );
    pane.hidden = false;
  };
  const table = (title: string, artifacts: readonly Artifact[]) =>
    artifacts.length === 0
      ? undefined
      : h(
          "section",
          { class: "card pairs" },
          h("div", { class: "pairs-head" }, h("h2", {}, title), h("span", { class: "faint" }, String(artifacts.length))),
          h(
            "table",
            { class: "plain-table file-table" },
            h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Name"), h("th", { scope: "col" }, "Kind"), h("th", { scope: "col", class: "number" }, "Size"))),
            h(
              "tbody",
              {},
              ...artifacts.map((artifact) => {
                const row = h("tr", {}, h("td", {}, h("button", { class: "link-button", type: "button", onclick: () => open(artifact) }, bdi(artifact.name))), h("td", { class: "soft" }, bdi(artifact.kind)), h("td", { class: "number" }, artifact.bytes > 0 ? bytes(artifact.bytes) : ""));
                rows.set(key(artifact), row);
                return row;
              }),
            ),
          ),
        );
  const left = run.artifacts.filter((artifact) => !artifact.direction.startsWith("in") && artifact.kind !== "image");
  const taken = run.artifacts.filter((artifact) => artifact.direction.startsWith("in"));
  const tables = [table("What it left", left), table("What it took", taken)].filter((part) => part !== undefined);
  pane.hidden = true;
  pane.classList.add("card");
  const none = empty("No files yet.", h("p", {}, "Snapshots, and what the program keeps with ", h("code", {}, "aether.log_artifact"), " or ", h("code", {}, "aether.log_image"), ", appear here."));
  const showMedia = mediaGroups(media, events, scope);
  const show = () => {
    const shown = showMedia();
    none.hidden = tables.length > 0 || shown > 0;
  };
  root.append(media, ...(tables.length > 0 ? [h("div", { class: "file-columns" }, h("div", { class: "file-tables" }, ...tables), pane)] : []), none);
  show();
  void events.ready.then(() => scope.ended || show());
  events.changed(scope, show);
  const wanted = run.artifacts.find((artifact) => artifact.name === query.get("file"));
  if (wanted) open(wanted);
}
