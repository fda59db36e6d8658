// Writes homes for tests, straight in the formats of docs/format.md: thousands of runs in a second or two.

import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";

/** What a run is. */
export interface RunSpec {
  id: string;
  name: string;
  project?: string;
  state?: "running" | "done" | "failed" | "interrupted";
  /** In milliseconds since 1970. */
  created: number;
  seconds?: number;
  tags?: readonly string[];
  parameters?: Record<string, unknown>;
  /** Values of each metric from step 0 on, a second apart. */
  metrics?: Record<string, readonly number[]>;
}

/** Letters that ids are made of. */
const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

/** The id of a number. */
export function idOf(number: number): string {
  let id = "";
  for (let at = 0; at < 8; at++) {
    id = (DIGITS[number % 32] ?? "0") + id;
    number = Math.floor(number / 32);
  }
  return id;
}

function frame(payload: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(crc32(payload), 4);
  return Buffer.concat([head, payload]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (;;) {
    const low = Number(value & 0x7fn);
    value >>= 7n;
    if (value === 0n) return Buffer.from([...bytes, low]);
    bytes.push(low | 0x80);
  }
}

const signed = (value: bigint) => varint(value >= 0n ? 2n * value : -2n * value - 1n);
const counted = (text: string) => Buffer.concat([varint(BigInt(Buffer.byteLength(text))), Buffer.from(text)]);
const nanos = (milliseconds: number) => BigInt(Math.round(milliseconds)) * 1_000_000n;

function i64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

function f64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** A metric's points, each read from step 0 and time 0 on. */
function points(metric: number, from: number, time: number, values: readonly number[]): Buffer {
  const parts: Buffer[] = [Buffer.from([3])];
  values.forEach((value, at) => {
    const first = at === 0;
    parts.push(varint(BigInt(metric)), signed(first ? BigInt(from) : 1n), signed(first ? nanos(time) : 1_000_000_000n), f64(value));
  });
  return frame(Buffer.concat(parts));
}

function event(time: number, value: object): Buffer {
  return frame(Buffer.concat([Buffer.from([4]), i64(nanos(time)), Buffer.from(JSON.stringify(value))]));
}

/** Field 22 of a process's stat: when it began, in ticks since boot. */
function startOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
}

/** A run's files. */
export class Run {
  readonly directory: string;
  #log = "";
  #session = 0;
  #record: Record<string, unknown>;
  readonly #metrics: string[];

