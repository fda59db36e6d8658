// The table of runs. Its link carries all of it: the filter, the order, the columns and their widths, the groups.

import { api, ApiError } from "../core/api";
import { fill, h } from "../core/dom";
import { count } from "../core/format";
import { live } from "../core/live";
import { link, type Context } from "../core/router";
import type { Row, RunsAnswer } from "../core/types";
import { askDelete, askTags } from "../runs/bulk";
import { asked, column, joined, PROPOSED, split, type Column } from "../runs/columns";
import { allRuns } from "../runs/fetch";
import { Lines, type Fetch } from "../runs/lines";
import { and, equals, inGroup, isField } from "../runs/query";
import { Selection } from "../runs/selection";
import { Filter } from "../widgets/filter";
import { Grid, type GridEvents } from "../widgets/grid";
import type { Order } from "../widgets/heads";
import { picker } from "../widgets/picker";
import { popover } from "../widgets/popover";
import { empty, failure, loading } from "../widgets/state";

/** Runs that one chart can still tell apart. */
const COMPARED = 100;
/** Runs that are tagged or deleted at once, at most. */
const BULK = 100_000;
/** More tags than these are no groups: what a run does not have must be said, too. */
const GROUPED_TAGS = 50;
const NEWEST: Order = { key: "created", descending: true };

/** The page. */
export function runsPage({ root, scope, query, title }: Context): void {
  title("Runs");
  new RunsPage({ root, scope, query, title });
}

type Part = Pick<Context, "root" | "scope" | "query" | "title">;

class RunsPage {
  #part: Part;
  #selection = new Selection();
  #known: RunsAnswer | undefined;
  #began = Date.now();
  /** Runs that came while the reader was busy. */
  #waiting = new Set<string>();
  #seen = new Map<string, string>();
  #live: { end(): void } | undefined;
  #refreshing: ReturnType<typeof setTimeout> | undefined;
  #filter: Filter;
  #lines: Lines;
  #grid: Grid;
  #count = h("p", { class: "runs-count", role: "status" });
  #news = h("button", { class: "runs-news", type: "button", hidden: true });
  #bulk = h("div", { class: "runs-bulk", role: "region", "aria-label": "selected runs", hidden: true });
  #stage = h("div", { class: "runs-stage" }, loading(12));
  #project = h("select", { class: "field runs-select", "aria-label": "project" });
  #group = h("select", { class: "field runs-select", "aria-label": "group by" });
  #sweep = h("a", { class: "button", href: "/sweep", title: "What makes these runs better or worse" }, "Sweep");

