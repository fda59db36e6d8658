import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, column, joined, proposed, split } from "../../src/runs/columns";

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

test("what is proposed is what tells most", () => {
  const keys = proposed(["optimizer.lr", "notes", "model"], ["system/cpu", "zeta", "train/loss", "val/loss", "val/accuracy"]);
  assert.deepEqual(keys, ["name", "state", "created", "duration", "metric.val/accuracy", "metric.val/loss", "metric.train/loss", "param.optimizer.lr", "param.model", "tags"]);
  assert.deepEqual(proposed([], []), ["name", "state", "created", "duration", "tags"]);
});
