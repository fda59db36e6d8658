import { api } from "../core/api";
import { bdi, fill, h } from "../core/dom";
import { navigate, type Context } from "../core/router";
import { dialog } from "../widgets/dialog";
import { empty, loadInto } from "../widgets/state";
import { toast } from "../widgets/toast";

const path = (name: string) => `/boards/${encodeURIComponent(name)}`;

/** Names a new board, and opens it for arranging. */
async function create(): Promise<void> {
  const field = h("input", { class: "field", required: true, placeholder: "digits", "aria-label": "Name", autofocus: true });
  const answer = await dialog("New board", [h("p", { class: "soft" }, "It is kept as a YAML file of this name, which the terminal shows too."), field], [["", "Cancel"], ["ok", "Create"]]);
  const name = field.value.trim();
  if (answer !== "ok" || name === "") return;
  try {
    await api.saveBoard(name, { title: name, panels: [] }, "");
    await navigate(`${path(name)}?edit=1`);
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), "failed");
  }
}

/** All boards of the home. */
export function boardsPage({ root, scope, title }: Context): void {
  title("Boards");
  const list = h("div", {});
  const make = () => h("button", { class: "button button-main", type: "button", onclick: () => void create() }, "New board");
  root.append(h("div", { class: "page-head" }, h("h1", {}, "Boards"), h("div", { class: "end" }, make())), list);
  void loadInto(list, scope.signal, () => api.boards(scope.signal), ({ boards }) =>
    fill(
      list,
      boards.length === 0
        ? empty("No boards yet.", h("p", {}, "A board is a page of your own: charts, tables, gauges and logs of the runs you care about, kept as a YAML file that you can share."), make())
        : h("ul", { class: "board-list" }, ...boards.map((board) => h("li", {}, h("a", { class: "card board-card", href: path(board.name) }, h("span", { class: "board-card-title" }, bdi(board.title ?? board.name)), h("span", { class: "faint mono small" }, bdi(`${board.name}.yaml`)))))),
    ),
  );
}