  constructor(part: Part) {
    this.#part = part;
    const { root, scope, query } = part;
    this.#filter = new Filter(query.get("q"), () => this.#names(), (text) => {
      query.set({ q: text });
      this.#begin();
    });
    this.#lines = new Lines(this.#fetch, () => this.#drawn(), (error) => this.#failed(error));
    this.#grid = new Grid("runs", this.#lines, {
      link: (row) => link(`/runs/${encodeURIComponent(row.id)}`),
      unit: (key) => this.#known?.units?.[key],
      groupedBy: () => column(query.get("group"))?.title ?? query.get("group"),
    }, (id) => this.#selection.has(id), this.#events());
    const columns = popover(scope, "Columns", "columns", () =>
      picker(this.#keys(), this.#names(), (keys) => this.#choose(keys)));
    this.#project.addEventListener("change", () => this.#set({ project: this.#project.value }));
    this.#group.addEventListener("change", () => this.#set({ group: this.#group.value }));
    this.#news.addEventListener("click", () => {
      this.#grid.toTop();
      this.#refresh();
    });
    fill(root, h(
      "div", { class: "runs" },
      h("div", { class: "runs-head" }, h("h1", {}, "Runs"), this.#count),
      h("div", { class: "runs-tools" }, this.#filter.element, this.#project, this.#group, columns, this.#sweep),
      h("div", { class: "runs-frame" }, this.#news, this.#stage), this.#bulk,
    ));
    scope.listen(document, "keydown", (event) => {
      const typing = event.target instanceof Element && event.target.closest("input, select, textarea, dialog") !== null;
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      this.#filter.focus();
    });
    query.changed(() => {
      this.#filter.show(query.get("q"));
      this.#begin();
    });
    scope.add(() => {
      clearTimeout(this.#refreshing);
      this.#lines.stop();
      this.#grid.stop();
      this.#filter.stop();
      this.#live?.end();
    });
    // What says how long ago it is grows old.
    scope.every(60_000, () => this.#grid.redraw());
    this.#begin();
  }

  /** Changes the link, and shows what it now says. */
  #set(changes: Record<string, string>): void {
    this.#part.query.set(changes);
    this.#begin();
  }

  /** What the link asks for, beside a group. */
  #condition(): string {
    const project = this.#part.query.get("project");
    return and(this.#part.query.get("q"), project === "" ? "" : equals("project", project));
  }

  #order(): Order {
    const sort = this.#part.query.get("sort");
    if (sort === "") return NEWEST;
    return sort.startsWith("-") ? { key: sort.slice(1), descending: true } : { key: sort, descending: false };
  }

  #keys(): string[] {
    const chosen = split(this.#part.query.get("cols"));
    if (chosen.length > 0) return ["name", ...chosen.filter((key, at) => key !== "name" && column(key) !== undefined && chosen.indexOf(key) === at)];
    return this.#known?.proposed ?? [];
  }

  /** The keys that the server is asked for. Which are worth showing while nobody has chosen any, it knows. */
  #asked(): string[] {
    return this.#part.query.get("cols") === "" ? [PROPOSED] : asked(this.#keys());
  }

  #widths(): Map<string, number> {
    return new Map(this.#part.query.list("w").map((text) => {
      const [, width, key] = /^(\d+)\.(.*)$/s.exec(text) ?? [];
      return [key ?? "", Number(width)] as const;
    }));
  }

  #names(): { parameters: string[]; metrics: string[]; tags: string[]; projects: string[] } {
    return this.#known ?? { parameters: [], metrics: [], tags: [], projects: [] };
  }

  /** Everything anew: another filter, order, project or group. */
  #begin(): void {
    this.#waiting.clear();
    this.#selection.clear();
    this.#grid.toTop();
    void this.#open();
  }

  async #open(): Promise<void> {
    const group = this.#part.query.get("group");
    const q = this.#condition();
    this.#subscribe();
    if (group === "") {
      this.#lines.begin(undefined);
      return;
    }
    try {
      const answer = await api.runs({ q, group, limit: 0 }, this.#part.scope.signal);
      if (q !== this.#condition() || group !== this.#part.query.get("group")) return;
      this.#learn(answer);
      this.#lines.begin(answer.groups ?? []);
      this.#drawn();
    } catch (error) {
      this.#failed(error);
    }
  }

  readonly #fetch: Fetch = async (group, offset, limit, signal) => {
    const { key, descending } = this.#order();
    const sort = `${descending ? "-" : ""}${key}`;
    const q = and(this.#condition(), group ? inGroup(this.#part.query.get("group"), group.value, this.#names().tags) : "");
    const answer = await api.runs({ q, sort, offset, limit, columns: this.#asked() }, signal);
    // How many match is of all groups together.
    this.#learn(group && this.#known ? { ...answer, matched: this.#known.matched } : answer);
    for (const row of answer.runs) this.#seen.set(row.id, row.name);
    return { runs: answer.runs, matched: answer.matched };
  };

  /** Takes in what an answer says of all runs. */
  #learn(answer: RunsAnswer): void {
    const before = this.#known;
    this.#known = answer;
    this.#filter.wrong("", "");
    if (before?.projects.join("\n") !== answer.projects.join("\n") || before.parameters.join("\n") !== answer.parameters.join("\n")) this.#offer(answer);
  }

  /** Fills the two lists to choose from. */
  #offer({ projects, parameters, metrics, tags }: RunsAnswer): void {
    const { query } = this.#part;
    const options = (of: HTMLSelectElement, none: string, names: [string, string][], chosen: string) => {
      fill(of, h("option", { value: "" }, none), names.map(([value, text]) => h("option", { value }, text)));
      of.value = chosen;
    };
    options(this.#project, "All projects", projects.map((name) => [name, name]), query.get("project"));
    this.#project.hidden = projects.length < 2 && query.get("project") === "";
    const fixed: [string, string][] = [["state", "State"], ["project", "Project"], ["kind", "Kind"]];
    if (tags.length <= GROUPED_TAGS) fixed.push(["tags", "Tags"]);
    // A name that is something else first cannot be asked for as a parameter.
    const own = parameters.filter((name) => !isField(name) && !metrics.includes(name)).slice(0, 200);
    options(this.#group, "No groups", [...fixed, ...own.map((name): [string, string] => [`param.${name}`, name])].map(([key, text]) => [key, `By ${text}`]), query.get("group"));
  }

  /** Rows have come, or changed. */
  #drawn(): void {
    const { query } = this.#part;
    const known = this.#known;
    if (!known || !this.#lines.known) return;
    const filtered = this.#condition() !== "";
    const matched = query.get("group") === "" ? this.#lines.count : known.matched;
    fill(this.#count, filtered && `${count(matched)} of `, `${count(known.total)} ${known.total === 1 ? "run" : "runs"}`);
    this.#sweep.href = link("/sweep", { q: this.#condition() });
    if (this.#lines.count === 0) {
      fill(this.#stage, known.total === 0 ? begin() : this.#none());
      return;
    }
    if (!this.#grid.element.isConnected) fill(this.#stage, this.#grid.element);
    const columns = this.#keys().map(column).filter((one): one is Column => one !== undefined);
    this.#grid.show(columns, this.#widths(), this.#order());
    this.#chosen();
  }

  #none(): HTMLElement {
    return empty("No run matches.", h("button", { class: "button", onclick: () => {
      this.#part.query.set({ q: "", project: "" });
      this.#project.value = "";
      this.#filter.show("");
      this.#begin();
    } }, "Show all runs"));
  }

  #failed(error: unknown): void {
    if (this.#part.scope.ended) return;
    // What is wrong with the filter stands below it, and the runs of the one before stay.
    if (error instanceof ApiError && error.status === 400 && this.#condition() !== "") {
      this.#filter.wrong(error.message, error.help);
      if (!this.#grid.element.isConnected) fill(this.#stage, empty("The filter is not understood."));
      return;
    }
    if (this.#grid.element.isConnected && error instanceof ApiError && error.status === 0) {
      // The server is away, which the page's head says; it is asked again once it is back.
      clearTimeout(this.#refreshing);
      this.#refreshing = setTimeout(() => this.#refresh(), 2000);
      return;
    }
    fill(this.#stage, failure(error, () => this.#begin()));
  }

  #choose(keys: string[]): void {
    this.#part.query.set({ cols: joined(keys) });
    this.#lines.refresh();
    this.#subscribe();
    this.#drawn();
  }

  #events(): GridEvents {
    const { query } = this.#part;
    return {
      sort: ({ key, descending }) => {
        query.set({ sort: key === NEWEST.key && descending ? "" : `${descending ? "-" : ""}${key}` });
        this.#drawn();
        this.#lines.refresh();
      },
      move: (key, places) => {
        const keys = this.#keys();
        const to = Math.max(1, Math.min(keys.length - 1, keys.indexOf(key) + places));
        const next = keys.filter((one) => one !== key);
        next.splice(to, 0, key);
        query.set({ cols: joined(next) });
        this.#drawn();
      },
      widen: (key, width) => {
        const widths = this.#widths().set(key, width);
        query.set({ w: [...widths].map(([of, wide]) => `${wide}.${of}`) });
        this.#drawn();
      },
      selectAll: (selected) => {
        if (selected) this.#selection.setAll();
        else this.#selection.clear();
        this.#chosen();
      },
      open: (index) => {
        const line = this.#lines.at(index);
        if (line.kind === "run") this.#grid.follow(index);
      },
      select: (from, to, selected) => {
        void this.#lines.ids(from, to).then((ids) => {
          this.#selection.set(ids, selected);
          this.#chosen();
        }, (error: unknown) => this.#failed(error));
      },
      toggle: (index) => {
        this.#lines.toggle(index);
        this.#grid.focus();
      },
    };
  }

  /** Shows what can be done with those that are selected. */
  #chosen(): void {
    const matched = this.#known?.matched ?? 0;
    const many = this.#selection.count(this.#part.query.get("group") === "" ? this.#lines.count : matched);
    this.#grid.selection(many, Math.max(1, this.#part.query.get("group") === "" ? this.#lines.count : matched));
    this.#bulk.hidden = many === 0;
    if (many === 0) return;
    const act = (name: string, work: (ids: string[]) => Promise<void> | void, options: { class?: string; disabled?: boolean; title?: string } = {}) =>
      h("button", { type: "button", class: `button ${options.class ?? ""}`, disabled: options.disabled ?? false, title: options.title, onclick: () => void this.#ids().then(work, (error: unknown) => this.#failed(error)) }, name);
    fill(
      this.#bulk, h("span", { class: "runs-bulk-count", role: "status" }, `${count(many)} selected`),
      act("Compare", (ids) => this.#go(link("/compare", { id: ids })), { class: "button-main", disabled: many < 2 || many > COMPARED, title: many > COMPARED ? `at most ${COMPARED} runs` : many < 2 ? "two runs at least" : "" }),
      act("Tag", async (ids) => {
        if (await askTags(ids, this.#known?.tags ?? [])) this.#refresh();
      }),
      act("Delete", async (ids) => {
        const gone = await askDelete(ids, ids.map((id) => this.#seen.get(id) ?? id));
        this.#selection.forget(gone);
        if (gone.length > 0) this.#refresh();
      }, { class: "button-danger" }),
      h("button", { type: "button", class: "button button-quiet", onclick: () => {
        this.#selection.clear();
        this.#chosen();
      } }, "Clear"),
    );
  }

  #ids(): Promise<string[]> {
    return this.#selection.ids(async () => (await allRuns({ q: this.#condition() }, BULK)).runs.map((row) => row.id));
  }

  /** Goes to another page of ours, as a click on a link does. */
  #go(to: string): void {
    const anchor = h("a", { href: to });
    document.body.append(anchor);
    anchor.click();
    anchor.remove();
  }

  /** Fetches what is seen anew; the groups with it. */
  #refresh(): void {
    clearTimeout(this.#refreshing);
    this.#refreshing = undefined;
    this.#waiting.clear();
    this.#news.hidden = true;
    if (this.#part.query.get("group") === "") this.#lines.refresh();
    else void this.#open();
  }

  #subscribe(): void {
    this.#live?.end();
    const scope = this.#part.scope.child();
    this.#live = scope;
    const q = this.#condition();
    const columns = joined(this.#asked());
    // From the revision of the list on, so that nothing is missed between the two.
    const revision = () => (this.#known ? { revision: this.#known.revision } : {});
    live.subscribe(scope, () => ({ to: "runs", q, columns, ...revision() }), ({ runs }) => {
      if (!runs) return;
      if (this.#known) this.#known.revision = Math.max(this.#known.revision, runs.revision);
      if (runs.reload) this.#refresh();
      else this.#changes(runs.changed ?? [], runs.gone ?? []);
    });
    let lost = false;
    live.watch(scope, (state) => {
      // What happened while the connection was lost, nobody has said.
      if (state === "open" && lost) this.#refresh();
      lost = state === "lost";
    });
  }

  /** Takes in what happened to runs, without moving lines below the reader's hand. */
  #changes(changed: readonly Row[], gone: readonly string[]): void {
    const unknown = this.#lines.update(changed);
    const fresh = unknown.filter((row) => !this.#seen.has(row.id) && Date.parse(row.created) > this.#began - 5000);
    const left = gone.filter((id) => this.#seen.has(id));
    if (changed.length > unknown.length) this.#grid.draw();
    if (fresh.length === 0 && left.length === 0 && this.#lines.count > 0) return;
    for (const row of fresh) this.#waiting.add(row.id);
    for (const id of left) this.#seen.delete(id);
    this.#selection.forget(left);
    if (this.#grid.calm || this.#lines.count === 0) this.#refreshing ??= setTimeout(() => this.#refresh(), 250);
    else {
      const words = this.#waiting.size === 0 ? "The list changed" : `${this.#waiting.size} new ${this.#waiting.size === 1 ? "run" : "runs"}`;
      fill(this.#news, `${words} · show`);
      this.#news.hidden = false;
    }
  }
}

/** What the first visitor reads. */
function begin(): HTMLElement {
  const command = (text: string) => h("pre", { class: "command" }, h("code", {}, text));
  return empty(
    "No runs yet.",
    h("p", {}, "Any program becomes a run. What it prints and measures appears here while it works:"),
    command("aether run -- python train.py"),
    h("p", {}, "or say from Python what is to be seen:"),
    command("import aether\naether.log({\"loss\": loss})"),
  );
}
