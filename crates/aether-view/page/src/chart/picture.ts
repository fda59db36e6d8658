import { h } from "../core/dom";
import { visible } from "../core/text";
import { colour } from "../core/theme";
import { drawLines } from "./draw";
import { toX, toY, type Frame } from "./frame";
import type { Line } from "./line";
import { drawMarks, type Mark, type MarkColours } from "./marks";
import type { Plot } from "./plot";
import { SvgPen, svgText } from "./svg";
import { COUNT, FIRST, FIRST_STEP, FIRST_TIME, INFINITE, LAST, LAST_STEP, LAST_TIME, MAX, MEAN, MIN, NAN } from "./track";

/** Hands `content` to the reader as a file. */
export function save(name: string, content: Blob): void {
  const link = h("a", { href: URL.createObjectURL(content), download: name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 120) });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export interface Shown {
  title: string;
  plot: Plot;
  lines: readonly Line[];
  marks: readonly Mark[];
  colours: MarkColours;
  smoothing: number;
}

const HEAD = 34;
const ROW = 18;

/** Lines that a picture names; of more, it says how many. */
const NAMED = 24;

interface Entry {
  /** Nothing where it says how many lines more there are. */
  line: Line | undefined;
  label: string;
}

function legend(lines: readonly Line[]): Entry[] {
  const shown = lines.filter((line) => !line.hidden);
  const entries: Entry[] = shown.slice(0, NAMED).map((line) => ({ line, label: visible(line.spec.label) }));
  if (shown.length > NAMED) entries.push({ line: undefined, label: `and ${shown.length - NAMED} lines more` });
  return entries;
}

/** The chart as it is on the screen, with its title and legend. */
export function png(shown: Shown): Promise<Blob> {
  const source = shown.plot.canvas;
  const ratio = shown.plot.frame.ratio;
  const entries = legend(shown.lines);
  const canvas = h("canvas", { width: source.width, height: source.height + (HEAD + entries.length * ROW + 10) * ratio });
  const ctx = canvas.getContext("2d");
  if (!ctx) return Promise.reject(new Error("the browser gives no canvas to draw on"));
  ctx.fillStyle = colour("--surface");
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.drawImage(source, 0, HEAD * ratio);
  ctx.scale(ratio, ratio);
  ctx.fillStyle = colour("--ink");
  ctx.font = "600 14px system-ui, sans-serif";
  ctx.fillText(visible(shown.title), 12, 22);
  ctx.font = "12px system-ui, sans-serif";
  entries.forEach(({ line, label }, row) => {
    const y = HEAD + source.height / ratio + row * ROW + 8;
    if (line) {
      ctx.strokeStyle = line.style.color;
      ctx.lineWidth = 2.5;
      ctx.setLineDash([...line.style.dash]);
      ctx.beginPath();
      ctx.moveTo(14, y);
      ctx.lineTo(32, y);
      ctx.stroke();
    }
    ctx.fillStyle = colour("--ink-soft");
    ctx.fillText(label, 40, y + 4);
  });
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser made no picture"))), "image/png"));
}

/** The chart as a drawing: the same strokes, written as text. */
export function svg(shown: Shown): Blob {
  const { plot } = shown;
  const screen = plot.frame;
  const r = screen.ratio;
  const frame: Frame = { ...screen, left: screen.left / r, top: screen.top / r + HEAD, width: screen.width / r, height: screen.height / r, ratio: 1 };
  const entries = legend(shown.lines);
  const [width, below] = [plot.canvas.width / r, HEAD + plot.canvas.height / r];
  const pen = new SvgPen();
  const [x, y] = [toX(frame), toY(frame)];
  pen.lineWidth = 1;
  pen.strokeStyle = colour("--line");
  for (const [axis, place] of [[0, x], [1, y]] as const) {
    for (const { value, text } of plot.ticks(axis)) {
      const at = place(value);
      if (text === "" || !Number.isFinite(at)) continue;
      pen.beginPath();
      pen.moveTo(axis === 0 ? at : frame.left, axis === 0 ? frame.top : at);
      pen.lineTo(axis === 0 ? at : frame.left + frame.width, axis === 0 ? frame.top + frame.height : at);
      pen.stroke();
      const anchor = axis === 0 ? "middle" : "end";
      pen.text(text, axis === 0 ? at : frame.left - 6, axis === 0 ? frame.top + frame.height + 16 : at + 4, 11, colour("--ink-soft"), anchor);
    }
  }
  if (shown.lines[0]) drawMarks(pen, shown.marks, shown.lines[0].axis, frame, shown.colours);
  drawLines(pen, shown.lines, frame, shown.smoothing);
  pen.text(visible(shown.title), 12, 22, 14, colour("--ink"), "start", 600);
  entries.forEach(({ line, label }, row) => {
    const at = below + row * ROW + 8;
    if (line) {
      pen.strokeStyle = line.style.color;
      pen.lineWidth = 2.5;
      pen.setLineDash(line.style.dash);
      pen.beginPath();
      pen.moveTo(14, at);
      pen.lineTo(32, at);
      pen.stroke();
    }
    pen.text(label, 40, at + 4, 12, colour("--ink-soft"), "start");
  });
  return new Blob([svgText(pen, width, below + entries.length * ROW + 10, colour("--surface"))], { type: "image/svg+xml" });
}

const quoted = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** What the chart shows between x0 and x1: a row a stretch; a stretch of one point has equal ends. Times in milliseconds since 1970. */
export function csv(lines: readonly Line[], x0: number, x1: number): Blob {
  const rows = ["run,metric,first_step,last_step,first_time,last_time,count,first,last,min,max,mean,nan,infinite"];
  const order = [FIRST_STEP, LAST_STEP, FIRST_TIME, LAST_TIME, COUNT, FIRST, LAST, MIN, MAX, MEAN, NAN, INFINITE];
  for (const { spec, track, axis, hidden } of lines) {
    if (hidden) continue;
    for (let at = track.find(x0, axis); at < track.length && track.start(at, axis) <= x1; at++) {
      rows.push([quoted(spec.run), quoted(spec.metric), ...order.map((column) => String(track.columns[column]![at]))].join(","));
    }
  }
  return new Blob([rows.join("\n"), "\n"], { type: "text/csv" });
}
