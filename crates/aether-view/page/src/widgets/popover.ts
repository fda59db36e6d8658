import { h, type Child } from "../core/dom";
import type { Scope } from "../core/scope";

/**
 * A button that opens a small panel below itself. Escape and a click elsewhere close it, Escape gives the focus back.
 * `content` is asked at each opening; it may call `close`.
 */
export function popover(scope: Scope, label: Child, title: string, content: (close: () => void) => Child): HTMLElement {
  const button = h("button", { class: "button", type: "button", "aria-haspopup": "dialog", "aria-expanded": "false" }, label);
  const panel = h("div", { class: "popover", role: "dialog", "aria-label": title, tabindex: -1 });
  const place = h("div", { class: "popover-place" }, button);
  const close = (back: boolean) => {
    if (!panel.isConnected) return;
    panel.remove();
    button.setAttribute("aria-expanded", "false");
    if (back) button.focus();
  };
  const open = () => {
    panel.replaceChildren();
    panel.append(h("div", { class: "popover-body" }, content(() => close(true))));
    place.append(panel);
    button.setAttribute("aria-expanded", "true");
    // Where there is no room to the right it opens to the left.
    const { left, width } = panel.getBoundingClientRect();
    panel.classList.toggle("popover-left", left + width > document.documentElement.clientWidth - 8);
    (panel.querySelector<HTMLElement>("[autofocus]") ?? panel).focus();
  };
  button.addEventListener("click", () => (panel.isConnected ? close(true) : open()));
  place.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !panel.isConnected) return;
    event.stopPropagation();
    close(true);
  });
  scope.listen(document, "pointerdown", (event) => {
    if (event.target instanceof Node && !place.contains(event.target)) close(false);
  });
  return place;
}
