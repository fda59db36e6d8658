// A group of runs, and what makes them better or worse: parallel coordinates, which parameters go with the metric, these
// against it and each other, the best runs, and how the metric went over the trials.

import { api, ApiError } from "../core/api";
import { bdi, fill, h } from "../core/dom";
import { ago, anything, count, numeric } from "../core/format";
import { link, type Context } from "../core/router";
import type { Row, RunsAnswer } from "../core/types";
import type { Dimension } from "../runs/dimension";
import { allRuns } from "../runs/fetch";
import { bend, eta, spearman, type Correlation } from "../runs/rank";
import { goalOf, goodness } from "../runs/shade";
import { Filter } from "../widgets/filter";
import { Matrix } from "../widgets/matrix";
import { scale } from "../widgets/scale";
import { Scatter } from "../widgets/scatter";
import { empty, failure, loading } from "../widgets/state";
import { Study } from "../widgets/study";

/** Runs looked at, the newest. */
const MOST = 5000;
/** Parameters looked at. */
const PARAMETERS = 200;
/** Best runs listed. */
const BEST = 12;
/** Parameters in the scatter matrix: those that go most with the metric. */
const LEADING = 5;

/** The page. */
export function sweepPage(context: Context): void {
  context.title("Sweep");
  new Sweep(context);
}

interface Influence {
  key: string;
  of: Dimension;
  found: Correlation;
  /** Without a direction: of words, or where the metric rises and falls again. */
  aimless: "words" | "bend" | "";
}

class Sweep {
  #context: Context;
  #known: RunsAnswer | undefined;
  #rows: Row[] = [];
  #request = new AbortController();
  #filter: Filter;
  #study: Study;
  #trials: Scatter;
  #matrix: Matrix;
  /** The parameters that go most with the metric, over all runs: choosing some of them changes no axis. */
  #leading: Dimension[] = [];
  #objective = h("select", { class: "field sweep-objective", "aria-label": "metric" });
  #goal = h("div", { class: "segments", role: "group", "aria-label": "what is better" });
  #count = h("p", { class: "soft", role: "status" });
  #stage = h("div", { class: "sweep-stage" }, loading(8));
  #influence = h("section", { class: "card study-card" });
  #best = h("section", { class: "card study-card" });
  #pairs = h("section", { class: "card study-card study-wide" });
  #over: HTMLElement;

