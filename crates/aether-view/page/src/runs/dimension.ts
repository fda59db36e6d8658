// What runs have of one parameter or metric, as places on an axis: 0 at its lower end, 1 at its upper.

import { anything, duration, moment, number, numeric } from "../core/format";
import type { Row } from "../core/types";
import type { Column } from "./columns";

/** A value of a row as the table has it, whichever column; times are milliseconds since 1970. */
export function valueOf(row: Row, key: string): unknown {
  switch (key) {
    case "created":
      return Date.parse(row.created);
    case "ended":
      return row.ended === null ? undefined : Date.parse(row.ended);
    case "duration":
      return row.seconds;
    case "state":
      return row.state;
    case "name":
      return row.name;
    case "project":
      return row.project;
    default:
      return row.columns[key];
  }
}

/** An axis. */
export interface Dimension {
  column: Column;
  kind: "number" | "log" | "words";
  /** Where each run lies; NaN where it has no such thing, or one that is not finite. */
  places: number[];
  /** The numbers themselves, of words their ranks; NaN as above. */
  numbers: number[];
  /** What each run has, as text. */
  texts: string[];
  ticks: { place: number; text: string }[];
  /** Whether its runs differ in it. */
  varies: boolean;
  /** Whether many of its runs share a value. */
  shared: boolean;
  /** The value at a place, as text. */
  textAt: (place: number) => string;
}

/** More different words than this are no axis any more. */
const WORDS = 40;
/** From this ratio of the greatest to the least on, an axis is logarithmic. */
const DECADES = 50;

/**
 * The axis of a column over these runs; nothing where no run has it, or words are too many. Whether an axis of numbers
 * is logarithmic it tells from them unless it is said; what a logarithm has no place for lies nowhere.
 */
export function dimension(column: Column, rows: readonly Row[], log?: boolean): Dimension | undefined {
  const raw = rows.map((row) => valueOf(row, column.key));
  const said = raw.filter((value) => value !== undefined && value !== null);
  if (said.length === 0) return undefined;
  const metric = column.origin === "metric";
  const numbers = raw.map((value) => (metric ? numeric(value) : typeof value === "number" ? value : NaN));
  const wordless = metric || said.every((value) => typeof value === "number");
  const words = inWords(column, number);
  const texts = raw.map((value, at) => (wordless && Number.isFinite(numbers[at]) ? words(numbers[at] ?? NaN) : anything(value)));
  return wordless ? ofNumbers(column, numbers, texts, log) : ofWords(column, raw, texts);
}

/** How a column's numbers are said: times and durations as such, others by `plain`. */
function inWords(column: Column, plain: (value: number) => string): (value: number) => string {
  return column.kind === "time" ? (value) => moment(value) : column.kind === "duration" ? duration : plain;
}

function ofNumbers(column: Column, numbers: number[], texts: string[], asked: boolean | undefined): Dimension | undefined {
  const finite = numbers.filter((value) => Number.isFinite(value) && (asked !== true || value > 0));
  if (finite.length === 0) return undefined;
  let low = Infinity;
  let high = -Infinity;
  for (const value of finite) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const log = asked ?? (low > 0 && high / low >= DECADES);
  const to = log ? Math.log : (value: number) => value;
  const from = log ? Math.exp : (value: number) => value;
  const varies = high > low;
  const [start, end] = varies ? [to(low), to(high)] : [to(low) - 1, to(low) + 1];
  const place = (value: number) => (Number.isFinite(value) && (!log || value > 0) ? (to(value) - start) / (end - start) : NaN);
  const words = inWords(column, tick);
  const ticks = (varies ? (log ? logTicks(low, high) : evenTicks(low, high)) : [low]).map((value) => ({ place: place(value), text: words(value) }));
  return {
    column, kind: log ? "log" : "number", numbers, places: numbers.map(place), texts, ticks, varies,
    shared: new Set(finite).size <= Math.min(20, finite.length / 3),
    textAt: (at) => {
      const value = from(start + at * (end - start));
      return inWords(column, (plain) => number(Number(plain.toPrecision(4))))(value);
    },
  };
}

function ofWords(column: Column, raw: unknown[], texts: string[]): Dimension | undefined {
  const words = [...new Set(texts.filter((_, at) => raw[at] !== undefined && raw[at] !== null))];
  if (words.length > WORDS) return undefined;
  words.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const step = words.length > 1 ? 1 / (words.length - 1) : 0;
  const place = (rank: number) => (words.length > 1 ? rank * step : 0.5);
  const ranks = texts.map((text, at) => (raw[at] === undefined || raw[at] === null ? NaN : words.indexOf(text)));
  return {
    column, kind: "words", numbers: ranks, places: ranks.map((rank) => (Number.isNaN(rank) ? NaN : place(rank))), texts,
    ticks: words.map((text, rank) => ({ place: place(rank), text })), varies: words.length > 1, shared: true,
    textAt: (at) => words[Math.round(at * (words.length - 1))] ?? "",
  };
}

/** About five round numbers between two. */
function evenTicks(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++) ticks.push(Number((at * step).toPrecision(12)));
  return ticks;
}

/** Powers of ten between two; their halves and fifths where those are few. */
function logTicks(low: number, high: number): number[] {
  const factors = Math.log10(high / low) > 3 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(12));
      if (value >= low && value <= high) ticks.push(value);
    }
  }
  return ticks.length > 8 ? ticks.filter((_, at) => at % Math.ceil(ticks.length / 8) === 0) : ticks;
}

function tick(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential().replace("e+", "e").replaceAll("-", "−") : number(value);
}
