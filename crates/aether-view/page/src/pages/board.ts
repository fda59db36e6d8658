import { arrangedByKey, draggable, place, type Arranging } from "../board/arrange";
import { editPanel } from "../board/form";
import { shows } from "../board/kinds/all";
import { free } from "../board/layout";
import { titleOf, type Area, type Board, type Panel } from "../board/types";
import { api, ApiError } from "../core/api";
import { bdi, fill, h, throttled } from "../core/dom";
import { live } from "../core/live";
import { navigate, type Context } from "../core/router";
import type { Scope } from "../core/scope";
import { visible } from "../core/text";
import { confirm, dialog } from "../widgets/dialog";
import { empty, failure, loading, loadInto } from "../widgets/state";
import { toast } from "../widgets/toast";

interface Slot {
  panel: Panel;
  element: HTMLElement;
  head: HTMLElement;
  body: HTMLElement;
  scope: Scope;
}

/** A board: panels on a grid, that their reader arranges. */
export function boardPage(context: Context): void {
  const name = context.params["name"] ?? "";
  context.title(name);
  const load = async () => {
    const [board, text] = await Promise.all([api.boardContent(name, context.scope.signal), api.board(name, context.scope.signal)]);
    return { board, revision: text.revision };
  };
  void loadInto(context.root, context.scope.signal, load, ({ board, revision }) => new BoardPage(context, name, board, revision));
}

class BoardPage {
  readonly #context: Context;
  readonly #scope: Scope;
  readonly #name: string;
  readonly #grid = h("div", { class: "board-grid" });
  readonly #head = h("div", { class: "page-head" });
  readonly #said = h("p", { class: "only-read", "aria-live": "polite" });
  #board: Board;
  #revision: string;
  #slots: Slot[] = [];
  #editing: boolean;
  #changed = false;

