// Pictures of `aether top`: it runs in a real terminal (tmux), whose cells are then drawn as a terminal draws them: what
// is on them with a font, dots and blocks (of which curves are made) with rectangles, in the 16 colours of a dark and of a
// light terminal.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

const PAGE = path.resolve(import.meta.dirname, "../../crates/aether-view/page");
/** Columns, lines, and the pixels of a letter. */
export const SIZES = [[80, 24, 15], [200, 60, 12]];
/** The colours of Visual Studio Code's terminal, which many people see: these 16, the ground, and letters. */
const COLORS = {
  dark: ["#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5", "#666666", "#f14c4c", "#23d18b", "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#e5e5e5", "#1e1e1e", "#cccccc"],
  light: ["#000000", "#cd3131", "#00bc00", "#949800", "#0451a5", "#bc05bc", "#0598bc", "#555555", "#666666", "#cd3131", "#14ce14", "#b5ba00", "#0451a5", "#bc05bc", "#0598bc", "#a5a5a5", "#ffffff", "#333333"],
};

/**
 * Every screen: a name, the words after `aether top`, keys, what is to be seen before the picture, and a while to wait.
 * A wide terminal shows all of a run at once.
 */
export function screens(runs, [columns]) {
  const id = (name) => runs.find((run) => run.name === name).id;
  const four = ["Space", "j", "Space", "j", "Space", "j", "Space"];
  return [
    ["host", [], ["1"], /memory/i, 12_000],
    ["runs", [], ["j", "j"], /logistic/],
    ["run", [id("logistic")], [], /train\/loss.*[─│]/],
    ["run-live", [id("live")], [], /train\/loss.*[─│]/, 3000],
    ["chart", [id("logistic")], ["Enter", "+", "+", "S"], /smooth/i],
    ...(columns >= 110 ? [] : panes(id)),
    ["compare", ["--filter", "kind = train"], [...four, "c"], /learning_rate/],
    ["board", ["--board", "digits"], [], /Best accuracy/],
    ["help", [], ["?"], /Everywhere/],
  ];
}

const panes = (id) => [
  ["log", [id("logistic")], ["Tab"], /accuracy/],
  ["events", [id("logistic")], ["Tab", "Tab"], /The rate jumped/],
  ["config", [id("digits-128-0.003")], ["Tab", "Tab", "Tab"], /hidden_dim/],
];

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What stands on a screen of `aether top`: rows of pieces of text, each in one look. */
export async function capture([, words, keys, wanted, wait = 1000], [columns, lines], options) {
  const socket = `aether-shots-${process.pid}`;
  const tmux = (...args) => {
    const done = spawnSync("tmux", ["-L", socket, "-f", "/dev/null", ...args], { ...options, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`tmux ${args.join(" ")}: ${done.stderr}`);
    return done.stdout;
  };
  const until = async (holds) => {
    for (const end = Date.now() + 60_000; !holds.test(tmux("capture-pane", "-p")); await sleep(100))
      if (Date.now() > end) throw new Error(`aether top ${words.join(" ")} never shows ${holds}:\n${tmux("capture-pane", "-p")}`);
  };
  tmux("start-server", ";", "set", "-g", "status", "off", ";", "set", "-g", "default-terminal", "tmux-256color", ";", "new-session", "-d", "-x", columns, "-y", lines, "aether", "top", ...words);
  try {
    await until(/quit/);
    await sleep(1000);
    for (const key of keys) {
      tmux("send-keys", key);
      await sleep(100);
    }
    await until(wanted);
    await sleep(wait);
    return await rows(tmux("capture-pane", "-e", "-N", "-p"));
  } finally {
    tmux("kill-server");
  }
}

let made;

/** The page's own reader of escapes, as JavaScript. */
async function reader() {
  const { build } = createRequire(path.join(PAGE, "package.json"))("esbuild");
  const { outputFiles } = await build({ entryPoints: [path.join(PAGE, "src/widgets/ansi.ts")], bundle: true, format: "esm", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

async function rows(captured) {
  const { pieces } = await (made ??= reader());
  const out = [[]];
  // A look goes on in the next line: all are read as one, with tabs between, which the screens do not have.
  for (const { text, ...look } of pieces(captured.replace(/\n$/, "").replaceAll("\n", "\t"))) {
    for (const [at, part] of text.split("\t").entries()) {
      if (at > 0) out.push([]);
      out.at(-1).push({ text: part, ...look });
    }
  }
  return out;
}

/** The screen as PNG. */
export async function draw(page, rows, [columns, lines, pixels], scheme) {
  const url = await page.evaluate(paint, { rows, columns, lines, pixels, colors: COLORS[scheme] });
  return Buffer.from(url.split(",")[1], "base64");
}

/** Runs in the browser. */
function paint({ rows, columns, lines, pixels, colors }) {
  const font = `${pixels}px "JetBrains Mono", "DejaVu Sans Mono", monospace`;
  const canvas = document.createElement("canvas");
  let pen = canvas.getContext("2d");
  pen.font = font;
  const { width, fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = pen.measureText("│");
  const height = Math.round(ascent + descent);
  const margin = pixels;
  canvas.width = Math.ceil(columns * width) + 2 * margin;
  canvas.height = lines * height + 2 * margin;
  pen = canvas.getContext("2d", { alpha: false });
  pen.fillStyle = colors[16];
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.translate(margin, margin);
  const color = (value, other) => (typeof value === "string" ? value : colors[value ?? other]);
  const dots = [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2], [0, 3], [1, 3]];

  /** Draws dots and blocks, as terminals do by themselves; false of what is for the font. */
  const shape = (code, x, y) => {
    if (code >= 0x2800 && code <= 0x28ff) {
      const size = Math.max(1, width / 2 - 1.2);
      for (const [bit, [across, down]] of dots.entries())
        if (code & (1 << bit)) {
          pen.beginPath();
          pen.arc(x + (across + 0.5) * (width / 2), y + (down + 0.5) * (height / 4), size / 2, 0, 2 * Math.PI);
          pen.fill();
        }
    } else if (code === 0x2580) pen.fillRect(x, y, width, height / 2);
    else if (code >= 0x2581 && code <= 0x2588) pen.fillRect(x, y + height * (1 - (code - 0x2580) / 8), width, (height * (code - 0x2580)) / 8);
    else if (code >= 0x2589 && code <= 0x258f) pen.fillRect(x, y, (width * (0x2590 - code)) / 8, height);
    else return false;
    return true;
  };

  for (const [line, pieces] of rows.entries()) {
    let column = 0;
    for (const { text, bold, dim, italic, underline, inverse, foreground, background } of pieces) {
      const [front, back] = [color(foreground, 17), color(background, 16)];
      pen.font = `${italic ? "italic " : ""}${bold ? "bold " : ""}${font}`;
      for (const letter of text) {
        const [x, y] = [column++ * width, line * height];
        pen.fillStyle = inverse ? front : back;
        // A little wider, or seams show between cells.
        if (inverse || background !== undefined) pen.fillRect(x, y, width + 0.5, height);
        pen.fillStyle = inverse ? back : front;
        pen.globalAlpha = dim ? 0.6 : 1;
        if (!shape(letter.codePointAt(0), x, y)) pen.fillText(letter, x, y + ascent);
        if (underline) pen.fillRect(x, y + ascent + 1, width, 1);
        pen.globalAlpha = 1;
      }
    }
  }
  return canvas.toDataURL("image/png");
}
