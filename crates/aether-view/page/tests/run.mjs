// Runs the tests of a folder with Node's own runner, once esbuild has made JavaScript of them.
//
// usage: node tests/run.mjs unit|browser [FILE [NAME]]     only files whose name contains FILE, tests whose name matches NAME
import { build } from "esbuild";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";

const [folder = "unit", pattern = "", name = ""] = process.argv.slice(2);
const here = import.meta.dirname;
const names = (await readdir(path.join(here, folder))).filter((name) => name.endsWith(".test.ts") && name.includes(pattern));
if (names.length === 0) {
  console.error(`no test in tests/${folder} has "${pattern}" in its name`);
  process.exit(1);
}
// Below the package, so that what is not bundled is found in node_modules.
const out = await mkdtemp(path.join(here, "..", "node_modules", ".tests-"));
await build({
  absWorkingDir: path.join(here, ".."),
  entryPoints: names.map((name) => path.join(here, folder, name)),
  outdir: out,
  bundle: true,
  format: "esm",
  platform: "node",
  packages: "external",
  outExtension: { ".js": ".mjs" },
  sourcemap: "inline",
  logLevel: "warning",
});
const files = names.map((name) => path.join(out, name.replace(/\.ts$/, ".mjs")));
// One browser after the other: they share few cores.
const options = ["--enable-source-maps", "--test", `--test-concurrency=${folder === "browser" ? 1 : 2}`];
if (name !== "") options.push(`--test-name-pattern=${name}`);
const child = spawn(process.execPath, [...options, ...files], { stdio: "inherit", env: { ...process.env, AETHER_PAGE: path.join(here, "..") } });
child.on("exit", async (code) => {
  await rm(out, { recursive: true, force: true });
  process.exit(code ?? 1);
});
