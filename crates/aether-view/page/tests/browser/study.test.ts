import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Dash } from "../dash";
import { idOf, manyRuns, Run } from "../home";

describe("compare, sweep, host and alerts", () => {
  const dash = new Dash();
  let live: Run;

  before(async () => {
    manyRuns(dash.home, 300);
    live = new Run(dash.home, { id: idOf(9000), name: "watched", state: "running", created: Date.now(), metrics: { loss: [1] } });
    await dash.start();
  });
  after(() => dash.end());

  const ids = [20, 21, 22].map((at) => `id=${idOf(at)}`).join("&");

  test("compare: a chart a metric with a line a run, and what differs", async () => {
    const page = await dash.open(`/compare?${ids}`);
    await page.locator(".chart canvas").first().waitFor();
    assert.equal(await page.locator(".chart").count(), 2);
    assert.equal(await page.locator(".chart").first().locator(".legend-entry").count(), 3);
    await page.getByRole("tab", { name: "Parameters" }).click();
    const rows = () => page.locator(".compare-table tbody th").allTextContents();
    await page.getByText("differ", { exact: false }).first().waitFor();
    const differing = await rows();
    assert.ok(differing.includes("lr") && differing.includes("seed"));
    await page.getByLabel("Show all").check();
    assert.deepEqual(await rows(), ["batch, size", "lr", "optimizer", "seed"]);
    await page.getByRole("tab", { name: "Metrics" }).click();
    await page.locator(".compare-best").first().waitFor();
    const shown = await page.locator(".compare-table tbody tr").nth(3).locator("td").allTextContents();
    const numbers = shown.map((text) => Number(text.replace("best", "")));
    const best = await page.locator(".compare-table tbody tr").nth(3).locator(".compare-best").allTextContents();
    assert.deepEqual(best.map((text) => Number(text.replace("best", ""))), [Math.min(...numbers)]);
    await page.locator(".compare-out").first().click();
    await page.waitForFunction(() => document.querySelectorAll(".compare-run").length === 2);
    await page.close();
  });

  test("sweep: the parameter that matters stands first, and a range on an axis chooses runs", async () => {
    const page = await dash.open("/sweep?metric=metric.val%2Floss");
    await page.locator(".influence-name").first().waitFor();
    const names = await page.locator(".influence-name").allTextContents();
    assert.deepEqual(new Set(names.slice(0, 2)), new Set(["lr", "optimizer"]));
    const first = Number((await page.locator(".sweep-best tbody tr").first().locator("td").nth(2).textContent())?.replace("−", "-"));
    const second = Number(await page.locator(".sweep-best tbody tr").nth(1).locator("td").nth(2).textContent());
    assert.ok(first <= second);
    await page.getByRole("button", { name: "More is better" }).click();
    await page.waitForURL(/goal=max/);
    assert.ok(Number(await page.locator(".sweep-best tbody tr").first().locator("td").nth(2).textContent()) > second);
    const axis = page.getByRole("slider", { name: "lr" });
    await axis.focus();
    await page.keyboard.press("Space");
    await page.getByText(/^\d+ of 301 runs lie in the ranges chosen/).waitFor();
    assert.match((await axis.getAttribute("aria-valuetext")) ?? "", / to /);
    await page.waitForURL(/b=0-500\.param\.lr/);
    await page.reload();
    await page.getByText(/^\d+ of 301 runs lie in the ranges chosen/).waitFor();
    await page.getByRole("slider", { name: "lr" }).focus();
    await page.keyboard.press("Escape");
    await page.getByText("Drag along an axis").waitFor();
    await page.close();
  });

  test("host: the machine now, and again a moment later", async () => {
    const page = await dash.open("/host");
    await page.getByRole("heading", { name: "Memory" }).waitFor();
    const label = () => page.locator("[aria-label=Processors] canvas").getAttribute("aria-label");
    await page.waitForFunction(() => /busy: now [\d.]+/.test(document.querySelector("[aria-label=Processors] canvas")?.getAttribute("aria-label") ?? ""));
    assert.match((await label()) ?? "", /at most/);
    await page.close();
  });

  test("alerts: newest first, by severity, live, and the link leads to the run at that time", async () => {
    live.alert("The loss rose", "<b>twice</b>");
    const page = await dash.open("/alerts");
    await page.locator(".alert", { hasText: "The loss rose" }).waitFor();
    live.alert("Out of memory soon <script>", "90 %", "error");
    await page.locator(".alert", { hasText: "Out of memory soon <script>" }).waitFor();
    assert.match((await page.locator(".alert-message").first().textContent()) ?? "", /Out of memory/);
    await page.getByLabel("severity").selectOption("warning");
    await page.waitForURL(/severity=warning/);
    assert.equal(await page.locator(".alert").count(), 1);
    await page.locator(".alert a").click();
    await page.waitForURL(/\/runs\/\w+\?.*from=/);
    await page.close();
  });

  test("no page complained", () => assert.deepEqual(dash.complaints, []));
});
