// Pictures of many runs at once: parallel coordinates and a scatter, with what they show chosen beside them and kept
// in the link.

import { bdi, fill, h } from "../core/dom";
import { link, type Query } from "../core/router";
import type { Scope } from "../core/scope";
import { theme } from "../core/theme";
import type { Row } from "../core/types";
import { column, joined, split } from "../runs/columns";
import { dimension, type Dimension } from "../runs/dimension";
import { changed, read, within, written, type Changes, type Ranges } from "../runs/ranges";
import { goalOf, goodness } from "../runs/shade";
import { Parallel } from "./parallel";
import { popover } from "./popover";
import { scale } from "./scale";
import { Scatter } from "./scatter";

/** Axes beside each other before somebody chooses. */
const AXES = 8;

/** What is looked at. */
export interface StudyData {
  rows: Row[];
  parameters: readonly string[];
  metrics: readonly string[];
  /** The column that matters most, the last axis and the colour until another is chosen; may be empty. */
  objective: string;
  goal: "min" | "max";
}

/** The pictures. */
export class Study {
  readonly parallel: HTMLElement;
  readonly scatter: HTMLElement;
  /** Which runs are chosen on the axes. */
  kept: boolean[] = [];
  #query: Query;
  #data: StudyData = { rows: [], parameters: [], metrics: [], objective: "", goal: "min" };
  #known = new Map<string, Dimension | undefined>();
  #parallel: Parallel;
  #scatter: Scatter;
  #colored = h("select", { class: "field", "aria-label": "colour by" });
  #x = h("select", { class: "field", "aria-label": "x axis" });
  #y = h("select", { class: "field", "aria-label": "y axis" });
  #scale = h("div", {});
  #left = h("p", { class: "hint" });
  #chosen: () => void;

