// The run page: charts, zoom, live points, a server that dies and comes back, logs, hostile names.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { Dash } from "../dash";
import { HOSTILE, idOf, Run } from "../home";

const dash = new Dash();
const NOW = Date.now();
const POINTS = 3000;
/** One value in three thousand. */
const SPIKE = 1234.5;
const loss = Array.from({ length: POINTS }, (_, at) => (at === 1777 ? SPIKE : at === 90 ? NaN : 1 / (1 + at)));
const many = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`group${at % 4}/metric${at}`, [at, at + 1, at + 2]]));
const plain = new Run(dash.home, { id: idOf(1), name: "plain", created: NOW - 3_600_000, seconds: 3000, parameters: { lr: 0.01 }, metrics: { loss, ...many } });
const going = new Run(dash.home, { id: idOf(2), name: "going", state: "running", created: NOW - 60_000, metrics: { loss: [3, 2, 1] } });
const hostile = new Run(dash.home, { id: idOf(3), name: HOSTILE[0]!, created: NOW - 7_200_000, tags: [HOSTILE[1]!], parameters: { [HOSTILE[1]!]: HOSTILE[3] }, metrics: { [HOSTILE[1]!]: [1, 2] } });
const LOG = ["<script>window.harmed = 1</script>", "\u001b[31mred\u001b[0m and \u001b]0;title\u0007plain", "file \u202egnp.exe", ...Array.from({ length: 5000 }, (_, at) => `line ${at}`), "the end"];

before(async () => {
  plain.alert("The loss jumped", "It was 1234.5.");
  writeFileSync(path.join(hostile.directory, "output", "host-1-1.raw"), `${LOG.join("\n")}\n`);
  // When each piece came is not known.
  writeFileSync(path.join(hostile.directory, "output", "host-1-1.times"), "");
  await dash.start();
});
after(() => dash.end());

const chart = (page: Page, name: string) => page.locator(`.chart:has(.chart-title[title="${name}"]) .chart-area`);
/** Waits until a chart says something of itself. */
const says = (page: Page, name: string, words: string) => page.waitForSelector(`.chart:has(.chart-title[title="${name}"]) .chart-area[aria-label*="${words}"]`, { state: "attached" });
const asked = (page: Page) => new URL(page.url()).searchParams;

test("a chart shows every spike, marks NaN, and is made only when it comes into sight", async () => {
  const page = await dash.open(`/runs/${plain.spec.id}`);
  await says(page, "loss", "highest 1234.5");
  await says(page, "loss", "1 values not finite");
  const drawn = await page.locator(".chart canvas").count();
  assert.ok(drawn > 0 && drawn < 41, `${drawn} of 41 charts are drawn`);
  // More than are made at once: the others follow, section after section, each by name.
  const last = page.locator(".chart").nth(40);
  await last.waitFor({ state: "attached" });
  const names = await page.locator(".chart-title").evaluateAll((titles) => titles.map((title) => title.getAttribute("title")));
  const groups = [0, 1, 2, 3].flatMap((group) => Object.keys(many).filter((name) => name.startsWith(`group${group}/`)));
  assert.deepEqual(names, ["loss", ...groups]);
  assert.equal(await last.locator("canvas").count(), 0);
  await last.scrollIntoViewIfNeeded();
  await last.locator("canvas").waitFor();
  await page.context().close();
});

test("keys and the pointer zoom, the link says where, and going there shows it again", async () => {
  const page = await dash.open(`/runs/${plain.spec.id}`);
  await says(page, "loss", "highest");
  const area = chart(page, "loss");
  await area.focus();
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await page.waitForURL(/from=.*to=/);
  await page.keyboard.press("0");
  await page.waitForURL((url) => !url.searchParams.has("from"));
  const box = (await area.locator(".u-over").boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=.*to=/);
  const [from, to] = [Number(asked(page).get("from")), Number(asked(page).get("to"))];
  assert.ok(Math.abs(from - POINTS * 0.5) < 60 && Math.abs(to - POINTS * 0.7) < 60, `${from} to ${to}`);
  const again = await dash.open(new URL(page.url()).pathname + new URL(page.url()).search);
  await says(again, "loss", "highest 1234.5");
  assert.equal(await again.getByRole("button", { name: "Show all", exact: true }).isEnabled(), true);
  await area.locator(".u-over").dblclick();
  await page.waitForURL((url) => !url.searchParams.has("from"));
  await page.context().close();
  await again.context().close();
});

