// Every kind of panel with real data: what is drawn is what the runs said.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { Dash } from "../dash";
import { blob, idOf, Run } from "../home";
import { pixels, rgb } from "../picture";

const dash = new Dash();
const NOW = Date.now();
const file = path.join(dash.home, "boards", "all.yaml");

const BOARD = `title: All
panels:
  - {kind: line, title: Loss, at: {column: 0, row: 0, width: 6, height: 3}, metrics: [loss]}
  - {kind: bar, title: Best, at: {column: 6, row: 0, width: 6, height: 3}, metrics: [acc], value: max}
  - {kind: scatter, title: Rate, at: {column: 0, row: 3, width: 6, height: 4}, x: param.lr, y: metric.loss.min, log_x: true}
  - {kind: histogram, title: Weights, at: {column: 6, row: 3, width: 6, height: 4}, name: weights}
  - {kind: table, title: Table, at: {column: 0, row: 7, width: 6, height: 3}, columns: [name, state, param.lr, metric.acc.max], sort: metric.acc.max, descending: true}
  - {kind: text, title: Words, at: {column: 6, row: 7, width: 6, height: 2}, text: "First line <b>not bold</b>\\nsecond line"}
  - {kind: gauge, title: Gauge, at: {column: 6, row: 9, width: 3, height: 2}, value: metric.acc.max, min: 0, max: 2}
  - {kind: query, title: Number, at: {column: 9, row: 9, width: 3, height: 2}, runs: state = done}
  - {kind: log, title: Log, at: {column: 0, row: 10, width: 6, height: 3}}
  - {kind: image, title: Image, at: {column: 6, row: 11, width: 3, height: 3}, name: confusion.png}
  - {kind: query, title: States, at: {column: 9, row: 11, width: 3, height: 3}, group: state}
`;

/** A picture of three by two red pixels. */
const RED = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGP4z8AAQQxwFgBB0gX7h/C5SAAAAABJRU5ErkJggg==", "base64");

before(async () => {
  const run = (at: number, name: string, lr: number, acc: number[], loss: number[], state: "done" | "failed" | "running") =>
    new Run(dash.home, { id: idOf(at), name, state, created: NOW - 1_000_000 * at, seconds: 100, parameters: { lr }, metrics: { loss, acc } });
  run(3, "oldest", 0.001, [0.5], [4, 3], "failed");
  run(2, "middle", 0.01, [1, 0.25], [3, 2], "done");
  const newest = run(1, "newest", 0.1, [1.5, 2], [2, 1], "done");
  newest.event("histogram", 1, "", { name: "weights", edges: [-2, -1, 0, 1, 2], counts: [0, 10, 0, 0] });
  newest.event("histogram", 2, "", { name: "weights", edges: [-2, -1, 0, 1, 2], counts: [0, 0, 0, 10] });
  newest.event("image", 2, "", { name: "confusion.png", digest: blob(dash.home, RED), media: "image/png", width: 3, height: 2 });
  newest.print("\u001b[31mred\u001b[0m <i>first</i>\nlast words\n");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, BOARD);
  await dash.start();
});
after(() => dash.end());

const panel = (page: Page, title: string) => page.locator(`.board-panel[aria-label="${title}"]`);

