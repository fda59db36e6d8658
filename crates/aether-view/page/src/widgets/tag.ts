import { bdi, h } from "../core/dom";
import type { State } from "../core/types";

/** A run's state: a sign and a word, so that colour alone says nothing. */
export function stateBadge(state: State): HTMLElement {
  const known = ["running", "done", "failed", "stopped", "interrupted", "died"].includes(state);
  return h("span", { class: `state-badge is-${known ? state : "other"}` }, h("span", { class: "sign", "aria-hidden": "true" }), known ? state : bdi(state));
}

export function tagChip(text: string): HTMLElement {
  return h("span", { class: "chip" }, bdi(text));
}
