import { h, svg } from "../core/dom";
import { number } from "../core/format";

const WIDTH = 320;
const HEIGHT = 120;

/** Bars over `edges` (one more than `counts`), as wide as their bins are. */
export function histogram(edges: readonly number[], counts: readonly number[]): HTMLElement {
  const [low, high] = [edges[0] ?? 0, edges.at(-1) ?? 1];
  const most = Math.max(1, ...counts);
  const x = (value: number) => ((value - low) / (high - low || 1)) * WIDTH;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const bars = counts.map((count, at) => {
    const [left, right] = [x(edges[at] ?? low), x(edges[at + 1] ?? high)];
    const tall = (count / most) * (HEIGHT - 4);
    return svg("rect", { x: left, y: HEIGHT - tall, width: Math.max(0.5, right - left - 0.6), height: tall }, svg("title", {}, `${number(edges[at] ?? low)} … ${number(edges[at + 1] ?? high)}: ${number(count)}`));
  });
  return h(
    "div",
    { class: "histogram" },
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `Histogram of ${number(total)} values from ${number(low)} to ${number(high)}` }, ...bars),
    h("div", { class: "histogram-ends number small faint" }, h("span", {}, number(low)), h("span", {}, `${number(total)} values`), h("span", {}, number(high))),
  );
}
