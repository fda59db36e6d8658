import { h } from "../core/dom";
import { visible } from "../core/text";

let shelf: HTMLElement | undefined;

/** A short word at the edge of the page that goes by itself; said to screen readers. */
export function toast(text: string, kind: "done" | "failed" = "done"): void {
  shelf ??= document.body.appendChild(h("div", { class: "toasts", "aria-live": "polite" }));
  const note = h("div", { class: `toast toast-${kind}` }, visible(text));
  shelf.append(note);
  setTimeout(() => note.remove(), kind === "failed" ? 8000 : 3500);
}
