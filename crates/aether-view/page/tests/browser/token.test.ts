// A server that listens on the network: whoever has no token sees nothing, whoever has it is asked once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Dash } from "../dash";
import { idOf, Run } from "../home";

const dash = new Dash(["--host", "0.0.0.0"]);

before(async () => {
  new Run(dash.home, { id: idOf(1), name: "guarded", created: Date.now() - 60_000, metrics: { loss: [3, 2, 1] } });
  await dash.start();
});
after(() => dash.end());

test("a wrong token is refused with words, the right one lets in, and the link that was asked for is shown", async () => {
  assert.match(dash.token ?? "", /^[0-9a-f]{64}$/);
  const page = await dash.open(`/runs/${idOf(1)}?x=relative`);
  const prompt = page.getByRole("dialog", { name: "This server asks for its token" });
  await prompt.waitFor();
  assert.equal(await page.getByText("guarded").count(), 0, "nothing is told before");
  await prompt.getByLabel("Token").fill("f".repeat(64));
  await prompt.getByRole("button", { name: "Open" }).click();
  await prompt.getByRole("alert").getByText("this is not the token").waitFor();
  await prompt.getByLabel("Token").fill(` ${dash.token ?? ""} `);
  await prompt.getByRole("button", { name: "Open" }).click();
  await page.getByRole("heading", { name: "guarded" }).waitFor();
  await page.waitForSelector('.chart-area[aria-label*="at 0 s"]', { state: "attached" });
  assert.equal(new URL(page.url()).search, "?x=relative");
  assert.equal(await prompt.count(), 0);

  // It is a cookie that no script can read, and that lasts.
  const [cookie, ...more] = await page.context().cookies();
  assert.deepEqual([cookie?.name, cookie?.httpOnly, cookie?.sameSite, more.length], [`aether-${dash.port}`, true, "Strict", 0]);
  assert.ok((cookie?.expires ?? 0) > Date.now() / 1000 + 86_400);
  assert.equal(await page.evaluate(() => document.cookie), "");
  // Nobody asks again: not another page, not the connection that is live.
  await page.goto(`${dash.url}/`);
  await page.locator(".grid-line", { hasText: "guarded" }).waitFor();
  await page.locator('.connection[data-state="open"]').waitFor();
  assert.equal(await prompt.count(), 0);
  await page.context().close();
});

test("the link that the server printed lets in, and the token is gone from the address; a wrong one in a link asks", async () => {
  const page = await dash.open(`/?q=name+%3D+guarded#token=${dash.token ?? ""}`);
  await page.locator(".grid-line", { hasText: "guarded" }).waitFor();
  assert.equal(page.url(), `${dash.url}/?q=name+%3D+guarded`);
  await page.context().close();
  const other = await dash.open("/#token=nothing");
  const prompt = other.getByRole("dialog", { name: "This server asks for its token" });
  await prompt.waitFor();
  assert.ok(!other.url().includes("token"));
  // Escape is no answer: it is asked again.
  await other.keyboard.press("Escape");
  await prompt.getByRole("alert").waitFor();
  await prompt.getByLabel("Token").fill(dash.token ?? "");
  await other.keyboard.press("Enter");
  await other.locator(".grid-line", { hasText: "guarded" }).waitFor();
  await other.context().close();
});

test("no page complained", () => assert.deepEqual(dash.complaints, []));
