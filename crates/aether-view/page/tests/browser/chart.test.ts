// A chart by itself: what it saves, full screen, wheel and drag, a hundred lines, a run that is rewound while it is shown.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { Dash } from "../dash";
import { HOSTILE, idOf, Run } from "../home";
import { decode, pixels, rgb } from "../picture";

const dash = new Dash();
const NOW = Date.now();
/** The first colour of lines on dark ground, and that ground. */
const [LINE, GROUND] = [rgb("#56b4e9"), rgb("#151a21")];
const values = Array.from({ length: 300 }, (_, at) => (at === 90 ? NaN : at === 120 ? Infinity : at === 200 ? 4321 : Math.sin(at / 20)));
const plain = new Run(dash.home, { id: idOf(1), name: "plain", created: NOW - 3_600_000, seconds: 3000, metrics: { loss: values, [HOSTILE[0]!]: [1, 2, 3] } });
const [MIB, GIB] = [2 ** 20, 2 ** 30];
const machine = new Run(dash.home, { id: idOf(4), name: "machine", created: NOW - 3_600_000, metrics: { loss: [1], "system/memory": [7.5 * GIB, 12 * GIB, 10 * GIB], "system/disk/sda/read": [0, 6 * MIB, 2 * MIB], "system/cpu": [12.5, 100, 50] } });
const LINES = 100;
const many = Array.from({ length: LINES }, (_, at) => new Run(dash.home, { id: idOf(1000 + at), name: `line-${at}`, created: NOW - 7_200_000 - at, metrics: { level: Array.from({ length: 50 }, () => at) } }));
const short = new Run(dash.home, { id: idOf(2), name: "short", state: "running", created: NOW - 60_000, metrics: { loss: [3, 2, 1, 7, 99] } });
const watched = new Run(dash.home, { id: idOf(5), name: "watched", state: "running", created: NOW - 60_000, metrics: { loss: [3, 2, 1, 7, 99] } });
const early = new Run(dash.home, { id: idOf(6), name: "early", state: "running", created: NOW - 60_000, metrics: { loss: [3, 2, 1, 7, 99] } });
const LONG = 20_000;
const long = new Run(dash.home, { id: idOf(3), name: "long", state: "running", created: NOW - 60_000, metrics: Object.fromEntries(["loss", ...Array.from({ length: 30 }, (_, at) => `more/${at}`), "zzz/last"].map((name) => [name, name.startsWith("more") ? [1, 2] : Array.from({ length: LONG }, (_, at) => (at >= 15_000 ? 500 + at / LONG : at / LONG))])) });

before(() => dash.start());
after(() => dash.end());

const panel = (page: Page, name: string) => page.locator(`.chart:has(.chart-title[title="${name}"])`);
const says = (page: Page, name: string, words: string) => page.waitForSelector(`.chart:has(.chart-title[title="${name}"]) .chart-area[aria-label*="${words}"]`, { state: "attached" });
const asked = (page: Page) => new URL(page.url()).searchParams;
const windowOf = (page: Page): [number, number] => [Number(asked(page).get("from")), Number(asked(page).get("to"))];

/** Saves a chart by its menu; the file and the name that it is given. */
async function saved(page: Page, chart: Locator, entry: string): Promise<{ file: string; name: string }> {
  await chart.getByLabel("Save this chart").click();
  const [download] = await Promise.all([page.waitForEvent("download"), chart.getByRole("button", { name: entry }).click()]);
  return { file: await download.path(), name: download.suggestedFilename() };
}

/** A file of SVG as the browser's parser reads it: an error, or its lines (with more than their ends) and words. */
function parsed(page: Page, text: string) {
  return page.evaluate((text) => {
    const drawing = new DOMParser().parseFromString(text, "image/svg+xml");
    if (drawing.querySelector("parsererror")) throw new Error(drawing.documentElement.textContent);
    const lines = [...drawing.querySelectorAll('path[fill="none"]')].map((path) => ({ stroke: path.getAttribute("stroke") ?? "", dash: path.getAttribute("stroke-dasharray") ?? "", parts: (path.getAttribute("d") ?? "").split("L").length }));
    return { lines, words: [...drawing.querySelectorAll("text")].map((text) => text.textContent), scripts: drawing.querySelectorAll("script").length, width: Number(drawing.documentElement.getAttribute("width")) };
  }, text);
}

