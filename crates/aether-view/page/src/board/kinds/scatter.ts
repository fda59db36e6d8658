import { fill } from "../../core/dom";
import { navigate } from "../../core/router";
import { column } from "../../runs/columns";
import { dimension } from "../../runs/dimension";
import { Scatter } from "../../widgets/scatter";
import { empty } from "../../widgets/state";
import { runsOf } from "../runs";
import type { Show } from "./kind";

/** One point a run. */
export const scatter: Show = (panel, root, scope) => {
  const [x, y] = [column(panel.x ?? ""), column(panel.y ?? "")];
  let names: string[] = [];
  const picture = new Scatter(scope, (run) => void navigate(`/runs/${names[run] ?? ""}`));
  return async () => {
    const { runs } = await runsOf(panel, [panel.x ?? "", panel.y ?? ""], scope.signal);
    const [across, up] = [x && dimension(x, runs, panel.log_x ?? false), y && dimension(y, runs, panel.log_y ?? false)];
    const kept = runs.map((_, run) => Number.isFinite(across?.places[run]) && Number.isFinite(up?.places[run]));
    if (!across || !up || !kept.includes(true)) {
      fill(root, empty("No run has both values."));
      return;
    }
    names = runs.map((run) => run.id);
    if (picture.element.parentElement !== root) fill(root, picture.element);
    picture.show({ x: across, y: up, names: runs.map((run) => (run.name.trim() === "" ? run.id : run.name)), kept });
  };
};
