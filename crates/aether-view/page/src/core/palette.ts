import { theme } from "./theme";

/**
 * Sixteen colours for lines, for dark and for light ground, after Okabe and Ito ("Color Universal Design", 2008) and
 * Tol's muted scheme (SRON/EPS/TN/09-002, 2021), brightened or darkened until each has a contrast of 3 to its ground.
 * Neighbours differ in lightness too. More lines than colours are told apart by dashes.
 */
const DARK = ["#56b4e9", "#e69f00", "#2fbf93", "#e58ac0", "#f0e442", "#f0692a", "#6f8fff", "#c9ccd3", "#44c4b4", "#ddcc77", "#c77dd6", "#a8ad3a", "#e5808e", "#c65a94", "#62b56f", "#9fb4d8"];
const LIGHT = ["#0072b2", "#c25400", "#00805c", "#b0457f", "#8f7a00", "#332288", "#2f8fce", "#5b6472", "#117733", "#aa4499", "#a06a00", "#882255", "#0f8a80", "#bd4356", "#6b6b14", "#4a63a8"];
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3], [5, 2], [12, 4], [3, 2, 3, 6]];

export interface LineStyle {
  color: string;
  dash: readonly number[];
}

/** How the `index`-th line of a page is drawn: sixteen colours, then the same with dashes. */
export function lineStyle(index: number): LineStyle {
  const colors = theme.dark ? DARK : LIGHT;
  return { color: colors[index % colors.length]!, dash: DASHES[Math.floor(index / colors.length) % DASHES.length]! };
}

/** A colour on a scale from 0 to 1: cividis-like, which people see alike (Nuñez, Anderton, Renslow, 2018). */
export function scaleColor(at: number): string {
  const stops = [
    [0, 50, 110],
    [77, 92, 108],
    [124, 123, 120],
    [175, 158, 104],
    [253, 232, 55],
  ] as const;
  const place = Math.min(1, Math.max(0, at)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(place));
  const part = place - low;
  const [a, b] = [stops[low]!, stops[low + 1]!];
  return `rgb(${a.map((value, index) => Math.round(value + (b[index]! - value) * part)).join(" ")})`;
}