test("a chart that opens is drawn once, and again when something is marked in it", async () => {
  const page = await dash.open("about:blank");
  await page.addInitScript(() => {
    const drawn: HTMLCanvasElement[] = [];
    Object.assign(window, { drawn });
    const pens = CanvasRenderingContext2D.prototype;
    const clear = Object.getOwnPropertyDescriptor(pens, "clearRect")!.value as (...where: number[]) => void;
    pens.clearRect = function (...where) {
      drawn.push(this.canvas);
      clear.apply(this, where);
    };
  });
  const times = () => page.evaluate(() => [...document.querySelectorAll(".chart canvas")].map((canvas) => (window as unknown as { drawn: Element[] }).drawn.filter((drawn) => drawn === canvas).length));
  await page.goto(`${dash.url}/runs/${watched.spec.id}`);
  await says(page, "loss", "highest");
  // Longer than anything that follows the first drawing takes.
  await page.waitForTimeout(1000);
  assert.deepEqual(await times(), [1]);
  watched.event("nan", 2, "loss is not a number", {}, "error");
  await page.waitForFunction(() => (window as unknown as { drawn: Element[] }).drawn.length > 1);
  assert.deepEqual(await times(), [2]);
});

test("a chart is saved as a picture of its size, as a drawing with its line and labels, and as numbers", async () => {
  const page = await dash.open(`/runs/${plain.spec.id}`);
  await says(page, "loss", "2 values not finite");
  const chart = panel(page, "loss");
  const shown = await pixels(chart.locator("canvas"));
  assert.ok((shown.colours[LINE] ?? 0) > 100, "the line is drawn");

  const png = await saved(page, chart, "Picture (PNG)");
  assert.equal(png.name, "loss.png");
  const picture = await decode(page, png.file);
  // Above stands the title, below the line's name.
  assert.deepEqual([picture.width, picture.height], [shown.width, shown.height + 34 + 18 + 10]);
  assert.ok((picture.colours[LINE] ?? 0) >= (shown.colours[LINE] ?? 0), "the line is in the picture");
  assert.ok((picture.colours[GROUND] ?? 0) > 0.5 * picture.width * picture.height, "on the page's ground");
  assert.ok(Object.keys(picture.colours).length > 20, "with words at its sides");

  const svg = await saved(page, chart, "Drawing (SVG)");
  assert.equal(svg.name, "loss.svg");
  const drawing = await parsed(page, readFileSync(svg.file, "utf8"));
  assert.equal(drawing.width, shown.width);
  const line = drawing.lines.filter(({ stroke }) => stroke === "#56b4e9").sort((a, b) => b.parts - a.parts)[0];
  assert.ok((line?.parts ?? 0) > 250, `the line has ${line?.parts ?? 0} points`);
  assert.equal(drawing.words.filter((word) => word === "loss").length, 2, "title and name of the line");
  assert.ok(["0", "100", "200"].every((tick) => drawing.words.includes(tick)), drawing.words.join(", "));

  const csv = await saved(page, chart, "Numbers (CSV)");
  assert.equal(csv.name, "loss.csv");
  const [head, ...rows] = readFileSync(csv.file, "utf8").trimEnd().split("\n").map((row) => row.split(","));
  assert.equal(rows.length, values.length);
  const column = (name: string) => rows.map((row) => row[head!.indexOf(name)]!);
  assert.deepEqual(column("first").map(Number), values);
  assert.deepEqual(column("first_step").map(Number), values.map((_, at) => at));
  assert.equal(column("first")[90], "NaN");
  assert.deepEqual([column("nan")[90], column("infinite")[120], column("nan")[91]], ["1", "1", "0"]);
  assert.ok(column("run").every((run) => run === plain.spec.id) && column("count").every((count) => count === "1"));
  await page.context().close();
});

