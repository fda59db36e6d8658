// What is dragged: columns of the runs table and their edges, ranges on the axes of parallel coordinates, and the axes
// themselves; each by the pointer and by keys.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { Dash } from "../dash";
import { manyRuns } from "../home";

const dash = new Dash();

before(async () => {
  manyRuns(dash.home, 300);
  await dash.start();
});
after(() => dash.end());

/** Presses at one place and lets go at another, on the way through some between. */
async function drag(page: Page, from: [number, number], to: [number, number]): Promise<void> {
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move(...to, { steps: 6 });
  await page.mouse.up();
}

async function middle(of: Locator): Promise<[number, number]> {
  const box = (await of.boundingBox())!;
  return [box.x + box.width / 2, box.y + box.height / 2];
}

const heads = (page: Page) => page.locator(".grid-head .grid-title").allTextContents();
const head = (page: Page, title: string) => page.locator(".grid-head", { has: page.locator(`.grid-title bdi:text-is("${title}")`) });

async function table(): Promise<Page> {
  const page = await dash.open("/");
  await page.locator(".grid-line a").first().waitFor();
  await head(page, "val/loss").waitFor();
  return page;
}

test("a column goes where its head is dragged, and nothing is sorted by it; the first one stays", async () => {
  const page = await table();
  const before = await heads(page);
  assert.deepEqual(before.slice(0, 4), ["Name", "State", "Created", "Duration"]);
  await drag(page, await middle(head(page, "State")), await middle(head(page, "Duration")));
  await page.waitForURL(/cols=/);
  assert.deepEqual((await heads(page)).slice(0, 4), ["Name", "Created", "Duration", "State"]);
  assert.ok(!page.url().includes("sort="));
  // To the far left it comes behind the name.
  await drag(page, await middle(head(page, "Duration")), await middle(head(page, "Name")));
  await page.waitForFunction(() => document.querySelectorAll(".grid-head .grid-title")[1]?.textContent === "Duration");
  const link = page.url();
  await drag(page, await middle(head(page, "Name")), await middle(head(page, "State")));
  assert.deepEqual((await heads(page)).slice(0, 4), ["Name", "Duration", "Created", "State"]);
  assert.equal(page.url(), link);
  // The cells went with their heads.
  const other = await dash.open(new URL(link).pathname + new URL(link).search);
  await other.waitForFunction(() => /done|failed/.test(document.querySelector('.grid-line [aria-colindex="5"]')?.textContent ?? ""));
  await page.context().close();
  await other.context().close();
});

test("a column is as wide as its edge is dragged, and as keys make it", async () => {
  const page = await table();
  const state = head(page, "State");
  const wide = async () => Math.round((await state.boundingBox())!.width);
  const before = await wide();
  const edge = await middle(state.locator(".grid-edge"));
  await drag(page, edge, [edge[0] + 70, edge[1]]);
  await page.waitForURL(/w=\d+\.state/);
  assert.ok(Math.abs((await wide()) - before - 70) <= 2, `from ${before} to ${await wide()}`);
  assert.ok(!page.url().includes("sort="), "the edge does not sort");
  await page.locator(".grid [tabindex='0']").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await state.evaluate((element) => element === document.activeElement), true);
  const dragged = await wide();
  await page.keyboard.press("Alt+Shift+ArrowLeft");
  await page.waitForFunction((wide) => document.activeElement!.getBoundingClientRect().width < wide - 10, dragged);
  assert.equal(await wide(), dragged - 16);
  await page.keyboard.press("Alt+ArrowRight");
  await page.waitForURL(/cols=/);
  assert.deepEqual((await heads(page)).slice(0, 3), ["Name", "Created", "State"]);
  assert.equal(await state.evaluate((element) => element === document.activeElement), true, "the focus goes with the column");
  await page.reload();
  await state.waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".grid-head .grid-title")[2]?.textContent === "State");
  assert.equal(await wide(), dragged - 16);
  await page.context().close();
});

test("in the list of columns a name is dragged to its place", async () => {
  const page = await table();
  await page.getByRole("button", { name: "Columns" }).click();
  const grip = (name: string) => page.getByRole("button", { name: `move ${name}: up and down arrows` });
  await drag(page, await middle(grip("Duration")), await middle(grip("State")));
  await page.waitForURL(/cols=/);
  assert.deepEqual((await heads(page)).slice(0, 4), ["Name", "Duration", "State", "Created"]);
  await page.context().close();
});

async function sweep(): Promise<Page> {
  const page = await dash.open("/sweep?metric=metric.val%2Floss");
  await page.locator(".influence-name").first().waitFor();
  return page;
}