test("all ten kinds draw what runs said", async () => {
  const page = await dash.open("/boards/all", { viewport: { width: 1440, height: 1500 } });
  await page.waitForSelector('.board-panel.is-line .chart-area[aria-label*="newest: from 2 at step 0 to 1 at step 1"]', { state: "attached" });
  // Three lines in three colours.
  const line = await pixels(panel(page, "Loss").locator("canvas"));
  for (const colour of ["#56b4e9", "#e69f00", "#2fbf93"]) assert.ok((line.colours[rgb(colour)] ?? 0) > 30, `${colour} is drawn`);

  // A bar's length is its value.
  const bars = await panel(page, "Best").locator(".bar-row").evaluateAll((rows) => rows.map((row) => [row.querySelector(".bar-name")!.textContent, Math.round(row.querySelector(".bar-fill")!.getBoundingClientRect().width)] as const));
  assert.deepEqual(bars.map(([name]) => name), ["newest", "middle", "oldest"]);
  const [two = 0, one = 0, half = 0] = bars.map(([, wide]) => wide);
  assert.ok(two > 100 && Math.abs(one - two / 2) <= 1 && Math.abs(half - two / 4) <= 1, `${two}, ${one}, ${half}`);

  // A point a run: to the right with the rate, on a logarithmic axis in equal steps, and downwards with the loss.
  const dots = await panel(page, "Rate").locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    // Neighbouring columns of pixels with the points' colour are a point; where its middle lies.
    const found: { x: number[]; y: number[] }[] = [];
    for (let x = 0; x < canvas.width; x++) {
      for (let y = 0; y < canvas.height; y++) {
        const at = 4 * (y * canvas.width + x);
        if (data[at + 3]! < 180 || data[at + 2]! - data[at]! < 60) continue;
        const last = found.at(-1);
        if (last && x - last.x.at(-1)! <= 1) {
          last.x.push(x);
          last.y.push(y);
        } else found.push({ x: [x], y: [y] });
      }
    }
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return found.map(({ x, y }) => [mean(x), mean(y)] as const);
  });
  assert.equal(dots.length, 3);
  const [oldest, middle, newest] = dots as [readonly [number, number], readonly [number, number], readonly [number, number]];
  assert.ok(Math.abs(newest[0] - middle[0] - (middle[0] - oldest[0])) < 1.5, JSON.stringify(dots));
  assert.ok(newest[1] > middle[1] + 20 && middle[1] > oldest[1] + 20, JSON.stringify(dots));
  // From the keyboard, point by point.
  const rate = panel(page, "Rate").locator(".scatter-frame");
  await rate.focus();
  await page.keyboard.press("Home");
  const said = panel(page, "Rate").locator('[aria-live="polite"]');
  assert.equal(await said.textContent(), "oldest: lr 0.001, loss.min 3");
  await page.keyboard.press("ArrowRight");
  assert.equal(await said.textContent(), "middle: lr 0.01, loss.min 2");
  await page.keyboard.press("ArrowDown");
  assert.equal(await said.textContent(), "newest: lr 0.1, loss.min 1");

  // Two histograms side by side: all of the first from -1 to 0, all of the second above 1.
  const heat = panel(page, "Weights").locator("canvas");
  const columns = await heat.evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: canvas.width }, (_, x) => Array.from({ length: canvas.height }, (_, y) => data[4 * (y * canvas.width + x) + 3]! > 0));
  });
  assert.deepEqual(columns.map((column) => [column.indexOf(true), column.lastIndexOf(true)]), [[48, 71], [0, 23]]);
  assert.ok((await pixels(heat)).colours["253 232 55"], "the greatest share has the brightest colour");

  const cells = await panel(page, "Table").locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent)));
  assert.deepEqual(cells, [["newest", "done", "0.1", "2"], ["middle", "done", "0.01", "1"], ["oldest", "failed", "0.001", "0.5"]]);

  assert.equal(await panel(page, "Words").locator(".panel-text").textContent(), "First line <b>not bold</b>\nsecond line");

  const gauge = page.getByRole("meter");
  assert.deepEqual(await Promise.all(["aria-valuenow", "aria-valuemin", "aria-valuemax"].map((name) => gauge.getAttribute(name))), ["2", "0", "2"]);
  const [ground, filled] = await gauge.locator("path").evaluateAll((paths) => paths.map((path) => (path as SVGPathElement).getTotalLength()));
  assert.ok(Math.abs(ground! - filled!) < 1, "it is full");

  await panel(page, "Log").locator(".output-line", { hasText: "last words" }).waitFor();
  await panel(page, "Log").locator(".output-line .a-fg-1", { hasText: "red" }).waitFor();
  assert.equal(await panel(page, "Log").locator("i").count(), 0);

  const image = panel(page, "Image").locator("img");
  await page.waitForFunction(() => (document.querySelector<HTMLImageElement>(".panel-image img")?.naturalWidth ?? 0) > 0);
  assert.deepEqual(await pixels(image), { width: 3, height: 2, colours: { "255 0 0": 6 } });

  assert.equal(await panel(page, "Number").locator(".big-number").textContent(), "2");
  const states = await panel(page, "States").locator(".bar-row").allTextContents();
  assert.deepEqual(states, ["done2", "failed1"]);
  // A point leads to its run.
  await rate.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "newest" }).waitFor();
  await page.context().close();
});

