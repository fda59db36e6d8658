import assert from "node:assert/strict";
import { test } from "node:test";
import { bend, eta, ranks, spearman } from "../../src/runs/rank";

const close = (a: number | undefined, b: number) => assert.ok(a !== undefined && Math.abs(a - b) < 1e-12, `${a} is not ${b}`);

test("equals share the mean of their ranks", () => {
  assert.deepEqual(ranks([30, 10, 20, 10]), [4, 1.5, 3, 1.5]);
});

test("rank correlation: any rising curve is 1, and what is not finite is left out", () => {
  const x = [1, 2, 3, 4, 5, NaN];
  close(spearman(x, x.map(Math.exp))?.rho, 1);
  close(spearman(x, x.map((value) => -value))?.rho, -1);
  assert.equal(spearman(x, x)?.count, 5);
  // scipy.stats.spearmanr([1, 2, 2, 4, 5], [5, 6, 7, 8, 7]) is 0.7631578947368421.
  close(spearman([1, 2, 2, 4, 5], [5, 6, 7, 8, 7])?.rho, 0.763157894736842);
  assert.equal(spearman([1, 1, 1], [1, 2, 3]), undefined);
  assert.equal(spearman([1, 2], [1, 2]), undefined);
});

test("words: all of the ranks' variance between them, or none", () => {
  close(eta(["a", "a", "b", "b"], [1, 1, 2, 2])?.rho, 1);
  close(eta(["a", "b", "a", "b"], [1, 1, 2, 2])?.rho, 0);
  assert.equal(eta(["a", "b", "c", "d"], [1, 2, 3, 4]), undefined);
});

test("a bend is seen where a direction says nothing", () => {
  const x = Array.from({ length: 60 }, (_, at) => at);
  const hill = x.map((value) => -((value - 29.5) ** 2));
  close(spearman(x, hill)?.rho, 0);
  assert.ok((bend(x, hill)?.rho ?? 0) > 0.9);
  assert.equal(bend(x, x), undefined);
});
