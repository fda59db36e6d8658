// The scatter matrix of a sweep: a rectangle in a cell chooses the same runs everywhere.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { Dash } from "../dash";
import { idOf, Run } from "../home";
import { pixels } from "../picture";

const dash = new Dash();
const RUNS = 60;

before(async () => {
  for (let at = 0; at < RUNS; at++) {
    // What matters is the rate; the width does not.
    const [rate, width] = [at + 101, (at * 37) % RUNS];
    new Run(dash.home, { id: idOf(at), name: `trial-${at}`, created: Date.now() - 60_000 * (at + 1), parameters: { rate, width, kind: at % 2 ? "odd" : "even" }, metrics: { "val/loss": [100, rate] } });
  }
  await dash.start();
});
after(() => dash.end());

async function sweep(to = "/sweep?metric=metric.val%2Floss"): Promise<Page> {
  const page = await dash.open(to);
  await page.locator(".matrix-cell").first().waitFor();
  return page;
}

const cell = (page: Page, name: string) => page.locator(".matrix-cell").and(page.getByRole("button", { name, exact: true }));
const kept = (page: Page, count: number) => page.getByText(`${count} of ${RUNS} runs lie in the ranges chosen.`).waitFor();
const ranges = (page: Page) => new URL(page.url()).searchParams.getAll("b").map((text) => /^(\d+)-(\d+)\.(.*)$/.exec(text)!).map(([, low, high, key]) => ({ key, low: Number(low), high: Number(high) }));

test("every pair has a cell, what goes with the metric first; the points are drawn", async () => {
  const page = await sweep();
  const names = await page.locator(".matrix-cell").evaluateAll((cells) => cells.map((cell) => cell.ariaLabel));
  assert.equal(names.length, 6);
  assert.deepEqual(names.slice(-3).sort(), ["val/loss over kind", "val/loss over rate", "val/loss over width"]);
  assert.equal(names.at(-3), "val/loss over rate", "the one that matters most stands at the left");
  const colours = Object.keys((await pixels(page.locator(".matrix canvas"), 150)).colours);
  assert.ok(colours.length > 15, `${colours.length} colours`);
  await page.context().close();
});

test("a rectangle chooses the same runs in the list, on the axes and in the link; inside it is moved, a click takes it away", async () => {
  const page = await sweep();
  const inside = cell(page, "val/loss over rate").locator(".matrix-inside");
  await inside.scrollIntoViewIfNeeded();
  const box = (await inside.boundingBox())!;
  const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + (1 - y) * box.height];
  await page.mouse.move(...at(0.5, 0.2));
  await page.mouse.down();
  await page.mouse.move(...at(1, 1), { steps: 5 });
  await page.mouse.up();
  // The greater half of the rates.
  await kept(page, 30);
  const [rate, loss] = ["param.rate", "metric.val/loss"].map((wanted) => ranges(page).find(({ key }) => key === wanted));
  assert.equal(ranges(page).length, 2);
  assert.ok(rate && loss && Math.abs(rate.low - 500) < 10 && rate.high === 1000 && Math.abs(loss.low - 200) < 20);
  const best = () => page.locator(".sweep-best tbody tr td:nth-child(2)").allTextContents();
  assert.equal((await best())[0], "trial-30");
  // Both axes show their part of it.
  for (const name of ["rate", "val/loss"]) {
    assert.match((await page.getByRole("slider", { name, exact: true }).getAttribute("aria-valuetext")) ?? "", / to /);
    assert.equal(await page.locator(`.axis-track[aria-label="${name}"] .axis-brush`).isVisible(), true);
  }
  // The other cells of these columns and rows show it, too; the one of two others does not.
  assert.equal(await page.locator('.matrix-cell[aria-pressed="true"]').count(), 5);

  await page.mouse.move(...at(0.75, 0.6));
  await page.mouse.down();
  await page.mouse.move(...at(0.45, 0.4), { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction(() => Number(/(\d+)-\d+\.param\.rate/.exec(decodeURIComponent(location.search))?.[1]) < 250);
  assert.notEqual((await best())[0], "trial-30");
  const link = new URL(page.url());
  const other = await sweep(link.pathname + link.search);
  assert.deepEqual(await other.locator(".sweep-best tbody tr td:nth-child(2)").allTextContents(), await best());
  await page.mouse.click(...at(0.4, 0.5));
  await page.waitForURL((url) => !url.searchParams.has("b"));
  assert.equal(await page.locator('.matrix-cell[aria-pressed="true"]').count(), 0);
  // A click where nothing is chosen shows the pair larger.
  await page.mouse.click(...at(0.4, 0.5));
  await page.waitForURL(/ax=param\.rate&ay=metric\.val%2Floss/);
  await page.context().close();
  await other.context().close();
});

test("runs chosen on an axis that is not shown, or in the matrix, stay chosen", async () => {
  const page = await sweep("/sweep?metric=metric.val%2Floss&axes=param.width,metric.val%2Floss&b=0-500.param.rate");
  await kept(page, 30);
  await page.getByRole("button", { name: "Show all", exact: true }).click();
  await page.waitForURL((url) => !url.searchParams.has("b"));
  await page.context().close();
});

test("all of it from the keyboard", async () => {
  const page = await sweep();
  const focused = () => page.evaluate(() => document.activeElement?.ariaLabel);
  assert.equal(await page.locator('.matrix-cell[tabindex="0"]').count(), 1);
  await page.locator('.matrix-cell[tabindex="0"]').focus();
  assert.equal(await focused(), "val/loss over rate");
  await page.keyboard.press("ArrowRight");
  const second = await focused();
  assert.match(second ?? "", /^val\/loss over (width|kind)$/);
  await page.keyboard.press("ArrowUp");
  assert.match((await focused()) ?? "", /^(width|kind) over (width|kind)$/);
  await page.keyboard.press("ArrowUp");
  assert.match((await focused()) ?? "", /^(width|kind) over (width|kind)$/, "above the diagonal there is nothing");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await focused(), "val/loss over rate");
  await page.keyboard.press("Enter");
  await page.waitForURL(/ax=param\.rate&ay=metric\.val%2Floss/);

  await page.keyboard.press("Space");
  await page.waitForURL(/b=250-750/);
  await kept(page, 30);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowUp");
  await page.waitForFunction(() => /300-800\.param\.rate/.test(decodeURIComponent(location.search)) && /300-800\.metric\.val\/loss/.test(decodeURIComponent(location.search)));
  await page.keyboard.press("Shift+ArrowRight");
  await page.waitForFunction(() => /300-850\.param\.rate/.test(decodeURIComponent(location.search)));
  await page.locator(".matrix [role=status]", { hasText: /^rate .* to .*, val\/loss .* to .*: \d+ of 60 runs$/ }).waitFor({ state: "attached" });
  // Let go, the arrows go from cell to cell again, and what is chosen stays.
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), second);
  assert.ok(page.url().includes("b="));
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Escape");
  await page.waitForURL((url) => !url.searchParams.has("b"));
  await page.context().close();
});

test("no page complained", () => assert.deepEqual(dash.complaints, []));