  constructor(context: Context) {
    this.#context = context;
    const { root, scope, query } = context;
    this.#filter = new Filter(query.get("q"), () => this.#known ?? { parameters: [], metrics: [], tags: [], projects: [] }, (text) => {
      query.set({ q: text });
      void this.#load();
    });
    this.#study = new Study(scope, query, () => this.#lists());
    this.#matrix = new Matrix(scope, { choose: (changes) => this.#study.choose(changes), show: (x, y) => this.#study.showPair(x, y) });
    this.#trials = new Scatter(scope, (run) => {
      const row = this.#rows[run];
      if (row) window.open(this.#link(row), "_blank", "noopener");
    });
    this.#over = h("section", { class: "card study-card" }, h("div", { class: "study-head" }, h("h2", {}, "Over the trials")), this.#trials.element, h("p", { class: "hint" }, "Runs in the order in which they began; the line is the best so far."));
    this.#objective.addEventListener("change", () => {
      query.set({ metric: this.#objective.value, goal: "" });
      void this.#load();
    });
    fill(root, h("div", { class: "page-head" }, h("h1", {}, "Sweep"), this.#count), h("div", { class: "sweep-tools" }, this.#filter.element, h("label", { class: "label" }, "Metric", this.#objective), this.#goal), this.#stage);
    query.changed(() => {
      this.#filter.show(query.get("q"));
      void this.#load();
    });
    scope.add(() => {
      this.#request.abort();
      this.#filter.stop();
    });
    void this.#load();
  }

  #link(row: Row): string {
    return link(`/runs/${encodeURIComponent(row.id)}`);
  }

  /** The column that the sweep is about. */
  #key(): string {
    const asked = this.#context.query.get("metric");
    if (asked !== "") return asked;
    // Of those that tell most the one that most runs have.
    const telling = this.#telling();
    const having = (key: string) => this.#rows.filter((row) => key in row.columns).length;
    return telling.reduce((best, key) => (having(key) > having(best) ? key : best), telling[0] ?? "");
  }

  /** The columns that the sweep could be about while nobody has said. */
  #telling(): string[] {
    return (this.#known?.proposed ?? []).filter((key) => key.startsWith("metric."));
  }

  #better(): "min" | "max" {
    const asked = this.#context.query.get("goal");
    return asked === "min" || asked === "max" ? asked : goalOf(this.#key());
  }

  async #load(): Promise<void> {
    this.#request.abort();
    const request = new AbortController();
    this.#request = request;
    const q = this.#context.query.get("q");
    try {
      // Names first: which columns there are decides what is asked for.
      const known = await api.runs({ q, limit: 0 }, request.signal);
      this.#known = known;
      const parameters = known.parameters.slice(0, PARAMETERS).map((name) => `param.${name}`);
      const asked = this.#context.query.get("metric");
      const metrics = asked === "" ? this.#telling() : [asked];
      const { runs, matched } = await allRuns({ q, columns: [...parameters, ...metrics] }, MOST, request.signal);
      if (request.signal.aborted) return;
      this.#filter.wrong("", "");
      this.#rows = runs;
      fill(this.#count, matched > runs.length ? `the newest ${count(runs.length)} of ${count(matched)} runs` : `${count(matched)} ${matched === 1 ? "run" : "runs"}`);
      this.#show(known);
    } catch (error) {
      if (request.signal.aborted) return;
      if (error instanceof ApiError && error.status === 400 && q !== "") this.#filter.wrong(error.message, error.help);
      else fill(this.#stage, failure(error, () => void this.#load()));
    }
  }

  #show(known: RunsAnswer): void {
    const key = this.#key();
    fill(this.#objective, known.metrics.flatMap((name) => ["", ".min", ".max"].map((which) => h("option", { value: `metric.${name}${which}` }, `${name}${which === "" ? "" : ` (${which.slice(1)})`}`))));
    this.#objective.value = key;
    fill(this.#goal, (["min", "max"] as const).map((goal) => h("button", { type: "button", "aria-pressed": String(goal === this.#better()), onclick: () => {
      this.#context.query.set({ goal });
      this.#show(known);
    } }, goal === "min" ? "Less is better" : "More is better")));
    if (this.#rows.length < 2) {
      fill(this.#stage, known.total === 0
        ? empty("No runs yet.", h("p", {}, "A sweep is a group of runs with other parameters: begin some, then look here which of them matter."))
        : empty("A sweep needs two runs at least.", h("p", {}, "Widen the filter above, such as ", h("code", {}, "tag = sweep"), ".")));
      return;
    }
    if (key === "") {
      fill(this.#stage, empty("These runs have no metrics yet."));
      return;
    }
    if (this.#stage.firstElementChild?.classList.contains("study") !== true) {
      fill(this.#stage, h("div", { class: "study" }, this.#study.parallel, this.#influence, this.#study.scatter, this.#pairs, this.#over, this.#best));
    }
    const name = key.slice("metric.".length);
    this.#study.show({ rows: this.#rows, parameters: known.parameters.slice(0, PARAMETERS), metrics: [name], objective: key, goal: this.#better() });
    const y = this.#study.dimension(key);
    const all = this.#rows.map(() => true);
    const found = y ? this.#influences(y, all).map((one) => one.of) : [];
    const others = this.#study.varying.map((one) => this.#study.dimension(one)).filter((one): one is Dimension => one !== undefined && !found.includes(one));
    this.#leading = [...found, ...others].slice(0, LEADING);
    this.#pairs.hidden = y?.varies !== true || this.#leading.length === 0;
    if (y && !this.#pairs.hidden) {
      fill(this.#pairs, h("div", { class: "study-head" }, h("h2", {}, "Scatter matrix"), scale(y, this.#better())), h("div", { class: "study-scroll" }, this.#matrix.element),
        h("p", { class: "hint" }, "The parameters that go most with ", bdi(y.column.title), ", against it (below) and each other. Drag a rectangle to choose runs: the lists and the other pictures show the same ones. With the keyboard: arrows go from cell to cell, Enter shows one larger; Space begins a rectangle, which the arrows move, with Shift its far corner; Escape takes it away."));
    }
    this.#lists();
  }

  /** What depends on which runs are chosen on the axes. */
  #lists(): void {
    const key = this.#key();
    const y = this.#study.dimension(key);
    const kept = this.#study.kept;
    if (y === undefined) {
      for (const part of [this.#influence, this.#best]) fill(part, empty("No run has this metric."));
      return;
    }
    const goal = this.#better();
    const found = this.#influences(y, kept);
    fill(this.#influence, h("div", { class: "study-head" }, h("h2", {}, "What goes with ", bdi(y.column.title))), influences(found, (one) => this.#study.showPair(one)));
    const order = this.#rows.map((_, run) => run).sort((a, b) => Date.parse(this.#rows[a]?.created ?? "") - Date.parse(this.#rows[b]?.created ?? ""));
    this.#trials.show({ x: trialAxis(order), y, colors: goodness(y, goal, this.#rows.length), names: this.#rows.map((row) => row.name), kept, goal });
    if (!this.#pairs.hidden) this.#matrix.show({ dimensions: [...this.#leading, y], colors: goodness(y, goal, this.#rows.length), kept, ranges: this.#study.ranges });
    fill(this.#best, h("div", { class: "study-head" }, h("h2", {}, "Best runs"), this.#compare(y, goal, kept)), this.#bestRuns(y, goal, kept, found.slice(0, 3).map((one) => one.of)));
  }

  #influences(y: Dimension, kept: readonly boolean[]): Influence[] {
    const only = <T>(values: readonly T[]) => values.filter((_, run) => kept[run]);
    const outcome = only(y.numbers);
    return this.#study.varying.flatMap((key): Influence[] => {
      const of = this.#study.dimension(key);
      if (of === undefined) return [];
      const words = of.kind === "words";
      const bent = words ? undefined : bend(only(of.numbers), outcome);
      const found = words ? eta(only(of.texts), outcome) : (bent ?? spearman(only(of.numbers), outcome));
      return found ? [{ key, of, found, aimless: words ? "words" : bent ? "bend" : "" }] : [];
    }).sort((a, b) => Math.abs(b.found.rho) - Math.abs(a.found.rho));
  }

  #ranked(y: Dimension, goal: "min" | "max", kept: readonly boolean[]): number[] {
    const sign = goal === "min" ? 1 : -1;
    return this.#rows.map((_, run) => run).filter((run) => kept[run] && Number.isFinite(y.numbers[run])).sort((a, b) => sign * ((y.numbers[a] ?? 0) - (y.numbers[b] ?? 0)));
  }

  #compare(y: Dimension, goal: "min" | "max", kept: readonly boolean[]): HTMLElement {
    const ids = this.#ranked(y, goal, kept).slice(0, 5).map((run) => this.#rows[run]?.id ?? "");
    return h("a", { class: "button", href: link("/compare", { id: ids }) }, `Compare the best ${ids.length}`);
  }

  #bestRuns(y: Dimension, goal: "min" | "max", kept: readonly boolean[], beside: readonly Dimension[]): HTMLElement {
    return h(
      "div", { class: "compare-scroll" }, h(
        "table", { class: "plain-table sweep-best" },
        h("thead", {}, h("tr", {}, ["", "Run"].map((head) => h("th", { scope: "col" }, head)), h("th", { scope: "col", class: "number" }, bdi(y.column.title)), beside.map((one) => h("th", { scope: "col" }, bdi(one.column.title))), h("th", { scope: "col" }, "Began"))),
        h("tbody", {}, this.#ranked(y, goal, kept).slice(0, BEST).map((run, place) => {
          const row = this.#rows[run];
          return row && h("tr", {}, h("td", { class: "faint number" }, place + 1), h("td", {}, h("a", { href: this.#link(row) }, row.name.trim() === "" ? h("em", {}, row.id) : bdi(row.name))), h("td", { class: "number" }, anything(numeric(row.columns[y.column.key]))), beside.map((one) => h("td", {}, bdi(one.texts[run] ?? ""))), h("td", { class: "soft" }, ago(row.created)));
        })),
      ),
    );
  }
}

