// The machine that the server works on: now, and in the last minutes.

import { api } from "../core/api";
import { bdi, fill, h } from "../core/dom";
import { bytes, number } from "../core/format";
import { live } from "../core/live";
import type { Context } from "../core/router";
import type { Scope } from "../core/scope";
import { Spark, type SparkLine } from "../widgets/spark";
import { loadInto } from "../widgets/state";

type Maybe = number | null;

/** The machine at one moment, as `GET /host` says it; what it does not have is null. */
interface Reading {
  time: string;
  cpu: Maybe;
  cores: number[];
  iowait: Maybe;
  steal: Maybe;
  load: Maybe;
  memory: { used: number; total: number; swap: number };
  pressure: { cpu: Maybe; memory: Maybe; memory_full: Maybe; io: Maybe; io_full: Maybe };
  disks: { name: string; read: number; write: number; busy: number }[];
  network: { received: Maybe; sent: Maybe };
  space: { free: Maybe; percent: Maybe };
  accelerators: Accelerator[];
}

interface Accelerator {
  index: number;
  utilisation: Maybe;
  memory: Maybe;
  memory_total: Maybe;
  power: Maybe;
  power_limit: Maybe;
  temperature: Maybe;
  clock: Maybe;
  throttled: Maybe;
}

interface Answer {
  name?: string;
  now: Reading | null;
  history: Reading[];
}

/** Readings kept: ten minutes at one a second. */
const KEPT = 600;

/** The page. */
export function hostPage({ root, scope, title }: Context): void {
  title("Host");
  void loadInto(root, scope.signal, async () => (await api.host(scope.signal)) as unknown as Answer, (answer) => {
    if (answer.name !== undefined) title(answer.name);
    const page = new HostPage(scope, answer);
    fill(root, page.element);
    live.subscribe(scope, () => ({ to: "host" }), ({ host }) => {
      const now = (host as Partial<Answer> | undefined)?.now;
      if (now) page.add(now);
    });
  });
}

const percent = (value: number) => `${number(Number(value.toFixed(value < 10 ? 1 : 0)))} %`;
const rate = (value: number) => `${bytes(value)}/s`;
const of = (value: Maybe | undefined) => value ?? NaN;

/** A panel: what is said in large, and the charts below it. */
interface Panel {
  element: HTMLElement;
  show: (now: Reading, history: readonly Reading[], times: number[]) => void;
}

/** What a machine has, for which there are panels. Some of it is known only from the second reading on. */
function parts({ cores, pressure, disks, space, accelerators }: Reading): string {
  return JSON.stringify([cores.length, Object.values(pressure).some((value) => value !== null), disks.map((disk) => disk.name), space.percent !== null, accelerators.map((one) => one.index)]);
}

class HostPage {
  readonly element: HTMLElement;
  #scope: Scope;
  #history: Reading[];
  #place = h("div", { class: "host-panels" });
  #panels: Panel[] = [];
  #parts = "";
  #shown: Scope;

