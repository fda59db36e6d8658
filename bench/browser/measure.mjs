// One measurement in Debian's Chromium, which is started anew for it, so that nothing is kept from another page. Prints
// one line of JSON.
//
// usage: measure.mjs WHAT URL [OPTION...]
//   drawn URL PREDICATE HEIGHT     milliseconds from the navigation until PREDICATE (JavaScript) holds and is on the screen,
//                                  in a window of this height
//   point URL READY SHOWN COMMAND  opens URL, waits for READY, runs COMMAND (which prints the time at which it says a
//                                  point, in ms since 1970), milliseconds until SHOWN holds
//   frames URL READY               frames a second while charts are panned and zoomed for two seconds
//   pages URL READY COUNT          opens COUNT pages, says {"ready": true}, and ends with its standard input
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";

const page = path.resolve(import.meta.dirname, "../../crates/aether-view/page/package.json");
const { chromium } = createRequire(page)("playwright-core");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
/** Longer than this nobody waits. */
const LONGEST = 300_000;

/** JavaScript that notes when what was drawn in the first frame in which `predicate` holds is on the screen: in the
 * task behind that frame. Not made by the page itself, whose policy would forbid it. */
function noting(predicate, name, clock) {
  return `{
    const look = () => {
      let met = false;
      try {
        met = Boolean(${predicate});
      } catch {
        // Not there yet.
      }
      if (!met) requestAnimationFrame(look);
      else requestAnimationFrame(() => setTimeout(() => (window.${name} = ${clock})));
    };
    look();
  }`;
}

/** Waits until an expression holds. Asked from outside, for the page's policy lets nobody make code of text in it. */
async function until(tab, expression) {
  const end = Date.now() + LONGEST;
  for (;;) {
    const value = await tab.evaluate(expression);
    if (value) return value;
    if (Date.now() > end) throw new Error(`this never came to hold: ${expression}`);
    await tab.waitForTimeout(50);
  }
}

/** A page in a browser that has come to rest: right after its start it makes pages of its own. */
async function rested(browser) {
  const tab = await browser.newPage();
  await tab.waitForTimeout(3000);
  return tab;
}

async function drawn(browser, url, predicate, height) {
  const tab = await rested(browser);
  await tab.setViewportSize({ width: 1440, height: Number(height) });
  await tab.addInitScript({ content: noting(predicate, "benchDrawn", "performance.now()") });
  await tab.goto(url, { waitUntil: "commit" });
  const ms = await until(tab, "window.benchDrawn");
  return { ms };
}

async function point(browser, url, ready, shown, command) {
  const tab = await rested(browser);
  await tab.goto(url);
  await until(tab, ready);
  await tab.waitForTimeout(1500);
  await tab.evaluate(noting(shown, "benchShown", "Date.now()"));
  const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
  const said = new Promise((resolve) => createInterface({ input: child.stdout }).once("line", (line) => resolve(Number(line))));
  const at = await until(tab, "window.benchShown");
  return { ms: at - (await said) };
}

async function frames(browser, url, ready) {
  const tab = await rested(browser);
  await tab.goto(url);
  await until(tab, ready);
  await tab.waitForTimeout(1000);
  const box = await tab.locator(".u-over").first().boundingBox();
  await tab.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await tab.evaluate(() => {
    window.benchFrames = [];
    const count = (time) => {
      window.benchFrames.push(time);
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  const end = Date.now() + 2000;
  await tab.keyboard.down("Control");
  for (let at = 0; Date.now() < end; at++) {
    // Closer and away again, and to both sides.
    if (at % 20 === 10) await tab.keyboard.up("Control");
    if (at % 20 === 0) await tab.keyboard.down("Control");
    await tab.mouse.wheel(at % 20 < 10 ? 0 : at % 4 < 2 ? 30 : -30, at % 20 < 5 ? -40 : 40);
  }
  await tab.keyboard.up("Control");
  const times = await tab.evaluate(() => window.benchFrames);
  const gaps = times.slice(1).map((time, at) => time - times[at]).sort((a, b) => a - b);
  return { per_second: (1000 * gaps.length) / gaps.reduce((sum, gap) => sum + gap, 0), slowest_5_percent_ms: gaps[Math.floor(0.95 * gaps.length)] };
}

async function pages(browser, url, ready, count) {
  for (let at = 0; at < Number(count); at++) {
    const tab = await browser.newPage();
    await tab.goto(url);
    await until(tab, ready);
  }
  console.log(JSON.stringify({ ready: true }));
  await new Promise((resolve) => process.stdin.on("end", resolve).resume());
  return { count: Number(count) };
}

const [what, ...rest] = process.argv.slice(2);
const measure = { drawn, point, frames, pages }[what];
if (measure === undefined) throw new Error(`no measurement is called ${what}`);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
// High enough for ten charts to be in sight: what is below it, all of these pages leave for later.
const context = await browser.newContext({ viewport: { width: 1440, height: 2400 } });
const result = await measure(context, ...rest);
await browser.close();
console.log(JSON.stringify(result));
