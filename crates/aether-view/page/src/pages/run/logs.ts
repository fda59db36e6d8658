import { api } from "../../core/api";
import { debounced, fill, h, throttled } from "../../core/dom";
import { bytes } from "../../core/format";
import { live } from "../../core/live";
import type { OutputAnswer } from "../../core/types";
import { OutputView } from "../../widgets/output";
import { empty, loadInto } from "../../widgets/state";
import type { RunView } from "../run";

const LINES = 1000;

/** What the run's program printed: from its end on, searched, one stream or both. */
export function logsTab({ context, root, scope, run }: RunView): void {
  const { query } = context;
  const body = h("div", { class: "output-body" });
  const size = h("span", { class: "faint" });
  const search = h("input", { class: "field", type: "search", placeholder: "Only lines with …", "aria-label": "Only lines with this text", value: query.get("search") });
  const streams = [["", "Both"], ["stdout", "Output"], ["stderr", "Errors"]] as const;
  const pick = streams.map(([value, label]) =>
    h("button", { type: "button", onclick: () => {
      query.set({ stream: value });
      open();
    } }, label),
  );
  const follow = h("button", { class: "button", type: "button", title: "Stay at the end as lines come" }, "Follow");
  const first = h("button", { class: "button", type: "button" }, "To the start");
  let part = scope.child();

  const open = () => {
    part.end();
    part = scope.child();
    const mine = part;
    const stream = query.get("stream");
    pick.forEach((button, index) => button.setAttribute("aria-pressed", String(streams[index]?.[0] === stream)));
    const wanted = query.get("search");
    const ask = { stream: stream || "all", lines: LINES, ...(wanted && { search: wanted }) };
    const view = new OutputView({
      before: async (at) => (await api.output(run.id, { ...ask, before: at }, mine.signal)).lines,
      after: async (at) => (await api.output(run.id, { ...ask, from: at }, mine.signal)).lines,
    });
    view.search = wanted;
    view.onFollow = (on) => follow.setAttribute("aria-pressed", String(on));
    follow.onclick = () => (view.atEnd ? view.follow(true) : void start());
    first.onclick = () => void view.toStart();
    let next = 0;
    const show = (answer: OutputAnswer) => {
      next = answer.size;
      size.textContent = bytes(answer.size);
      if (answer.lines.length === 0 && run.state !== "running") {
        fill(body, wanted ? empty("No line has that text.") : empty("Nothing was printed.", h("p", {}, "What ", h("code", {}, "aether run"), " supervises has its output kept; other runs print where they were begun.")));
        return;
      }
      if (body.firstElementChild !== view.element) fill(body, view.element);
      view.reset(answer.lines);
    };
    const start = () => loadInto(body, mine.signal, () => api.output(run.id, ask, mine.signal), show);
    fill(body);
    void start();
    // What is searched for is not followed line by line: the server says what came, and what of it has the text is asked.
    const refresh = throttled(500, () => void api.output(run.id, { ...ask, from: view.end }, mine.signal).then((answer) => view.append(answer.lines), () => undefined));
    mine.add(() => refresh.cancel());
    if (run.state !== "running") return;
    live.subscribe(mine, () => ({ to: "output", id: run.id, stream: stream || "all", from: next }), (message) => {
      if (!message.output || view.element.parentElement !== body) return;
      next = message.output.end;
      size.textContent = bytes(next);
      if (wanted) refresh();
      else view.append(message.output.lines);
    });
  };
  search.addEventListener("input", debounced(300, () => {
    query.set({ search: search.value });
    open();
  }));
  root.append(h("div", { class: "run-bar" }, search, h("div", { class: "segments", role: "group", "aria-label": "Stream" }, ...pick), follow, first, size), body);
  open();
}

