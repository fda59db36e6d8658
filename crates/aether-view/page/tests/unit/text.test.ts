import assert from "node:assert/strict";
import { test } from "node:test";
import { visible, visibleLines } from "../../src/core/text";

test("control characters and marks of direction become visible", () => {
  assert.equal(visible("a\u001b[31mb"), "a\u241b[31mb");
  assert.equal(visible("abc\u202edcba"), "abc⟨U+202E⟩dcba");
  assert.equal(visible("a\nb\tc\u0000"), "a\u240ab\u2409c\u2400");
  assert.equal(visibleLines("a\nb\tc\u0007"), "a\nb\tc\u2407");
  assert.equal(visible("größe 学習 🎯"), "größe 学習 🎯");
});
