/**
 * Text of unknown origin, made safe to look at. It never becomes markup (see dom.ts); here, what would be invisible or
 * would reorder its surroundings becomes visible: control characters as pictures, marks that turn the direction of
 * text as their code point.
 */

// C0, DEL, C1; marks of direction (bidirectional overrides, isolates, left-to-right and right-to-left marks); zero width.
// eslint-disable-next-line no-control-regex -- these are what we look for
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]/g;

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
}

/** `text` with everything invisible made visible; for one line: names, values, messages. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, picture);
}

/** As `visible`, but tabs and line ends stay what they are; for text of many lines. */
export function visibleLines(text: string): string {
  return text.replace(INVISIBLE, (character) => (character === "\n" || character === "\t" ? character : picture(character)));
}
