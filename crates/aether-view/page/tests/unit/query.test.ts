import assert from "node:assert/strict";
import { test } from "node:test";
import { proposals } from "../../src/runs/complete";
import { and, equals, inGroup, literal, name } from "../../src/runs/query";

test("names and values are written as the language reads them", () => {
  assert.deepEqual(["val/loss", "a b", "not", "a`b\\"].map(name), ["val/loss", "`a b`", "`not`", "`a\\`b\\\\`"]);
  assert.deepEqual([1e-7, NaN, -Infinity, true, "it's \\"].map(literal), ["1e-7", "nan", "-inf", "true", "'it\\'s \\\\'"]);
  assert.equal(equals("project", "a b"), "project = 'a b'");
  assert.equal(equals("param.lr", null), "not (lr or lr = false)");
});

test("a group is a condition that holds for its runs alone", () => {
  assert.equal(inGroup("param.lr", 0.001, []), "lr = 0.001");
  assert.equal(inGroup("param.bias", false, []), "bias = false");
  assert.equal(inGroup("param.betas", [0.9, 0.99], []), "betas = '[0.9,0.99]'");
  assert.equal(inGroup("param.lr", null, []), "not (lr or lr = false)");
  assert.equal(inGroup("tags", [], ["a"]), "not tag");
  assert.equal(inGroup("tags", ["a", "it's"], ["a", "b", "it's"]), "tag = 'a' and tag = 'it\\'s' and not tag = 'b'");
});

test("conditions are joined so that each keeps its meaning", () => {
  assert.equal(and("", "  "), "");
  assert.equal(and("a = 1", ""), "a = 1");
  assert.equal(and("a = 1 or b = 2", "c = 3"), "(a = 1 or b = 2) and c = 3");
});

const known = { parameters: ["lr", "layers"], metrics: ["val/loss", "val/accuracy"], tags: ["best", "two words"], projects: ["digits"] };
const offered = (text: string, caret = text.length) => proposals(text, caret, known).map((one) => one.label);

test("a filter proposes fields, and behind a sign values", () => {
  assert.deepEqual(offered("val"), ["val/loss", "val/accuracy"]);
  assert.deepEqual(offered("lr > 1 and la"), ["layers"]);
  assert.deepEqual(offered("state = r"), ["running", "interrupted"]);
  assert.deepEqual(offered("tag = "), ["best", "two words"]);
  assert.deepEqual(offered("name = 'val"), []);
  assert.deepEqual(offered("lr > "), []);
  const [, second] = proposals("tag =  and lr > 1", 6, known);
  assert.equal(second?.text, "tag = 'two words' and lr > 1");
});