test("numbers are those of the window, and a name that would be markup stays text in a drawing", async () => {
  const page = await dash.open(`/runs/${plain.spec.id}?from=80&to=100`);
  await says(page, "loss", "highest");
  const csv = await saved(page, panel(page, "loss"), "Numbers (CSV)");
  const steps = readFileSync(csv.file, "utf8").trimEnd().split("\n").slice(1).map((row) => Number(row.split(",")[2]));
  assert.deepEqual(steps, Array.from({ length: 21 }, (_, at) => 80 + at));
  const hostile = page.locator(".chart").filter({ hasText: "window.harmed" });
  await hostile.locator("canvas").waitFor();
  const svg = await saved(page, hostile, "Drawing (SVG)");
  const drawing = await parsed(page, readFileSync(svg.file, "utf8"));
  assert.equal(drawing.scripts, 0);
  assert.ok(drawing.words.includes(HOSTILE[0]!));
  await page.context().close();
});

test("a metric of the machine counts in its unit: in the API, at the axis, as the value, and in words", async () => {
  const page = await dash.open(`/runs/${machine.spec.id}?tab=system`);
  const told = (await (await fetch(`${dash.url}/api/v1/runs/${machine.spec.id}`)).json()) as { metrics: { name: string; unit?: string }[] };
  assert.deepEqual(
    told.metrics.map(({ name, unit }) => [name, unit]),
    [["loss", undefined], ["system/cpu", "%"], ["system/disk/sda/read", "B/s"], ["system/memory", "B"]],
  );
  for (const [name, words, value, tick] of [
    ["system/memory", "lowest 7.5 GiB, highest 12.0 GiB", "10.0 GiB", "8 GiB"],
    ["system/disk/sda/read", "lowest 0 B/s, highest 6.0 MiB/s", "2.0 MiB/s", "4 MiB/s"],
    ["system/cpu", "lowest 12.5 %, highest 100 %", "50 %", "40 %"],
  ] as const) {
    await says(page, name, words);
    const chart = panel(page, name);
    assert.equal(await chart.locator(".chart-value").textContent(), value);
    const drawing = await parsed(page, readFileSync((await saved(page, chart, "Drawing (SVG)")).file, "utf8"));
    assert.ok(drawing.words.includes(tick), drawing.words.join(", "));
  }
  // So it does beside other runs, whose page asks for nothing but the series.
  await page.goto(`${dash.url}/compare?id=${machine.spec.id}`);
  await says(page, "system/memory", "lowest 7.5 GiB, highest 12.0 GiB");
  const drawing = await parsed(page, readFileSync((await saved(page, panel(page, "system/memory"), "Drawing (SVG)")).file, "utf8"));
  assert.ok(drawing.words.includes("8 GiB"), drawing.words.join(", "));
  await page.context().close();
});

test("tables, bars and gauges say what their numbers count in, however they came by the run", async () => {
  const page = await dash.open(`/?cols=${["metric.system/memory.max", "metric.system/cpu", "metric.system/cpu.count"].map(encodeURIComponent).join(",")}&q=name%20%3D%20machine`);
  const cells = page.locator(".grid-line .number");
  await cells.nth(2).waitFor();
  assert.deepEqual(await cells.allTextContents(), ["12.0 GiB", "50 %", "3"]);
  const panels = (runs: string) => `panels:
  - {kind: table, runs: ${runs}, columns: [name, metric.system/memory.max, metric.system/cpu.count]}
  - {kind: bar, runs: ${runs}, metrics: [system/disk/sda/read], value: max}
  - {kind: gauge, runs: ${runs}, value: metric.system/memory, max: ${16 * GIB}}
`;
  mkdirSync(path.join(dash.home, "boards"), { recursive: true });
  for (const [board, runs] of [["one", `[${machine.spec.id}]`], ["those", "name = machine"]] as const) {
    writeFileSync(path.join(dash.home, "boards", `${board}.yaml`), panels(runs));
    await page.goto(`${dash.url}/boards/${board}`);
    await page.getByRole("cell", { name: "12.0 GiB" }).waitFor();
    assert.deepEqual(await page.getByRole("cell").allTextContents(), ["machine", "12.0 GiB", "3"]);
    await page.locator(".bar-row .number", { hasText: "6.0 MiB/s" }).waitFor();
    await page.getByRole("meter").waitFor();
    assert.deepEqual(await page.getByRole("meter").locator(".number").allTextContents(), ["10.0 GiB", "0 B", "16.0 GiB"]);
  }
  await page.context().close();
});

