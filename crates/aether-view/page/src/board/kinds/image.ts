import { api } from "../../core/api";
import { bdi, fill, h } from "../../core/dom";
import { empty } from "../../widgets/state";
import { runsOf } from "../runs";
import { fieldsOf, newest } from "./content";
import type { Show } from "./kind";

/** The newest image of a name. */
export const image: Show = (panel, root, scope) => {
  let shown = "";
  return async () => {
    const name = panel.name ?? "";
    const found = await newest((await runsOf(panel, [], scope.signal)).runs, "image", name, scope.signal);
    const last = found?.events.at(-1);
    const digest = last && fieldsOf(last)["digest"];
    if (!found || typeof digest !== "string") {
      fill(root, empty("No run has an image of that name."));
      return;
    }
    if (digest === shown) return;
    shown = digest;
    fill(root, h("figure", { class: "panel-image" }, h("img", { src: api.blob(digest, name), alt: name }), h("figcaption", { class: "small faint" }, h("a", { href: `/runs/${found.run.id}?tab=files` }, bdi(found.run.name)), ` step ${last?.step ?? ""}`)));
  };
};
