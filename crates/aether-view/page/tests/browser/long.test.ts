// Pages that are left open while a run says thousands of things and the connection breaks again and again: neither the
// document, nor memory, nor listeners grow with it, and no series is fetched again.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import type { CDPSession, Page } from "playwright-core";
import { Dash } from "../dash";
import { idOf, Run } from "../home";
import { Wire } from "../wire";

const dash = new Dash();
const wire = new Wire();
let port = 0;

const METRICS = Array.from({ length: 12 }, (_, at) => `metric${at}`);
/** Points of a metric at a time; beats until everything has its size, and those that are looked at. */
const [POINTS, FIRST, MEASURED] = [80, 60, 120];
/** Beats between two breaks of the connection. */
const BREAK = 10;

const run = new Run(dash.home, { id: idOf(1), name: "endless", state: "running", created: Date.now() - 10_000, parameters: { lr: 0.1 }, metrics: Object.fromEntries(METRICS.map((name) => [name, [0]])) });

before(async () => {
  mkdirSync(path.join(dash.home, "boards"));
  writeFileSync(path.join(dash.home, "boards", "watch.yaml"), "panels:\n- {kind: line, metrics: [metric0]}\n- {kind: gauge, value: metric.metric1, max: 100000}\n- {kind: table, columns: [name, state, metric.metric2]}\n- {kind: log}\n");
  await dash.start();
  port = await wire.lay(dash.port);
});
after(async () => {
  await dash.end();
  wire.end();
});

interface Held {
  nodes: number;
  listeners: number;
  /** In bytes, arrays of numbers included. */
  memory: number;
}

class Watched {
  readonly series: string[] = [];
  messages = 0;
  sockets = 0;

  private constructor(
    readonly name: string,
    readonly page: Page,
    readonly session: CDPSession,
  ) {
    page.on("request", (request) => {
      if (request.url().includes("/series")) this.series.push(request.url());
    });
    page.on("websocket", (socket) => {
      this.sockets += 1;
      socket.on("framereceived", () => (this.messages += 1));
    });
  }

  static async open(name: string, to: string): Promise<Watched> {
    const page = await dash.open(`http://127.0.0.1:${port}${to}`, { viewport: { width: 1440, height: 1500 } });
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    await session.send("HeapProfiler.enable");
    return new Watched(name, page, session);
  }

  async held(): Promise<Held> {
    // What is only reachable from what the first collection finds goes with the second.
    for (let times = 0; times < 3; times++) await this.session.send("HeapProfiler.collectGarbage");
    const { metrics } = await this.session.send("Performance.getMetrics");
    const { usedSize, backingStorageSize } = (await this.session.send("Runtime.getHeapUsage")) as { usedSize: number; backingStorageSize?: number };
    const metric = (name: string) => metrics.find((one) => one.name === name)!.value;
    return { nodes: metric("Nodes"), listeners: metric("JSEventListeners"), memory: usedSize + (backingStorageSize ?? 0) };
  }
}

let step = 0;

/** The run says something of everything, and all pages show it. */
async function beat(pages: readonly Watched[], number: number): Promise<void> {
  const values = Array.from({ length: POINTS }, (_, at) => Math.sin((step + at) / 500));
  values[values.length - 1] = step + POINTS;
  for (const metric of METRICS) run.say(metric, step + 1, values);
  step += POINTS;
  run.print(`beat ${number}\n`);
  if (number % 20 === 0) run.alert(`Alert ${number}`, "of many");
  if (number % BREAK === 5) wire.cut();
  const text = String(step);
  for (const { name, page } of pages) {
    const wanted = name === "board" ? `beat ${number}` : text;
    await page.waitForFunction(({ name, wanted }) => {
      const all = (selector: string) => [...document.querySelectorAll<HTMLElement>(selector)];
      if (name === "charts") return all(".chart-area").length === 12 && all(".chart-area").every((area) => area.ariaLabel?.includes(`to ${wanted} at step ${wanted},`));
      if (name === "runs") return all(".grid-line").some((line) => line.textContent.includes(wanted));
      return all(".output-line").some((line) => line.textContent.includes(wanted));
    }, { name, wanted }, { polling: 25 });
  }
}

test("thousands of live updates and many broken connections leave no trace", async () => {
  const pages = [await Watched.open("charts", `/runs/${run.spec.id}`), await Watched.open("runs", "/?cols=name,state,metric.metric3"), await Watched.open("board", "/boards/watch")];
  const [charts] = pages as [Watched, Watched, Watched];
  let number = 0;
  for (; number < FIRST; number++) await beat(pages, number);
  const before = await Promise.all(pages.map((one) => one.held()));
  for (const one of pages) [one.series.length, one.messages, one.sockets] = [0, 0, 0];
  for (; number < FIRST + MEASURED; number++) await beat(pages, number);
  const after = await Promise.all(pages.map((one) => one.held()));

  assert.ok(charts.messages > 12 * MEASURED, `${charts.messages} messages`);
  for (const [at, one] of pages.entries()) {
    const [then, now] = [before[at]!, after[at]!];
    const told = `${one.name}: ${JSON.stringify(then)} became ${JSON.stringify(now)} over ${one.messages} messages and ${one.sockets} connections`;
    if (process.env["AETHER_TELL"] !== undefined) console.log(told);
    assert.ok(one.sockets >= MEASURED / BREAK, told);
    assert.deepEqual(one.series, [], "no series is fetched again");
    // Alerts are kept, and so are some thousand lines of a log: both have ends of their own.
    assert.ok(now.nodes - then.nodes < 150, told);
    assert.ok(now.listeners - then.listeners < 25, told);
    assert.ok(now.memory - then.memory < 1_500_000, told);
  }
  // The panels of a board are asked for anew while runs change, not only once they are still.
  await pages[2]!.page.waitForFunction((wanted) => document.querySelector("[role=meter]")?.getAttribute("aria-valuenow") === wanted, String(step));
  for (const one of pages) await one.page.context().close();
});

test("no page complained", () => assert.deepEqual(dash.complaints, []));
