import { fill, h } from "../../core/dom";
import { visibleLines } from "../../core/text";
import type { Show } from "./kind";

/** Words, as they are. */
export const text: Show = (panel, root) => () => {
  fill(root, h("div", { class: "panel-text" }, h("bdi", {}, visibleLines(panel.text ?? ""))));
  return Promise.resolve();
};
