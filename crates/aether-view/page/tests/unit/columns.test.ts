import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, column, joined, split } from "../../src/runs/columns";

test("keys go through the link whatever the names hold", () => {
  const keys = ["name", "metric.a,b", "param.x,,y", "metric.ü 'q' &=#", "tags"];
  assert.deepEqual(split(joined(keys)), keys);
  assert.deepEqual(split(""), []);
});

test("a key says what its column is", () => {
  assert.deepEqual([column("param.optimizer.lr")?.title, column("param.optimizer.lr")?.origin], ["optimizer.lr", "parameter"]);
  assert.equal(column("metric.loss.min")?.title, "loss.min");
  assert.deepEqual(["nonsense", "param.", "metric.", "constructor", "__proto__"].map(column), [undefined, undefined, undefined, undefined, undefined]);
  assert.deepEqual(asked(["name", "metric.a", "created", "param.b"]), ["metric.a", "param.b"]);
});
