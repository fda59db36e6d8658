import assert from "node:assert/strict";
import { test } from "node:test";
import { Selection } from "../../src/runs/selection";
import { Store, WINDOW } from "../../src/runs/store";

interface Item {
  id: string;
  text: string;
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

function list(count: number): { store: Store<Item>; asked: number[]; fail: { with?: Error }; failed: unknown[]; rows: Item[] } {
  const rows = Array.from({ length: count }, (_, at) => ({ id: `r${at}`, text: `${at}` }));
  const asked: number[] = [];
  const fail: { with?: Error } = {};
  const failed: unknown[] = [];
  const fetch = (offset: number, limit: number) => {
    asked.push(offset);
    return fail.with ? Promise.reject(fail.with) : Promise.resolve({ matched: rows.length, runs: rows.slice(offset, offset + limit) });
  };
  return { store: new Store<Item>(fetch, () => undefined, (error) => failed.push(error)), asked, fail, failed, rows };
}

test("windows are fetched around what is seen, once", async () => {
  const { store, asked } = list(10_000);
  store.restart();
  await settle();
  assert.equal(store.count, 10_000);
  store.want(5000, 5040);
  store.want(5001, 5041);
  await settle();
  assert.deepEqual(asked, [0, 5000, 4800]);
  assert.equal(store.at(5017)?.id, "r5017");
  assert.equal(store.at(9000), undefined);
});

test("another list that is refused leaves the one before", async () => {
  const { store, fail, failed } = list(WINDOW);
  store.restart();
  await settle();
  fail.with = new Error("not understood");
  store.restart();
  store.want(0, 20);
  await settle();
  assert.equal(failed.length, 1);
  assert.equal(store.at(3)?.id, "r3");
});

test("a refresh shows the old until the new has come, and a shorter list forgets what is beyond it", async () => {
  const { store, rows } = list(450);
  store.restart();
  await settle();
  store.want(390, 420);
  await settle();
  rows.length = 150;
  store.want(0, 20);
  store.refresh();
  assert.equal(store.at(3)?.id, "r3");
  await settle();
  assert.equal(store.count, 150);
  assert.equal(store.at(400), undefined);
});

test("changed rows take their places, others are told", async () => {
  const { store } = list(300);
  store.restart();
  await settle();
  const unknown = store.update([{ id: "r7", text: "new" }, { id: "other", text: "x" }]);
  assert.equal(store.at(7)?.text, "new");
  assert.deepEqual(unknown.map((row) => row.id), ["other"]);
});

test("a selection of all but some", async () => {
  const selection = new Selection();
  selection.set(["a", "b"], true);
  assert.deepEqual([selection.has("a"), selection.count(10)], [true, 2]);
  selection.setAll();
  selection.set(["c"], false);
  assert.deepEqual([selection.has("z"), selection.has("c"), selection.count(10)], [true, false, 9]);
  assert.deepEqual(await selection.ids(() => Promise.resolve(["a", "c", "z"])), ["a", "z"]);
  selection.clear();
  assert.equal(selection.count(10), 0);
});
