import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { Dash } from "../dash";
import { HOSTILE, idOf, manyRuns, Run } from "../home";

const COUNT = 10_000;
const SAMPLE = { lr: 0.01, optimizer: "adam", "batch, size": 16, seed: 0 };

describe("the runs page over 10,000 runs", () => {
  const dash = new Dash();

  before(async () => {
    manyRuns(dash.home, COUNT);
    await dash.start();
  });
  after(() => dash.end());

  const table = async (to = "/") => {
    const page = await dash.open(to);
    await page.locator(".grid-line a").first().waitFor();
    return page;
  };
  const names = (page: Page) => page.locator(".grid-line .grid-first").evaluateAll((cells) => cells.map((cell) => cell.textContent));
  const count = (page: Page, text: string) => page.locator(".runs-count", { hasText: text }).waitFor();

  test("shows the first of all, in a document that stays small, and scrolls to the last", async () => {
    const page = await table();
    await count(page, "10\u2009000 runs");
    assert.equal(await page.getByRole("grid").getAttribute("aria-rowcount"), String(COUNT + 1));
    assert.ok((await page.locator(".grid-line").count()) < 100);
    await page.locator(".grid").evaluate((grid) => (grid.scrollTop = grid.scrollHeight));
    await page.getByText(`trial-${COUNT - 1}`, { exact: true }).waitFor();
    await page.locator(".grid").evaluate((grid) => (grid.scrollTop = grid.scrollHeight / 2));
    await page.getByText(`trial-${COUNT / 2}`, { exact: true }).waitFor();
    assert.ok((await page.locator(".grid-line").count()) < 100);
    await page.close();
  });

  test("hostile names are text, and change nothing around them", async () => {
    const page = await table();
    const shown = await names(page);
    assert.equal(shown[0], HOSTILE[0]);
    assert.equal(shown[1], HOSTILE[1]);
    assert.match(shown[2] ?? "", /^␛\[31mred␛\[0m/);
    assert.equal(shown[3], "invoice⟨U+202E⟩fdp.exe");
    assert.equal(shown[7], idOf(7));
    assert.equal(await page.evaluate(() => "harmed" in window), false);
    assert.equal(await page.locator(".grid img, .grid script").count(), 0);
    await page.close();
  });

  test("sorts by a metric, both ways; what has no number stays at the end", async () => {
    const page = await table();
    const head = page.getByRole("columnheader", { name: "val/loss" });
    await head.click();
    await page.waitForURL(/sort=metric\.val%2Floss/);
    await page.locator(".grid-head[aria-sort=ascending]", { hasText: "val/loss" }).waitFor();
    const losses = () => page.evaluate(() => {
      const at = document.querySelector('[aria-sort="ascending"], [aria-sort="descending"]')?.getAttribute("aria-colindex") ?? "";
      const lines = [...document.querySelectorAll<HTMLElement>(".grid-line")].sort((a, b) => Number(a.dataset["line"]) - Number(b.dataset["line"]));
      return lines.map((line) => Number(line.querySelector<HTMLElement>(`[aria-colindex="${at}"]`)?.title));
    });
    const sorted = (sign: number) => page.waitForFunction((sign) => {
      const at = document.querySelector('[aria-sort="ascending"], [aria-sort="descending"]')?.getAttribute("aria-colindex") ?? "";
      const lines = [...document.querySelectorAll<HTMLElement>(".grid-line")].sort((a, b) => Number(a.dataset["line"]) - Number(b.dataset["line"]));
      const values = lines.map((line) => Number(line.querySelector<HTMLElement>(`[aria-colindex="${at}"]`)?.title));
      return values.length > 10 && values.every((value, place) => place === 0 || sign * (value - (values[place - 1] ?? 0)) >= 0);
    }, sign);
    await sorted(1);
    const least = (await losses())[0] ?? NaN;
    await head.click();
    await sorted(-1);
    assert.ok(((await losses())[0] ?? NaN) > least);
    await page.locator(".grid").evaluate((grid) => (grid.scrollTop = grid.scrollHeight));
    await page.waitForFunction((count) => {
      const last = document.querySelector(`.grid-line[data-line="${count - 1}"]`);
      return last !== null && [...last.querySelectorAll(".grid-odd")].some((cell) => cell.textContent === "NaN");
    }, COUNT);
    await page.close();
  });

  test("filters as it is typed, says what is wrong under the field, and keeps the runs meanwhile", async () => {
    const page = await table();
    await page.keyboard.press("/");
    await page.keyboard.type("tag = baseline");
    await page.locator(".runs-count", { hasText: / of 10/ }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll(".grid-line").length > 10);
    await page.keyboard.type(" and optimizer = ");
    await page.locator(".filter-wrong", { hasText: "there is nothing to compare with" }).waitFor();
    assert.match((await page.locator(".filter-wrong").textContent()) ?? "", /\n {2}tag = baseline and optimizer =\n +\^/);
    assert.ok((await page.locator(".grid-line").count()) > 10);
    await page.keyboard.type("adam");
    await page.locator(".filter-wrong").waitFor({ state: "hidden" });
    await page.locator(".runs-count", { hasText: /^\d+ of 10/ }).waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll(".grid-cell-tags")].every((cell) => cell.textContent === "baseline"));
    assert.match(page.url(), /q=tag/);
    await page.keyboard.press("Enter");
    // It is remembered.
    await page.reload();
    await page.locator(".filter-field").fill("");
    await page.getByRole("option", { name: "tag = baseline and optimizer = adam" }).waitFor();
    await page.close();
  });

  test("a filter that nothing matches says so, and shows the way back", async () => {
    const page = await dash.open("/?q=name+%3D+nobody");
    await page.getByText("No run matches.").waitFor();
    await page.getByRole("button", { name: "Show all runs" }).click();
    await count(page, "10\u2009000 runs");
    await page.close();
  });

  test("groups, opened one by one, hold all runs between them", async () => {
    const page = await dash.open("/");
    await page.getByLabel("group by").selectOption("param.optimizer");
    await page.locator(".grid-line-group").nth(2).waitFor();
    const heads = await page.locator(".grid-line-group .grid-first").allTextContents();
    assert.deepEqual(heads.map((head) => /(adam|lion|sgd)/.exec(head)?.[1]), ["adam", "lion", "sgd"]);
    const counts = heads.map((head) => Number(/([\d\u2009]+) runs/.exec(head)?.[1]?.replace("\u2009", "")));
    assert.equal(counts.reduce((sum, one) => sum + one, 0), COUNT);
    await page.locator(".grid-line-group").nth(1).click();
    await page.waitForFunction(() => document.querySelectorAll(".grid-line a").length > 10);
    assert.equal(await page.getByRole("grid").getAttribute("aria-rowcount"), String(1 + 3 + (counts[1] ?? 0)));
    // Each of them has what the group says.
    const at = await page.locator(".grid-head", { hasText: "optimizer" }).getAttribute("aria-colindex");
    const values = await page.locator(`.grid-line:not(.grid-line-group):not(.grid-line-wait) [aria-colindex="${at ?? ""}"]`).allTextContents();
    assert.deepEqual([...new Set(values)], ["lion"]);
    await page.close();
  });

  test("columns are chosen, moved and carried by the link, a comma in a name included", async () => {
    const page = await table();
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByLabel("search columns").fill("batch");
    await page.locator(".picker-add", { hasText: "batch, size" }).click();
    await page.locator(".grid-head", { hasText: "batch, size" }).waitFor();
    const grip = page.getByRole("button", { name: /^move batch, size/ });
    await grip.focus();
    for (let times = 0; times < 20; times++) await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Escape");
    const heads = () => page.locator(".grid-head .grid-title").allTextContents();
    assert.deepEqual((await heads()).slice(0, 3), ["Name", "batch, size", "State"]);
    const other = await table(page.url().slice(dash.url.length));
    assert.deepEqual(await other.locator(".grid-head .grid-title").allTextContents(), await heads());
    await other.waitForFunction(() => /^(16|32|64|128)$/.test(document.querySelector('.grid-line [aria-colindex="3"]')?.textContent ?? ""));
    await page.close();
    await other.close();
  });

  test("selects a range with Shift, tags it, and compares", async () => {
    const page = await table("/?q=name+~+trial-10%3F");
    await count(page, "10 of 10\u2009000 runs");
    const box = (at: number) => page.locator(`.grid-line[data-line="${at}"] input`);
    await box(1).click();
    await box(4).click({ modifiers: ["Shift"] });
    await page.getByText("4 selected").waitFor();
    await page.getByRole("button", { name: "Tag" }).click();
    await page.getByLabel("Add").fill("chosen, twice");
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByText("4 runs changed").waitFor();
    await page.waitForFunction(() => document.querySelectorAll(".grid-cell-tags .chip").length === 8 + [...document.querySelectorAll(".grid-cell-tags")].filter((cell) => cell.textContent.includes("baseline")).length);
    const other = await dash.open("/?q=tag+%3D+chosen+and+tag+%3D+twice");
    await other.locator(".runs-count", { hasText: "4 of 10" }).waitFor();
    await other.close();
    await page.getByRole("button", { name: "Compare" }).click();
    await page.waitForURL(/\/compare\?id=/);
    await page.getByRole("heading", { name: "Compare" }).waitFor();
    assert.equal(await page.locator(".compare-run").count(), 4);
    await page.close();
  });

  test("deletes all that match once it is asked again and the number is typed", async () => {
    const page = await table("/?q=name+~+trial-20%3F%3F");
    await count(page, "100 of 10\u2009000 runs");
    await page.getByLabel("select all runs that match").click();
    await page.getByText("100 selected").waitFor();
    await page.getByLabel("selected runs").getByRole("button", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("and 92 more").waitFor();
    await dialog.getByRole("button", { name: "Delete 100 runs" }).click();
    // Nothing is typed yet.
    assert.equal(await dialog.isVisible(), true);
    await dialog.getByRole("textbox").fill("100");
    await dialog.getByRole("button", { name: "Delete 100 runs" }).click();
    await page.getByText("No run matches.").waitFor();
    await count(page, "0 of 9\u2009900 runs");
    await page.close();
  });

  test("new runs appear at the top, and wait behind a button while the reader is below", async () => {
    const calm = await table();
    const busy = await table();
    await calm.mouse.move(5, 5);
    await busy.locator(".grid").evaluate((grid) => (grid.scrollTop = 3400));
    await busy.getByText("trial-105", { exact: true }).waitFor();
    const before = await busy.locator('.grid-line[data-line="105"] .grid-first').textContent();
    const run = new Run(dash.home, { id: idOf(50_000), name: "newcomer", state: "running", created: Date.now(), parameters: SAMPLE, metrics: { "val/loss": [3] } });
    await calm.locator('.grid-line[data-line="0"]', { hasText: "newcomer" }).waitFor();
    await busy.getByRole("button", { name: "1 new run · show" }).waitFor();
    assert.equal(await busy.locator('.grid-line[data-line="105"] .grid-first').textContent(), before);
    await busy.getByRole("button", { name: "1 new run · show" }).click();
    await busy.locator('.grid-line[data-line="0"]', { hasText: "newcomer" }).waitFor();
    // A value and a state change in place.
    run.say("val/loss", 1, [0.125]);
    await calm.locator('.grid-line[data-line="0"]', { hasText: "0.125" }).waitFor();
    run.end("failed");
    await calm.locator('.grid-line[data-line="0"]', { hasText: "failed" }).waitFor();
    run.remove();
    await calm.getByText("newcomer").waitFor({ state: "detached" });
    await calm.close();
    await busy.close();
  });

  test("all of it can be done from the keyboard", async () => {
    const page = await table("/?q=name+~+trial-30%3F");
    await count(page, "10 of ");
    // Where the tabulator leads, one cell of the table is a stop.
    assert.equal(await page.locator(".grid [tabindex='0']").count(), 1);
    await page.locator(".grid [tabindex='0']").focus();
    const focused = () => page.evaluate(() => {
      const cell = document.activeElement;
      return [cell?.closest<HTMLElement>(".grid-line")?.dataset["line"] ?? cell?.getAttribute("role"), cell?.getAttribute("aria-colindex")];
    });
    await page.keyboard.press("ArrowDown");
    assert.deepEqual(await focused(), ["0", "2"]);
    await page.keyboard.press("Space");
    await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("Shift+ArrowDown");
    await page.getByText("3 selected").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("3 selected").waitFor({ state: "hidden" });
    await page.keyboard.press("Control+End");
    assert.deepEqual(await focused(), ["9", "2"]);
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("ArrowUp");
    assert.deepEqual(await focused(), ["columnheader", "2"]);
    await page.keyboard.press("Enter");
    await page.waitForURL(/sort=name/);
    await page.locator(".grid-head[aria-sort=ascending]", { hasText: "Name" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Alt+ArrowRight");
    await page.waitForURL(/cols=/);
    assert.deepEqual((await page.locator(".grid-head .grid-title").allTextContents()).slice(0, 3), ["Name", "Created", "State"]);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\//);
    await page.close();
  });

  test("a server that is killed and comes back: what is seen stays, and goes on by itself", async () => {
    const page = await table();
    await page.locator(".connection[data-state=open]").waitFor();
    await dash.kill();
    await page.locator(".connection[data-state=lost]").waitFor();
    assert.ok((await page.locator(".grid-line a").count()) > 10);
    const run = new Run(dash.home, { id: idOf(60_000), name: "meanwhile", created: Date.now(), parameters: SAMPLE });
    await dash.start();
    await page.locator(".connection[data-state=open]").waitFor();
    await page.mouse.move(5, 5);
    await page.getByText("meanwhile").waitFor();
    run.remove();
    await page.close();
  });

  test("no page complained", () => assert.deepEqual(dash.complaints, []));
});

describe("the runs page of an empty home", () => {
  const dash = new Dash();
  before(() => dash.start());
  after(() => dash.end());

  test("says the first command to type, and shows the first run when it comes", async () => {
    const page = await dash.open("/", { viewport: { width: 420, height: 800 } });
    await page.getByText("aether run -- python train.py").waitFor();
    new Run(dash.home, { id: idOf(1), name: "first", created: Date.now(), metrics: { loss: [1, 0.5] } });
    await page.locator(".grid-line", { hasText: "first" }).waitFor();
    // On a narrow screen nothing but the table is wider than the window.
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true);
    assert.deepEqual(dash.complaints, []);
  });
});