  constructor(home: string, readonly spec: RunSpec) {
    this.directory = path.join(home, "runs", spec.project ?? "tests", spec.id);
    const { state = "done", seconds = 60 } = spec;
    this.#record = {
      id: spec.id, name: spec.name, project: spec.project ?? "tests", kind: "script", state, spec: null, command: ["python", "train.py"],
      directory: "/tmp", host: hostname(), pid: process.pid, pid_start: startOf(process.pid), created: new Date(spec.created).toISOString(),
      ended: state === "running" ? null : new Date(spec.created + 1000 * seconds).toISOString(), reason: null, resumed: 0,
      tags: spec.tags ?? [], artifacts: [],
    };
    mkdirSync(path.join(this.directory, "signals"), { recursive: true });
    mkdirSync(path.join(this.directory, "output"));
    this.#metrics = Object.keys(spec.metrics ?? {});
    const content: Buffer[] = [];
    if (spec.parameters) content.push(event(spec.created, { kind: "config", level: "info", step: 0, message: "", fields: spec.parameters }));
    this.#metrics.forEach((name, at) => {
      content.push(points(at, 0, spec.created, spec.metrics?.[name] ?? []));
    });
    this.#begin(spec.created, content);
    writeFileSync(path.join(this.directory, "run.json"), JSON.stringify(this.#record));
  }

  /** Begins the log of a session: who writes it, the numbers of its metrics, and what it says at once. */
  #begin(time: number, content: readonly Buffer[]): void {
    const writer = `${hostname()}-${process.pid}-${nanos(time)}`;
    this.#log = path.join(this.directory, "signals", `${writer}.log`);
    const header = Buffer.concat([Buffer.from([1]), Buffer.from("aether"), Buffer.from([1, 1, this.#session, 0, 0, 0]), i64(nanos(time)), counted(this.spec.id), counted(writer)]);
    const metrics = this.#metrics.map((name, at) => frame(Buffer.concat([Buffer.from([2]), varint(BigInt(at)), Buffer.from(name)])));
    writeFileSync(this.#log, Buffer.concat([frame(header), ...metrics, ...content]));
  }

  /** Is taken up again at a step, in a log of its own: what was said of later steps is void. */
  resume(step: number, metric: string, values: readonly number[]): void {
    const now = Date.now();
    this.#session += 1;
    this.#record = { ...this.#record, state: "running", ended: null, resumed: this.#session };
    writeFileSync(path.join(this.directory, "run.json"), JSON.stringify(this.#record));
    const rewind = frame(Buffer.concat([Buffer.from([5]), i64(nanos(now)), i64(BigInt(step))]));
    this.#begin(now, [rewind, points(this.#metrics.indexOf(metric), step + 1, now, values)]);
  }

  /** Says values of a metric, from a step on. */
  say(metric: string, from: number, values: readonly number[]): void {
    appendFileSync(this.#log, points(this.#metrics.indexOf(metric), from, Date.now(), values));
  }

  /** Says that something happened, or what it made. */
  event(kind: string, step: number, message: string, fields: object, level = "info"): void {
    appendFileSync(this.#log, event(Date.now(), { kind, level, step, message, fields }));
  }

  /** Says that something asks for attention. */
  alert(title: string, text: string, level = "warning"): void {
    this.event("alert", 0, title, { title, text }, level);
  }

  /** Prints to standard output. */
  print(text: string): void {
    const file = path.join(this.directory, "output", path.basename(this.#log, ".log"));
    const piece = Buffer.alloc(5);
    piece.writeUInt32LE(Buffer.byteLength(text), 0);
    piece.writeUInt8(1, 4);
    appendFileSync(`${file}.raw`, text);
    appendFileSync(`${file}.times`, frame(Buffer.concat([i64(nanos(Date.now())), piece])));
  }

  /** Ends. */
  end(state: "done" | "failed"): void {
    const record = { ...this.#record, state, ended: new Date().toISOString() };
    writeFileSync(path.join(this.directory, "run.json"), JSON.stringify(record));
  }

  /** Takes its files away. */
  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** Puts a content into the home; its digest. */
export function blob(home: string, content: Uint8Array): string {
  const digest = createHash("sha256").update(content).digest("hex");
  mkdirSync(path.join(home, "blobs", digest.slice(0, 2)), { recursive: true });
  writeFileSync(path.join(home, "blobs", digest.slice(0, 2), digest), content);
  return digest;
}

/** Names that somebody might give a run to do harm, or by chance. */
export const HOSTILE = ["<script>window.harmed = 1</script>", "<img src=x onerror='window.harmed = 1'>", "\u001b[31mred\u001b[0m\u0007", "invoice\u202Efdp.exe", "a,b `c` \"d\" 'e'", "\u05e2\u05d1\u05e8\u05d9\u05ea", "x".repeat(400), " "];

/** A home with so many runs of a sweep that ended; the newest have hostile names. */
export function manyRuns(home: string, count: number, now = Date.now()): void {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const optimizers = ["adam", "sgd", "lion"];
  for (let at = 0; at < count; at++) {
    const lr = 10 ** (-4 + 3 * random());
    const optimizer = optimizers[Math.floor(3 * random())] ?? "";
    const loss = 0.3 * Math.abs(Math.log10(lr) + 2.5) + (optimizer === "sgd" ? 0.3 : 0) + 0.1 * random();
    new Run(home, {
      id: idOf(at), name: HOSTILE[at] ?? `trial-${at}`, project: ["digits", "language"][at % 2] ?? "", state: at % 11 === 5 ? "failed" : "done",
      created: now - (at + 1) * 60_000, seconds: 1 + (at % 50), tags: at % 10 === 0 ? ["baseline"] : [],
      parameters: { lr, optimizer, "batch, size": 16 << at % 4, seed: at % 5 }, metrics: { "train/loss": [2 * loss, loss], "val/loss": [loss + 1, at % 40 === 3 ? NaN : loss] },
    });
  }
}
