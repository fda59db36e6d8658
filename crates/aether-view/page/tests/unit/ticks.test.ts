import assert from "node:assert/strict";
import { test } from "node:test";
import { label, short } from "../../src/chart/ticks";

const MIB = 2 ** 20;

test("all of an axis of bytes are in one unit, of which their step is a quarter at least", () => {
  assert.deepEqual([3320 * MIB, 3328 * MIB].map((value) => label(value, "B", 8 * MIB)), ["3320 MiB", "3328 MiB"]);
  assert.deepEqual([0, 256 * MIB, 1280 * MIB].map((value) => label(value, "B/s", 256 * MIB)), ["0 GiB/s", "0.25 GiB/s", "1.25 GiB/s"]);
  assert.equal(label(-(2 ** 42) - MIB, "B", MIB), "−4194305 MiB");
});

test("without a step each has its own unit, as on a logarithmic axis", () => {
  assert.deepEqual([0, 100, 10_000, 1e9].map((value) => label(value, "B")), ["0 B", "100 B", "9.7656 KiB", "953.67 MiB"]);
});

test("other units follow the number", () => {
  assert.equal(label(12_500, "W"), "12.5k W");
  assert.equal(label(-0.5, undefined), short(-0.5));
  assert.deepEqual([1e-7, 1_500_000, -20_000].map(short), ["1e−7", "1.5M", "−20k"]);
});
