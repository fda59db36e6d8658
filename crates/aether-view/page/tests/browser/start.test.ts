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

  for (const [to, shown] of [["/", ".grid-line a"], [`/runs/${idOf(3)}`, ".run-head h1"]] as const) {
    test(`are on their way before the page's script runs, and asked for once: ${to}`, async () => {
      const { headers } = await fetch(dash.url + to);
      const early = [...(headers.get("link") ?? "").matchAll(/<([^>]+)>; rel=preload/g)].map((found) => dash.url + found[1]!);
      assert.ok(early.length > 0);
      const page = await dash.open(to);
      await page.locator(shown).first().waitFor();
      await page.waitForFunction((count) => performance.getEntriesByType("resource").filter((one) => one.name.includes("/api/")).length >= count, early.length);
      const asked = await page.evaluate(() => performance.getEntriesByType("resource").map((one) => one.name).filter((name) => name.includes("/api/")));
      for (const address of early) assert.deepEqual(asked.filter((one) => one === address), [address]);
      await page.close();
    });
  }
});
