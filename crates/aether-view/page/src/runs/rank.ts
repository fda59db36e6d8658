// Rank correlation: how far one thing rises whenever another does, whatever the shape of the curve.

/** What a parameter has to do with a metric. */
export interface Correlation {
  /** Spearman's rho, -1 to 1. */
  rho: number;
  /** Of how many runs. */
  count: number;
  /** Rho that chance alone passes one time in twenty, for so many runs. */
  chance: number;
}

/** Ranks from 1, with the mean rank among equals. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const made = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++;
    for (let at = from; at < to; at++) made[order[at] ?? 0] = (from + to + 1) / 2;
    from = to;
  }
  return made;
}

/**
 * Spearman's rank correlation (C. Spearman, 1904): Pearson's of the ranks, which with mean ranks holds among equals
 * too. Pairs that are not both finite are left out. Nothing where fewer than three are left, or one of both is
 * constant.
 */
export function spearman(x: readonly number[], y: readonly number[]): Correlation | undefined {
  const pairs: [number, number][] = [];
  x.forEach((value, at) => {
    const other = y[at] ?? NaN;
    if (Number.isFinite(value) && Number.isFinite(other)) pairs.push([value, other]);
  });
  const count = pairs.length;
  if (count < 3) return undefined;
  const a = ranks(pairs.map((pair) => pair[0]));
  const b = ranks(pairs.map((pair) => pair[1]));
  const mean = (count + 1) / 2;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let at = 0; at < count; at++) {
    const da = (a[at] ?? 0) - mean;
    const db = (b[at] ?? 0) - mean;
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  if (aa === 0 || bb === 0) return undefined;
  // Under no correlation rho is about normal with variance 1 / (n - 1) (Kendall and Gibbons, 1990).
  return { rho: ab / Math.sqrt(aa * bb), count, chance: Math.min(1, 1.96 / Math.sqrt(count - 1)) };
}

/**
 * Of a parameter of words: the correlation ratio of the ranks (eta, 0 to 1), the root of the share of the metric's
 * rank variance that lies between the words. Its sign means nothing.
 */
export function eta(groups: readonly string[], y: readonly number[]): Correlation | undefined {
  const kept = y.map((_, at) => at).filter((at) => Number.isFinite(y[at]));
  if (kept.length < 3) return undefined;
  const rank = ranks(kept.map((at) => y[at] ?? 0));
  const mean = (kept.length + 1) / 2;
  const sums = new Map<string, [number, number]>();
  let total = 0;
  kept.forEach((at, position) => {
    const value = rank[position] ?? 0;
    const sum = sums.get(groups[at] ?? "") ?? [0, 0];
    sums.set(groups[at] ?? "", [sum[0] + value, sum[1] + 1]);
    total += (value - mean) ** 2;
  });
  // As many words as runs explain everything and mean nothing.
  if (sums.size < 2 || sums.size > kept.length / 2 || total === 0) return undefined;
  let between = 0;
  for (const [sum, count] of sums.values()) between += count * (sum / count - mean) ** 2;
  const chance = Math.sqrt((sums.size - 1 + 1.65 * Math.sqrt(2 * (sums.size - 1))) / (kept.length - 1));
  return { rho: Math.sqrt(between / total), count: kept.length, chance: Math.min(1, chance) };
}

/** Bins of equal size that a bend is looked for in. */
const BINS = 6;

/**
 * Of numbers: whether a bend says more than a direction. The correlation ratio over bins of equal size sees a curve
 * that goes up and down again, of which a rank correlation says nothing. Nothing where the direction says it all.
 */
export function bend(x: readonly number[], y: readonly number[]): Correlation | undefined {
  const kept = x.map((_, at) => at).filter((at) => Number.isFinite(x[at]) && Number.isFinite(y[at]));
  const bins = Math.min(BINS, Math.floor(kept.length / 5));
  if (bins < 3) return undefined;
  const rank = ranks(kept.map((at) => x[at] ?? 0));
  // Equals have one rank, so they fall into one bin.
  const words = rank.map((one) => String(Math.min(bins - 1, Math.floor(((one - 0.5) * bins) / kept.length))));
  const curved = eta(words, kept.map((at) => y[at] ?? 0));
  const straight = spearman(x, y);
  if (!curved || !straight || curved.rho < curved.chance || curved.rho < Math.abs(straight.rho) + 0.15) return undefined;
  return curved;
}