  constructor(context: Context, name: string, board: Board, revision: string) {
    this.#context = context;
    this.#scope = context.scope;
    this.#name = name;
    this.#board = board;
    this.#revision = revision;
    this.#editing = context.query.get("edit") !== "";
    fill(context.root, this.#head, this.#grid, this.#said);
    this.#lay();
    const refresh = throttled(1500, () => this.#refresh());
    this.#scope.add(() => refresh.cancel());
    live.subscribe(this.#scope, () => ({ to: "runs" }), (message) => {
      if (message.runs) refresh();
    });
    this.#scope.listen(window, "beforeunload", (event) => {
      if (this.#changed) event.preventDefault();
    });
    context.leaving(() => this.#leave());
  }

  /** Whether the board may be left: what was arranged is saved or given up, as the reader says. */
  async #leave(): Promise<boolean> {
    if (!this.#changed) return true;
    const choice = await dialog("Leave without saving?", h("p", {}, "What you changed on this board is not in its file yet."), [["", "Stay"], ["leave", "Leave without saving"], ["save", "Save and leave"]]);
    if (choice === "save") await this.#save();
    return choice === "leave" || (choice === "save" && !this.#changed);
  }

  #lay(): void {
    for (const slot of this.#slots) slot.scope.end();
    this.#slots = this.#board.panels.map((panel) => this.#slot(panel));
    fill(this.#grid, ...this.#slots.map((slot) => slot.element));
    if (this.#slots.length === 0) this.#grid.append(empty("An empty board.", h("p", {}, "Panels show lines, bars, tables, gauges, logs and images of the runs you choose."), h("button", { class: "button button-main", type: "button", onclick: () => void this.#add() }, "Add a panel")));
    this.#state();
  }

  #slot(panel: Panel): Slot {
    const scope = this.#scope.child();
    const head = h("div", { class: "board-head" }, h("h3", { class: "chart-title" }, bdi(titleOf(panel))), h("div", { class: "board-tools" }));
    const body = h("div", { class: "board-body" }, loading(2));
    const corner = h("div", { class: "board-corner", "aria-hidden": "true" });
    const element = h("section", { class: `card board-panel is-${panel.kind}`, "aria-label": visible(titleOf(panel)) }, head, body, corner);
    place(element, panel.at);
    const slot: Slot = { panel, element, head, body, scope };
    const index = () => this.#slots.indexOf(slot);
    const arranging: Arranging = {
      areas: () => this.#slots.map((one) => one.panel.at),
      show: (areas) => this.#slots.forEach((one, at) => place(one.element, areas[at]!)),
      keep: (areas) => this.#arrange(areas),
    };
    draggable(scope, this.#grid, element, head, false, index, arranging);
    draggable(scope, this.#grid, element, corner, true, index, arranging);
    element.addEventListener("keydown", (event) => {
      if (!this.#editing || event.target !== element) return;
      if (arrangedByKey(event, index(), arranging)) {
        const { column, row, width, height } = slot.panel.at;
        this.#said.textContent = `column ${column + 1}, row ${row + 1}, ${width} wide, ${height} high`;
      } else if (event.key === "Enter") void this.#edit(slot);
      else if (event.key === "Delete") this.#remove(slot);
      else return;
      event.preventDefault();
    });
    void this.#show(slot);
    return slot;
  }

  async #show(slot: Slot): Promise<void> {
    const refresh = shows[slot.panel.kind](slot.panel, slot.body, slot.scope);
    let [busy, wanted] = [false, false];
    // One after the other: an answer that came late must not take the place of a newer one.
    const again = async () => {
      wanted = true;
      if (busy) return;
      busy = true;
      while (wanted) {
        wanted = false;
        try {
          await refresh();
        } catch (error) {
          // What is shown stays while the server is away.
          if (!slot.scope.ended && !(error instanceof ApiError && error.status === 0 && slot.body.querySelector(".loading") === null)) fill(slot.body, failure(error, () => void again()));
        }
      }
      busy = false;
    };
    this.#refreshers.set(slot, again);
    slot.scope.add(() => this.#refreshers.delete(slot));
    await again();
  }

  readonly #refreshers = new Map<Slot, () => Promise<void>>();

  #refresh(): void {
    for (const again of this.#refreshers.values()) void again();
  }

  /** Shows or hides what editing needs. */
  #state(): void {
    const { query } = this.#context;
    this.#grid.classList.toggle("is-editing", this.#editing);
    for (const slot of this.#slots) {
      slot.element.tabIndex = this.#editing ? 0 : -1;
      const tools = slot.head.querySelector(".board-tools")!;
      fill(tools, ...(this.#editing ? [h("button", { class: "button", type: "button", onclick: () => void this.#edit(slot) }, "Edit"), h("button", { class: "button", type: "button", "aria-label": `Remove ${visible(titleOf(slot.panel))}`, onclick: () => this.#remove(slot) }, "Remove")] : []));
    }
    const button = (label: string, act: () => void, kind = "") => h("button", { class: `button ${kind}`, type: "button", onclick: act }, label);
    const edit = (on: boolean) => {
      this.#editing = on;
      query.set({ edit: on });
      this.#state();
    };
    fill(
      this.#head,
      h("h1", {}, bdi(this.#board.title ?? this.#name)),
      this.#changed && h("span", { class: "chip" }, "not saved"),
      h(
        "div",
        { class: "end" },
        ...(this.#editing
          ? [button("Add a panel", () => void this.#add()), button("Title", () => void this.#rename()), button("YAML", () => void this.#yaml()), button("Delete", () => void this.#delete(), "button-danger"), this.#changed ? button("Save", () => void this.#save(), "button-main") : button("Done", () => edit(false), "button-main")]
          : [button("YAML", () => void this.#yaml()), button("Arrange", () => edit(true))]),
      ),
      this.#editing && h("p", { class: "board-help small faint" }, "Drag panels by their heads and corners; with the keyboard: arrows move, Shift and arrows resize, Enter edits, Delete removes."),
    );
  }

  #touch(): void {
    this.#changed = true;
    this.#editing = true;
    this.#state();
  }

  #arrange(areas: readonly Area[]): void {
    const before = JSON.stringify(this.#board.panels.map((panel) => panel.at));
    this.#slots.forEach((slot, at) => {
      slot.panel.at = areas[at]!;
      place(slot.element, areas[at]!);
    });
    if (JSON.stringify(this.#board.panels.map((panel) => panel.at)) !== before) this.#touch();
  }

  async #add(): Promise<void> {
    const panel = await editPanel({ kind: "line", at: free(this.#board.panels.map((one) => one.at), 6, 4) }, true);
    if (!panel) return;
    this.#board.panels.push(panel);
    const slot = this.#slot(panel);
    if (this.#slots.length === 0) fill(this.#grid);
    this.#slots.push(slot);
    this.#grid.append(slot.element);
    this.#touch();
    slot.element.scrollIntoView({ block: "nearest" });
  }

  async #edit(slot: Slot): Promise<void> {
    const panel = await editPanel(slot.panel, false);
    if (!panel) return;
    const at = this.#slots.indexOf(slot);
    slot.scope.end();
    this.#board.panels[at] = panel;
    const made = this.#slot(panel);
    this.#slots[at] = made;
    slot.element.replaceWith(made.element);
    this.#touch();
    made.element.focus();
  }

  #remove(slot: Slot): void {
    const at = this.#slots.indexOf(slot);
    slot.scope.end();
    slot.element.remove();
    this.#slots.splice(at, 1);
    this.#board.panels.splice(at, 1);
    this.#touch();
  }

  async #rename(): Promise<void> {
    const field = h("input", { class: "field", value: this.#board.title ?? this.#name, "aria-label": "Title" });
    if ((await dialog("Title of the board", field, [["", "Cancel"], ["ok", "Apply"]])) !== "ok") return;
    this.#board.title = field.value.trim() || this.#name;
    this.#touch();
  }

  /** Saves, over what somebody else saved or not; and with the file's comments, unless they may be lost. */
  async #save(over = false, keep = true): Promise<void> {
    try {
      const revision = over ? (await api.board(this.#name)).revision : this.#revision;
      this.#revision = await api.saveBoard(this.#name, this.#board, revision, keep);
      this.#changed = false;
      toast("The board is saved.");
      this.#state();
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) {
        const choice = await dialog("Somebody else saved this board", h("p", {}, "It changed since you opened it. What shall be kept?"), [["", "Cancel"], ["theirs", "Theirs"], ["mine", "Mine"]]);
        if (choice === "mine") await this.#save(true, keep);
        else if (choice === "theirs") await this.#reload();
        return;
      }
      if (error instanceof ApiError && error.status === 409) {
        const question = [
          h("p", {}, "You changed more than where panels stand, so ", h("code", {}, `${this.#name}.yaml`), " has to be written anew: comments in it are lost, and how it is laid out."),
          h("p", {}, "To keep them, make the change in the file itself: ", h("em", {}, "YAML"), " shows it."),
        ];
        if (await confirm("Write the file anew?", question, "Write anew", true)) await this.#save(over, false);
        return;
      }
      await dialog("The board was not saved", failure(error));
    }
  }

  async #reload(): Promise<void> {
    const [board, text] = await Promise.all([api.boardContent(this.#name), api.board(this.#name)]);
    this.#board = board;
    this.#revision = text.revision;
    this.#changed = false;
    this.#lay();
  }

  /** The file itself. */
  async #yaml(): Promise<void> {
    if (this.#changed && !(await confirm("Save first?", h("p", {}, "What you arranged is not in the file yet."), "Save"))) return;
    if (this.#changed) await this.#save();
    let { yaml, revision } = await api.board(this.#name);
    let wrong: unknown;
    for (;;) {
      const field = h("textarea", { class: "field yaml", rows: "22", spellcheck: "false", "aria-label": "The board as YAML", value: yaml });
      const answer = await dialog(`${this.#name}.yaml`, [wrong !== undefined && failure(wrong), field], [["", "Close"], ["save", "Save"]]);
      if (answer !== "save" || field.value === yaml) return;
      yaml = field.value;
      try {
        revision = await api.saveBoard(this.#name, yaml, revision);
        break;
      } catch (error) {
        wrong = error;
      }
    }
    toast("The board is saved.");
    await this.#reload();
  }

  async #delete(): Promise<void> {
    if (!(await confirm("Delete this board?", h("p", {}, "The file ", h("code", {}, `${this.#name}.yaml`), " is removed."), "Delete", true))) return;
    try {
      await api.removeBoard(this.#name);
      this.#changed = false;
      await navigate("/boards");
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "failed");
    }
  }
}
