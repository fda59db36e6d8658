import { ApiError } from "../core/api";
import { h, fill, type Child } from "../core/dom";
import { visible, visibleLines } from "../core/text";

/** Nothing to show, and why, and what would make something appear. */
export function empty(title: string, ...more: Child[]): HTMLElement {
  return h("div", { class: "state" }, h("p", { class: "state-title" }, title), more.length > 0 && h("div", { class: "state-more" }, ...more));
}

/** What comes within so many milliseconds is shown without grey bars before it: drawing them would only hold it up. */
const PATIENCE = 200;

/** Grey bars where something will stand, if it takes its time; said to screen readers as "loading". */
export function loading(lines = 3): HTMLElement {
  const element = h("div", { class: "loading", role: "status", "aria-label": "loading" });
  setTimeout(() => {
    if (element.isConnected) fill(element, Array.from({ length: lines }, () => h("div", { class: "skeleton" })));
  }, PATIENCE);
  return element;
}

/** What failed and what to do, with a way to try again. */
export function failure(error: unknown, again?: () => void): HTMLElement {
  const known = error instanceof ApiError;
  const message = error instanceof Error ? error.message : String(error);
  return h(
    "div",
    { class: "state state-failed", role: "alert" },
    h("p", { class: "state-title" }, h("bdi", {}, visible(message))),
    known && error.help !== "" && h("pre", { class: "state-help" }, visibleLines(error.help)),
    again && h("button", { class: "button", onclick: () => again() }, "Try again"),
  );
}

/** Fills `element` with what `load` gives: a skeleton first, the error if there is one. Old content stays until new is there. */
export async function loadInto<T>(element: Element, signal: AbortSignal, load: () => Promise<T>, show: (value: T) => void): Promise<void> {
  if (element.childElementCount === 0) fill(element, loading());
  try {
    const value = await load();
    if (!signal.aborted) show(value);
  } catch (error) {
    if (signal.aborted) return;
    fill(
      element,
      failure(error, () => {
        fill(element, loading());
        void loadInto(element, signal, load, show);
      }),
    );
  }
}
