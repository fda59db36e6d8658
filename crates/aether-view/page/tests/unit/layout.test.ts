import assert from "node:assert/strict";
import { test } from "node:test";
import { arranged, fitted, free, overlaps } from "../../src/board/layout";
import type { Area } from "../../src/board/types";

const area = (column: number, row: number, width: number, height: number): Area => ({ column, row, width, height });

function apart(areas: readonly Area[]): void {
  areas.forEach((a, i) => areas.slice(i + 1).forEach((b) => assert.ok(!overlaps(a, b), `${JSON.stringify(a)} and ${JSON.stringify(b)}`)));
}

test("what a moved panel would stand on goes down, and nothing ever overlaps", () => {
  const areas = [area(0, 0, 6, 4), area(6, 0, 6, 4), area(0, 4, 12, 2)];
  const moved = arranged(areas, 0, area(6, 0, 6, 4));
  assert.deepEqual(moved[0], area(6, 0, 6, 4));
  assert.deepEqual(moved[1], area(6, 4, 6, 4));
  assert.deepEqual(moved[2], area(0, 8, 12, 2));
  apart(moved);
});

test("random moves keep all panels apart and inside", () => {
  let seed = 7;
  const draw = (below: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  let areas: Area[] = [];
  for (let at = 0; at < 9; at++) areas.push(free(areas, 1 + draw(12), 1 + draw(4)));
  apart(areas);
  for (let move = 0; move < 300; move++) {
    areas = arranged(areas, draw(areas.length), area(draw(16) - 2, draw(20) - 2, draw(15), draw(6)));
    apart(areas);
    for (const one of areas) assert.ok(one.column >= 0 && one.row >= 0 && one.width >= 1 && one.height >= 1 && one.column + one.width <= 12);
  }
});

test("an area is brought inside the grid", () => {
  assert.deepEqual(fitted(area(11, -3, 5, 0)), area(7, 0, 5, 1));
});
