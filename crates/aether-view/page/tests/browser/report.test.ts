// A report in one file: what it draws with nothing but what is in it.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { Dash } from "../dash";
import { HOSTILE, idOf, Run } from "../home";

const dash = new Dash();
const dist = path.join(process.env["AETHER_PAGE"] ?? ".", "dist");
const file = path.join(dash.home, "report.html");
const ids = [idOf(1), idOf(2)];

/** Writes the file as src/report/main.ts expects it, from answers of the real server. */
async function write(): Promise<void> {
  const api = `${dash.url}/api/v1`;
  const json = async (to: string): Promise<unknown> => (await fetch(api + to, { headers: { accept: "application/json" } })).json();
  const runs = (await Promise.all(ids.map((id) => json(`/runs/${id}`)))) as { id: string; metrics: { name: string }[] }[];
  const series = await Promise.all(
    runs.map(async ({ id, metrics }) => {
      const query = new URLSearchParams([...metrics.map(({ name }) => ["metric", name]), ["most", "2000"]]);
      const answer = await fetch(`${api}/runs/${id}/series?${query.toString()}`, { headers: { accept: "application/vnd.aether.series" } });
      return [id, Buffer.from(await answer.arrayBuffer()).toString("base64")];
    }),
  );
  const recorded = { version: "0.1.0", made: new Date().toISOString(), title: "Two runs </script>", runs, series: Object.fromEntries(series) as unknown, events: {}, compare: await json(`/compare?id=${ids.join("&id=")}`), diff: {} };
  const data = JSON.stringify(recorded).replaceAll("<", "\\u003c");
  const [style, script] = ["report.css", "report.js"].map((name) => readFileSync(path.join(dist, name), "utf8"));
  writeFileSync(file, `<!doctype html><html lang="en"><head><meta charset="utf-8"><style>${style ?? ""}</style></head><body><script type="application/json" id="aether-report">${data}</script><script>${script ?? ""}</script></body></html>`);
}

before(async () => {
  const loss = Array.from({ length: 5000 }, (_, at) => (at === 3210 ? 777 : 1 / (1 + at)));
  new Run(dash.home, { id: ids[0]!, name: "first", created: Date.now() - 3_600_000, parameters: { lr: 0.1 }, metrics: { loss } });
  new Run(dash.home, { id: ids[1]!, name: HOSTILE[0]!, created: Date.now() - 1_800_000, parameters: { lr: 0.2 }, metrics: { loss: [4, 3, 0.5], only: [1] } });
  await dash.start();
  await write();
});
after(() => dash.end());

test("a report shows charts that zoom, what differs and the parameters, without any server", async () => {
  const page = await dash.open("/");
  await dash.kill();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.getByRole("heading", { name: "Two runs </script>" }).waitFor();
  const chart = page.locator('.chart:has(.chart-title[title="loss"]) .chart-area');
  await page.waitForSelector('.chart-area[aria-label*="highest 777"]', { state: "attached" });
  assert.equal(await page.locator(".chart canvas").count(), 2, "every chart is drawn, in sight or not");
  const box = (await chart.locator(".u-over").boundingBox())!;
  await page.mouse.move(box.x + 40, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 160, box.y + 40, { steps: 4 });
  await page.mouse.up();
  await page.getByRole("button", { name: "Show all", exact: true }).and(page.locator(":enabled")).waitFor();
  await page.locator("tr", { hasText: "lr" }).first().waitFor();
  assert.deepEqual(asked.filter((url) => !url.startsWith("file:") && !url.startsWith("data:")), []);
  assert.equal(await page.evaluate(() => (window as { harmed?: number }).harmed), undefined);
  await page.context().close();
});

test("no page complained", () => assert.deepEqual(dash.complaints, []));
