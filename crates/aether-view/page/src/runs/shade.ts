// Colours for better and worse: what is best stands out from the ground, dark or light.

import { scaleColor } from "../core/palette";
import { theme } from "../core/theme";
import type { Dimension } from "../runs/dimension";

/** Places of runs on the scale, 1 the best; NaN where a run has no value. */
export function goodness(of: Dimension | undefined, goal: "min" | "max", count: number): number[] {
  if (of === undefined) return new Array<number>(count).fill(NaN);
  return of.places.map((place) => (goal === "min" ? 1 - place : place));
}

/** The colour of a place on the scale. */
export function shade(good: number): string {
  // The end of the scale that is like the ground is left out.
  return scaleColor(theme.dark ? 0.22 + 0.78 * good : 0.9 - 0.9 * good);
}

/** The goal that a metric's name tells: less is better of losses, errors and times. */
export function goalOf(metric: string): "min" | "max" {
  if (/(loss|err(or)?|perplexity|ppl|[mr]?mse|mae|nll|latency|time|seconds)([^a-z]|$)/i.test(metric)) return "min";
  return /(acc|score|f1|auc|reward|return|bleu|rouge|recall|precision|psnr|ssim|map|iou|throughput|per_second)/i.test(metric) ? "max" : "min";
}
