import assert from "node:assert/strict";
import { test } from "node:test";
import { anything, bytes, count, duration, measured, number, numeric } from "../../src/core/format";

test("numbers are short and keep what matters", () => {
  assert.deepEqual([0, 1, -12345, 0.123456, 1.5e-7, 2.5e12, NaN, Infinity, -Infinity].map(number), ["0", "1", "−12345", "0.12346", "1.500e−7", "2.500e12", "NaN", "∞", "−∞"]);
});

test("sizes, counts, durations", () => {
  assert.deepEqual([0, 1023, 1536, 5 * 2 ** 30].map(bytes), ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
  assert.equal(count(1234567), "1\u2009234\u2009567");
  assert.deepEqual([0, -2.4e-7, 0.0002, 0.0123, 4.25, 200, 18_180, 187_200].map(duration), ["0 s", "0 s", "1 ms", "12 ms", "4.3 s", "3 min 20 s", "5 h 3 min", "2 d 4 h"]);
});

test("values with the unit that they count in", () => {
  assert.deepEqual([measured(7.786e8, "B"), measured(1536, "B/s"), measured(87.5, "%"), measured(0.5, undefined)], ["743 MiB", "1.5 KiB/s", "87.5 %", "0.5"]);
  assert.deepEqual([measured(NaN, "B"), measured(-5, "B"), measured(Infinity, "W")], ["NaN", "−5", "∞"]);
});

test("values of the API", () => {
  assert.deepEqual(["NaN", "Infinity", "-Infinity", null, 3].map(numeric), [NaN, Infinity, -Infinity, NaN, 3]);
  assert.equal(anything({ a: [1] }), '{"a":[1]}');
});
