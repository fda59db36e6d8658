// The field for a condition in the language of `aether runs`: asked as it is typed, with what is wrong below it, what
// was asked before, examples, and the names of fields.

import { bdi, debounced, fill, h } from "../core/dom";
import { visibleLines } from "../core/text";
import { proposals, type Known, type Proposal } from "../runs/complete";

const EXAMPLES = [
  "state = running",
  "created > 2d and not state = done",
  "tag = baseline",
  "duration < 5min",
  "name ~ gpt*",
];
const HISTORY = "aether.filters";
const KEPT = 20;

/** The field. */
export class Filter {
  readonly element: HTMLElement;
  #field: HTMLInputElement;
  #list = h("ul", { class: "filter-list", role: "listbox", id: "filter-list", "aria-label": "proposals", hidden: true });
  #wrong = h("pre", { class: "filter-wrong", id: "filter-wrong", hidden: true });
  #ask: (text: string) => void;
  #known: () => Known;
  #options: Proposal[] = [];
  #active = -1;
  #soon: (() => void) & { cancel: () => void };
  #asked = "";

  /** `ask` gets the text, as it is typed. */
  constructor(text: string, known: () => Known, ask: (text: string) => void) {
    this.#ask = ask;
    this.#known = known;
    this.#asked = text;
    this.#field = h("input", {
      class: "field filter-field", type: "search", value: text, spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      role: "combobox", "aria-expanded": "false", "aria-controls": "filter-list", "aria-autocomplete": "list",
      "aria-describedby": "filter-wrong", "aria-label": "filter runs", placeholder: "Filter: loss.min < 0.1 and tag = baseline",
    });
    this.#soon = debounced(200, () => this.#now());
    this.#field.addEventListener("input", () => {
      this.#propose();
      this.#soon();
    });
    this.#field.addEventListener("focus", () => this.#propose());
    this.#field.addEventListener("click", () => this.#propose());
    this.#field.addEventListener("blur", () => this.#close());
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.element = h("div", { class: "filter", role: "search" }, this.#field, h("div", { class: "filter-drop" }, this.#wrong, this.#list));
  }

  /** What it holds. */
  get text(): string {
    return this.#field.value.trim();
  }

  /** Puts a text there, and asks it. */
  put(text: string): void {
    this.#field.value = text;
    this.#now();
  }

  /** Puts a text there that is already asked. */
  show(text: string): void {
    if (text === this.#asked) return;
    this.#asked = text;
    this.#field.value = text;
  }

  /** Says what is wrong with it; with nothing, that it is right. */
  wrong(message: string, help: string): void {
    const text = help === "" ? message : help;
    this.#wrong.textContent = visibleLines(text);
    this.#wrong.hidden = text === "";
    this.#field.setAttribute("aria-invalid", String(text !== ""));
  }

  /** Takes the focus. */
  focus(): void {
    this.#field.focus();
    this.#field.select();
  }

  /** Keeps the text among those asked before. */
  remember(): void {
    if (this.text === "") return;
    const kept = [this.text, ...history().filter((one) => one !== this.text)].slice(0, KEPT);
    try {
      localStorage.setItem(HISTORY, JSON.stringify(kept));
    } catch {
      // Storage may be refused; then nothing is remembered.
    }
  }

  /** Lets go of what is due. */
  stop(): void {
    this.#soon.cancel();
  }

  #now(): void {
    this.#soon.cancel();
    if (this.text === this.#asked) return;
    this.#asked = this.text;
    this.#ask(this.text);
  }

  #propose(): void {
    if (document.activeElement !== this.#field) return;
    const text = this.#field.value;
    const whole = (label: string, origin: string): Proposal => ({ label, origin, text: label, caret: label.length });
    this.#options = text.trim() === ""
      ? [...history().slice(0, 6).map((one) => whole(one, "asked before")), ...EXAMPLES.map((one) => whole(one, "example"))]
      : proposals(text, this.#field.selectionStart ?? text.length, this.#known());
    this.#active = -1;
    fill(this.#list, this.#options.map((option, at) => h(
      "li",
      {
        class: "filter-option", role: "option", id: `filter-option-${at}`, "aria-selected": "false",
        // Before the field loses the focus to it.
        onmousedown: (event: MouseEvent) => {
          event.preventDefault();
          this.#take(option);
        },
      },
      bdi(option.label, { class: "filter-label" }), option.origin !== "" && h("span", { class: "filter-origin" }, option.origin),
    )));
    this.#list.hidden = this.#options.length === 0;
    this.#field.setAttribute("aria-expanded", String(!this.#list.hidden));
    this.#field.removeAttribute("aria-activedescendant");
  }

  #take(option: Proposal): void {
    this.#field.value = option.text;
    this.#field.setSelectionRange(option.caret, option.caret);
    this.#close();
    this.#now();
  }

  #close(): void {
    this.#list.hidden = true;
    this.#options = [];
    this.#field.setAttribute("aria-expanded", "false");
    this.#field.removeAttribute("aria-activedescendant");
  }

  #key(event: KeyboardEvent): void {
    const down = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const active = this.#options[this.#active];
    if (down !== 0) {
      if (this.#list.hidden) this.#propose();
      if (this.#options.length === 0) return;
      event.preventDefault();
      const all = this.#options.length;
      this.#active = this.#active < 0 ? (down > 0 ? 0 : all - 1) : (this.#active + down + all) % all;
      [...this.#list.children].forEach((child, at) => {
        child.setAttribute("aria-selected", String(at === this.#active));
        if (at === this.#active) child.scrollIntoView({ block: "nearest" });
      });
      this.#field.setAttribute("aria-activedescendant", `filter-option-${this.#active}`);
    } else if ((event.key === "Enter" || event.key === "Tab") && active) {
      event.preventDefault();
      this.#take(active);
      this.#propose();
    } else if (event.key === "Enter") {
      this.#close();
      this.#now();
      this.remember();
    } else if (event.key === "Escape" && !this.#list.hidden) {
      event.preventDefault();
      this.#close();
    }
  }
}

function history(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(HISTORY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