test("the cursor moves by keys, and says what is there", async () => {
  const page = await dash.open(`/runs/${plain.spec.id}?filter=loss`);
  await says(page, "loss", "highest");
  await chart(page, "loss").focus();
  await page.keyboard.press("Home");
  await page.locator('.chart [aria-live="polite"]', { hasText: /^step .*: loss / }).first().waitFor({ state: "attached" });
  await page.context().close();
});

test("x by time, smoothing and logarithms stand in the link", async () => {
  const page = await dash.open(`/runs/${plain.spec.id}?filter=loss`);
  await says(page, "loss", "at step 0");
  await page.getByRole("button", { name: "Relative" }).click();
  await says(page, "loss", "at 0 s");
  await page.getByRole("button", { name: "log y" }).click();
  await page.waitForURL(/x=relative.*logy=1|logy=1.*x=relative/);
  await page.context().close();
});

test("new points appear as they are logged; a server that died is waited for, and nothing is fetched twice", async () => {
  const page = await dash.open(`/runs/${going.spec.id}`);
  await says(page, "loss", "highest 3");
  going.say("loss", 3, [50]);
  await says(page, "loss", "to 50 at step 3");
  await dash.kill();
  await page.locator('.connection[data-state="lost"]').waitFor();
  going.say("loss", 4, [70, 60]);
  const series: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/series")) series.push(request.url());
  });
  await dash.start();
  await page.locator('.connection[data-state="open"]').waitFor();
  await says(page, "loss", "to 60 at step 5");
  await says(page, "loss", "highest 70");
  assert.deepEqual(series, []);
  await page.context().close();
});

test("names and logs do nothing but stand there", async () => {
  const page = await dash.open(`/runs/${hostile.spec.id}`);
  await page.getByRole("heading", { name: HOSTILE[0]! }).waitFor();
  await page.getByRole("tab", { name: "Config" }).click();
  await page.locator(".pairs").getByText("⟨U+202E⟩").first().waitFor();
  await page.getByRole("tab", { name: "Logs" }).click();
  await page.locator(".output-line", { hasText: "the end" }).waitFor();
  assert.ok((await page.locator(".output-line").count()) < 200, "only what is in sight is in the page");
  await page.getByRole("button", { name: "To the start" }).click();
  await page.locator(".output-line", { hasText: LOG[0]! }).waitFor();
  await page.locator(".output-line .a-fg-1", { hasText: "red" }).waitFor();
  await page.locator(".output-line", { hasText: "red and plain" }).waitFor();
  await page.locator(".output-line", { hasText: "file ⟨U+202E⟩gnp.exe" }).waitFor();
  await page.getByRole("searchbox").fill("line 4321");
  await page.locator(".output-line mark", { hasText: "line 4321" }).waitFor();
  assert.equal(await page.locator(".output-line").count(), 1);
  assert.equal(await page.evaluate(() => (window as { harmed?: number }).harmed), undefined);
  await page.context().close();
});

test("alerts stand in the list of events; what is not there is said, with help", async () => {
  const page = await dash.open(`/runs/${plain.spec.id}?tab=events`);
  await page.locator(".event", { hasText: "The loss jumped" }).waitFor();
  await page.goto(`${dash.url}/runs/zzzzzzzz`);
  await page.getByRole("alert").waitFor();
  await page.goto(`${dash.url}/nowhere`);
  await page.getByText("There is no such page.").waitFor();
  await page.context().close();
});

test("back and forward go through the parts of a run", async () => {
  const page = await dash.open(`/runs/${plain.spec.id}`);
  await page.getByRole("tab", { name: "Config" }).click();
  await page.getByText("lr", { exact: true }).waitFor();
  await page.goBack();
  await page.locator('[role="tab"][aria-selected="true"]', { hasText: "Charts" }).waitFor();
  await page.goForward();
  await page.locator('[role="tab"][aria-selected="true"]', { hasText: "Config" }).waitFor();
  await page.context().close();
});

test("no page complained", () => assert.deepEqual(dash.complaints, []));