  /** `chosen` is called when other runs are chosen on the axes. */
  constructor(scope: Scope, query: Query, chosen: () => void) {
    this.#query = query;
    this.#chosen = chosen;
    const open = (run: number) => {
      const row = this.#data.rows[run];
      if (row) window.open(link(`/runs/${encodeURIComponent(row.id)}`), "_blank", "noopener");
    };
    this.#parallel = new Parallel(scope, (key, range) => this.choose(new Map([[key, range]])), (key, places) => this.#moved(key, places), open);
    this.#scatter = new Scatter(scope, open);
    const choose = (select: HTMLSelectElement, name: string) => select.addEventListener("change", () => {
      query.set({ [name]: select.value });
      this.#draw();
    });
    choose(this.#colored, "color");
    choose(this.#x, "ax");
    choose(this.#y, "ay");
    scope.add(theme.changed(() => this.#draw()));
    const axes = popover(scope, "Axes", "axes", () => this.#picker());
    this.parallel = h(
      "section", { class: "card study-card" },
      h("div", { class: "study-head" }, h("h2", {}, "Parallel coordinates"), h("label", { class: "label" }, "Colour", this.#colored), this.#scale, axes),
      h("div", { class: "study-scroll" }, this.#parallel.element), this.#left,
    );
    this.scatter = h(
      "section", { class: "card study-card" },
      h("div", { class: "study-head" }, h("h2", {}, "Scatter"), h("label", { class: "label" }, "x", this.#x), h("label", { class: "label" }, "y", this.#y)),
      this.#scatter.element,
    );
  }

  /** Shows other runs. */
  show(data: StudyData): void {
    this.#data = data;
    this.#known.clear();
    const names = [...data.metrics.map((name) => `metric.${name}`), ...data.parameters.map((name) => `param.${name}`), "duration", "created"];
    if (data.objective !== "" && !names.includes(data.objective)) names.unshift(data.objective);
    // Only what runs differ in can be seen on an axis.
    const options = names.filter((key) => this.dimension(key)?.varies === true);
    for (const select of [this.#colored, this.#x, this.#y]) {
      fill(select, options.map((key) => h("option", { value: key }, column(key)?.title ?? key)));
    }
    this.#draw();
  }

  /** Shows a column on the x axis of the scatter, and one on its y axis. */
  showPair(x: string, y?: string): void {
    this.#query.set(y === undefined ? { ax: x } : { ax: x, ay: y });
    this.#points();
    this.scatter.scrollIntoView({ block: "nearest" });
  }

  /** A column as an axis. */
  dimension(key: string): Dimension | undefined {
    if (!this.#known.has(key)) {
      const of = column(key);
      this.#known.set(key, of && dimension(of, this.#data.rows));
    }
    return this.#known.get(key);
  }

  /** The parameters that runs differ in, in the order of their names; one that repeats the runs' own names is none. */
  get varying(): string[] {
    const { rows } = this.#data;
    return this.#data.parameters.map((name) => `param.${name}`).filter((key) => {
      const one = this.dimension(key);
      return one?.varies === true && one.texts.some((text, at) => text !== rows[at]?.name);
    });
  }

  #axes(): string[] {
    const chosen = split(this.#query.get("axes")).filter((key) => this.dimension(key) !== undefined);
    if (chosen.length > 1) return chosen;
    const { objective, metrics } = this.#data;
    const last = objective !== "" ? [objective] : metrics.slice(0, 2).map((name) => `metric.${name}`);
    const own = this.varying.slice(0, AXES - last.length);
    const axes = [...own, ...last.filter((key) => this.dimension(key) !== undefined)];
    return axes.length > 1 ? axes : [...axes, "duration"].filter((key) => this.dimension(key) !== undefined);
  }

  /** The ranges that are chosen, on axes that are shown and on others. */
  get ranges(): Ranges {
    return read(this.#query.list("b"));
  }

  /** Chooses other runs. */
  choose(changes: Changes): void {
    const ranges = changed(this.ranges, changes);
    this.#query.set({ b: written(ranges) });
    this.kept = within(ranges, (key) => this.dimension(key), this.#data.rows.length);
    this.#parallel.choose(ranges, this.kept);
    this.#points();
    this.#say();
    this.#chosen();
  }

  #moved(key: string, places: number): void {
    const axes = this.#axes();
    const to = Math.max(0, Math.min(axes.length - 1, axes.indexOf(key) + places));
    const next = axes.filter((one) => one !== key);
    next.splice(to, 0, key);
    this.#query.set({ axes: joined(next) });
    this.#draw();
  }

  #color(): string {
    const asked = this.#query.get("color");
    if (this.dimension(asked)?.varies) return asked;
    if (this.dimension(this.#data.objective)?.varies) return this.#data.objective;
    return this.#data.metrics.map((name) => `metric.${name}`).find((key) => this.dimension(key)?.varies) ?? "duration";
  }

  #colors(): number[] {
    const key = this.#color();
    const goal = key === this.#data.objective ? this.#data.goal : key.startsWith("metric.") ? goalOf(key) : "max";
    return goodness(this.dimension(key), goal, this.#data.rows.length);
  }

  #names(): string[] {
    return this.#data.rows.map((row) => (row.name.trim() === "" ? row.id : row.name));
  }

  #draw(): void {
    const key = this.#color();
    this.#colored.value = key;
    const of = this.dimension(key);
    const goal = key === this.#data.objective ? this.#data.goal : key.startsWith("metric.") ? goalOf(key) : "max";
    fill(this.#scale, of && scale(of, goal));
    const dimensions = this.#axes().map((one) => this.dimension(one)).filter((one): one is Dimension => one !== undefined);
    const ranges = this.ranges;
    this.kept = within(ranges, (one) => this.dimension(one), this.#data.rows.length);
    this.#parallel.show({ dimensions, colors: this.#colors(), names: this.#names(), colored: column(key)?.title ?? key }, ranges, this.kept);
    this.#points();
    this.#say();
  }

  #say(): void {
    const left = this.kept.filter(Boolean).length;
    fill(this.#left, left < this.kept.length
      ? [`${left} of ${this.kept.length} runs lie in the ranges chosen. `, h("button", { class: "link-button", type: "button", onclick: () => {
          this.#query.set({ b: [] });
          this.#draw();
          this.#chosen();
        } }, "Show all")]
      : "Drag along an axis to choose a range, its name to move it; with the keyboard, Space begins a range, the arrows move it, and with Alt the axis.");
  }

  #points(): void {
    const has = (key: string) => this.dimension(key) !== undefined;
    const asked = [this.#query.get("ax"), this.#query.get("ay")];
    const metrics = this.#data.metrics.map((name) => `metric.${name}`).filter(has);
    const y = asked[1] !== undefined && has(asked[1]) ? asked[1] : has(this.#data.objective) ? this.#data.objective : (metrics[0] ?? "duration");
    const x = asked[0] !== undefined && has(asked[0]) ? asked[0] : (this.varying[0] ?? metrics.find((key) => key !== y) ?? "created");
    const [dx, dy] = [this.dimension(x), this.dimension(y)];
    if (!dx || !dy) return;
    this.#x.value = x;
    this.#y.value = y;
    this.#scatter.show({ x: dx, y: dy, colors: this.#colors(), names: this.#names(), kept: this.kept });
  }

  #picker(): HTMLElement {
    const names = [...this.varying, ...this.#data.metrics.map((name) => `metric.${name}`), "duration"].filter((key) => this.dimension(key)?.varies);
    const chosen = new Set(this.#axes());
    return h("ul", { class: "picker-list study-axes" }, names.map((key) => {
      const box = h("input", { type: "checkbox", checked: chosen.has(key), onchange: () => {
        const axes = this.#axes().filter((one) => one !== key);
        // What the others are compared with stays at the right.
        const last = axes.at(-1) === this.#data.objective ? axes.length - 1 : axes.length;
        if (box.checked) axes.splice(last, 0, key);
        this.#query.set({ axes: joined(axes) });
        this.#draw();
        this.#chosen();
      } });
      return h("li", {}, h("label", { class: "label" }, box, bdi(column(key)?.title ?? key)));
    }));
  }
}
