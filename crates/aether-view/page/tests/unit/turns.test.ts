import assert from "node:assert/strict";
import { test } from "node:test";
import { behindAll, inTurn, sharingFrames } from "../../src/core/turns";

/** A browser's frames, at this test's word, and a clock that moves as pieces are drawn. */
let now = 0;
let due: (() => void)[] = [];
globalThis.requestAnimationFrame = (work) => due.push(() => work(now));
performance.now = () => now;

function frame(): void {
  const works = due;
  due = [];
  for (const work of works) work();
}

function pieces(count: number, milliseconds: number, held?: number) {
  const drawn: number[] = [];
  const draws = Array.from({ length: count }, (_, at) =>
    sharingFrames(
      () => {
        drawn.push(at);
        now += milliseconds;
      },
      () => at === held,
    ),
  );
  return { drawn, all: () => draws.forEach((draw) => draw()), draws };
}

test("what a frame has no time for is drawn in the next, in turn", () => {
  const { drawn, all } = pieces(5, 2);
  all();
  all();
  frame();
  assert.deepEqual(drawn, [0, 1, 2]);
  all();
  frame();
  assert.deepEqual(drawn, [0, 1, 2, 3, 4, 0]);
  frame();
  frame();
  assert.deepEqual(drawn, [0, 1, 2, 3, 4, 0, 1, 2]);
  assert.equal(due.length, 0, "nothing is left to do");
});

test("what the reader holds is drawn in every frame, and the others still come to their turn", () => {
  const { drawn, all } = pieces(3, 9, 1);
  for (let at = 0; at < 3; at++) {
    all();
    frame();
  }
  assert.deepEqual(drawn, [1, 0, 1, 2, 1, 0]);
  frame();
  frame();
  assert.equal(due.length, 0);
});

test("what is called off is not drawn, and one that fails takes nobody's turn", () => {
  const { drawn, all, draws } = pieces(3, 1);
  const failing = sharingFrames(() => assert.fail("a broken chart"), () => true);
  all();
  draws[0]!.cancel();
  failing();
  assert.throws(frame, /a broken chart/);
  frame();
  assert.deepEqual(drawn, [1, 2]);
});

const soon = () => new Promise((resolve) => setTimeout(resolve));

test("what comes behind all comes once the first drawing is seen, and holds up none of it", async () => {
  const done: string[] = [];
  behindAll(() => done.push("behind"));
  inTurn(() => done.push("first"));
  inTurn(() => done.push("second"));
  await soon();
  assert.deepEqual(done, ["first", "second"], "no frame is waited for");
  frame();
  await soon();
  assert.deepEqual(done, ["first", "second"], "it is in the making still");
  frame();
  await soon();
  assert.deepEqual(done, ["first", "second", "behind"]);
});

test("the first that takes long is seen before the others, and those before what comes behind", async () => {
  const done: string[] = [];
  const one = (name: string) => () => {
    done.push(name);
    now += 20;
  };
  for (const name of ["a", "b", "c"]) inTurn(one(name));
  const away = behindAll(one("never"));
  behindAll(one("behind"));
  away();
  await soon();
  assert.deepEqual(done, ["a"]);
  for (let at = 0; at < 2; at++) frame();
  await soon();
  assert.deepEqual(done, ["a", "b", "c"]);
  for (let at = 0; at < 2; at++) frame();
  await soon();
  assert.deepEqual(done, ["a", "b", "c", "behind"]);
  for (let at = 0; at < 4; at++) frame();
  await soon();
  assert.equal(due.length, 0, "nothing is left to do");
});
