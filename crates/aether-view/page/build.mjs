// Builds the page: dist/index.html, app.css, app.js, others.js and chunk.js, which those two share; and report.js and
// report.css for reports in one file.
// The same sources give the same bytes; dist/ is committed, so that `cargo build` needs no Node.
//
// usage: node build.mjs [--check | --watch]     --check: fails when dist/ is not what the sources give
import { build, context } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import path from "node:path";

const HERE = import.meta.dirname;
const DIST = path.join(HERE, "dist");
/** What a first visit transfers, compressed. */
const LIMIT_BYTES = 120_000;

const OPTIONS = {
  absWorkingDir: HERE,
  outdir: "dist",
  bundle: true,
  minify: true,
  target: ["chrome110", "firefox115", "safari16"],
  charset: "utf8",
  legalComments: "inline",
  define: { "Intl.NumberFormat": "NumberFormat", "Intl.DateTimeFormat": "DateTimeFormat" },
  inject: ["src/core/intl.ts"],
  logLevel: "warning",
};

/** `others.js` comes when one of its pages is opened. With fixed names: a browser asks each time whether they are new. */
const APP = { ...OPTIONS, entryPoints: [{ in: "src/main.ts", out: "app" }], format: "esm", splitting: true, chunkNames: "[name]" };
const REPORT = { ...OPTIONS, entryPoints: [{ in: "src/report/main.ts", out: "report" }], format: "iife" };
/** What a visitor gets. */
const PAGE = ["index.html", "app.css", "app.js", "chunk.js", "others.js"];

async function files() {
  const results = await Promise.all([APP, REPORT].map((options) => build({ ...options, write: false })));
  const made = results.flatMap((result) => result.outputFiles);
  const out = new Map(made.map((file) => [path.basename(file.path), Buffer.from(file.contents)]));
  out.set("index.html", await readFile(path.join(HERE, "src/index.html")));
  return out;
}

async function main() {
  if (process.argv.includes("--watch")) {
    await mkdir(DIST, { recursive: true });
    await writeFile(path.join(DIST, "index.html"), await readFile(path.join(HERE, "src/index.html")));
    for (const options of [APP, REPORT]) await (await context({ ...options, logLevel: "info" })).watch();
    return;
  }
  const made = await files();
  if (process.argv.includes("--check")) {
    const stale = [];
    for (const [name, bytes] of made) {
      const kept = await readFile(path.join(DIST, name)).catch(() => undefined);
      if (!kept?.equals(bytes)) stale.push(name);
    }
    if (stale.length > 0) {
      console.error(`dist/ is stale (${stale.join(", ")}): npm run build, and commit it`);
      process.exit(1);
    }
  } else {
    await rm(DIST, { recursive: true, force: true });
    await mkdir(DIST, { recursive: true });
    for (const [name, bytes] of made) await writeFile(path.join(DIST, name), bytes);
  }
  let total = 0;
  for (const name of PAGE) total += gzipSync(made.get(name), { level: 9 }).length;
  console.log(`page: ${total} bytes compressed, of ${LIMIT_BYTES}`);
  if (total > LIMIT_BYTES) {
    console.error("the page is too large");
    process.exit(1);
  }
}

await main();
