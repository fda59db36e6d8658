import { chartPanel } from "../../chart/panel";
import type { LineSpec } from "../../chart/line";
import { Timeline } from "../../chart/timeline";
import { fill } from "../../core/dom";
import type { Scope } from "../../core/scope";
import { empty } from "../../widgets/state";
import { runsOf } from "../runs";
import { titleOf } from "../types";
import type { Show } from "./kind";

/** Lines of metrics, one for each run and metric. Made anew only when other runs are to be shown. */
export const line: Show = (panel, root, scope) => {
  let shown = "";
  let inner: Scope | undefined;
  return async () => {
    const { runs } = await runsOf(panel, [], scope.signal);
    const now = JSON.stringify(runs.map((run) => [run.id, run.state === "running"]));
    if (now === shown || scope.ended) return;
    shown = now;
    inner?.end();
    inner = scope.child();
    const metrics = panel.metrics ?? [];
    const lines = runs.flatMap((run) =>
      metrics.map((metric): Omit<LineSpec, "style"> => ({ run: run.id, metric, label: metrics.length > 1 ? `${run.name} ${metric}` : run.name, origin: new Date(run.created).getTime(), running: run.state === "running" })),
    );
    if (lines.length === 0) {
      fill(root, empty("No run matches."));
      return;
    }
    const timeline = new Timeline(inner);
    timeline.set({ x: panel.x === "time" || panel.x === "relative" ? panel.x : "step", smoothing: panel.smoothing ?? 0, logY: panel.log ?? false });
    fill(root, chartPanel({ title: titleOf(panel), lines: lines.map((one, style) => ({ ...one, style })), timeline, scope: inner }));
  };
};
