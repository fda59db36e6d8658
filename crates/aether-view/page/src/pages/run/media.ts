import { api } from "../../core/api";
import { bdi, fill, h } from "../../core/dom";
import { visibleLines } from "../../core/text";
import type { Scope } from "../../core/scope";
import type { RunEvent } from "../../core/types";
import { histogram } from "../../widgets/histogram";
import type { Events } from "./events";

const KINDS = ["image", "histogram", "text"];

type Fields = Record<string, unknown>;

const fieldsOf = (event: RunEvent): Fields => (event.data !== null && typeof event.data === "object" ? (event.data as Fields) : {});
const textOf = (value: unknown) => (typeof value === "string" ? value : "");
const numbersOf = (value: unknown) => (Array.isArray(value) ? value.map(Number) : []);

function content(event: RunEvent): HTMLElement {
  const fields = fieldsOf(event);
  if (event.kind === "image") return h("img", { src: api.blob(textOf(fields["digest"]), textOf(fields["name"])), alt: textOf(fields["caption"]) || textOf(fields["name"]), loading: "lazy" });
  if (event.kind === "histogram") return histogram(numbersOf(fields["edges"]), numbersOf(fields["counts"]));
  return h("pre", { class: "media-text" }, visibleLines(textOf(fields["text"])));
}

/** Images, histograms and texts by their names, each with a slider over its steps. The function draws what is new, and says how many there are. */
export function mediaGroups(root: HTMLElement, events: Events, scope: Scope): () => number {
  const cards = new Map<string, { all: RunEvent[]; element: HTMLElement; slider: HTMLInputElement; step: HTMLElement; body: HTMLElement; shown: RunEvent | undefined }>();
  const show = (name: string) => {
    const card = cards.get(name)!;
    const event = card.all[Number(card.slider.value)] ?? card.all.at(-1);
    if (!event || event === card.shown) return;
    card.shown = event;
    card.step.textContent = event.step === null ? "" : `step ${event.step}`;
    const caption = textOf(fieldsOf(event)["caption"]);
    fill(card.body, content(event), caption !== "" && h("p", { class: "small soft" }, bdi(caption)));
  };
  return () => {
    if (scope.ended) return cards.size;
    const groups = new Map<string, RunEvent[]>();
    for (const event of events.all) {
      if (!KINDS.includes(event.kind)) continue;
      const key = `${event.kind} ${textOf(fieldsOf(event)["name"])}`;
      groups.set(key, [...(groups.get(key) ?? []), event]);
    }
    for (const [key, all] of groups) {
      let card = cards.get(key);
      if (!card) {
        const name = textOf(fieldsOf(all[0]!)["name"]);
        const slider = h("input", { type: "range", min: "0", max: "0", value: "0", "aria-label": "Step" });
        slider.addEventListener("input", () => show(key));
        const step = h("span", { class: "number soft small" });
        const body = h("div", { class: "media-body" });
        card = { all, slider, step, body, shown: undefined, element: h("figure", { class: "card media" }, h("figcaption", { class: "media-head" }, h("h3", { class: "chart-title" }, bdi(name)), step), body, slider) };
        cards.set(key, card);
        root.append(card.element);
      }
      const last = card.slider.value === card.slider.max;
      card.all = all;
      card.slider.max = String(all.length - 1);
      card.slider.hidden = all.length < 2;
      if (last) card.slider.value = card.slider.max;
      show(key);
    }
    return cards.size;
  };
}
