import { bdi, fill, h, svg } from "../../core/dom";
import { number } from "../../core/format";
import { padded, toX, toY, type Frame } from "../../chart/frame";
import { navigate } from "../../core/router";
import { visible } from "../../core/text";
import { empty } from "../../widgets/state";
import { cellNumber, runsOf } from "../runs";
import type { Show } from "./kind";

const WIDE = 400;
const TALL = 220;

/** One point a run. */
export const scatter: Show = (panel, root, scope) => async () => {
  const [keyX, keyY] = [panel.x ?? "", panel.y ?? ""];
  const [logX, logY] = [panel.log_x ?? false, panel.log_y ?? false];
  const runs = await runsOf(panel, [keyX, keyY], scope.signal);
  const points = runs.map((run) => ({ run, x: cellNumber(run, keyX), y: cellNumber(run, keyY) })).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y) && (!logX || x > 0) && (!logY || y > 0));
  if (points.length === 0) {
    fill(root, empty("No run has both values."));
    return;
  }
  const range = (values: number[], log: boolean) => padded(Math.min(...values), Math.max(...values), log);
  const [x0, x1] = range(points.map((point) => point.x), logX);
  const [y0, y1] = range(points.map((point) => point.y), logY);
  const frame: Frame = { x0, x1, y0, y1, logX, logY, left: 8, top: 8, width: WIDE - 16, height: TALL - 16, ratio: 1 };
  const [x, y] = [toX(frame), toY(frame)];
  const dots = points.map((point) => {
    const dot = svg("path", { d: `M${x(point.x)} ${y(point.y)}h0.001`, tabindex: "0", role: "link" }, svg("title", {}, `${visible(point.run.name)}: ${number(point.x)}, ${number(point.y)}`));
    const open = () => void navigate(`/runs/${point.run.id}`);
    dot.addEventListener("click", open);
    dot.addEventListener("keydown", (event) => {
      if (event.key === "Enter") open();
    });
    return dot;
  });
  fill(
    root,
    h(
      "div",
      { class: "dots" },
      h("div", { class: "heat-y number small faint" }, h("span", {}, number(y1)), h("span", { class: "dots-name" }, bdi(keyY)), h("span", {}, number(y0))),
      svg("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", role: "group", "aria-label": `${keyY} over ${keyX}, ${points.length} runs` }, ...dots),
      h("div", { class: "heat-x number small faint" }, h("span", {}, number(x0)), h("span", {}, bdi(keyX)), h("span", {}, number(x1))),
    ),
  );
};
