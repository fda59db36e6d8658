import type { Area } from "./types";

export const COLUMNS = 12;

export function overlaps(a: Area, b: Area): boolean {
  return a.column < b.column + b.width && b.column < a.column + a.width && a.row < b.row + b.height && b.row < a.row + a.height;
}

/** An area that lies inside the grid, of one cell at least. */
export function fitted(area: Area): Area {
  const width = Math.min(COLUMNS, Math.max(1, Math.round(area.width)));
  return { width, height: Math.max(1, Math.round(area.height)), column: Math.min(COLUMNS - width, Math.max(0, Math.round(area.column))), row: Math.max(0, Math.round(area.row)) };
}

/** The areas once the one at `moved` is at `to`: what it would stand on goes down, and so on below. */
export function arranged(areas: readonly Area[], moved: number, to: Area): Area[] {
  const out = areas.map((area) => ({ ...area }));
  out[moved] = fitted(to);
  const settled = [moved];
  const order = out.map((_, index) => index).filter((index) => index !== moved);
  order.sort((a, b) => out[a]!.row - out[b]!.row || out[a]!.column - out[b]!.column);
  for (const index of order) {
    const area = out[index]!;
    for (;;) {
      const below = settled.map((other) => out[other]!).filter((other) => overlaps(area, other));
      if (below.length === 0) break;
      area.row = Math.max(...below.map((other) => other.row + other.height));
    }
    settled.push(index);
  }
  return out;
}

/** The first place from the top that has room. */
export function free(areas: readonly Area[], width: number, height: number): Area {
  for (let row = 0; ; row++) {
    for (let column = 0; column + width <= COLUMNS; column++) {
      const area = { column, row, width, height };
      if (!areas.some((other) => overlaps(area, other))) return area;
    }
  }
}
