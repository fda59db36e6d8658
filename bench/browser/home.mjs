// The home of bench/shots: real runs of this project, begun in a repository of their own, so that pictures say nothing of
// the machine that made them.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const ROOT = path.resolve(import.meta.dirname, "../..");
const DEMO = ["python3", "bench/demo/demo.py"];

/** A home in a folder, and how programs are run in it. */
export function homeAt(home, program) {
  const place = path.join(home, "digits");
  const options = {
    cwd: place,
    env: { AETHER_HOME: home, HOME: os.homedir(), TZ: "UTC", LANG: "C.UTF-8", PATH: `${path.join(place, ".bin")}:${process.env.PATH}` },
  };
  // A home that is used again may have been made by another program.
  fs.mkdirSync(path.join(place, ".bin"), { recursive: true });
  fs.rmSync(path.join(place, ".bin/aether"), { force: true });
  fs.symlinkSync(program, path.join(place, ".bin/aether"));
  if (!fs.existsSync(path.join(home, "runs"))) makeRuns(home, place, options);
  return { options, live: () => spawn("aether", ["run", "--name", "live", "--", ...DEMO, "--seconds", "600"], { ...options, stdio: "ignore" }) };
}

/** A repository with what the runs need, and a change that is not committed. */
function makePlace(place) {
  for (const part of ["examples", "sdk"]) fs.mkdirSync(path.join(place, part), { recursive: true });
  fs.writeFileSync(path.join(place, ".gitignore"), ".bin\n");
  for (const part of ["examples/digits", "sdk/python/aether", "bench/demo"]) fs.cpSync(path.join(ROOT, part), path.join(place, part), { recursive: true });
  const git = (...words) => spawnSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main", ...words], { cwd: place });
  git("init", "-q");
  git("add", "-A");
  git("commit", "-q", "-m", "Logistic regression in plain Python");
  const demo = path.join(place, "bench/demo/demo.py");
  fs.writeFileSync(demo, fs.readFileSync(demo, "utf8").replace("WIDTH = 24", "WIDTH = 24  # more are hard to see").replace("default=0.15", "default=0.12"));
}

/** Trainings of the digits with other rates and widths, one that diverges, and a program under supervision. */
function makeRuns(home, place, options) {
  makePlace(place);
  const aether = (...words) => {
    const done = spawnSync("aether", words, { ...options, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`aether ${words.join(" ")}: ${done.stderr || done.stdout}`);
  };
  const rates = [0.0003, 0.001, 0.003, 0.01, 0.03];
  for (const rate of rates)
    for (const width of [32, 128])
      aether("train", "examples/digits/config.yaml", "--name", `digits-${width}-${rate}`, "--set", `learning_rate=${rate}`, "--set", `model.hidden_dim=${width}`);
  aether("run", "--name", "logistic", "--", ...DEMO, "--seconds", "8");
  aether("run", "--name", "logistic-quick", "--", ...DEMO, "--seconds", "3", "--rate", "0.5");
  spawnSync("aether", ["run", "--name", "fails", "--", "python3", "-c", "import sys; print('loading'); sys.exit('data/train.csv: no such file')"], options);
  fs.mkdirSync(path.join(home, "boards"), { recursive: true });
  fs.copyFileSync(path.join(ROOT, "bench/demo/board.yaml"), path.join(home, "boards/digits.yaml"));
}