test("a chart fills the screen and comes back with Escape", async () => {
  const page = await dash.open(`/runs/${plain.spec.id}`);
  await says(page, "loss", "highest");
  const chart = panel(page, "loss");
  const before = (await chart.locator("canvas").boundingBox())!;
  const full = () => page.evaluate(() => document.fullscreenElement?.querySelector(".chart-title")?.textContent);
  await chart.getByLabel("Full screen").click();
  await page.waitForFunction((wide) => (document.fullscreenElement?.querySelector("canvas")?.getBoundingClientRect().width ?? 0) > wide, 1.5 * before.width);
  assert.equal(await full(), "loss");
  // Here, where nothing scrolls, the wheel alone zooms.
  const over = (await chart.locator(".u-over").boundingBox())!;
  await page.mouse.move(over.x + over.width / 2, over.y + over.height / 2);
  await page.mouse.wheel(0, -200);
  await page.waitForURL(/from=.*to=/);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.fullscreenElement === null);
  await page.waitForFunction((wide) => Math.abs((document.querySelector('.chart:has(.chart-title[title="loss"]) canvas')?.getBoundingClientRect().width ?? 0) - wide) < 2, before.width);
  // The key does the same, both ways.
  await chart.locator(".chart-area").focus();
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement !== null);
  await page.keyboard.press("f");
  await page.waitForFunction(() => document.fullscreenElement === null);
  await page.context().close();
});

