import assert from "node:assert/strict";
import { test } from "node:test";
import type { Dimension } from "../../src/runs/dimension";
import { changed, read, within, written } from "../../src/runs/ranges";

const places: Record<string, number[]> = { a: [0, 0.5, 1, NaN], b: [1, 1, 0, 0] };
const dimension = (key: string) => (key in places ? ({ places: places[key] } as Dimension) : undefined);

test("runs lie in all ranges, ends included; what has no value lies in none", () => {
  assert.deepEqual(within(new Map(), dimension, 4), [true, true, true, true]);
  assert.deepEqual(within(new Map([["a", [0, 0.5]]]), dimension, 4), [true, true, false, false]);
  assert.deepEqual(within(new Map([["a", [0, 1]], ["b", [0.9, 1]]]), dimension, 4), [true, true, false, false]);
  assert.deepEqual(within(new Map([["unknown", [0, 0]]]), dimension, 4), [true, true, true, true]);
});

test("ranges are changed inside their axes, taken away, and come back from the link", () => {
  const ranges = changed(new Map([["a", [0.2, 0.4]]]), new Map([["param.x.1-2.y", [-0.5, 0.25]], ["a", undefined]]));
  assert.deepEqual([...ranges], [["param.x.1-2.y", [0, 0.25]]]);
  assert.deepEqual(written(ranges), ["0-250.param.x.1-2.y"]);
  assert.deepEqual([...read(written(ranges))], [...ranges]);
  assert.deepEqual([...read(["", "nonsense", "0-500"])], []);
});
