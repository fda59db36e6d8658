import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Dash } from "../dash";
import { idOf, manyRuns } from "../home";

describe("a page's first answers", () => {
  const dash = new Dash();

  before(async () => {
    manyRuns(dash.home, 30);
    await dash.start();
  });
  after(() => dash.end());

  for (const [to, shown, first] of [
    ["/", ".grid-line a", "/api/v1/runs?sort=-created&offset=0&limit=200"],
    [`/runs/${idOf(3)}`, ".run-head h1", `/api/v1/runs/${idOf(3)}`],
  ] as const) {
    test(`come with it, and are not asked for: ${to}`, async () => {
      const page = await dash.open(to);
      await page.locator(shown).first().waitFor();
      // Once the page is told what changes, it asked for all that it shows.
      await page.locator('.connection[data-state="open"]').waitFor({ state: "attached" });
      const asked = await page.evaluate(() => performance.getEntriesByType("resource").map((one) => one.name));
      assert.ok(!asked.includes(dash.url + first), asked.join("\n"));
      // What is of that moment is asked for anew later.
      await page.waitForTimeout(1100);
      const again = page.waitForRequest((request) => request.url().startsWith(`${dash.url}/api/v1/runs?`));
      await page.locator('.nav-link[data-section="host"]').click();
      await page.locator('.nav-link[data-section="runs"]').click();
      await again;
      await page.context().close();
    });
  }

  test("the series of a run's first charts are asked for by its head, once", async () => {
    const page = await dash.open(`/runs/${idOf(3)}`);
    await page.locator('.chart[data-empty="false"] canvas').first().waitFor();
    await page.locator('.connection[data-state="open"]').waitFor({ state: "attached" });
    const asked = await page.evaluate(() => (performance.getEntriesByType("resource") as PerformanceResourceTiming[]).filter(({ name }) => name.includes("/series?")).map(({ initiatorType }) => initiatorType));
    assert.deepEqual(asked, ["link"]);
    // Of a window that the link names, the head asks for nothing.
    const zoomed = await dash.open(`/runs/${idOf(3)}?from=1&to=2`);
    await zoomed.locator('.chart[data-empty="false"] canvas').first().waitFor();
    assert.equal(await zoomed.locator('head link[rel="preload"]').count(), 0);
    await page.context().close();
    await zoomed.context().close();
  });

  test("do nothing but stand there, whatever is in them", async () => {
    const page = await dash.open(`/runs/${idOf(0)}`);
    await page.locator(".run-head h1").waitFor();
    // The answers, the two scripts of the page, and the one that asks for series.
    assert.equal(await page.locator("head script").count(), 4);
    assert.match((await page.locator(".run-head h1").textContent()) ?? "", /script/);
    await page.context().close();
  });

  test("say that a part of them does not come, and do not begin anew for ever", async () => {
    const page = await dash.open("/");
    await page.route("**/others.js", (route) => route.abort());
    let visits = 0;
    page.on("domcontentloaded", () => (visits += 1));
    await page.goto(new URL("/host", dash.url).href);
    await page.getByText("A part of this page did not come.").waitFor();
    assert.equal(visits, 2);
    await page.unroute("**/others.js");
    await page.getByRole("button", { name: "Reload" }).click();
    await page.locator(".page-head h1").waitFor();
    await page.context().close();
  });

  test("no page complained", () => assert.deepEqual(dash.complaints, []));
});