/** The bars of what goes with the metric. */
function influences(found: readonly Influence[], choose: (key: string) => void): HTMLElement {
  if (found.length === 0) return empty("Nothing to say yet.", h("p", {}, "It takes three runs that differ in a parameter, and of a parameter of words two runs of each word."));
  const bars = found.slice(0, 12).map(({ key, of, found: { rho, chance, count: runs }, aimless }) => {
    const bar = h("span", { class: `influence-bar ${aimless !== "" ? "influence-words" : rho < 0 ? "influence-down" : "influence-up"}` });
    bar.style.width = `${50 * Math.abs(rho)}%`;
    const sure = Math.abs(rho) > chance;
    const value = aimless !== "" ? `${aimless === "bend" ? "∩ " : ""}${rho.toFixed(2)}` : `${rho < 0 ? "−" : "+"}${Math.abs(rho).toFixed(2)}`;
    return h(
      "li", {}, h("button", { type: "button", class: `influence${sure ? "" : " influence-unsure"}`, title: `${of.column.title}: ${value} over ${runs} runs${sure ? "" : "; so much may be chance"}`, onclick: () => choose(key) },
        h("span", { class: "influence-name" }, bdi(of.column.title)), h("span", { class: "influence-track" }, bar), h("span", { class: "number influence-value" }, value, !sure && h("span", { class: "only-read" }, ", may be chance"))),
    );
  });
  return h("div", {}, h("ul", { class: "influences" }, bars), h("p", { class: "hint" }, "Rank correlation: Spearman's ρ, −1 to +1. Of words, and marked ∩ where the metric rises and falls again, the correlation ratio η, 0 to 1. It says what goes together, not what causes what; pale bars may be chance."));
}

/** Runs numbered as they began. */
function trialAxis(order: readonly number[]): Dimension {
  const numbers = new Array<number>(order.length).fill(0);
  order.forEach((run, at) => (numbers[run] = at + 1));
  const last = Math.max(2, order.length);
  const step = Math.max(1, Math.round(last / 5));
  const place = (number: number) => (number - 1) / (last - 1);
  const ticks: { place: number; text: string }[] = [];
  for (let at = 1; at <= order.length; at += step) ticks.push({ place: place(at), text: String(at) });
  const trial = { key: "trial", title: "trial", origin: "" as const, kind: "value" as const, width: 0, sortable: false, descendingFirst: false };
  return { column: trial, kind: "number", numbers, places: numbers.map(place), texts: numbers.map(String), ticks, varies: true, shared: false, textAt: (at) => String(Math.round(1 + at * (last - 1))) };
}

