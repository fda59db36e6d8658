// Which columns the table has, and in which order: a list to search in, and those chosen, to be moved.

import { bdi, fill, h } from "../core/dom";
import { column, FIXED_KEYS } from "../runs/columns";

/** Names shown at once of those that can be had; a search finds the others. */
const MOST = 100;

/** What can be chosen from. */
export interface Offered {
  parameters: readonly string[];
  metrics: readonly string[];
}

/** The panel. `choose` gets the keys in their new order, at each change; without any, the proposed ones are meant. */
export function picker(chosen: readonly string[], offered: Offered, choose: (keys: string[]) => void): HTMLElement {
  let keys = [...chosen];
  const search = h("input", { class: "field", type: "search", placeholder: "Search parameters and metrics", "aria-label": "search columns", autofocus: true });
  const on = h("ul", { class: "picker-list", "aria-label": "columns shown" });
  const off = h("div", { class: "picker-off" });
  const said = h("p", { class: "only-read", role: "status" });
  const take = (next: string[], words: string) => {
    keys = next;
    said.textContent = words;
    choose(keys);
    draw();
  };
  const move = (key: string, places: number) => {
    const from = keys.indexOf(key);
    // The name stays first: it is what stays in sight.
    const to = Math.max(1, Math.min(keys.length - 1, from + places));
    if (from < 1 || to === from) return;
    const next = keys.filter((one) => one !== key);
    next.splice(to, 0, key);
    take(next, `${titleOf(key)}, place ${to + 1} of ${keys.length}`);
    on.querySelectorAll<HTMLElement>("li")[to]?.querySelector<HTMLElement>(".picker-drag")?.focus();
  };
  const shown = (key: string): HTMLElement => {
    const still = key === "name";
    const grip = h("button", { class: "picker-drag", type: "button", disabled: still, "aria-label": `move ${titleOf(key)}: up and down arrows`, title: still ? "The name stays first" : "Drag, or arrow keys" }, "⠿");
    const item = h(
      "li", { class: "picker-item", "data-key": key }, grip, title(key),
      h("button", { class: "icon-button", type: "button", disabled: still, "aria-label": `hide ${titleOf(key)}`, onclick: () => take(keys.filter((one) => one !== key), `${titleOf(key)} hidden`) }, "×"),
    );
    grip.addEventListener("keydown", (event) => {
      const places = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
      if (places === 0) return;
      event.preventDefault();
      move(key, places);
    });
    grip.addEventListener("pointerdown", (down) => drag(down, item, on, (places) => move(key, places)));
    return item;
  };
  const draw = () => {
    fill(on, keys.map(shown));
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const fits = (key: string) => !keys.includes(key) && words.every((word) => key.toLowerCase().includes(word));
    const found: [string, string[]][] = [
      ["Runs", FIXED_KEYS.filter(fits)],
      ["Metrics", offered.metrics.map((name) => `metric.${name}`).filter(fits)],
      ["Parameters", offered.parameters.map((name) => `param.${name}`).filter(fits)],
    ];
    fill(off, found.filter(([, names]) => names.length > 0).map(([head, names]) => [
      h("h4", {}, head, h("span", { class: "picker-count" }, names.length)),
      h("ul", { class: "picker-list", "aria-label": `${head} to show` }, names.slice(0, MOST).map((key) => h("li", { class: "picker-item" }, add(key)))),
      names.length > MOST && h("p", { class: "hint" }, `${names.length - MOST} more: search for them`),
    ]));
    if (off.childElementCount === 0) fill(off, h("p", { class: "hint" }, words.length > 0 ? "Nothing of that name." : "All are shown."));
  };
  const add = (key: string): HTMLElement => {
    const plain = h("button", { class: "picker-add", type: "button", onclick: () => take([...keys, key], `${titleOf(key)} shown`) }, title(key));
    if (!key.startsWith("metric.")) return plain;
    const best = ["min", "max"].map((which) => {
      const own = `${key}.${which}`;
      return h("button", { class: "picker-best", type: "button", disabled: keys.includes(own), "aria-label": `show the ${which} of ${titleOf(key)}`, onclick: () => take([...keys, own], `${titleOf(own)} shown`) }, which);
    });
    return h("div", { class: "picker-metric" }, plain, best);
  };
  search.addEventListener("input", draw);
  draw();
  return h(
    "div", { class: "picker" }, search,
    h("div", { class: "picker-columns" },
      h("section", {}, h("h3", {}, "Shown"), on, h("button", { class: "button button-small", type: "button", onclick: () => choose([]) }, "As proposed")),
      h("section", {}, h("h3", {}, "To show"), off)),
    said,
  );
}

function titleOf(key: string): string {
  return column(key)?.title ?? key;
}

function title(key: string): HTMLElement {
  const known = column(key);
  return h("span", { class: "picker-title" }, known && known.origin !== "" && h("span", { class: `origin origin-${known.origin}`, title: known.origin }, known.origin === "metric" ? "m" : "p"), bdi(titleOf(key)));
}

/** Drags an item of a list by its grip; tells by how many places once it is let go. */
function drag(down: PointerEvent, item: HTMLElement, list: HTMLElement, moved: (places: number) => void): void {
  down.preventDefault();
  const items = [...list.children];
  const from = items.indexOf(item);
  let to = from;
  item.classList.add("picker-moving");
  const move = (event: PointerEvent) => {
    const below = items.findIndex((other) => event.clientY < other.getBoundingClientRect().bottom);
    to = Math.max(1, below < 0 ? items.length - 1 : below);
    items.forEach((other, at) => other.classList.toggle("picker-here", at === to && at !== from));
  };
  const up = () => {
    window.removeEventListener("pointermove", move);
    item.classList.remove("picker-moving");
    for (const other of items) other.classList.remove("picker-here");
    if (to !== from) moved(to - from);
  };
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", up, { once: true });
}
