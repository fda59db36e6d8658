import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { debounced, throttled } from "../../src/core/dom";

test("what is called without end is done now and then, where it waits for silence never", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let [now, later] = [0, 0];
  const often = throttled(100, () => now++);
  const silent = debounced(100, () => later++);
  for (let at = 0; at < 100; at++) {
    often();
    silent();
    mock.timers.tick(10);
  }
  assert.equal(later, 0);
  assert.equal(now, 11, "at once, and then each time the pause is over");
  mock.timers.tick(1000);
  assert.deepEqual([now, later], [11, 1], "after the last call once more, and then no more");
  often();
  assert.equal(now, 12, "at once after a pause");
  often();
  often.cancel();
  mock.timers.tick(1000);
  assert.equal(now, 12);
  mock.timers.reset();
});
