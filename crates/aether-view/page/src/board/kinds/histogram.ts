import { fill, h } from "../../core/dom";
import { number } from "../../core/format";
import { scaleColor } from "../../core/palette";
import { empty } from "../../widgets/state";
import { runsOf } from "../runs";
import { fieldsOf, newest } from "./content";
import type { Show } from "./kind";

interface Histogram {
  step: number;
  edges: number[];
  counts: number[];
}

const BINS = 96;
/** Columns of the picture; more histograms than this are passed over evenly. */
const COLUMNS = 240;

const numbers = (value: unknown): number[] => (Array.isArray(value) ? value.map(Number) : []);

/** The counts of `one` in `BINS` equal bins from low to high, as shares of its own total. */
function shares({ edges, counts }: Histogram, low: number, high: number): Float64Array {
  const out = new Float64Array(BINS);
  const total = counts.reduce((sum, count) => sum + count, 0) || 1;
  counts.forEach((count, at) => {
    const [left, right] = [edges[at]!, edges[at + 1]!];
    const [from, to] = [((left - low) / (high - low)) * BINS, ((right - low) / (high - low)) * BINS];
    for (let bin = Math.max(0, Math.floor(from)); bin < BINS && bin < to; bin++) {
      const part = to > from ? (Math.min(to, bin + 1) - Math.max(from, bin)) / (to - from) : 1;
      out[bin]! += (count / total) * Math.max(0, part);
    }
  });
  return out;
}

/** Histograms over steps, the share of each value as colour; the newest run that has any. */
export const histogram: Show = (panel, root, scope) => async () => {
  const name = panel.name ?? "";
  const found = await newest((await runsOf(panel, [], scope.signal)).runs, "histogram", name, scope.signal);
  const all = (found?.events ?? []).map((event): Histogram => ({ step: event.step ?? 0, edges: numbers(fieldsOf(event)["edges"]), counts: numbers(fieldsOf(event)["counts"]) })).filter((one) => one.edges.length === one.counts.length + 1 && one.counts.length > 0);
  if (all.length === 0) {
    fill(root, empty("No run has a histogram of that name."));
    return;
  }
  const every = Math.ceil(all.length / COLUMNS);
  const shown = all.filter((_, at) => at % every === 0 || at === all.length - 1);
  const low = Math.min(...shown.map((one) => one.edges[0]!));
  const high = Math.max(...shown.map((one) => one.edges.at(-1)!));
  const canvas = h("canvas", { width: shown.length, height: BINS, role: "img", "aria-label": `Histograms of ${name}, from ${number(low)} to ${number(high)}, over ${all.length} steps` });
  const pen = canvas.getContext("2d");
  shown.forEach((one, column) => {
    const parts = shares(one, low, high === low ? low + 1 : high);
    const most = Math.max(...parts);
    parts.forEach((part, bin) => {
      if (!pen || part === 0) return;
      pen.fillStyle = scaleColor(Math.sqrt(part / most));
      pen.fillRect(column, BINS - 1 - bin, 1, 1);
    });
  });
  const [first, last] = [shown[0]!, shown.at(-1)!];
  fill(root, h("div", { class: "heat" }, h("div", { class: "heat-y number small faint" }, h("span", {}, number(high)), h("span", {}, number(low))), canvas, h("div", { class: "heat-x number small faint" }, h("span", {}, `step ${first.step}`), h("span", {}, `step ${last.step}`))));
};
