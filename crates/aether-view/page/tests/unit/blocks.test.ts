import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeBlocks, decodeMessage } from "../../src/core/blocks";
import { encodeBlock } from "../encode";

test("blocks of points and stretches are read back", () => {
  const points = encodeBlock("points", "größe", [[1, 2], [1000, 2000], [0.5, NaN]]);
  const stretches = encodeBlock("stretches", "loss", Array.from({ length: 12 }, (_, column) => [column, column + 0.5, -column]), 2);
  const [a, b] = decodeBlocks(new Uint8Array([...points, ...stretches]).buffer);
  assert.equal(a?.kind, "points");
  assert.equal(a.name, "größe");
  assert.deepEqual([...a.columns.step], [1, 2]);
  assert.deepEqual([...a.columns.value], [0.5, NaN]);
  assert.deepEqual([a.unit, b?.unit], [undefined, "B/s"]);
  assert.equal(b?.kind, "stretches");
  assert.deepEqual([...b.columns.infinite], [11, 11.5, -11]);
});

test("a message names its subscription", () => {
  const block = encodeBlock("points", "m", [[7], [8], [9]]);
  const head = new Uint8Array(8);
  head.set([2, 97, 98]);
  const { key, blocks } = decodeMessage(new Uint8Array([...head, ...block]).buffer);
  assert.equal(key, "ab");
  assert.equal(blocks.length, 1);
});

test("a block that is cut short is an error", () => {
  const whole = encodeBlock("points", "m", [[7], [8], [9]]);
  assert.throws(() => decodeBlocks(whole.slice(0, whole.length - 8).buffer), /cut short/);
  assert.throws(() => decodeBlocks(new Uint8Array(24).buffer), /no block/);
});
