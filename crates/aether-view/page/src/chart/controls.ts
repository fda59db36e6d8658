import type { XKind } from "../core/api";
import { h } from "../core/dom";
import type { Timeline } from "./timeline";

/** The controls that all charts of a page share: x axis, smoothing, logarithms, show all. */
export function timelineControls(timeline: Timeline): HTMLElement {
  const kinds: readonly (readonly [XKind, string])[] = [
    ["step", "Step"],
    ["relative", "Relative"],
    ["time", "Time"],
  ];
  const axis = kinds.map(([kind, label]) => h("button", { type: "button", onclick: () => timeline.set({ x: kind }) }, label));
  const slider = h("input", { type: "range", min: "0", max: "100", step: "1", "aria-label": "Smoothing", class: "smoothing" });
  const shown = h("output", { class: "number smoothing-value" });
  // The right half of the slider is for the strong ones, where small differences count.
  const weight = (place: number) => (place <= 0 ? 0 : Number((1 - 10 ** (-place / 33.34)).toFixed(4)));
  const place = (value: number) => (value <= 0 ? 0 : Math.round(-Math.log10(1 - value) * 33.34));
  slider.addEventListener("input", () => timeline.set({ smoothing: weight(Number(slider.value)) }));
  const toggle = (label: string, title: string, act: () => void) => h("button", { class: "button", type: "button", title, onclick: act }, label);
  const logX = toggle("log x", "Logarithmic x axis", () => timeline.set({ logX: !timeline.view.logX }));
  const logY = toggle("log y", "Logarithmic y axes", () => timeline.set({ logY: !timeline.view.logY }));
  const all = toggle("Show all", "Leave the zoom (0, or a double click)", () => timeline.set({ window: undefined }));
  const say = () => {
    const { view } = timeline;
    axis.forEach((button, index) => button.setAttribute("aria-pressed", String(kinds[index]?.[0] === view.x)));
    slider.value = String(place(view.smoothing));
    shown.textContent = view.smoothing === 0 ? "off" : view.smoothing.toFixed(view.smoothing > 0.95 ? 3 : 2);
    logX.setAttribute("aria-pressed", String(view.logX));
    logY.setAttribute("aria-pressed", String(view.logY));
    all.disabled = view.window === undefined;
  };
  timeline.follow(timeline.scope, say);
  say();
  return h(
    "div",
    { class: "chart-controls", role: "group", "aria-label": "Charts" },
    h("div", { class: "segments", role: "group", "aria-label": "x axis" }, ...axis),
    h("label", { class: "label" }, "Smoothing", slider, shown),
    logX,
    logY,
    all,
  );
}
