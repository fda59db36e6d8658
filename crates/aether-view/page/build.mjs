// Builds the page: dist/index.html, app.css, app.js, run.js and others.js; and report.js and report.css for reports in
// one file.
// The same sources give the same bytes; dist/ is committed, so that `cargo build` needs no Node.
//
// usage: node build.mjs [--check | --watch]     --check: fails when dist/ is not what the sources give
import { build, context, transform } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import path from "node:path";
import { rollup } from "rollup";

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

const APP = { ...OPTIONS, entryPoints: [{ in: "src/main.ts", out: "app" }], format: "esm", splitting: true };
const REPORT = { ...OPTIONS, entryPoints: [{ in: "src/report/main.ts", out: "report" }], format: "iife" };
/** What a visitor gets. */
const PAGE = ["index.html", "app.css", "app.js", "run.js", "others.js"];

/** What esbuild makes, by file names. */
async function bundled(options) {
  const { outputFiles } = await build({ ...options, write: false });
  return new Map(outputFiles.map((file) => [path.basename(file.path), Buffer.from(file.contents)]));
}

/** Makes one file of each part of the page. What several parts share is in the first of them, which the others import:
 * esbuild would have a file more for every way to share. With fixed names: a browser asks each time whether they are new. */
async function parted(parts) {
  const from = { name: "esbuild", resolveId: (name) => path.basename(name), load: (name) => parts.get(name)?.toString() };
  const bundle = await rollup({ input: "app.js", plugins: [from] });
  const needs = (name, known) => [name, ...known.getModuleInfo(name).importedIds.flatMap((other) => needs(other, known))];
  const run = [...parts.keys()].find((name) => name.startsWith("run-"));
  const { output } = await bundle.generate({
    manualChunks: (name, known) => (needs(run, known).includes(name) && !needs("app.js", known).includes(name) ? "run" : undefined),
    onlyExplicitManualChunks: true,
    chunkFileNames: ({ name }) => `${name.replace(/-.*/, "")}.js`,
  });
  const made = new Map([...parts].filter(([name]) => !name.endsWith(".js")));
  for (const { fileName, code } of output) {
    made.set(fileName, Buffer.from((await transform(code, { minify: true, format: "esm", charset: "utf8", target: OPTIONS.target })).code));
  }
  return made;
}

async function files() {
  const [app, report] = await Promise.all([bundled(APP).then(parted), bundled(REPORT)]);
  return new Map([...app, ...report, ["index.html", await readFile(path.join(HERE, "src/index.html"))]]);
}

async function save(made) {
  await mkdir(DIST, { recursive: true });
  for (const [name, bytes] of made) await writeFile(path.join(DIST, name), bytes);
}

async function main() {
  if (process.argv.includes("--watch")) {
    const again = { name: "again", setup: (watched) => watched.onEnd(async ({ errors }) => {
      if (errors.length === 0) await save(await files());
    }) };
    for (const options of [APP, REPORT]) await (await context({ ...options, write: false, logLevel: "info", plugins: [again] })).watch();
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
    await save(made);
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