  constructor(scope: Scope, answer: Answer) {
    this.#scope = scope;
    this.#shown = scope.child();
    this.#history = answer.history.length > 0 ? answer.history : answer.now ? [answer.now] : [];
    this.element = h("div", {}, h("div", { class: "page-head" }, h("h1", {}, answer.name === undefined ? "Host" : bdi(answer.name)), h("p", { class: "soft" }, "the machine this server runs on")), this.#place);
    this.#show();
  }

  /** Takes in a reading. */
  add(reading: Reading): void {
    if (this.#history.at(-1)?.time === reading.time) return;
    this.#history.push(reading);
    if (this.#history.length > KEPT) this.#history.shift();
    this.#show();
  }

  #show(): void {
    const now = this.#history.at(-1);
    if (now === undefined) return;
    if (parts(now) !== this.#parts) {
      this.#parts = parts(now);
      this.#shown.end();
      this.#shown = this.#scope.child();
      this.#panels = panels(this.#shown, now);
      fill(this.#place, this.#panels.map((panel) => panel.element));
    }
    const times = this.#history.map((reading) => Date.parse(reading.time));
    for (const panel of this.#panels) panel.show(now, this.#history, times);
  }
}

/** The panels for what this machine has. */
function panels(scope: Scope, first: Reading): Panel[] {
  const line = (name: string, color: string, history: readonly Reading[], value: (reading: Reading) => Maybe | undefined): SparkLine => ({ name, color, values: history.map((reading) => of(value(reading))) });
  const made = [
    processors(scope, first),
    panel(scope, "Memory", (now) => `${bytes(now.memory.used)} of ${bytes(now.memory.total)}`, (now) => now.memory.used / now.memory.total, (history, now) => ({
      lines: [line("used", "--accent", history, (one) => one.memory.used), ...(history.some((one) => one.memory.swap > 0) ? [line("swap", "--warn", history, (one) => one.memory.swap)] : [])],
      most: now.memory.total, text: bytes,
    })),
  ];
  if (first.pressure.cpu !== null || first.pressure.io !== null || first.pressure.memory !== null) {
    made.push(panel(scope, "Pressure", (now) => percent(Math.max(0, of(now.pressure.cpu) || 0, of(now.pressure.memory) || 0, of(now.pressure.io) || 0)), undefined, (history) => ({
      lines: [line("processor", "--accent", history, (one) => one.pressure.cpu), line("memory", "--bad", history, (one) => one.pressure.memory), line("disks", "--warn", history, (one) => one.pressure.io)],
      most: 100, text: percent,
    }), "How much of the time something waited for it"));
  }
  made.push(panel(scope, "Network", (now) => `↓ ${rate(of(now.network.received) || 0)}`, undefined, (history) => ({
    lines: [line("received", "--accent", history, (one) => one.network.received), line("sent", "--warn", history, (one) => one.network.sent)], text: rate,
  })));
  // Memory that poses as a disk is no disk.
  for (const { name } of first.disks.filter((disk) => !/^(zram|ram|loop)\d/.test(disk.name))) {
    const disk = (reading: Reading) => reading.disks.find((one) => one.name === name);
    made.push(panel(scope, `Disk ${name}`, (now) => `${percent(disk(now)?.busy ?? 0)} busy`, undefined, (history) => ({
      lines: [line("read", "--accent", history, (one) => disk(one)?.read), line("written", "--warn", history, (one) => disk(one)?.write)], text: rate,
    })));
  }
  if (first.space.percent !== null) made.push(space());
  for (const { index } of first.accelerators) made.push(accelerator(scope, index));
  return made;
}

/** A panel with one chart. */
function panel(
  scope: Scope, title: string, said: (now: Reading) => string, full: ((now: Reading) => number) | undefined,
  chart: (history: readonly Reading[], now: Reading) => { lines: SparkLine[]; most?: number; text: (value: number) => string }, hint = "",
): Panel {
  const value = h("span", { class: "host-value number" });
  const bar = meter(title);
  const spark = new Spark(scope, title);
  return {
    element: h("section", { class: "card host-panel", "aria-label": title }, h("div", { class: "host-head" }, h("h2", {}, bdi(title)), value), hint !== "" && h("p", { class: "hint" }, hint), full && bar.element, spark.element),
    show: (now, history, times) => {
      value.textContent = said(now);
      if (full) bar.show(full(now));
      spark.show({ times, ...chart(history, now) });
    },
  };
}

/** A bar that is more or less full. */
function meter(title: string): { element: HTMLElement; show: (part: number) => void } {
  const inner = h("span", { class: "meter-part" });
  const element = h("div", { class: "meter", role: "meter", "aria-label": title, "aria-valuemin": 0, "aria-valuemax": 100 }, inner);
  return {
    element,
    show: (part) => {
      const value = Math.max(0, Math.min(1, Number.isFinite(part) ? part : 0));
      inner.style.width = `${100 * value}%`;
      element.classList.toggle("meter-high", value > 0.9);
      element.setAttribute("aria-valuenow", String(Math.round(100 * value)));
    },
  };
}

function processors(scope: Scope, first: Reading): Panel {
  const bars = first.cores.map((_, at) => meter(`core ${at}`));
  const cores = h("div", { class: "host-cores" }, bars.map((bar, at) => h("div", { class: "host-core" }, h("span", { class: "host-core-name" }, at), bar.element)));
  const whole = panel(scope, "Processors", (now) => (now.cpu === null ? "–" : percent(now.cpu)), undefined, (history) => ({
    lines: [{ name: "busy", color: "--accent", values: history.map((one) => of(one.cpu)) }, { name: "waiting for disks", color: "--warn", values: history.map((one) => of(one.iowait)) }],
    most: 100, text: percent,
  }));
  const load = h("p", { class: "hint" });
  whole.element.append(load, cores);
  return {
    element: whole.element,
    show: (now, history, times) => {
      whole.show(now, history, times);
      load.textContent = now.load === null ? "" : `load ${number(now.load)} on ${now.cores.length || first.cores.length} cores${now.steal !== null && now.steal > 0.5 ? `; ${percent(now.steal)} taken by the hypervisor` : ""}`;
      bars.forEach((bar, at) => bar.show((now.cores[at] ?? 0) / 100));
    },
  };
}

function space(): Panel {
  const value = h("span", { class: "host-value number" });
  const bar = meter("disk space");
  return {
    element: h("section", { class: "card host-panel", "aria-label": "Space" }, h("div", { class: "host-head" }, h("h2", {}, "Space"), value), h("p", { class: "hint" }, "On the file system of the runs"), bar.element),
    show: (now) => {
      value.textContent = `${bytes(of(now.space.free))} free`;
      bar.show(of(now.space.percent) / 100);
    },
  };
}

function accelerator(scope: Scope, index: number): Panel {
  const gpu = (reading: Reading) => reading.accelerators.find((one) => one.index === index);
  const facts = h("dl", { class: "host-facts" });
  const memory = meter(`memory of GPU ${index}`);
  const whole = panel(scope, `GPU ${index}`, (now) => (gpu(now)?.utilisation === null ? "–" : percent(of(gpu(now)?.utilisation))), undefined, (history) => ({
    lines: [{ name: "busy", color: "--accent", values: history.map((one) => of(gpu(one)?.utilisation)) }], most: 100, text: percent,
  }));
  whole.element.append(memory.element, facts);
  return {
    element: whole.element,
    show: (now, history, times) => {
      whole.show(now, history, times);
      const one = gpu(now);
      if (!one) return;
      memory.show(of(one.memory) / of(one.memory_total));
      const said: [string, string | undefined][] = [
        ["memory", one.memory === null ? undefined : `${bytes(one.memory)}${one.memory_total === null ? "" : ` of ${bytes(one.memory_total)}`}`],
        ["power", one.power === null ? undefined : `${Math.round(one.power)} W${one.power_limit === null ? "" : ` of ${Math.round(one.power_limit)} W`}`],
        ["temperature", one.temperature === null ? undefined : `${Math.round(one.temperature)} °C`],
        ["clock", one.clock === null ? undefined : `${Math.round(one.clock)} MHz`],
        ["slowed down", one.throttled === 1 ? "by heat or its hardware" : undefined],
      ];
      fill(facts, said.filter(([, value]) => value !== undefined).map(([name, value]) => [h("dt", {}, name), h("dd", { class: "number" }, value)]));
    },
  };
}
