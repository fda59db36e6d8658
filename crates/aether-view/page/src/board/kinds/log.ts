import { api } from "../../core/api";
import { fill } from "../../core/dom";
import { live } from "../../core/live";
import type { Scope } from "../../core/scope";
import { OutputView } from "../../widgets/output";
import { empty } from "../../widgets/state";
import { runsOf } from "../runs";
import type { Show } from "./kind";

/** What was printed last, by the newest run that printed anything. */
export const log: Show = (panel, root, scope) => {
  let shown = "";
  let inner: Scope | undefined;
  const stream = panel.stream ?? "all";
  /** Runs that may print yet. */
  const waiting = new Map<string, Scope>();
  const wait = (id: string) => {
    const own = scope.child();
    waiting.set(id, own);
    live.subscribe(own, () => ({ to: "output", id, stream, from: 0 }), ({ output }) => {
      if (!output || output.lines.length === 0) return;
      own.end();
      waiting.delete(id);
      void look().catch(() => undefined);
    });
  };
  const look = async () => {
    for (const run of (await runsOf(panel, [], scope.signal)).runs) {
      if (run.id === shown) return;
      const answer = await api.output(run.id, { stream, lines: 200 }, scope.signal);
      if (answer.lines.length === 0) {
        if (run.state === "running" && !waiting.has(run.id)) wait(run.id);
        continue;
      }
      for (const one of waiting.values()) one.end();
      waiting.clear();
      shown = run.id;
      inner?.end();
      inner = scope.child();
      const view = new OutputView({
        before: async (at) => (await api.output(run.id, { stream, lines: 500, before: at }, scope.signal)).lines,
        after: async (at) => (await api.output(run.id, { stream, lines: 500, from: at }, scope.signal)).lines,
      });
      let next = answer.size;
      fill(root, view.element);
      view.reset(answer.lines);
      if (run.state === "running")
        live.subscribe(inner, () => ({ to: "output", id: run.id, stream, from: next }), ({ output }) => {
          if (!output) return;
          next = output.end;
          view.append(output.lines);
        });
      return;
    }
    if (shown === "") fill(root, empty("Nothing was printed."));
  };
  return look;
};
