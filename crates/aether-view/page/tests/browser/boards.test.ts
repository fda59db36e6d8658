// Boards: made, arranged by pointer and keyboard, saved as YAML, shown again.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Dash } from "../dash";
import { idOf, Run } from "../home";

const dash = new Dash();
const file = path.join(dash.home, "boards", "mine.yaml");

before(async () => {
  new Run(dash.home, { id: idOf(1), name: "first", created: Date.now() - 3_600_000, parameters: { lr: 0.1 }, metrics: { loss: [3, 2, 1] } });
  new Run(dash.home, { id: idOf(2), name: "second", created: Date.now() - 1_800_000, parameters: { lr: 0.2 }, metrics: { loss: [4, 3, 0.5] } });
  await dash.start();
});
after(() => dash.end());

test("a board is made, filled, arranged and saved", async () => {
  const page = await dash.open("/boards");
  await page.getByText("No boards yet.").waitFor();
  await page.getByRole("button", { name: "New board" }).first().click();
  await page.getByRole("textbox", { name: "Name" }).fill("mine");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByText("An empty board.").waitFor();

  await page.getByRole("button", { name: "Add a panel" }).first().click();
  await page.getByRole("dialog").getByLabel("Metrics").fill("loss");
  await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await page.locator(".board-panel .uplot").waitFor();

  await page.getByRole("button", { name: "Add a panel" }).first().click();
  await page.getByRole("dialog").getByLabel("Kind").selectOption("table");
  await page.getByRole("dialog").getByLabel("Columns").fill("name, param.lr, metric.loss.min");
  await page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await page.locator(".board-panel.is-table", { hasText: "second" }).waitFor();

  const table = page.locator(".board-panel.is-table");
  await table.focus();
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("ArrowDown");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The board is saved.").waitFor();
  const yaml = readFileSync(file, "utf8");
  assert.match(yaml, /kind: line/);
  assert.match(yaml, /param\.lr/);
  assert.match(yaml, /width: 5/);

  const line = page.locator(".board-panel.is-line");
  const before = (await line.boundingBox())!;
  const head = (await line.locator(".board-head").boundingBox())!;
  await page.mouse.move(head.x + 120, head.y + 10);
  await page.mouse.down();
  await page.mouse.move(head.x + 120, head.y + 10 + 2 * 96, { steps: 5 });
  await page.mouse.up();
  const now = (await line.boundingBox())!;
  assert.ok(Math.abs(now.y - before.y - 2 * 96) < 3, `from ${before.y} to ${now.y}`);
  await page.getByText("not saved").waitFor();
  await page.context().close();
});

test("the YAML is edited in the page; a mistake is shown with its line, and a board that changed meanwhile is not lost", async () => {
  const page = await dash.open("/boards/mine?edit=1");
  await page.locator(".board-panel.is-line").waitFor();
  await page.getByRole("button", { name: "YAML" }).click();
  const text = page.getByRole("textbox", { name: "The board as YAML" });
  const good = await text.inputValue();
  await text.fill(good.replace("kind: line", "kind: lime"));
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText(/line/).first().waitFor();
  await page.getByRole("textbox", { name: "The board as YAML" }).fill(`title: Renamed\n${good.replace(/^title:.*\n/m, "")}`);
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Renamed" }).waitFor();

  writeFileSync(file, readFileSync(file, "utf8").replace("Renamed", "Theirs"));
  await page.locator(".board-panel.is-table").focus();
  await page.keyboard.press("ArrowDown");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Somebody else saved this board").waitFor();
  await page.getByRole("button", { name: "Theirs" }).click();
  await page.getByRole("heading", { name: "Theirs" }).waitFor();
  await page.context().close();
});

