import { visible } from "../core/text";

/** A piece of a line of output, in one look. Colours are an index (0 to 15) of the terminal's, or an `rgb()`. */
export interface Piece {
  text: string;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  foreground: number | string | undefined;
  background: number | string | undefined;
}

type Look = Omit<Piece, "text">;

const PLAIN: Look = { bold: false, dim: false, italic: false, underline: false, inverse: false, foreground: undefined, background: undefined };

// CSI sequences; OSC, DCS, APC, PM and SOS strings; other escapes of two or three characters (ECMA-48).
// eslint-disable-next-line no-control-regex -- escapes are what we look for
const ESCAPE = /\u001b(?:\[([0-?]*)[ -/]*([@-~])|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\|$)|[ -/]*[0-~])/g;

const STEPS = [0, 95, 135, 175, 215, 255];

/** One of xterm's 256 colours. */
function indexed(index: number): number | string {
  if (index < 16) return index;
  if (index < 232) {
    const at = index - 16;
    return `rgb(${STEPS[Math.floor(at / 36)]} ${STEPS[Math.floor(at / 6) % 6]} ${STEPS[at % 6]})`;
  }
  const grey = 8 + (index - 232) * 10;
  return `rgb(${grey} ${grey} ${grey})`;
}

const byte = (value: number | undefined) => Math.min(255, Math.max(0, value ?? 0));

/** The colour that these numbers name, in the way that `kind` says. */
function extended(kind: number | undefined, numbers: readonly number[]): number | string | undefined {
  if (kind === 5) return indexed(byte(numbers[0]));
  if (kind === 2) return `rgb(${byte(numbers[0])} ${byte(numbers[1])} ${byte(numbers[2])})`;
  return undefined;
}

function restyled(look: Look, parameters: string): Look {
  const codes = parameters.split(";").map((code) => code.split(":").map((part) => (part === "" ? 0 : Number(part))));
  let next = { ...look };
  for (let at = 0; at < codes.length; at++) {
    const [code = 0, ...parts] = codes[at]!;
    if (code === 0) next = { ...PLAIN };
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = parts[0] !== 0;
    else if (code === 7) next.inverse = true;
    else if (code === 22) next.bold = next.dim = false;
    else if (code === 23) next.italic = false;
    else if (code === 24) next.underline = false;
    else if (code === 27) next.inverse = false;
    else if (code >= 30 && code <= 37) next.foreground = code - 30;
    else if (code >= 90 && code <= 97) next.foreground = code - 82;
    else if (code >= 40 && code <= 47) next.background = code - 40;
    else if (code >= 100 && code <= 107) next.background = code - 92;
    else if (code === 39) next.foreground = undefined;
    else if (code === 49) next.background = undefined;
    else if (code === 38 || code === 48) {
      // Codes of their own, or, behind colons, parts of this one, with a colour space before red or without (ITU-T T.416).
      const own = parts.length === 0;
      const [kind, ...rest] = own ? codes.slice(at + 1, at + 5).map(([first = 0]) => first) : parts;
      const colour = extended(kind, kind === 2 && rest.length > 3 ? rest.slice(1) : rest);
      if (code === 38) next.foreground = colour;
      else next.background = colour;
      if (own) at += kind === 5 ? 2 : kind === 2 ? 4 : 0;
    }
  }
  return next;
}

/**
 * A line of output as a terminal would leave it: colours kept, every other escape dropped, what a carriage return
 * overwrote left out, other control characters visible.
 */
export function pieces(line: string): Piece[] {
  const out: Piece[] = [];
  let look: Look = PLAIN;
  const put = (text: string) => {
    if (text !== "") out.push({ text: visible(text).replaceAll("\u2409", "\t"), ...look });
  };
  const whole = line.replace(/[\r\n]+$/, "");
  const shown = whole.slice(whole.lastIndexOf("\r") + 1);
  let end = 0;
  for (const match of shown.matchAll(ESCAPE)) {
    put(shown.slice(end, match.index));
    end = match.index + match[0].length;
    if (match[2] === "m") look = restyled(look, match[1] ?? "");
  }
  put(shown.slice(end));
  return out;
}