const track = (page: Page, name: string) => page.getByRole("slider", { name, exact: true });
const kept = async (page: Page) => {
  const words = page.getByText(/^\d+ of 300 runs lie in the ranges chosen/);
  await words.waitFor();
  return Number(/^\d+/.exec((await words.textContent()) ?? "")?.[0]);
};

test("a drag along an axis chooses a range, one inside it moves it, a click takes it away", async () => {
  const page = await sweep();
  const box = (await track(page, "lr").boundingBox())!;
  const at = (place: number): [number, number] => [box.x + box.width / 2, box.y + box.height * (1 - place)];
  await drag(page, at(0.2), at(0.5));
  const range = () => /^(\d+)-(\d+)\.param\.lr$/.exec(new URL(page.url()).searchParams.get("b") ?? "")?.slice(1).map(Number) ?? [];
  const near = (low: number, high: number) => page.waitForURL((url) => {
    const [, a, b] = /^(\d+)-(\d+)\.param\.lr$/.exec(url.searchParams.get("b") ?? "") ?? [];
    return Math.abs(Number(a) - low) < 20 && Math.abs(Number(b) - high) < 20;
  });
  await near(200, 500);
  const wide = range()[1]! - range()[0]!;
  const some = await kept(page);
  assert.ok(some > 50 && some < 150, `${some} of 300`);
  // Only these stand in the list of the best.
  const best = () => page.locator(".sweep-best tbody tr").first().textContent();
  const first = await best();
  await drag(page, at(0.35), at(0.85));
  await near(700, 1000);
  assert.ok(Math.abs(range()[1]! - range()[0]! - wide) < 3, "as wide as before");
  assert.notEqual(await best(), first);
  await page.mouse.click(...at(0.5));
  await page.waitForURL((url) => !url.searchParams.has("b"));
  await page.getByText("Drag along an axis").waitFor();
  await page.context().close();
});

test("keys choose a range, move it and its upper end", async () => {
  const page = await sweep();
  await track(page, "lr").focus();
  await page.keyboard.press("Space");
  await page.waitForURL(/b=0-500\.param\.lr/);
  await page.keyboard.press("ArrowUp");
  await page.waitForURL(/b=50-550\.param\.lr/);
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await page.waitForURL(/b=50-450\.param\.lr/);
  assert.match((await track(page, "lr").getAttribute("aria-valuetext")) ?? "", / to /);
  await page.keyboard.press("Escape");
  await page.waitForURL((url) => !url.searchParams.has("b"));
  await page.context().close();
});

test("an axis goes where its name is dragged, and where keys move it; its range goes with it", async () => {
  const page = await sweep();
  const axes = () => page.locator(".axis-title").allTextContents();
  assert.deepEqual(await axes(), ["batch, size", "lr", "optimizer", "seed", "val/loss"]);
  await track(page, "lr").focus();
  await page.keyboard.press("Space");
  await page.waitForURL(/b=0-500\.param\.lr/);
  const chosen = await kept(page);
  const name = (title: string) => page.locator(".axis-title", { hasText: title });
  const from = await middle(name("lr"));
  const to = await middle(name("seed"));
  await drag(page, from, [to[0] + 12, to[1]]);
  await page.waitForURL(/axes=/);
  assert.deepEqual(await axes(), ["batch, size", "optimizer", "seed", "lr", "val/loss"]);
  assert.equal(await kept(page), chosen);
  await track(page, "lr").focus();
  await page.keyboard.press("Alt+ArrowLeft");
  await page.waitForFunction(() => document.querySelectorAll(".axis-title")[2]?.textContent === "lr");
  assert.equal(await track(page, "lr").evaluate((element) => element === document.activeElement), true, "the focus goes with the axis");
  await page.keyboard.press("Alt+ArrowLeft");
  await page.waitForFunction(() => document.querySelectorAll(".axis-title")[1]?.textContent === "lr");
  // The list of axes keeps the order.
  await page.getByRole("button", { name: "Axes" }).click();
  await page.getByRole("checkbox", { name: "seed" }).uncheck();
  await page.waitForFunction(() => [...document.querySelectorAll(".axis-title")].map((title) => title.textContent).join() === "batch, size,lr,optimizer,val/loss");
  await page.reload();
  await page.waitForFunction(() => [...document.querySelectorAll(".axis-title")].map((title) => title.textContent).join() === "batch, size,lr,optimizer,val/loss");
  assert.equal(await kept(page), chosen);
  await page.context().close();
});

test("no page complained", () => assert.deepEqual(dash.complaints, []));