test("a board that is not saved is not left by a link, or by the way back, without a word", async () => {
  const page = await dash.open("/boards");
  await page.getByRole("link", { name: /mine/ }).click();
  const table = page.locator(".board-panel.is-table");
  await table.waitFor();
  await page.getByRole("button", { name: "Arrange" }).click();
  const question = page.getByRole("dialog", { name: "Leave without saving?" });
  const answer = async (label: string) => {
    await question.waitFor();
    await question.getByRole("button", { name: label, exact: true }).click();
    await question.waitFor({ state: "detached" });
  };
  const change = async () => {
    await table.focus();
    await page.keyboard.press("ArrowDown");
    await page.getByText("not saved").waitFor();
  };
  await change();
  const row = () => table.evaluate((panel) => panel.style.gridRow);
  const changed = await row();
  const stays = async () => {
    assert.equal(new URL(page.url()).pathname, "/boards/mine");
    assert.equal(await row(), changed);
    assert.equal(await page.getByText("not saved").count(), 1);
  };

  await page.getByRole("link", { name: "Runs", exact: true }).click();
  await answer("Stay");
  await stays();
  await page.getByRole("link", { name: "Runs", exact: true }).click();
  await question.waitFor();
  await page.keyboard.press("Escape");
  await question.waitFor({ state: "detached" });
  await stays();
  await page.evaluate(() => history.back());
  await answer("Stay");
  await stays();
  // The way to the content is no way out.
  await page.getByRole("link", { name: "Skip to the content" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => location.hash === "#main");
  await stays();

  const kept = readFileSync(file, "utf8");
  await page.evaluate(() => history.go(-2));
  await answer("Leave without saving");
  await page.getByRole("heading", { name: "Boards" }).waitFor();
  assert.equal(new URL(page.url()).pathname, "/boards");
  assert.equal(readFileSync(file, "utf8"), kept);

  await page.getByRole("link", { name: /mine/ }).click();
  await page.getByRole("button", { name: "Arrange" }).click();
  await change();
  await page.getByRole("link", { name: "Host", exact: true }).click();
  await answer("Save and leave");
  await page.getByRole("heading", { name: "Memory" }).waitFor();
  assert.notEqual(readFileSync(file, "utf8"), kept);
  // What is saved is left without a question, by a link and by the way back.
  await page.evaluate(() => history.back());
  await table.waitFor();
  await page.getByRole("link", { name: "Runs", exact: true }).click();
  await page.getByRole("heading", { name: "Runs" }).waitFor();
  assert.equal(await question.count(), 0);
  await page.context().close();
});

test("comments of a file stay when panels are moved; where they cannot, it is said before", async () => {
  const own = path.join(dash.home, "boards", "own.yaml");
  const text = "# Mine.\ntitle: Own\npanels:\n  # How it goes.\n  - kind: line\n    at: {column: 0, row: 0, width: 6, height: 3} # wide\n    metrics: loss\n\n  - kind: query # how many\n";
  writeFileSync(own, text);
  const page = await dash.open("/boards/own?edit=1");
  const [line, query] = [page.locator(".board-panel.is-line"), page.locator(".board-panel.is-query")];
  await query.locator(".big-number").waitFor();
  await line.focus();
  await page.keyboard.press("Shift+ArrowDown");
  await query.focus();
  await page.keyboard.press("ArrowDown");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The board is saved.").waitFor();
  const moved = text.replace("height: 3", "height: 4").replace("# how many\n", "# how many\n    at: {column: 6, row: 1, width: 6, height: 4}\n");
  assert.equal(readFileSync(own, "utf8"), moved);

  await page.getByText("The board is saved.").waitFor({ state: "detached" });
  await query.focus();
  await page.keyboard.press("Delete");
  await page.getByRole("button", { name: "Save" }).click();
  const question = page.getByRole("dialog", { name: "Write the file anew?" });
  await question.getByText("comments in it are lost").waitFor();
  await question.getByRole("button", { name: "Cancel" }).click();
  assert.equal(readFileSync(own, "utf8"), moved);
  assert.equal(await page.getByText("not saved").count(), 1);
  await page.getByRole("button", { name: "Save" }).click();
  await question.getByRole("button", { name: "Write anew" }).click();
  await page.getByText("The board is saved.").waitFor();
  const anew = readFileSync(own, "utf8");
  assert.ok(!anew.includes("#") && !anew.includes("query"));

  // What has no comments any more is not asked about.
  await page.getByText("The board is saved.").waitFor({ state: "detached" });
  await line.focus();
  await page.keyboard.press("Delete");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The board is saved.").waitFor();
  await page.context().close();
});

test("no page complained", () => assert.deepEqual(dash.complaints, []));