test("panels follow: a run that begins, ends and prints changes what is shown", async () => {
  const page = await dash.open("/boards/all", { viewport: { width: 1440, height: 1500 } });
  await panel(page, "Number").locator(".big-number", { hasText: "2" }).waitFor();
  const run = new Run(dash.home, { id: idOf(9), name: "late", state: "running", created: Date.now(), parameters: { lr: 1 }, metrics: { loss: [9], acc: [1] } });
  run.print("late words\n");
  await panel(page, "Table").locator("tbody tr", { hasText: "late" }).waitFor();
  await panel(page, "States").locator(".bar-row", { hasText: "running" }).waitFor();
  await panel(page, "Log").locator(".output-line", { hasText: "late words" }).waitFor();
  await page.waitForFunction(() => document.querySelector("[role=meter]")?.getAttribute("aria-valuenow") === "1");
  run.say("loss", 1, [8.5]);
  await page.waitForSelector('.board-panel.is-line .chart-area[aria-label*="late: from 9 at step 0 to 8.5 at step 1"]', { state: "attached" });
  run.end("done");
  await panel(page, "Number").locator(".big-number", { hasText: "3" }).waitFor();
  run.remove();
  await panel(page, "Number").locator(".big-number", { hasText: "2" }).waitFor();
  await page.context().close();
});

test("a panel is as large as its corner is dragged, and as keys make it; saved and loaded it is so again", async () => {
  const page = await dash.open("/boards/all?edit=1", { viewport: { width: 1440, height: 1500 } });
  const gauge = panel(page, "Gauge");
  const image = panel(page, "Image");
  await gauge.locator(".gauge").waitFor();
  const before = (await gauge.boundingBox())!;
  const below = (await image.boundingBox())!;
  const corner = (await gauge.locator(".board-corner").boundingBox())!;
  const [x, y] = [corner.x + corner.width / 2, corner.y + corner.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x, y + 96, { steps: 4 });
  await page.mouse.up();
  const larger = (await gauge.boundingBox())!;
  assert.ok(Math.abs(larger.height - before.height - 96) < 1 && Math.abs(larger.width - before.width) < 1);
  assert.ok(Math.abs((await image.boundingBox())!.y - below.y - 96) < 1, "what stood below went down");
  await gauge.focus();
  await page.keyboard.press("Shift+ArrowLeft");
  const narrower = (await gauge.boundingBox())!;
  assert.ok(larger.width - narrower.width > 80);
  await page.locator('[aria-live="polite"]', { hasText: "2 wide, 3 high" }).waitFor({ state: "attached" });
  await page.keyboard.press("Shift+ArrowUp");
  await page.keyboard.press("Shift+ArrowDown");
  // Narrower than a column nothing gets.
  for (let times = 0; times < 4; times++) await page.keyboard.press("Shift+ArrowLeft");
  await page.locator('[aria-live="polite"]', { hasText: "1 wide, 3 high" }).waitFor({ state: "attached" });
  await page.keyboard.press("Shift+ArrowRight");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The board is saved.").waitFor();
  assert.equal(await page.getByText("not saved").count(), 0);
  assert.match(readFileSync(file, "utf8"), /title: Gauge[^]*?column: 6[^]*?row: 9[^]*?width: 2[^]*?height: 3/);
  await page.reload();
  await gauge.locator(".gauge").waitFor();
  const again = (await gauge.boundingBox())!;
  assert.ok(Math.abs(again.width - narrower.width) < 1 && Math.abs(again.height - narrower.height) < 1);
  await page.context().close();
});

test("no page complained", () => assert.deepEqual(dash.complaints, []));