test("the wheel zooms at the pointer, a drag with Shift moves the window, a double click shows all: each stands in the link", async () => {
  const page = await dash.open(`/runs/${plain.spec.id}`);
  await says(page, "loss", "highest");
  const over = (await panel(page, "loss").locator(".u-over").boundingBox())!;
  const [x, y] = [over.x + 0.25 * over.width, over.y + over.height / 2];
  await page.mouse.move(x, y);
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -100);
  await page.keyboard.up("Control");
  await page.waitForURL(/from=.*to=/);
  const [from, to] = windowOf(page);
  const end = values.length - 1;
  assert.ok(from > 0 && to < end && to - from < end);
  // What is below the pointer stays there.
  assert.ok(Math.abs(from + 0.25 * (to - from) - 0.25 * end) < 2, `${from} to ${to}`);
  // Without Ctrl the wheel is the page's.
  await page.mouse.wheel(0, 10);
  await page.keyboard.down("Shift");
  await page.mouse.down();
  await page.mouse.move(x + 0.2 * over.width, y, { steps: 5 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await page.waitForFunction((expected) => Math.abs(Number(new URLSearchParams(location.search).get("from")) - expected) < 2, from - 0.2 * (to - from));
  const [left, right] = windowOf(page);
  assert.ok(Math.abs(right - left - (to - from)) < 0.01, "as wide as before: the wheel alone zoomed nothing");
  // Whoever gets the link sees the same.
  const other = await dash.open(new URL(page.url()).pathname + new URL(page.url()).search);
  await says(other, "loss", "highest");
  const csv = await saved(other, panel(other, "loss"), "Numbers (CSV)");
  const steps = readFileSync(csv.file, "utf8").trimEnd().split("\n").slice(1).map((row) => Number(row.split(",")[2]));
  assert.deepEqual([steps[0], steps.at(-1)], [Math.max(0, Math.ceil(left)), Math.floor(right)]);
  await panel(page, "loss").locator(".u-over").dblclick();
  await page.waitForURL((url) => !url.searchParams.has("from") && !url.searchParams.has("to"));
  await page.context().close();
  await other.context().close();
});

test("a hundred lines are all drawn, no two alike, and the legend tells which is which", async () => {
  const page = await dash.open(`/compare?${many.map((run) => `id=${run.spec.id}`).join("&")}`);
  await says(page, "level", "and 95 lines more");
  const chart = panel(page, "level");
  const entries = chart.locator(".legend-entry");
  assert.equal(await entries.count(), LINES);
  const looks = await chart.locator(".legend-line line").evaluateAll((lines) => lines.map((line) => `${(line as SVGElement).style.stroke} ${(line as SVGElement).style.strokeDasharray}`));
  assert.equal(new Set(looks).size, LINES, "each has a colour and dashes of its own");

  const svg = await saved(page, chart, "Drawing (SVG)");
  const drawing = await parsed(page, readFileSync(svg.file, "utf8"));
  // Lines of the chart have fifty points, those of its legend two.
  const lines = drawing.lines.filter(({ parts }) => parts === 50);
  assert.equal(lines.length, LINES);
  assert.equal(new Set(lines.map(({ stroke, dash }) => `${stroke} ${dash}`)).size, LINES);
  assert.ok(drawing.words.includes("and 76 lines more"));

  // With Shift a line stands alone: its orange is all the colour that is left.
  const orange = (wanted: boolean) => page.waitForFunction((wanted) => {
    const source = document.querySelector<HTMLCanvasElement>(".chart canvas")!;
    const { data } = source.getContext("2d")!.getImageData(0, 0, source.width, source.height);
    let [coloured, orange] = [0, 0];
    for (let at = 0; at < data.length; at += 4) {
      const [r, g, b] = [data[at]!, data[at + 1]!, data[at + 2]!];
      if (data[at + 3]! < 128 || Math.max(r, g, b) - Math.min(r, g, b) < 60) continue;
      coloured += 1;
      if (r > g + 20 && g > b + 20) orange += 1;
    }
    return coloured > 100 && (orange === coloured) === wanted;
  }, wanted);
  await orange(false);
  await entries.nth(1).click({ modifiers: ["Shift"] });
  await orange(true);
  assert.equal(await chart.locator('.legend-entry[aria-pressed="true"]').count(), 1);
  await entries.nth(1).click({ modifiers: ["Shift"] });
  await page.waitForFunction((lines) => document.querySelectorAll('.legend-entry[aria-pressed="true"]').length === lines, LINES);
  // From the keyboard: the last one is reached, and hidden.
  await entries.last().focus();
  await page.keyboard.press("Enter");
  assert.equal(await entries.last().getAttribute("aria-pressed"), "false");
  await page.context().close();
});

test("a run that is rewound while it is shown: what is void vanishes, and what comes then is drawn", async () => {
  const page = await dash.open(`/runs/${short.spec.id}`);
  await says(page, "loss", "highest 99");
  short.resume(2, "loss", [0.5, 0.25]);
  await says(page, "loss", "to 0.25 at step 4");
  await says(page, "loss", "lowest 0.25, highest 3");
  short.say("loss", 5, [0.125]);
  await says(page, "loss", "to 0.125 at step 5, lowest 0.125, highest 3");
  await page.context().close();
});

test("so it is where the rewind came after the page had its points, and before it had a connection", async () => {
  const page = await dash.open("about:blank");
  let connect = () => {};
  const held = new Promise<void>((resolve) => (connect = resolve));
  await page.routeWebSocket(/live$/, async (socket) => {
    await held;
    socket.connectToServer();
  });
  await page.goto(`${dash.url}/runs/${early.spec.id}`);
  await says(page, "loss", "highest 99");
  early.resume(2, "loss", [0.5, 0.25]);
  connect();
  await says(page, "loss", "to 0.25 at step 4, lowest 0.25, highest 3");
  await page.context().close();
});

test("so it is where many points are one stretch, in charts out of sight, and where the rewind came while nobody was there", async () => {
  const page = await dash.open(`/runs/${long.spec.id}`);
  await says(page, "loss", "highest 50");
  const last = panel(page, "zzz/last");
  await last.scrollIntoViewIfNeeded();
  await says(page, "zzz/last", "highest 50");
  await page.evaluate(() => scrollTo(0, 0));
  await last.locator("canvas").waitFor({ state: "detached" });
  // In the middle of a stretch of about twenty points.
  long.resume(12_345, "loss", [0.25]);
  await says(page, "loss", "to 0.25 at step 12346");
  await says(page, "loss", "highest 0.617");
  await last.scrollIntoViewIfNeeded();
  await says(page, "zzz/last", "at step 12345, lowest 0, highest 0.617");

  await page.evaluate(() => scrollTo(0, 0));
  await page.locator('.connection[data-state="open"]').waitFor();
  // The page asked which session it is.
  await page.waitForFunction((id) => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(`/runs/${id}`)).length > 0, long.spec.id);
  await dash.kill();
  await page.locator('.connection[data-state="lost"]').waitFor();
  long.resume(1_000, "loss", Array.from({ length: 15_000 }, () => 0.001));
  await dash.start();
  await says(page, "loss", "to 0.001 at step 16000, lowest 0, highest 0.05");
  await page.context().close();
});

test("no page complained", () => assert.deepEqual(dash.complaints, []));
