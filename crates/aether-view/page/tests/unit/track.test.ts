import assert from "node:assert/strict";
import { test } from "node:test";
import { smooth } from "../../src/chart/smooth";
import { COUNT, FIRST_STEP, LAST_STEP, MAX, MEAN, MIN, NAN, Track, type Axis } from "../../src/chart/track";

const STEP: Axis = { kind: "step", origin: 0 };

function filled(points: number, limit: number, value: (at: number) => number): Track {
  const track = new Track(limit);
  for (let at = 0; at < points; at++) track.append(at, at * 10, value(at));
  return track;
}

test("memory stays bounded for ever, and no point and no extreme is lost", () => {
  const track = filled(100_000, 500, (at) => (at === 77_777 ? 1000 : at === 12 ? NaN : at % 7));
  assert.ok(track.length <= 500 && track.length >= 125, `${track.length} stretches`);
  assert.ok(track.columns[0]!.length <= 1024);
  assert.equal(track.points, 100_000);
  const shown = (column: number) => [...track.columns[column]!.subarray(0, track.length)];
  assert.equal(Math.max(...shown(MAX)), 1000);
  assert.equal(Math.min(...shown(MIN)), 0);
  assert.equal(shown(NAN).reduce((sum, count) => sum + count, 0), 1);
  let next = 0;
  for (let at = 0; at < track.length; at++) {
    assert.equal(track.columns[FIRST_STEP]![at], next, "stretches follow each other without a gap");
    next = track.columns[LAST_STEP]![at]! + 1;
  }
  assert.equal(next, 100_000);
  const total = shown(MEAN).reduce((sum, mean, at) => sum + mean * (track.columns[COUNT]![at]! - track.columns[NAN]![at]!), 0);
  let expected = 0;
  for (let at = 0; at < 100_000; at++) expected += at === 77_777 ? 1000 : at === 12 ? 0 : at % 7;
  assert.ok(Math.abs(total - expected) < 1e-6 * expected, `${total} for ${expected}`);
});

test("a rewind forgets what came after, and says when it cannot tell", () => {
  const track = filled(100, 4096, (at) => at);
  assert.equal(track.rewind(49), true);
  assert.equal(track.lastStep, 49);
  const merged = filled(1000, 100, (at) => at);
  assert.equal(merged.rewind(500), false, "step 500 lies inside a stretch");
  assert.ok(merged.lastStep < 500, "nothing that is void is left");
});

test("a finer window takes the place of the coarse stretches that it covers", () => {
  const coarse = filled(1000, 100, (at) => at);
  const fine = new Track();
  for (let at = 300; at < 400; at++) fine.append(at, at * 10, at);
  const both = coarse.refined(fine, STEP);
  for (let at = 1; at < both.length; at++) assert.ok(both.start(at, STEP) > both.end(at - 1, STEP), "stretches do not overlap");
  assert.equal(both.end(both.length - 1, STEP), 999);
  assert.equal(both.start(both.find(350, STEP), STEP), 350);
});

test("the nearest stretch", () => {
  const track = new Track();
  for (const step of [10, 20, 40]) track.append(step, step, step);
  assert.deepEqual([0, 14, 16, 29, 31, 99].map((x) => track.nearest(x, STEP)), [0, 0, 1, 1, 2, 2]);
  assert.equal(new Track().nearest(1, STEP), -1);
});

test("smoothing keeps a constant, begins at the first value, and passes over NaN", () => {
  const level = smooth(filled(1000, 4096, (at) => (at === 5 ? NaN : 3)), STEP, 0.9);
  assert.ok(level.every((value) => Math.abs(value - 3) < 1e-9));
  const ramp = smooth(filled(1000, 4096, (at) => at), STEP, 0.9);
  assert.equal(ramp[0], 0);
  assert.ok(ramp[999]! > 980 && ramp[999]! < 999, String(ramp[999]));
  const empty = smooth(new Track(), STEP, 0.5);
  assert.equal(empty.length, 0);
});
