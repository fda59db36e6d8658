import assert from "node:assert/strict";
import { test } from "node:test";
import type { Row } from "../../src/core/types";
import { column } from "../../src/runs/columns";
import { dimension } from "../../src/runs/dimension";

const rows = (values: readonly unknown[]): Row[] => values.map((value, at) => ({ id: String(at), name: "", project: "", kind: "", state: "done", tags: [], created: new Date(at * 60_000).toISOString(), ended: null, seconds: 90 * at, columns: { "param.x": value } }));
const of = (values: readonly unknown[], log?: boolean) => dimension(column("param.x")!, rows(values), log)!;

test("an axis is logarithmic where its numbers are far apart, or it is said", () => {
  assert.equal(of([1, 10]).kind, "number");
  assert.equal(of([1, 100]).kind, "log");
  assert.deepEqual(of([1, 10, 100]).places.map((place) => Math.round(place * 100)), [0, 50, 100]);
  assert.deepEqual(of([0, 50, 100], false).places, [0, 0.5, 1]);
  assert.deepEqual(of([1, 3, 9], true).places.map((place) => Math.round(place * 100)), [0, 50, 100]);
  // What a logarithm has no place for lies nowhere.
  assert.deepEqual(of([-1, 0, 1, 2], true).places, [NaN, NaN, 0, 1]);
  assert.equal(dimension(column("param.x")!, rows([0, -1]), true), undefined);
});

test("times and durations are said as such", () => {
  assert.equal(dimension(column("duration")!, rows([0, 1, 2]))?.texts[1], "1 min 30 s");
  const created = dimension(column("created")!, rows([0, 1, 2]))!;
  assert.deepEqual(created.places, [0, 0.5, 1]);
  assert.match(created.texts[0]!, /19(70|69)/);
});
